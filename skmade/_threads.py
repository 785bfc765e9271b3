"""Work shared out among Python's threads; kernels release the GIL."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs

from skmade._kernels._optimizers import update
from skmade._kernels._plan import SCORE_TILE
from skmade._kernels._steps import share_gradient, step_factor, tile_bounds, tile_pass

# Rows scored at a time: bounds the memory, whatever the number of rows.
_CHUNK_ROWS = 16_384
# A chunk of fewer operations (some milliseconds) is not worth a thread.
_FLOPS_WORTH_CHUNK = 5e8


def map_chunks(function, n, flops_per_row, n_jobs):
    """Call ``function(slice)`` on slices of ``range(n)``, in threads where that pays."""
    n_threads, size = effective_n_jobs(n_jobs), _CHUNK_ROWS
    if n_threads > 1:  # some chunks for each thread, so that all end at about the same time
        least = int(_FLOPS_WORTH_CHUNK / flops_per_row) + 1
        size = min(size, max(least, -(-n // (4 * n_threads))))
        size = -(-size // SCORE_TILE) * SCORE_TILE
    chunks = [slice(begin, min(begin + size, n)) for begin in range(0, n, size)]
    if len(chunks) == 1 or n_threads == 1:
        for chunk in chunks:
            function(chunk)
    else:
        Parallel(n_jobs, require="sharedmem")(delayed(function)(chunk) for chunk in chunks)


def train_steps_in_threads(
    n_threads, plan, solver, theta, moments, table, rows, weights, bounds, noise, kept,
    penalty, max_norm, rate, step, buffers, gradient, squares,
):  # fmt: skip
    """`train_steps` on several threads, with the same bits for any number of them.

    In each step the threads

    1. pass the tiles of the batch through the network, forward and back;
    2. compute the gradient, each for some panels and from all tiles in their order;
    3. update the parameters, each a stretch of them.

    They wait for each other after each of these.
    """
    n_tiles = len(buffers.work)
    panels, stretches = equal_shares(plan, len(theta), n_threads)
    losses = np.zeros(n_tiles)
    barrier = threading.Barrier(n_threads)

    def work(thread):
        total, used = 0.0, 0
        stretch = slice(stretches[thread], stretches[thread + 1])
        m, v = moments[:, stretch]
        for start, stop in pairwise(bounds):
            tiles = start + tile_bounds(stop - start, n_tiles)
            for tile in range(thread, n_tiles, n_threads):
                part = slice(tiles[tile], tiles[tile + 1])
                losses[tile] = tile_pass(
                    plan, theta, table, rows[part], weights[part], noise[part], kept[:, part],
                    buffers, tile,
                )  # fmt: skip
            barrier.wait()
            share_gradient(
                plan, panels[thread], panels[thread + 1], np.diff(tiles), penalty, theta,
                buffers, gradient, squares,
            )  # fmt: skip
            loss = sum(losses.tolist())
            barrier.wait()
            shrink = step_factor(loss, squares, max_norm)
            if shrink > 0:
                used, total = used + 1, total + loss
                update(solver, theta[stretch], gradient[stretch], m, v, rate, step + used, shrink)
            barrier.wait()
        return total, used

    def work_or_release(thread):
        try:
            return work(thread)
        except BaseException:
            barrier.abort()  # the others must not wait for ever
            raise

    with ThreadPoolExecutor(n_threads) as pool:
        results = list(pool.map(work_or_release, range(n_threads)))
    return results[0]


def equal_shares(plan, n_parameters, n_threads):
    """Where the threads' shares of the panels begin, and those of the parameters."""
    ends = np.append(plan.panels[1:, 5], [plan.biases, n_parameters])[: len(plan.panels) + 1]
    fractions = np.arange(1, n_threads) / n_threads * n_parameters
    panels = np.searchsorted(ends, fractions)
    stretches = np.arange(n_threads + 1) * n_parameters // n_threads
    return np.concatenate([[0], panels, [len(plan.panels) + 1]]), stretches
