"""Drawing rows of the table: all of a row, or the missing cells of one.

Randomness comes from NumPy generators, in an order that does not depend on threads.
"""

import math
import threading

import numpy as np

from skmade._combination import log_acceptance, log_mean_exp
from skmade._kernels._ancestral import Randomness, ancestral_pass
from skmade._kernels._constants import DRAW_TILE
from skmade._kernels._memory import make_buffers
from skmade._kernels._product import LANES
from skmade._layout import NOISES, flops_per_row, with_gaps, without_drawn_gaps
from skmade._scoring import log_densities
from skmade._threads import run_in_threads, threads_worth

# Features drawn between two products with all that is known: a quarter of all, at most so many.
_MOST_BLOCK = 16
# Cells of the table that random numbers are made for at a time: they should stay in the cache.
_CELLS = 2**16
# Draws among which one is chosen, where a conditional cannot be drawn from exactly.
_PROPOSALS = 64


def draw_rows(networks, weights, n_rows, rng, n_jobs=None):
    """Independent rows from a mixture of networks: (n_rows, n_features)."""
    if len(networks) == 1:
        return _draw_from(networks[0], n_rows, rng, n_jobs)
    counts = rng.multinomial(n_rows, weights)
    parts = [_draw_from(network, n, rng, n_jobs) for network, n in zip(networks, counts) if n]
    return np.concatenate(parts)[rng.permutation(n_rows)]


def draw_product(networks, acceptance, n_rows, rng, n_jobs=None):
    """Independent rows from the product of networks, by rejection from their mixture.

    `acceptance` is the share of rows that is kept.
    """
    parts, missing, weights = [], n_rows, np.full(len(networks), 1 / len(networks))
    while missing > 0:
        n = int(np.clip(1.1 * missing / acceptance, 64, 50_000))
        table = draw_rows(networks, weights, n, rng, n_jobs)
        kept = np.log(rng.random(n)) < log_acceptance(log_densities(networks, table, n_jobs))
        parts.append(table[kept][:missing])
        missing -= len(parts[-1])
    return np.concatenate(parts)


def _draw_from(network, n_rows, rng, n_jobs):
    """Independent rows from one network."""
    n_features = len(network.ordering)
    table = np.empty((n_rows, n_features), network.dtype)
    _ancestral(network, network.plan, table, None, rng, n_jobs)
    return table


def _ancestral(network, plan, table, given, rng, n_jobs=None):
    """Draw the columns of the table that are not given; returns log-densities of those that are.

    Where `given` is None, all are drawn.
    """
    theta, (n_rows, n_features) = network.theta, table.shape
    size, block = _rows_at_a_time(n_rows, n_features), max(1, min(n_features // 4, _MOST_BLOCK))
    log_given, begins, in_turn = np.zeros(n_rows), iter(range(0, n_rows, size)), threading.Lock()

    def next_numbers():
        """The next rows, and random numbers for them: the same in any number of threads."""
        with in_turn:
            begin = next(begins, None)
            if begin is None:
                return None
            rows = slice(begin, min(begin + size, n_rows))
            n_tiles, width = _tiles(rows.stop - begin)
            shape = n_tiles, n_features, width
            bits = _bits(shape, table.dtype, rng)
            noise = _noise(plan, shape, table.dtype, rng)
            n_choosing = n_features if np.any(plan.features["n_states"]) else 0
            choices = _bits((n_tiles, n_choosing, width), table.dtype, rng)
            return rows, Randomness(bits, noise, choices)

    def work(_):
        buffers = make_buffers(plan, 1, min(size, DRAW_TILE), table.dtype)
        while (numbers := next_numbers()) is not None:
            rows, randomness = numbers
            ancestral_pass(
                plan, theta, block, randomness, given, buffers, table[rows], log_given[rows]
            )

    run_in_threads(work, threads_worth(n_rows * flops_per_row(plan), n_jobs))
    return log_given


def _bits(shape, dtype, rng):
    """Random integers without sign, as wide as numbers of a type."""
    n_words = math.prod(shape) * dtype.itemsize // 8
    words = rng.bit_generator.random_raw(n_words)  # of 64 bits; numbers would take a third longer
    return words.view(f"u{dtype.itemsize}").reshape(shape)


def _noise(plan, shape, dtype, rng):
    """What the families of the features need besides bits; any numbers where none needs it."""
    kinds = plan.features["noise"]
    if not np.any(kinds != NOISES.index("none")):
        return np.empty(shape, dtype)
    noise, is_logistic = rng.standard_normal(shape, dtype), kinds == NOISES.index("logistic")
    noise[:, is_logistic] = rng.logistic(size=(shape[0], np.count_nonzero(is_logistic), shape[2]))
    return noise


def _rows_at_a_time(n_rows, n_features):
    """An equal part of the rows, in whole vectors: even in number, so that two threads end at once.

    It does not depend on the number of threads, for random numbers are drawn for each part.
    """
    n_tiles, at_a_time = _tiles(n_rows)[0], max(1, _CELLS // (n_features * DRAW_TILE))
    n_parts = 1 if n_tiles <= at_a_time else 2 * -(-n_tiles // (2 * at_a_time))
    return -(-n_rows // (n_parts * LANES)) * LANES


def _tiles(n_rows):
    """Number and width of the tiles that rows are drawn in: equal, and of whole vectors."""
    n_tiles = -(-n_rows // DRAW_TILE)
    return n_tiles, -(-n_rows // (n_tiles * LANES)) * LANES


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
        rows = np.tile(table, (n_proposals, 1))  # one pass over all of them
        plan = with_gaps(without_drawn_gaps(network.plan))
        log_given = log_weight + _ancestral(network, plan, rows, ~missing, rng)
        log_given -= np.log(n_proposals)
        if is_product:
            log_given += log_acceptance(log_densities(networks, rows))
        proposals.append(rows.reshape(n_proposals, *table.shape))
        logs.append(log_given.reshape(n_proposals, len(table)))
    proposals, logs = np.concatenate(proposals), np.concatenate(logs)
    cumulated = np.cumsum(np.exp(logs - log_mean_exp(logs) - np.log(len(logs))), axis=0)
    index = np.sum(cumulated < rng.random(len(table)) * cumulated[-1], axis=0)
    return proposals[np.minimum(index, len(logs) - 1), np.arange(len(table))]


def known_first(ordering, missing):
    """Whether all known columns come before all missing ones."""
    positions = missing[ordering]
    return not np.any(positions[:-1] & ~positions[1:])
