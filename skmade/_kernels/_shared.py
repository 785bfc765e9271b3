"""The weights of one draw of masks, out of dense weights that many draws share, and back.

Dense weights lie block by block (a layer's weights from the layer before; the direct
connections), source unit by source unit. `places` are the dense numbers of a draw's units.
"""

from typing import NamedTuple

import numpy as np

from skmade._kernels._activations import activate
from skmade._kernels._compile import kernel, part
from skmade._kernels._conditionals import feature_log_prob
from skmade._kernels._elementary import like
from skmade._kernels._memory import of_tile, padded
from skmade._kernels._optimizers import update
from skmade._kernels._passes import add_layer_before, brings_biases, layer_of, load
from skmade._kernels._steps import batch_gradient, step_factor
from skmade._kernels._sync import next_chunk


class Dense(NamedTuple):
    """Dense weights, and where the units of a draw are among them."""

    theta: np.ndarray
    gradient: np.ndarray
    moments: np.ndarray
    places: np.ndarray
    blocks: np.ndarray


class Draws(NamedTuple):
    """Several draws of masks, as degrees of the units of dense weights."""

    places: np.ndarray
    """(n_draws, n_units): dense numbers of the units of each draw, in its order."""
    degrees: np.ndarray
    """(n_draws, n_units): of the units, by dense number."""
    orderings: np.ndarray
    """(n_draws, n_features)"""
    blocks: np.ndarray


class DrawsMemory(NamedTuple):
    """Working memory of scores under several draws."""

    buffers: tuple
    line: np.ndarray
    """(the most units of a layer,): those of one draw."""
    terms: np.ndarray
    """(n_features, n_draws), float64: what features contribute."""
    same: np.ndarray
    """(n_draws,): one row of the table, again and again."""


@kernel
def score_few_rows(plan, draws, dense, table, rows, memory, scores, contributions):
    """As `score_rows`, of few rows under each of several draws: (n_draws, n_rows).

    Here columns of the tile are draws, not rows. The dense weights stay in the cache from draw to
    draw, where each would have weights of its own to be read from memory. Sums have the same terms
    in the same order, and so the same bits. The plan is that of the dense weights.
    """
    zero, n_features = np.int64(0), plan.features.shape[0]
    n_draws = draws.places.shape[0]
    buffers, width = of_tile(memory.buffers, zero), padded(n_draws)
    units, terms, out = buffers.units, memory.terms, buffers.deltas[plan.layers[-1, 1] :]
    for row in range(rows.shape[0]):
        memory.same[:] = rows[row]
        load(plan, table, memory.same, zero, n_draws, buffers, zero, n_features)
        for layer in range(1, plan.layers.shape[0]):
            start, end = plan.layers[layer]
            for k in range(n_draws):
                _masked_products(plan, draws, k, dense, units, layer, memory.line)
            for r in range(start, end):  # columns past the last draw repeat it
                for k in range(n_draws, width):
                    units[r, k] = units[r, n_draws - 1]
            if layer < plan.layers.shape[0] - 1:
                activate(plan.activation, units, start, end, width)
                add_layer_before(plan, layer, units, start, end, width)
        for d in range(n_features):
            feature_log_prob(plan, d, buffers, out, width)
            for k in range(n_draws):
                terms[d, k] = np.float64(out[0, k])
        for k in range(n_draws):
            total = 0.0
            for position in range(n_features):
                total += terms[draws.orderings[k, position], k]
            scores[k, row] += total
            if contributions.shape[1] > 0:
                for d in range(n_features):
                    contributions[k, row, d] = terms[d, k]


@part
def _masked_products(plan, draws, k, dense, units, layer, line):
    """Units of a layer under draw k, before their activation; `line` is memory for them."""
    start, end = plan.layers[layer]
    biases = draws.blocks[0, 0] - plan.layers[0, 1]
    for r in range(end - start):
        line[r] = dense[biases + start + r]
    first, last = plan.first_panel[layer], plan.first_panel[layer + 1] - 1
    _add_masked_matrix(plan, draws, k, dense, units, layer, first, line)
    if plan.panels[last].source != plan.panels[first].source:
        _add_masked_matrix(plan, draws, k, dense, units, layer, last, line)
    for r in range(end - start):
        units[start + r, k] = line[r]


@part
def _add_masked_matrix(plan, draws, k, dense, units, layer, panel, line):
    """Add what the source units of a panel's matrix contribute, in the order of the draw."""
    start, end = plan.layers[layer]
    is_input = plan.panels[panel].source < plan.layers[0, 1]
    is_output = layer == plan.layers.shape[0] - 1
    first, last = plan.layers[0 if is_input else layer - 1]
    block, degrees = draws.blocks[layer, 1 if is_input and layer > 1 else 0], draws.degrees[k]
    if plan.panels[plan.first_panel[layer + 1] - 1].extent > 0:  # else there are no connections
        for unit in range(first, last):
            place = draws.places[k, unit]
            x = units[place, k]
            if x != 0:
                at = block + (place - first) * (end - start)
                least = degrees[place] + (1 if is_output else 0)
                _add_seen(dense[at : at + end - start], degrees[start:end], least, x, line)


@part
def _add_seen(weights, degrees, least, x, line):
    """Add ``weights * x`` to the units that have at least that degree."""
    for r in range(weights.shape[0]):
        line[r] += (weights[r] if degrees[r] >= least else like(x, 0)) * x


@kernel
def gather(plan, places, blocks, dense, theta, first, last):
    """Write the weights of some panels of a draw, exactly zero where masked, and biases."""
    _exchange(plan, places, blocks, dense, theta, first, last, True)


@part
def scatter(plan, places, blocks, theta, dense, first, last):
    """The reverse of `gather`; what is masked stays as it is."""
    _exchange(plan, places, blocks, dense, theta, first, last, False)


@part
def _exchange(plan, places, blocks, dense, own, first, last, gathers):
    """Copy the weights of some panels from `dense` to `own`, or back.

    All panels of a matrix take their part of a dense row while it is in the cache.
    """
    n_inputs, biases = plan.layers[0, 1], blocks[0, 0] - plan.layers[0, 1]
    panel = first
    while panel < last:
        end = panel + 1
        while end < last and plan.panels[end].source == plan.panels[panel].source:
            end += 1
        if brings_biases(plan, panel):
            for unit in range(plan.panels[panel].row, plan.panels[end - 1].stop):
                at, dense_at = plan.biases + unit - n_inputs, biases + places[unit]
                if gathers:
                    own[at] = dense[dense_at]
                else:
                    dense[dense_at] = own[at]
        for k in range(plan.panels[end - 1].extent):
            while plan.panels[panel].extent <= k:  # panels that do not see this unit
                panel += 1
            start = _dense_start(plan, places, blocks, panel, k)
            for p in range(panel, end):
                _exchange_column(plan, p, k, start, places, dense, own, gathers)
        panel = end


@part
def _exchange_column(plan, panel, k, start, places, dense, own, gathers):
    """As `_exchange`, the weights of one panel from its source unit k."""
    at = plan.panels[panel]
    row, stop, height = at.row, at.stop, at.height
    hidden, place, zero = 0, at.offset + k * height, like(dense[0], 0)
    while plan.extents[at.extents + hidden] <= k:  # rows that do not see it
        hidden += 1
    # (slices, because indices that begin at zero need no check that they are negative)
    column, rows = own[place + hidden : place + stop - row], places[row + hidden : stop]
    if not gathers:
        for r in range(rows.shape[0]):
            dense[start + np.uint64(rows[r])] = column[r]
        return
    for r in range(rows.shape[0]):
        column[r] = dense[start + np.uint64(rows[r])]
    for i in range(place, place + hidden):
        own[i] = zero
    for i in range(place + stop - row, place + height):
        own[i] = zero


@part
def _dense_start(plan, places, blocks, panel, k):
    """What to add to the dense number of a unit, to find its weight from a panel's unit k."""
    layer = layer_of(plan, panel)
    source, first_unit = plan.panels[panel].source, plan.layers[layer, 0]
    is_input = source < plan.layers[0, 1]
    first_source = 0 if is_input else plan.layers[layer - 1, 0]
    block = blocks[layer, 1 if is_input and layer > 1 else 0]
    width = plan.layers[layer, 1] - first_unit
    return np.uint64(block + (places[source + k] - first_source) * width - first_unit)


@kernel
def shared_step(plan, team, dense, batches, s, descent, theta, memory):
    """One step of the dense weights, by the gradient of batch s under one draw.

    `theta` is memory for the draw's own weights. Returns the loss, NaN where the batch had
    to be left out.
    """
    while True:
        chunk = next_chunk(team)
        if chunk == team.n_chunks:
            break
        first, last = team.panels[chunk], team.panels[chunk + 1]
        # (not `gather`: kernels are tried each by itself, and do not call each other)
        _exchange(plan, dense.places, dense.blocks, dense.theta, theta, first, last, True)
        for i in range(team.stretches[chunk], team.stretches[chunk + 1]):
            dense.gradient[i] = like(theta[0], 0)
    loss = batch_gradient(plan, team, theta, batches, s, descent.l2, memory)
    while True:
        chunk = next_chunk(team)
        if chunk == team.n_chunks:
            break
        first, last = team.panels[chunk], team.panels[chunk + 1]
        scatter(plan, dense.places, dense.blocks, memory.gradient, dense.gradient, first, last)
    shrink = step_factor(loss, memory.squares, descent.max_norm)
    if shrink == 0:
        return np.nan
    while True:
        chunk = next_chunk(team)
        if chunk == team.n_chunks:
            break
        first, last = team.stretches[chunk], team.stretches[chunk + 1]
        update(
            descent.solver, dense.theta, dense.gradient, dense.moments, first, last,
            dense.blocks[0, 0], descent.rate, descent.step, shrink, descent.l1,
        )  # fmt: skip
    return loss
