"""Drawing rows of the table: all of a row, or the missing cells of one.

Randomness comes from NumPy generators, in an order that depends on nothing else.
"""

import numpy as np

from skmade._combination import log_acceptance, log_mean_exp
from skmade._kernels._ancestral import ancestral_pass
from skmade._kernels._passes import make_buffers
from skmade._kernels._plan import GAUSSIAN
from skmade._kernels._product import LANES
from skmade._scoring import log_densities

# Rows drawn at a time: bounds the memory, whatever the number of rows.
_ROWS = 256
# Features drawn between two products with all that is known.
_BLOCK = 32
# Draws among which one is chosen, where a conditional cannot be drawn from exactly.
_PROPOSALS = 64


def draw_rows(networks, weights, n_rows, rng):
    """Independent rows from a mixture of networks: (n_rows, n_features)."""
    if len(networks) == 1:
        return _draw_from(networks[0], n_rows, rng)
    counts = rng.multinomial(n_rows, weights)
    parts = [_draw_from(network, n, rng) for network, n in zip(networks, counts) if n]
    return np.concatenate(parts)[rng.permutation(n_rows)]


def draw_product(networks, acceptance, n_rows, rng):
    """Independent rows from the product of networks, by rejection from their mixture.

    `acceptance` is the share of rows that is kept.
    """
    parts, missing, weights = [], n_rows, np.full(len(networks), 1 / len(networks))
    while missing > 0:
        n = int(np.clip(1.1 * missing / acceptance, 64, 50_000))
        table = draw_rows(networks, weights, n, rng)
        kept = np.log(rng.random(n)) < log_acceptance(log_densities(networks, table))
        parts.append(table[kept][:missing])
        missing -= len(parts[-1])
    return np.concatenate(parts)


def _draw_from(network, n_rows, rng):
    """Independent rows from one network."""
    n_features = len(network.ordering)
    table = np.empty((n_rows, n_features), network.theta.dtype)
    _ancestral(network, table, np.zeros(n_features, bool), rng)
    return table


def _ancestral(network, table, given, rng):
    """Draw the columns of the table that are not given; returns log-densities of the others."""
    buffers = make_buffers(network.plan, 1, _ROWS, table.dtype)
    log_given, positions = np.zeros(len(table)), given[network.ordering]
    needs_normal = np.any(network.plan.features[:, 1] >= GAUSSIAN)
    for begin in range(0, len(table), _ROWS):
        rows = slice(begin, min(begin + _ROWS, len(table)))
        n = rows.stop - begin
        width = -(-n // LANES) * LANES
        uniform = rng.random((table.shape[1], width), dtype=table.dtype)
        shape = (table.shape[1], width) if needs_normal else (0, 0)
        normal = rng.standard_normal(shape, dtype=table.dtype)
        sums = np.zeros(width)
        buffers.targets[0, :, :width] = 0
        buffers.targets[0, positions, :n] = table[rows, network.ordering[positions]].T
        ancestral_pass(
            network.plan, network.theta, _BLOCK, positions, uniform, normal, buffers, sums, width
        )
        table[rows, network.ordering] = buffers.targets[0, :, :n].T
        log_given[rows] = sums[:n]
    return log_given


def draw_missing(networks, log_weights, is_product, table, missing, rng):
    """Fill in missing cells of rows that all miss the same columns.

    Every network proposes rows, weighted by what it gives to their known cells (and, for a
    product, by what the product gives to the row); one of them is drawn by weight. A network
    that has the known columns first proposes from its conditional, so that one proposal
    stands for it: where all are such networks of a mixture, the draw is exact.

    Parameters
    ----------
    networks : list of Network
    log_weights : ndarray of shape (n_networks,)
    is_product : bool
        Whether the density is the networks' geometric mean.
    table : ndarray of shape (n, n_features)
    missing : ndarray of bool of shape (n_features,)
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of shape (n, n_features)
    """
    chosen = np.flatnonzero(log_weights > -np.inf)
    several = -(-_PROPOSALS // len(chosen))
    proposals, logs = [], []
    for network, log_weight in zip([networks[k] for k in chosen], log_weights[chosen]):
        is_exact = known_first(network.ordering, missing) and not is_product
        n_proposals = 1 if is_exact else several
        for _ in range(n_proposals):
            rows = table.copy()
            log_given = _ancestral(network, rows, ~missing, rng)
            logs.append(log_weight + log_given - np.log(n_proposals))
            proposals.append(rows)
    proposals, logs = np.stack(proposals), np.stack(logs)
    if is_product:
        logs += [log_acceptance(log_densities(networks, rows)) for rows in proposals]
    cumulated = np.cumsum(np.exp(logs - log_mean_exp(logs) - np.log(len(logs))), axis=0)
    index = np.sum(cumulated < rng.random(len(table)) * cumulated[-1], axis=0)
    return proposals[np.minimum(index, len(logs) - 1), np.arange(len(table))]


def known_first(ordering, missing):
    """Whether all known columns come before all missing ones."""
    positions = missing[ordering]
    return not np.any(positions[:-1] & ~positions[1:])
