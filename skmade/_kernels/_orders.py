"""Rows that are completed each in an ordering of its own, by dense weights that all share.

Units are computed one row at a time. As soon as a unit is known, what it contributes to the layer
after it is added to all units there: those that must not see it are used already.
"""

from typing import NamedTuple

import numpy as np

from skmade._kernels._activations import activate
from skmade._kernels._ancestral import Randomness
from skmade._kernels._compile import kernel, part
from skmade._kernels._conditionals import draw_feature, feed
from skmade._kernels._memory import of_tile
from skmade._kernels._product import LANES


class Orders(NamedTuple):
    """Orderings of rows, and connectivities that they take in turn."""

    orderings: np.ndarray
    """(n_rows, n_features)"""
    degrees: np.ndarray
    """(n_draws, n_units): of hidden units, by dense number."""
    blocks: np.ndarray
    """Where dense blocks begin; see `dense_blocks`."""


class OrdersMemory(NamedTuple):
    """Working memory for one row at a time."""

    buffers: tuple
    """For one vector of rows, all of them the same."""
    sums: np.ndarray
    """(n_units,): pre-activations, as far as they are known."""
    values: np.ndarray
    """(n_units,): hidden units."""
    ready: np.ndarray
    """(1, LANES): hidden units that are to be activated together."""
    places: np.ndarray
    """(LANES,): which these are."""


@kernel
def complete_rows(plan, dense, orders, randomness, known, memory, table):
    """Draw the cells of each row that are not known, in its ordering.

    The plan is that of the dense weights: features in the order of the table. Random numbers are
    a vector for each row and feature, of which the first one counts.
    """
    bits, noise, choices, turns = randomness
    for row in range(table.shape[0]):
        _complete_row(
            plan, dense, orders.orderings[row], orders.degrees[row % orders.degrees.shape[0]],
            orders.blocks, Randomness(bits[row], noise[row], choices[row], turns[row]),
            known[row], memory, table[row],
        )  # fmt: skip


@part
def _complete_row(plan, dense, ordering, degrees, blocks, randomness, known, memory, cells):
    """Draw the cells of one row that are not known."""
    buffers, width = of_tile(memory.buffers, np.int64(0)), np.int64(LANES)
    units, n_inputs = buffers.units, plan.layers[0, 1]
    out = buffers.deltas[plan.layers[-1, 1] :]
    sums, last = memory.sums, plan.layers.shape[0] - 1
    for unit in range(n_inputs, sums.shape[0]):
        sums[unit] = dense[blocks[0, 0] + unit - n_inputs]
    for position in range(ordering.shape[0]):
        d = ordering[position]
        feature = plan.features[d]
        if known[d]:
            for b in range(width):
                buffers.targets[d, b] = cells[d]
        else:
            for unit in range(feature.first_output, feature.first_output + feature.n_outputs):
                for b in range(width):
                    units[unit, b] = sums[unit]
            draw_feature(plan, d, randomness, buffers, out, width)
            cells[d] = buffers.targets[d, 0]
        feed(plan, d, buffers, width)
        for unit in range(feature.first_input, feature.first_input + feature.n_inputs):
            _push(plan, dense, blocks[1, 0], 0, 1, unit, units[unit, 0], sums)
            if last > 1 and _is_direct(plan):
                _push(plan, dense, blocks[last, 1], 0, last, unit, units[unit, 0], sums)
        for layer in range(1, last):
            _complete_layer(plan, dense, blocks[layer + 1, 0], layer, position + 1, degrees, memory)


@part
def _is_direct(plan):
    """Whether inputs are connected to the outputs, beside hidden layers."""
    return plan.panels[plan.panels.shape[0] - 1].source < plan.layers[0, 1]


@part
def _complete_layer(plan, dense, block, layer, degree, degrees, memory):
    """Activate the units of a layer that have a degree, and pass them on: some at a time."""
    n, ready, places = 0, memory.ready, memory.places
    start, end = plan.layers[layer]
    for unit in range(start, end):
        if degrees[unit] == degree:
            ready[0, n], places[n] = memory.sums[unit], unit
            n += 1
        if n == LANES or (n > 0 and unit == end - 1):
            activate(plan.activation, ready, np.int64(0), np.int64(1), np.int64(LANES))
            for k in range(n):
                place = places[k]
                memory.values[place] = ready[0, k]
                if plan.residual and layer > 1:
                    memory.values[place] += memory.values[
                        place - (start - plan.layers[layer - 1, 0])
                    ]
                _push(
                    plan, dense, block, layer, layer + 1, place, memory.values[place], memory.sums
                )
            n = 0


@part
def _push(plan, dense, block, layer, after, unit, x, sums):
    """Add what a unit contributes to all units of a layer after its own."""
    if plan.panels[plan.first_panel[after + 1] - 1].extent == 0 or x == 0:  # no connections
        return
    start, end = plan.layers[after]
    at = block + (unit - plan.layers[layer, 0]) * (end - start)
    weights, line = dense[at : at + end - start], sums[start:end]
    for r in range(line.shape[0]):
        line[r] += weights[r] * x
