"""Log-densities of rows of the table under one network or several."""

import numpy as np

from skmade._kernels._constants import PANEL_ROWS, SCORE_TILE
from skmade._kernels._memory import make_buffers
from skmade._kernels._passes import ScoreMemory, score_rows
from skmade._kernels._product import ROWS
from skmade._layout import flops_per_row
from skmade._threads import map_chunks

_NO_CONTRIBUTIONS = np.zeros((0, 0))


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

    def make_worker(n_rows):
        scorers = make_scorers(networks, n_rows)

        def work(rows):
            for scorer, scores in zip(scorers, logs):
                scorer.add_scores(table[rows], scores[rows])

        return work

    map_chunks(make_worker, table.shape, flops, n_jobs)
    return logs


def make_scorers(networks, n_rows):
    """A scorer of about so many rows for each network, all in the same memory if it fits them."""
    scorers = []
    for network in networks:
        scorers.append(Scorer(network, n_rows, scorers[-1] if scorers else None))
    return scorers


class Scorer:
    """Scores rows under a network, a tile of them at a time, always in the same memory.

    It is made for tables of about `n_rows` rows: few rows need little memory. It works in that of
    `other`, if it is one for a network of as many units.
    """

    def __init__(self, network, n_rows, other=None):
        self.network = network
        if other is not None and _is_alike(network, other.network):
            self.memory = other.memory
            return
        tile, dtype = min(n_rows, SCORE_TILE), network.theta.dtype
        buffers = make_buffers(network.plan, 1, tile, dtype)
        block, totals = np.empty((ROWS, PANEL_ROWS), dtype), np.empty(buffers.units.shape[2])
        self.memory = ScoreMemory(tile, buffers, block, totals)

    def add_scores(self, table, scores, contributions=_NO_CONTRIBUTIONS):
        """Add log-densities to `scores`; write what each feature adds to `contributions`."""
        plan, theta, rows = self.network.plan, self.network.theta, np.arange(len(table))
        score_rows(plan, theta, table, rows, self.memory, scores, contributions)


def _is_alike(network, other):
    """Whether two networks need the same memory."""
    units = network.plan.layers[-1], other.plan.layers[-1]
    return np.array_equal(*units) and network.theta.dtype == other.theta.dtype
