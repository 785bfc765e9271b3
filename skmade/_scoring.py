"""Log-densities of rows of the table under one network or several."""

from itertools import groupby

import numpy as np

from skmade._kernels._constants import SCORE_TILE
from skmade._kernels._memory import make_blocks, make_buffers, make_lists
from skmade._kernels._passes import ComponentSums, ScoreMemory, score_rows
from skmade._kernels._product import ROWS
from skmade._kernels._shared import DrawsMemory, score_few_rows
from skmade._layout import flops_per_row, with_gaps
from skmade._sparse import dense
from skmade._threads import map_chunks, never

_NO_CONTRIBUTIONS = np.zeros((1, 0, 0))
_NO_COMPONENTS = ComponentSums(np.zeros(0), *np.zeros((2, 0, 0)))


def log_densities(networks, table, n_jobs=None, heed=never):
    """Log-density of each row under each network.

    Parameters
    ----------
    networks : list of Network
    table : ndarray or SparseRows of shape (n, n_features)
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
        scorers = make_scorers(networks, n_rows)

        def work(rows):
            heed()
            add_all_scores(scorers, dense(table[rows]), logs[:, rows])

        return work

    map_chunks(make_worker, table.shape, flops, n_jobs)
    return logs


def contributions(network, table):
    """What each column adds to the log-density of each row: (n, n_features)."""
    parts = np.zeros((1, *table.shape))
    add_all_scores(make_scorers([network], len(table)), table, np.zeros(parts.shape[:2]), parts)
    return parts[0]


def make_scorers(networks, n_rows):
    """What scores about so many rows under all networks; for one thread at a time.

    All work in the same memory if it fits them. Few rows are scored under all draws of a shared
    network together, if it is all of them that are asked for.
    """
    scorers, last = [], None
    for _, run in groupby(networks, key=lambda network: id(network.stack)):
        run = list(run)
        stack = run[0].stack if n_rows <= ROWS else None
        if stack is not None and len(run) == len(stack.draws.orderings):
            scorers.append(StackScorer(stack, run[0].shared_theta))
            continue
        for network in run:
            last = Scorer(network, n_rows, last)
            scorers.append(last)
    return scorers


def add_all_scores(scorers, table, logs, contributions=None):
    """Add log-densities under each network to `logs`, (n_networks, n).

    What each feature contributes is written to `contributions`, (n_networks, n, n_features).
    """
    first, has_gaps = 0, np.isnan(table).any()
    for scorer in scorers:
        own = slice(first, first + scorer.n_networks)
        plan = with_gaps(scorer.plan) if has_gaps else scorer.plan
        own_contributions = None if contributions is None else contributions[own]
        scorer.add_scores(plan, table, logs[own], own_contributions)
        first = own.stop


class Scorer:
    """Scores rows under a network, a tile of them at a time, always in the same memory.

    It is made for tables of about `n_rows` rows: few rows need little memory. It works in that of
    `other`, if it is one for a network of as many units.
    """

    n_networks = 1

    def __init__(self, network, n_rows, other=None):
        self.network, self.plan = network, network.plan
        if other is not None and _is_alike(network, other.network):
            self.memory = other.memory
            return
        tile, dtype = min(n_rows, SCORE_TILE), network.dtype
        buffers = make_buffers(network.plan, 1, tile, dtype)
        lists = make_lists(network.plan, 1, tile, dtype)
        (block,), totals = make_blocks(1, tile, dtype), np.empty(buffers.units.shape[2])
        self.memory = ScoreMemory(tile, buffers, lists, block, totals)

    def add_scores(self, plan, table, scores, contributions=None):
        """Add log-densities to `scores`, (1, n); contributions are (1, n, n_features)."""
        theta, rows = self.network.theta, np.arange(len(table))
        own = _NO_CONTRIBUTIONS[0] if contributions is None else contributions[0]
        score_rows(plan, theta, table, rows, self.memory, scores[0], own, _NO_COMPONENTS)

    def add_components(self, table, weights, sums):
        """Add what components of mixtures weigh before values are known, and when they are.

        `sums` are (2, n_features, n_components), `weights` those of the rows. Returns the weighted
        sum of the log-densities.
        """
        plan = with_gaps(self.plan) if np.isnan(table).any() else self.plan
        theta, rows, scores = self.network.theta, np.arange(len(table)), np.zeros(len(table))
        components = ComponentSums(weights, *sums)
        nothing, memory = _NO_CONTRIBUTIONS[0], self.memory
        score_rows(plan, theta, table, rows, memory, scores, nothing, components)
        return weights @ scores


class StackScorer:
    """Scores few rows under all draws of a shared network together.

    Parameters
    ----------
    stack : DrawStack
    theta : ndarray
        Dense weights.
    """

    def __init__(self, stack, theta):
        self.stack, self.plan, self.theta = stack, stack.plan, theta
        self.n_networks, n_features = stack.draws.orderings.shape
        buffers = make_buffers(stack.plan, 1, self.n_networks, theta.dtype)
        line = np.empty(np.diff(stack.plan.layers).max(), theta.dtype)
        terms = np.empty((n_features, self.n_networks))
        self.memory = DrawsMemory(buffers, line, terms, np.empty(self.n_networks, np.int64))

    def add_scores(self, plan, table, scores, contributions=None):
        """Add log-densities to `scores`, (n_draws, n), and write contributions, as a `Scorer`."""
        own = _NO_CONTRIBUTIONS if contributions is None else contributions
        draws, rows = self.stack.draws, np.arange(len(table))
        score_few_rows(plan, draws, self.theta, table, rows, self.memory, scores, own)


def _is_alike(network, other):
    """Whether two networks need the same memory."""
    units = network.plan.layers[-1], other.plan.layers[-1]
    return np.array_equal(*units) and network.dtype == other.dtype
