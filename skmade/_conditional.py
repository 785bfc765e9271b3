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
from skmade._progress import uncounted
from skmade._sampling import complete
from skmade._scoring import log_densities

# What a row's particles should be worth, in independent draws for each that is asked for.
_WORTH = 8
# Operations that a row is worth: at first, for particles, and for densities of those chosen; where
# no particle comes near the known cells, and all weigh as little, and alike, so that the network
# finds the completed row unusual (see `Ensemble.usual_densities`); and at most.
_FLOPS, _FLOPS_OF_UNUSUAL, _MOST_FLOPS = 5e6, 1e8, 1e9
# How many groups of particles these are, whatever they cost.
_GROUPS = 32, 1024, 2048
# How many candidates are weighed by the densities of all networks: small ones can have more.
_CANDIDATES = 2, 64
# The standard error of an estimated log-density that is small enough, how many groups there are
# for it at first and at most, and particles that ratios of densities are averaged over.
_SMALL_ERROR, _GROUPS_OF_EVIDENCE, _RATIOS = 0.05, (16, 4096), 32
# Cells of rows that are filled in at a time: bounds the memory.
_CELLS = 2**22


def fill(ensemble, table, known, n_draws, rng, n_jobs, count=uncounted):
    """Draw the cells of each row that are not known given those that are, so many times.

    Parameters
    ----------
    ensemble : Ensemble
    table : ndarray of shape (n, n_features)
    known : ndarray of bool of shape (n, n_features)
    n_draws : int
    rng : numpy.random.Generator
    n_jobs : int or None
    count : callable
        Called with the number of rows that are done, as they are.

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
        count(np.count_nonzero(is_exact))
    best = np.argmin(inversions + rng.random(inversions.shape), axis=0)  # one of equals
    at_a_time = max(1, _CELLS // ((n_draws + _CANDIDATES[1]) * table.shape[1]))
    for k in range(len(ensemble.networks)):
        rows = np.flatnonzero((best == k) & ~is_exact)
        for begin in range(0, len(rows), at_a_time):
            own = rows[begin : begin + at_a_time]
            draws[:, own], worth[own] = _resample(
                ensemble, k, table[own], known[own], n_draws, rng, n_jobs
            )
            count(len(own))
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


def _resample(ensemble, k, table, known, n_draws, rng, n_jobs):
    """As `fill`, of rows that network k proposes draws for."""
    n_candidates, least = n_draws, max(n_draws, _WORTH)
    group = PARTICLES * flops_per_row(ensemble.networks[k].plan)
    n_first, n_unusual, n_most = (
        int(np.clip(flops // group, 1, most))
        for flops, most in zip((_FLOPS, _FLOPS_OF_UNUSUAL, _MOST_FLOPS), _GROUPS)
    )
    if len(ensemble.networks) > 1:
        n_candidates += int(np.clip(_FLOPS // ensemble.flops_per_row, *_CANDIDATES)) - 1
    particles = Particles(ensemble.networks[k], table, known, n_candidates + 1, rng, n_jobs)

    def is_enough(them):
        return (them.n_groups >= n_first) & (them.worth >= least)

    candidates = _grown(particles, is_enough, n_unusual, n_most, ensemble.usual_densities[k])
    if len(ensemble.networks) == 1:
        return candidates, particles.worth
    logs = _log_ratios(ensemble, k, candidates, n_jobs)
    weights = np.exp(logs - logs.max(axis=0)).T
    cumulated, rows = np.cumsum(weights, axis=1), np.arange(len(weights))
    draws = [candidates[index_by_weight(cumulated, rng), rows] for _ in range(n_draws)]
    share = cumulated[:, -1] ** 2 / np.sum(weights**2, axis=1) / n_candidates
    return np.stack(draws), particles.worth * share


def _grown(particles, is_enough, n_unusual, n_most, lowest):
    """What is chosen of particles, once there are enough; there are more of unusual rows.

    One of those chosen says whether a row is unusual, and is not used for anything else: rows
    drawn anew because they are unlikely would make likely ones too frequent.
    """
    particles.grow(is_enough, n_most)
    (logs,) = log_densities([particles.network], particles.chosen[-1], particles.n_jobs)
    unusual = logs < lowest
    if unusual.any():
        particles.grow(lambda them: ~unusual, n_unusual)
        particles.grow(is_enough, n_most)
    return particles.chosen[:-1]


def _log_ratios(ensemble, k, candidates, n_jobs):
    """Logarithms of the density of rows, (n_candidates, n, n_features), over that of network k."""
    flat = candidates.reshape(-1, candidates.shape[-1])
    logs = np.fmax(log_densities(ensemble.networks, flat, n_jobs), LOWEST)
    return (ensemble.combine(logs) - logs[k]).reshape(candidates.shape[:2])


def log_evidence(ensemble, table, known, gaps, n_jobs, count=uncounted):
    """Log-density of known cells, of the same features in each row, and its standard error.

    Where it is estimated, random numbers are seeded by the known cells: a row has the same
    bits in any batch.

    Parameters
    ----------
    ensemble : Ensemble
    table : ndarray of shape (n, n_features)
    known : ndarray of bool of shape (n_features,)
    gaps : ndarray of bool of shape (n, n_features)
        Cells of these features that are missing, which says nothing.
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
        count(len(table))
        return log_mean_exp(own, ensemble.log_weights), errors
    k = np.argmin(inversions)
    for i, own in enumerate(known & ~gaps):
        if own.any():  # (the evidence of nothing is 0)
            logs[i], errors[i] = _estimate(ensemble, k, table[i : i + 1], own[None])
        count(1)
    return logs, errors


def _estimate(ensemble, k, row, known):
    """Log-density of the known cells of one row, by particles of network k, and its error."""
    rng = np.random.default_rng(np.frombuffer(row[known].tobytes(), np.uint8))
    n_ratios = _RATIOS if len(ensemble.networks) > 1 else 1
    particles = Particles(ensemble.networks[k], row, known, n_ratios + 1, rng)
    n_first, n_most = _GROUPS_OF_EVIDENCE

    def is_enough(them):
        return (them.n_groups >= n_first) & (them.error <= _SMALL_ERROR)

    candidates = _grown(particles, is_enough, 4 * n_first, n_most, ensemble.usual_densities[k])
    logs = _log_ratios(ensemble, k, candidates, None)[:, 0]
    ratios = np.exp(logs - logs.max())
    error = ratios.std() / ratios.mean() / np.sqrt(len(ratios))
    log_evidence = particles.log_evidence[0] + logs.max() + np.log(ratios.mean())
    return log_evidence, np.hypot(particles.error[0], error)
