"""Log-densities of rows of the table under one network or several."""

import numpy as np

from skmade._kernels._memory import make_buffers
from skmade._kernels._passes import score_rows
from skmade._kernels._plan import PANEL_ROWS, SCORE_TILE, flops_per_row
from skmade._kernels._product import ROWS
from skmade._threads import map_chunks, never

_NO_SHARES = np.zeros((0, 0))


def log_densities(networks, table, n_jobs=None, heed=never):
    """Log-density of each row under each network.

    Parameters
    ----------
    networks : list of Network
    table : ndarray of shape (n, n_features)
    n_jobs : int or None
    heed : callable
        Called before each chunk of the rows; what it raises ends the work.

    Returns
    -------
    ndarray of shape (n_networks, n), float64
    """
    logs = np.zeros((len(networks), len(table)))
    flops = sum(flops_per_row(network.plan) for network in networks)

    def make_worker(n_rows):
        scorers = [Scorer(network, n_rows) for network in networks]

        def work(rows):
            heed()
            for scorer, scores in zip(scorers, logs):
                scorer.add_scores(table[rows], scores[rows])

        return work

    map_chunks(make_worker, table.shape, flops, n_jobs)
    return logs


class Scorer:
    """Scores rows under a network, a tile of them at a time, always in the same memory.

    It is made for tables of about `n_rows` rows: few rows need little memory.
    """

    def __init__(self, network, n_rows):
        self.network, self.tile = network, min(n_rows, SCORE_TILE)
        self.buffers = make_buffers(network.plan, 1, self.tile, network.theta.dtype)
        self.block = np.empty((ROWS, PANEL_ROWS), network.theta.dtype)
        self.totals = np.empty(self.buffers.units.shape[2])

    def add_scores(self, table, scores, shares=_NO_SHARES):
        """Add log-densities to `scores`; write what each feature adds to them to `shares`."""
        score_rows(
            self.network.plan, self.network.theta, table, np.arange(len(table)), self.tile,
            self.buffers, self.block, self.totals, scores, shares,
        )  # fmt: skip
