"""Missing cells drawn by networks that know all orderings: each row in one that fits it.

An ordering that is made for a row has its known features first, so that a draw is exact, whatever
the pattern of the gaps.
"""

import numpy as np

from skmade._kernels._memory import make_buffers
from skmade._kernels._orders import Orders, OrdersMemory, complete_rows
from skmade._kernels._product import LANES
from skmade._layout import flops_per_row, without_drawn_gaps
from skmade._particles import plan_to_fill
from skmade._sampling import complete, draw_in_turn, numbers_of_rows
from skmade._shared import dense_blocks

# Rows of one pattern that are worth weights of their own, and how many orderings these take turns
# in. Others are completed one by one, in as many connectivities, so many at a time.
_COMMON, _DRAWS, _ROWS = 500, 8, 256


def fill_in_any_ordering(networks, shares, table, known, rng, n_jobs):
    """A table whose cells that are not known are drawn given those that are.

    Parameters
    ----------
    networks : list of SharedNetwork
        Which make orderings.
    shares : ndarray of shape (n_networks,)
        Of the rows that each network draws, at random.
    table : ndarray of shape (n, n_features)
    known : ndarray of bool of shape (n, n_features)
    rng : numpy.random.Generator
    n_jobs : int or None
    """
    filled, owners = table.copy(), rng.choice(len(networks), len(table), p=shares)
    for k, network in enumerate(networks):
        rows = np.flatnonzero(owners == k)
        patterns, group, counts = np.unique(
            known[rows], axis=0, return_inverse=True, return_counts=True
        )
        is_rare = (counts < _COMMON)[group.ravel()]
        for place in np.flatnonzero(counts >= _COMMON):
            draws = network.networks_for(patterns[place], _DRAWS, rng)
            own = rng.permutation(rows[group.ravel() == place])
            for draw, some in zip(draws, np.array_split(own, _DRAWS)):
                filled[some] = _complete(draw, table[some], known[some], rng, n_jobs)
        rare = rows[is_rare]
        filled[rare] = _complete_one_by_one(network, table[rare], known[rare], rng, n_jobs)
    return filled


def _complete(network, table, known, rng, n_jobs):
    complete(network, plan_to_fill(network, table, known), table, known, rng, n_jobs)
    return table


def _complete_one_by_one(network, table, known, rng, n_jobs):
    """Each row in an ordering of its own."""
    plan, n_rows = without_drawn_gaps(network.stack.plan), len(table)
    orders = make_orders(network, plan, known, rng)

    def numbers_of(rows):
        return numbers_of_rows(plan, rows.stop - rows.start, table.dtype, rng)

    def make_worker():
        memory = make_orders_memory(plan, table.dtype)

        def work(rows, randomness):
            own = orders._replace(orderings=orders.orderings[rows])
            complete_rows(plan, network.theta, own, randomness, known[rows], memory, table[rows])

        return work

    draw_in_turn(make_worker, numbers_of, n_rows, _ROWS, flops_per_row(plan), n_jobs)
    return table


def make_orders_memory(plan, dtype):
    """Working memory for one row at a time."""
    buffers = make_buffers(plan, 1, LANES, dtype)
    sums, values = np.zeros((2, plan.layers[-1, 1]), dtype)
    ready, places = np.zeros((1, LANES), dtype), np.zeros(LANES, np.int64)
    return OrdersMemory(buffers, sums, values, ready, places)


def make_orders(network, plan, known, rng):
    """Random orderings of rows with known features first, and some connectivities."""
    orderings = np.argsort(rng.random(known.shape) + ~known, axis=1)
    (_, n_inputs), (first_output, n_units) = plan.layers[[0, -1]]
    degrees = np.zeros((_DRAWS, n_units), np.int64)
    for own in degrees[:, n_inputs:first_output]:
        own[:] = np.concatenate([[], *network.sampler.draw_degrees(rng)])
    return Orders(orderings, degrees, dense_blocks(plan))
