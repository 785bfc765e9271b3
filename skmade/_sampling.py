"""Drawing rows of the table, from one network or several.

Randomness comes from NumPy generators, in an order that does not depend on threads.
"""

import math
import threading

import numpy as np

from skmade._combination import log_acceptance
from skmade._kernels._ancestral import Known, Randomness, ancestral_pass
from skmade._kernels._constants import DRAW_TILE, PARTICLES
from skmade._kernels._memory import make_buffers
from skmade._kernels._product import LANES
from skmade._layout import NOISES, flops_per_row
from skmade._progress import uncounted
from skmade._scoring import log_densities
from skmade._threads import run_in_threads, threads_worth

# Features drawn between two products with all that is known: a quarter of all, at most so many.
_MOST_BLOCK = 16
# Cells of the table that random numbers are made for at a time: they should stay in the cache.
_CELLS = 2**16


def draw_rows(networks, weights, n_rows, rng, n_jobs=None, count=uncounted):
    """Independent rows from a mixture of networks: (n_rows, n_features)."""
    if len(networks) == 1:
        return _draw_from(networks[0], n_rows, rng, n_jobs, count)
    counts = rng.multinomial(n_rows, weights)
    parts = [
        _draw_from(network, n, rng, n_jobs, count) for network, n in zip(networks, counts) if n
    ]
    return np.concatenate(parts)[rng.permutation(n_rows)]


def draw_product(networks, acceptance, n_rows, rng, n_jobs=None, count=uncounted):
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
        count(len(parts[-1]))
    return np.concatenate(parts)


def _draw_from(network, n_rows, rng, n_jobs, count):
    """Independent rows from one network."""
    n_features = len(network.ordering)
    table = np.empty((n_rows, n_features), network.dtype)
    complete(network, network.plan, table, None, rng, n_jobs, count=count)
    return table


def complete(
    network, plan, table, known, rng, n_jobs=None, until=None, are_particles=False, count=uncounted
):
    """Draw the cells of a table that are not known from a network.

    Parameters
    ----------
    network : Network
    plan : Plan
    table : ndarray of shape (n, n_features)
        What is drawn is written to it.
    known : ndarray of bool of shape (n, n_features), or None
        None where no cell is known.
    rng : numpy.random.Generator
    n_jobs : int or None
    until : int or None
        Features beyond the first so many of the ordering are left alone.
    are_particles : bool
        Whether each PARTICLES rows are particles of one row, to be resampled.
    count : callable
        Called with the number of rows that are done, as they are.

    Returns
    -------
    log_given : ndarray of shape (n,)
        Log-density of what is known, each cell given those before it; of particles, their
        logarithmic weights.
    origins : ndarray of shape (n,)
        Which particle of its group each began as.
    """
    theta, (n_rows, n_features) = network.theta, table.shape
    n_drawn = n_features if until is None else until
    size, block = _rows_at_a_time(n_rows, n_features), max(1, min(n_features // 4, _MOST_BLOCK))
    origins = np.resize(np.arange(PARTICLES, dtype=table.dtype), n_rows)
    log_given = np.zeros(n_rows)

    def numbers_of(rows):
        shape = rows.stop - rows.start, n_drawn
        return random_numbers(plan, shape, table.dtype, rng, are_particles)

    def make_worker():
        buffers = make_buffers(plan, 1, min(size, DRAW_TILE), table.dtype)

        def work(rows, randomness):
            own = None if known is None else Known(known[rows], log_given[rows], origins[rows])
            ancestral_pass(plan, theta, block, randomness, own, buffers, table[rows])
            count(rows.stop - rows.start)

        return work

    draw_in_turn(make_worker, numbers_of, n_rows, size, flops_per_row(plan), n_jobs)
    return log_given, origins


def draw_in_turn(make_worker, numbers_of, n_rows, size, flops, n_jobs):
    """Work through parts of rows with random numbers: the same in any number of threads.

    Every thread calls ``make_worker()`` once, and what this returned with a slice of at most
    `size` rows, and with ``numbers_of(rows)``, which are drawn in the order of the rows.
    """
    begins, in_turn = iter(range(0, n_rows, size)), threading.Lock()

    def next_numbers():
        with in_turn:
            begin = next(begins, None)
            if begin is None:
                return None
            rows = slice(begin, min(begin + size, n_rows))
            return rows, numbers_of(rows)

    def run(_):
        work = make_worker()
        while (part := next_numbers()) is not None:
            work(*part)

    run_in_threads(run, threads_worth(n_rows * flops, n_jobs))


def numbers_of_rows(plan, n_rows, dtype, rng):
    """What rows are drawn from one at a time: of a vector, the first number is used."""
    n_features = len(plan.features)
    bits = _bits((n_rows, n_features, LANES), dtype, rng)
    noise = _noise(plan.features["noise"], bits.shape, dtype, rng)
    choices = _bits(bits.shape, dtype, rng)
    return Randomness(bits, noise, choices, np.zeros((n_rows, 0, 1)))


def random_numbers(plan, shape, dtype, rng, are_particles=False):
    """What some features of some rows are drawn from."""
    n_features, (n_tiles, width) = shape[1], _tiles(shape[0])
    bits = _bits((n_tiles, n_features, width), dtype, rng)
    noise = _noise(plan.features["noise"][:n_features], bits.shape, dtype, rng)
    n_choosing = n_features if np.any(plan.features["n_states"]) else 0
    choices = _bits((n_tiles, n_choosing, width), dtype, rng)
    n_resampled = n_features if are_particles else 0
    turns = rng.random((n_tiles, n_resampled, width // PARTICLES))
    return Randomness(bits, noise, choices, turns)


def _bits(shape, dtype, rng):
    """Random integers without sign, as wide as numbers of a type."""
    n_words = math.prod(shape) * dtype.itemsize // 8
    words = rng.bit_generator.random_raw(n_words)  # of 64 bits; numbers would take a third longer
    return words.view(f"u{dtype.itemsize}").reshape(shape)


def _noise(kinds, shape, dtype, rng):
    """What the families of the features need besides bits; any numbers where none needs it."""
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
    return max(LANES, -(-n_rows // (n_parts * LANES)) * LANES)


def _tiles(n_rows):
    """Number and width of the tiles that rows are drawn in: equal, and of whole vectors."""
    n_tiles = max(1, -(-n_rows // DRAW_TILE))
    return n_tiles, -(-n_rows // (n_tiles * LANES)) * LANES
