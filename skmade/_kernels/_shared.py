"""The weights of one draw of masks, out of dense weights that many draws share, and back.

Dense weights lie block by block (a layer's weights from the layer before; the direct
connections), source unit by source unit. `places` are the dense numbers of a draw's units.
"""

import numpy as np

from skmade._kernels._compile import kernel, part
from skmade._kernels._elementary import like
from skmade._kernels._optimizers import update
from skmade._kernels._passes import brings_biases
from skmade._kernels._steps import batch_gradient, step_factor
from skmade._kernels._sync import next_chunk


@kernel
def gather(plan, places, blocks, dense, theta, first, last):
    """Write the weights of some panels of a draw, exactly zero where masked, and biases."""
    _exchange(plan, places, blocks, dense, theta, first, last, True)


@kernel
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
        while end < last and plan.panels[end, 2] == plan.panels[panel, 2]:
            end += 1
        if brings_biases(plan, panel):
            for unit in range(plan.panels[panel, 0], plan.panels[end - 1, 1]):
                at, dense_at = plan.biases + unit - n_inputs, biases + places[unit]
                if gathers:
                    own[at] = dense[dense_at]
                else:
                    dense[dense_at] = own[at]
        for k in range(plan.panels[end - 1, 3]):
            while plan.panels[panel, 3] <= k:  # panels that do not see this unit
                panel += 1
            start = _dense_start(plan, places, blocks, panel, k)
            for p in range(panel, end):
                _exchange_column(plan, p, k, start, places, dense, own, gathers)
        panel = end


@part
def _exchange_column(plan, panel, k, start, places, dense, own, gathers):
    """As `_exchange`, the weights of one panel from its source unit k."""
    row, stop, _, _, height, offset, extents = plan.panels[panel]
    hidden, place, zero = 0, offset + k * height, like(dense[0], 0)
    while plan.extents[extents + hidden] <= k:  # rows that do not see it
        hidden += 1
    # (slices, because indices that begin at zero need no check that they are negative)
    column, rows = own[place + hidden : place + stop - row], places[row + hidden : stop]
    if not gathers:
        for r in range(rows.shape[0]):
            dense[start + np.uint64(rows[r])] = column[r]
        return
    for r in range(rows.shape[0]):
        column[r] = dense[start + np.uint64(rows[r])]
    for at in range(place, place + hidden):
        own[at] = zero
    for at in range(place + stop - row, place + height):
        own[at] = zero


@part
def _dense_start(plan, places, blocks, panel, k):
    """What to add to the dense number of a unit, to find its weight from a panel's unit k."""
    layer = 1
    while plan.first_panel[layer + 1] <= panel:
        layer += 1
    source, first_unit = plan.panels[panel, 2], plan.layers[layer, 0]
    is_input = source < plan.layers[0, 1]
    first_source = 0 if is_input else plan.layers[layer - 1, 0]
    block = blocks[layer, 1 if is_input and layer > 1 else 0]
    width = plan.layers[layer, 1] - first_unit
    return np.uint64(block + (places[source + k] - first_source) * width - first_unit)


@kernel
def shared_step(
    plan, team, places, blocks, solver, dense, dense_gradient, moments, table, rows, begin, end,
    weights, noise, kept, penalty, max_norm, rate, step, theta, memory,
):  # fmt: skip
    """One step of the dense weights, by the gradient of rows ``rows[begin:end]`` under one draw.

    `theta` is memory for the draw's own weights. Returns the loss, NaN where the batch had
    to be left out.
    """
    while True:
        chunk = next_chunk(team)
        if chunk == team.n_chunks:
            break
        first, last = team.panels[chunk], team.panels[chunk + 1]
        gather(plan, places, blocks, dense, theta, first, last)
        for i in range(team.stretches[chunk], team.stretches[chunk + 1]):
            dense_gradient[i] = like(dense[0], 0)
    loss = batch_gradient(
        plan, team, theta, table, rows, begin, end, weights, noise, kept, penalty, memory
    )
    while True:
        chunk = next_chunk(team)
        if chunk == team.n_chunks:
            break
        first, last = team.panels[chunk], team.panels[chunk + 1]
        scatter(plan, places, blocks, memory.gradient, dense_gradient, first, last)
    shrink = step_factor(loss, memory.squares, max_norm)
    if shrink == 0:
        return np.nan
    while True:
        chunk = next_chunk(team)
        if chunk == team.n_chunks:
            break
        first, last = team.stretches[chunk], team.stretches[chunk + 1]
        update(solver, dense, dense_gradient, moments, first, last, rate, step, shrink)
    return loss
