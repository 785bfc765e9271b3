"""Log-densities of rows of the table under one network or several."""

import numpy as np

from skmade._kernels._passes import make_buffers, score_rows
from skmade._kernels._plan import SCORE_TILE, flops_per_row
from skmade._threads import map_chunks


def log_densities(networks, table, n_jobs=None):
    """Log-density of each row under each network.

    Parameters
    ----------
    networks : list of Network
    table : ndarray of shape (n, n_features)
    n_jobs : int or None

    Returns
    -------
    ndarray of shape (n_networks, n), float64
    """
    logs = np.zeros((len(networks), len(table)))
    flops = sum(flops_per_row(network.plan) for network in networks)

    def score_chunk(rows):
        for network, scores in zip(networks, logs):
            score_into(network, table[rows], scores[rows], np.zeros((0, 0)))

    map_chunks(score_chunk, len(table), flops, n_jobs)
    return logs


def score_into(network, table, scores, shares):
    """Add log-densities to `scores`, and write what each feature adds to them into `shares`.

    `shares` may be empty, and is then left out.
    """
    tile = min(SCORE_TILE, max(len(table), 1))
    buffers = make_buffers(network.plan, 1, tile, network.theta.dtype)
    score_rows(network.plan, network.theta, table, SCORE_TILE, buffers, scores, shares)
