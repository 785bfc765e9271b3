"""What is missing given what is known, whatever that is in each row: draws, and densities.

A network whose ordering has all known features of a row first draws the others exactly, and
knows the density of the known ones, the evidence. The conditional of several networks is the
mixture of theirs, weighted by evidence: exact where all are. Elsewhere that network proposes
whose ordering fits the row best, by particles, and some of these are weighted by the ratio of the
density of all networks to its own.
"""

import numpy as np

from skmade._combination import log_mean_exp, responsibilities
from skmade._kernels._constants import PARTICLES
from skmade._layout import flops_per_row
from skmade._particles import LOWEST, Particles, index_by_weight, plan_to_fill
from skmade._sampling import complete
from skmade._scoring import log_densities

# What a row's particles should be worth, in independent draws for each that is asked for.
_WORTH = 6
# Operations that a row is worth: at first, for particles, and for densities of those chosen; where
# no particle comes near the known cells, and all weigh as little, and alike, so that the network
# finds the completed row unusual (see `Ensemble.usual_densities`); and at most.
_FLOPS, _FLOPS_OF_UNUSUAL, _MOST_FLOPS = 5e6, 1.6e8, 1e9
# How many groups of particles these are, whatever they cost.
_GROUPS = 64, 1024, 2048
# How many candidates are weighed by the densities of all networks: small ones can have more.
_CANDIDATES = 2, 64
# The standard error of an estimated log-density that is small enough, how many groups there are
# for it at first and at most, and particles that ratios of densities are averaged over.
_SMALL_ERROR, _GROUPS_OF_EVIDENCE, _RATIOS = 0.05, (16, 4096), 32
# Cells of rows that are filled in at a time: bounds the memory.
_CELLS = 2**22


def fill(ensemble, table, known, n_draws, rng, n_jobs):
    """Draw the cells of each row that are not known given those that are, so many times.

    Parameters
    ----------
    ensemble : Ensemble
    table : ndarray of shape (n, n_features)
    known : ndarray of bool of shape (n, n_features)
    n_draws : int
    rng : numpy.random.Generator
    n_jobs : int or None

    Returns
    -------
    draws : ndarray of shape (n_draws, n, n_features)
    worth : ndarray of shape (n,)
        How many independent draws they were chosen from; infinite where they are exact.
    """
    ensemble, worth = ensemble.of_weight(), np.full(len(table), np.inf)
    draws = np.empty((n_draws, *table.shape), table.dtype)
    inversions = n_inversions(ensemble.networks, known)
    is_exact = np.all(inversions == 0, axis=0) & (not ensemble.is_product)
    if is_exact.any():
        rows, cells = (np.tile(x[is_exact], (n_draws, 1)) for x in (table, known))
        drawn = _draw_exactly(ensemble, rows, cells, rng, n_jobs)
        draws[:, is_exact] = drawn.reshape(n_draws, -1, table.shape[1])
    best = np.argmin(inversions + rng.random(inversions.shape), axis=0)  # one of equals
    lowest = [] if is_exact.all() else ensemble.usual_densities
    at_a_time = max(1, _CELLS // ((n_draws + _CANDIDATES[1]) * table.shape[1]))
    for k in range(len(lowest)):
        rows = np.flatnonzero((best == k) & ~is_exact)
        for begin in range(0, len(rows), at_a_time):
            own = rows[begin : begin + at_a_time]
            draws[:, own], worth[own] = _resample(
                ensemble, k, lowest[k], table[own], known[own], n_draws, rng, n_jobs
            )
    return draws, worth


def n_inversions(networks, known):
    """How many pairs of a missing feature and a known one after it the orderings have.

    Returns
    -------
    ndarray of int of shape (n_networks, n)
        0 where known features come first.
    """
    counts = np.empty((len(networks), len(known)), int)
    for own, network in zip(counts, networks):
        in_turn = known[:, network.ordering]
        own[:] = np.sum(np.cumsum(~in_turn, axis=1) * in_turn, axis=1)
    return counts


def _draw_exactly(ensemble, table, known, rng, n_jobs):
    """Fill in rows whose known features all networks have first: one draws, by its evidence."""
    filled, chosen = table.copy(), np.zeros(len(table), int)
    if len(ensemble.networks) > 1:
        logs = _log_evidences(ensemble.networks, table, known, rng, n_jobs)
        shares = responsibilities(np.fmax(logs, LOWEST), ensemble.log_weights)
        chosen = index_by_weight(np.cumsum(shares, axis=0).T, rng)
    for k in np.unique(chosen):
        rows, network = np.flatnonzero(chosen == k), ensemble.networks[k]
        part, own = table[rows], known[rows]
        complete(network, plan_to_fill(network, part, own), part, own, rng, n_jobs)
        filled[rows] = part
    return filled


def _log_evidences(networks, table, known, rng, n_jobs):
    """Log-densities of known cells under networks that have them first: (n_networks, n)."""
    logs, until = np.empty((len(networks), len(table))), known.sum(axis=1).max()
    for network, own in zip(networks, logs):
        plan = plan_to_fill(network, table, known)
        own[:], _ = complete(network, plan, table.copy(), known, rng, n_jobs, until)
    return logs


def _resample(ensemble, k, lowest, table, known, n_draws, rng, n_jobs):
    """As `fill`, of rows that network k proposes draws for."""
    n_chosen, least = n_draws, max(n_draws, _WORTH)
    group = PARTICLES * flops_per_row(ensemble.networks[k].plan)
    n_first, n_unusual, n_most = (
        int(np.clip(flops // group, 1, most))
        for flops, most in zip((_FLOPS, _FLOPS_OF_UNUSUAL, _MOST_FLOPS), _GROUPS)
    )
    if len(ensemble.networks) > 1:
        n_chosen += int(np.clip(_FLOPS // ensemble.flops_per_row, *_CANDIDATES)) - 1
    particles = Particles(ensemble.networks[k], table, known, n_chosen, rng, n_jobs)

    def is_enough(them):
        return (them.n_groups >= n_first) & (them.worth >= least)

    proposals = _Proposals(ensemble, k, particles, is_enough, n_most)
    proposals.heed_unusual(lowest, n_unusual)
    return proposals.choose(n_draws)


class _Proposals:
    """Particles of network k, and those chosen of them, weighed by the density of all networks."""

    def __init__(self, ensemble, k, particles, is_enough, n_most):
        self.ensemble, self.k, self.particles = ensemble, k, particles
        self.is_enough, self.n_most = is_enough, n_most
        particles.grow(is_enough, n_most)
        self.logs = self._log_densities(slice(None))

    def _log_densities(self, rows):
        """Of what was chosen, under each network: (n_networks, n_chosen, n)."""
        chosen = self.particles.chosen[:, rows]
        flat = chosen.reshape(-1, chosen.shape[-1])
        logs = log_densities(self.ensemble.networks, flat, self.particles.n_jobs)
        return np.fmax(logs, LOWEST).reshape(-1, *chosen.shape[:2])

    def heed_unusual(self, lowest, n_groups):
        """More particles, in so many groups, for rows that are less likely than what is usual."""
        unusual = self.logs[self.k].max(axis=0) < lowest
        if unusual.any():
            self.particles.grow(lambda them: ~unusual, n_groups)
            self.particles.grow(self.is_enough, self.n_most)
            self.logs[:, :, unusual] = self._log_densities(unusual)

    def choose(self, n_draws):
        """Draws, (n_draws, n, n_features), and how many independent ones they are chosen from."""
        chosen, worth = self.particles.chosen, self.particles.worth
        if len(self.ensemble.networks) == 1:
            return chosen, worth
        weights = np.exp(self.log_ratios - self.log_ratios.max(axis=0)).T
        cumulated, rows = np.cumsum(weights, axis=1), np.arange(len(weights))
        draws = [
            chosen[index_by_weight(cumulated, self.particles.rng), rows] for _ in range(n_draws)
        ]
        share = cumulated[:, -1] ** 2 / np.sum(weights**2, axis=1) / len(chosen)
        return np.stack(draws), worth * share

    @property
    def log_ratios(self):
        """Logarithms of the density of what was chosen over that of the network: (n_chosen, n)."""
        flat = self.logs.reshape(len(self.logs), -1)
        return self.ensemble.combine(flat).reshape(self.logs.shape[1:]) - self.logs[self.k]


def log_evidence(ensemble, table, known, n_jobs):
    """Log-density of known cells, of the same features in each row, and its standard error.

    Where it is estimated, random numbers are seeded by the known cells: a row has the same
    bits in any batch.

    Parameters
    ----------
    ensemble : Ensemble
    table : ndarray of shape (n, n_features)
    known : ndarray of bool of shape (n_features,)
    n_jobs : int or None

    Returns
    -------
    logs, errors : ndarray of shape (n,)
    """
    ensemble, logs, errors = ensemble.of_weight(), *np.zeros((2, len(table)))
    inversions = n_inversions(ensemble.networks, known[None])[:, 0]
    if not inversions.any() and not ensemble.is_product:
        cells, nothing = np.tile(known, (len(table), 1)), np.random.default_rng(0)
        own = _log_evidences(ensemble.networks, table, cells, nothing, n_jobs)
        return log_mean_exp(own, ensemble.log_weights), errors
    k = np.argmin(inversions)
    lowest = ensemble.usual_densities[k]
    for i in range(len(table)):
        logs[i], errors[i] = _estimate(ensemble, k, lowest, table[i : i + 1], known[None])
    return logs, errors


def _estimate(ensemble, k, lowest, row, known):
    """Log-density of the known cells of one row, by particles of network k, and its error."""
    rng = np.random.default_rng(np.frombuffer(row[known].tobytes(), np.uint8))
    n_ratios = _RATIOS if len(ensemble.networks) > 1 else 1
    particles = Particles(ensemble.networks[k], row, known, n_ratios, rng)
    n_first, n_most = _GROUPS_OF_EVIDENCE

    def is_enough(them):
        return (them.n_groups >= n_first) & (them.error <= _SMALL_ERROR)

    proposals = _Proposals(ensemble, k, particles, is_enough, n_most)
    proposals.heed_unusual(lowest, 4 * n_first)
    ratios = np.exp(proposals.log_ratios[:, 0])
    error = ratios.std() / ratios.mean() / np.sqrt(len(ratios))
    return particles.log_evidence[0] + np.log(ratios.mean()), np.hypot(particles.error[0], error)
