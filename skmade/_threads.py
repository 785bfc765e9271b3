"""Work shared out among Python's threads; kernels release the GIL."""

import multiprocessing
import os
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
from joblib import effective_n_jobs

from skmade._kernels._constants import SCORE_TILE
from skmade._kernels._product import ROWS
from skmade._kernels._steps import PART, Team

# A chunk of rows and what is made of it should stay in a core's cache.
_CHUNK_CELLS = 2**18
# Shares of each thread, of rows or in a part of a step: who is ahead takes over what is left.
_SHARES = 4
# Fewer operations (a millisecond or two) are not worth a thread.
_FLOPS_WORTH_THREAD = 2e8


def n_threads(n_jobs):
    """How many threads `n_jobs` stands for.

    In a worker process no more than its share of the cores, which joblib sets in the
    environment for libraries with threads of their own.
    """
    if numba.config.DISABLE_JIT:  # interpreted kernels would wait for each other for ever
        return 1
    n = effective_n_jobs(n_jobs)
    share = os.environ.get("OMP_NUM_THREADS", "")
    if multiprocessing.parent_process() is not None and share.isdigit():
        n = min(n, max(1, int(share)))
    return n


def threads_worth(flops, n_jobs):
    """How many threads so many operations are worth."""
    most = 1 + int(flops / _FLOPS_WORTH_THREAD)
    return 1 if most == 1 else min(n_threads(n_jobs), most)


def map_chunks(make_worker, shape, flops_per_row, n_jobs):
    """Work through chunks of the rows of a table of a shape, in threads where that pays.

    Every thread calls ``make_worker(size)`` once, and what this returned with one slice of the
    rows after the other, each of at most `size`.
    """
    n_rows, n_columns = shape
    size = max(1, _CHUNK_CELLS // (n_columns * SCORE_TILE)) * SCORE_TILE
    n = threads_worth(n_rows * flops_per_row, n_jobs)
    if n > 1:  # some chunks for each thread, so that all end at about the same time
        size = min(size, -(-n_rows // (n * _SHARES * SCORE_TILE)) * SCORE_TILE)
    size = max(1, min(size, n_rows))
    begins = iter(range(0, n_rows, size))  # shared: a thread takes the next that is left

    def work(_):
        worker = make_worker(size)
        for begin in begins:
            worker(slice(begin, min(begin + size, n_rows)))

    run_in_threads(work, n)


def run_in_threads(function, n):
    """``[function(0), ..., function(n - 1)]``, in as many threads: the first in this one."""
    if n == 1:
        return [function(0)]
    with ThreadPoolExecutor(n - 1) as pool:
        others = pool.map(function, range(1, n))
        return [function(0), *others]


def run_as_team(function, teams):
    """``function(team)`` for each team's thread; the result of the first.

    The threads wait for each other inside: if one fails, the others are told.
    """

    def run(thread):
        try:
            return function(teams[thread])
        except BaseException:
            teams[thread].sync[-1] = 1
            raise

    return run_in_threads(run, len(teams))[0]


def make_teams(plan, n_parameters, n):
    """Where the shares of each of `n` threads begin, in the parts of a step of training.

    Units are shared out by the operations that they take.
    """
    n_shares = n * _SHARES if n > 1 else 1
    n_parts = -(-len(plan.features) // PART)
    forward, back = _operations(plan) if n > 1 else (None, None)
    rows, sources = (
        np.stack([_bounds(costs, *layer, n_shares) for layer in plan.layers])
        for costs in (forward, back)
    )
    shares = np.arange(n_shares + 1)
    ends = np.append(plan.panels["offset"], plan.biases)  # where a panel's weights begin
    panels = np.searchsorted(ends, shares / n_shares * plan.biases)
    panels[-1] = len(plan.panels)
    fixed = {
        "n_threads": n,
        "n_shares": n_shares,
        "sync": np.zeros((n + 1, 8), np.int64),
        "parts": shares * n_parts // n_shares,
        "rows": rows,
        "sources": sources,
        "panels": panels,
        "stretches": shares * n_parameters // n_shares,
    }
    states = np.zeros((n, 8), np.int64)  # on a line of the cache each
    return [Team(thread=thread, state=states[thread], **fixed) for thread in range(n)]


def _operations(plan):
    """Of each unit, in the pass forward and in the pass back."""
    forward, back = np.ones((2, plan.layers[-1, 1]))
    for row, stop, source, extent, _, _, extents in plan.panels:
        seen = plan.extents[extents : extents + stop - row]
        forward[row:stop] += seen
        back[source : source + extent] += (
            stop - row - np.searchsorted(seen, np.arange(extent), side="right")
        )
    return forward, back


def _bounds(costs, start, stop, n):
    """Where `n` shares of about equal costs begin among the units ``start:stop``."""
    if n == 1:
        return np.array([start, stop])
    total = np.cumsum(costs[start:stop])
    inner = np.searchsorted(total, np.arange(1, n) / n * total[-1])
    inner = np.minimum(-(-inner // ROWS) * ROWS, stop - start)  # whole tiles
    return np.concatenate([[start], start + inner, [stop]])
