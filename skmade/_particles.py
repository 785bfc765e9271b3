"""Particles: draws of missing cells that are weighted by the known ones.

A network draws them feature by feature in its ordering. They are weighted by p(known cell |
features before) as known features are passed, and resampled on the way, in small groups:
sequential importance resampling. The mean weight estimates the density of the known cells, and a
particle chosen by weight tends to a draw given these as particles grow in number.
"""

import numpy as np

from skmade._kernels._constants import PARTICLES
from skmade._layout import with_gaps, without_drawn_gaps
from skmade._sampling import complete

# Cells of particles that are held at a time: bounds the memory.
_CELLS = 2**22
#: What log-densities are held above, so that their differences are numbers.
LOWEST = -1e6


class Particles:
    """Particles of rows, drawn by one network, what they weigh, and those chosen by weight.

    Parameters
    ----------
    network : Network
    table : ndarray of shape (n, n_features)
    known : ndarray of bool of shape (n, n_features)
    n_chosen : int
        How many are chosen of each row's, independently of each other.
    rng : numpy.random.Generator
    n_jobs : int or None

    Attributes
    ----------
    chosen : ndarray of shape (n_chosen, n, n_features)
    log_total, log_squares : ndarray of shape (n,)
        Logarithms of the sum of the weights, and of the sum of their squares, where those with a
        common origin count as one.
    n_groups : ndarray of shape (n,)
        Of PARTICLES each.
    """

    def __init__(self, network, table, known, n_chosen, rng, n_jobs=None):
        self.network, self.plan = network, plan_to_fill(network, table, known)
        self.table, self.known, self.rng, self.n_jobs = table, known, rng, n_jobs
        self.chosen = np.tile(table, (n_chosen, 1, 1))
        self.log_total, self.log_squares = np.full((2, len(table)), -np.inf)
        self.n_groups = np.zeros(len(table), int)

    @property
    def worth(self):
        """How many independent draws the particles of each row are worth."""
        return np.exp(2 * self.log_total - self.log_squares)

    @property
    def log_evidence(self):
        """The logarithm of the mean weight."""
        return self.log_total - np.log(PARTICLES * self.n_groups)

    @property
    def error(self):
        """The standard error of `log_evidence`."""
        return np.sqrt(np.maximum(1 / self.worth - 1 / (PARTICLES * self.n_groups), 0))

    def grow(self, is_enough, n_most):
        """Double the groups of each row until there are enough, or `n_most` or more."""
        rows = np.arange(len(self.table))
        if self.n_groups.any():
            rows = rows[~is_enough(self) & (self.n_groups < n_most)]
        while len(rows):
            n_groups = max(1, self.n_groups[rows].min())
            at_a_time = max(1, _CELLS // (n_groups * PARTICLES * self.table.shape[1]))
            for begin in range(0, len(rows), at_a_time):
                self._add(rows[begin : begin + at_a_time], n_groups)
            rows = rows[~is_enough(self)[rows] & (self.n_groups[rows] < n_most)]

    def _add(self, rows, n_groups):
        """Draw so many more groups of particles of some rows."""
        n = n_groups * PARTICLES
        table, known = (np.repeat(x[rows], n, axis=0) for x in (self.table, self.known))
        logs, origins = complete(
            self.network, self.plan, table, known, self.rng, self.n_jobs, are_particles=True
        )
        places = origins.astype(int) + np.repeat(np.arange(0, len(logs), PARTICLES), PARTICLES)
        logs = np.fmax(logs, LOWEST)
        self._choose(rows, *(x.reshape(len(rows), n, *x.shape[1:]) for x in (logs, places, table)))
        self.n_groups[rows] += n_groups

    def _choose(self, rows, logs, places, particles):
        """Replace what was chosen by new particles, as often as these weigh more."""
        top = logs.max(axis=1)
        weights = np.exp(logs - top[:, None])
        by_origin = np.bincount(places.ravel(), weights.ravel(), logs.size).reshape(weights.shape)
        cumulated = np.cumsum(weights, axis=1)
        log_new = top + np.log(cumulated[:, -1])
        log_squares = 2 * top + np.log(np.sum(by_origin**2, axis=1))
        self.log_total[rows] = np.logaddexp(self.log_total[rows], log_new)
        self.log_squares[rows] = np.logaddexp(self.log_squares[rows], log_squares)
        share = np.exp(log_new - self.log_total[rows])
        for own in self.chosen:
            new = np.flatnonzero(self.rng.random(len(rows)) < share)
            own[rows[new]] = particles[new, index_by_weight(cumulated[new], self.rng)]


def plan_to_fill(network, table, known):
    """The plan, for draws that are never missing, beside known cells that may be."""
    plan = without_drawn_gaps(network.plan)
    return with_gaps(plan) if np.isnan(table[known].min(initial=0)) else plan


def index_by_weight(cumulated, rng):
    """An index into each row of cumulated weights, drawn by weight."""
    turns = rng.random(len(cumulated)) * cumulated[:, -1]
    return np.sum(cumulated[:, :-1] <= turns[:, None], axis=1)
