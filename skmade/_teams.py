"""Threads that make steps of training together, and the chunks of work that they take."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from skmade._kernels._product import LANES
from skmade._kernels._steps import PART, Team
from skmade._threads import never

# Chunks of each thread in a part of a step: who is ahead takes over what is left.
_CHUNKS = 4


class Crew:
    """The threads that train a network: this one, and others that wait for it between stretches.

    A thread that others wait for must not be interrupted: where there are several, none is
    Python's main thread (see `out_of_reach`).

    Parameters
    ----------
    size : int
    heed : callable
        Called between stretches of training; raises KeyboardInterrupt where it is to end.
    """

    def __init__(self, size, heed=never):
        self.size, self.heed = size, heed
        self._others = ThreadPoolExecutor(max(1, size - 1))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._others.shutdown()

    def run(self, function, plan, n_parameters):
        """``function(team)`` in each thread; the result of the first."""
        return run_as_team(function, make_teams(plan, n_parameters, self.size), self._others)


def run_as_team(function, teams, pool):
    """``function(team)`` for each team: of the first in this thread, of the others in a pool's.

    The threads wait for each other inside: if one fails, or cannot be started, the others are
    told.
    """
    first, *others = teams

    def run(team):
        try:
            return function(team)
        except BaseException:
            team.sync[-1] = 1
            raise

    try:
        futures = [pool.submit(run, team) for team in others]
        result = function(first)
    except BaseException:
        first.sync[-1] = 1
        raise
    for future in futures:
        future.result()
    return result


def make_teams(plan, n_parameters, n):
    """Where the chunks of each of `n` threads begin, in the parts of a step of training.

    Units are shared out by the operations that they take.
    """
    n_chunks = n * _CHUNKS if n > 1 else 1
    n_parts = -(-len(plan.features) // PART)
    forward, back = _operations(plan) if n > 1 else (None, None)
    rows, sources = (
        np.stack([_bounds(costs, *layer, n_chunks) for layer in plan.layers])
        for costs in (forward, back)
    )
    chunks = np.arange(n_chunks + 1)
    ends = np.append(plan.panels["offset"], plan.biases)  # where a panel's weights begin
    panels = np.searchsorted(ends, chunks / n_chunks * plan.biases)
    panels[-1] = len(plan.panels)
    fixed = {
        "n_threads": n,
        "n_chunks": n_chunks,
        "sync": np.zeros((n + 1, 8), np.int64),
        "parts": chunks * n_parts // n_chunks,
        "rows": rows,
        "sources": sources,
        "panels": panels,
        "stretches": chunks * n_parameters // n_chunks,
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
    """Where `n` chunks of about equal costs begin among the units ``start:stop``."""
    if n == 1:
        return np.array([start, stop])
    total = np.cumsum(costs[start:stop])
    inner = np.searchsorted(total, np.arange(1, n) / n * total[-1])
    inner = np.minimum(-(-inner // LANES) * LANES, stop - start)  # whole vectors
    return np.concatenate([[start], start + inner, [stop]])
