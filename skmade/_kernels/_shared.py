"""The weights of one draw of masks, out of dense weights that many draws share, and back.

Dense weights lie block by block (a layer's weights from the layer before; the direct
connections), source unit by source unit. `places` are the dense numbers of a draw's units.
"""

from typing import NamedTuple

import numpy as np

from skmade._kernels._compile import kernel, part
from skmade._kernels._elementary import like
from skmade._kernels._optimizers import update
from skmade._kernels._passes import brings_biases
from skmade._kernels._steps import batch_gradient, step_factor
from skmade._kernels._sync import next_share


class Dense(NamedTuple):
    """Dense weights, and where the units of a draw are among them."""

    theta: np.ndarray
    gradient: np.ndarray
    moments: np.ndarray
    places: np.ndarray
    blocks: np.ndarray


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

    All panels of a matrix take their share of a dense row while it is in the cache.
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
    layer = 1
    while plan.first_panel[layer + 1] <= panel:
        layer += 1
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
        share = next_share(team)
        if share == team.n_shares:
            break
        first, last = team.panels[share], team.panels[share + 1]
        gather(plan, dense.places, dense.blocks, dense.theta, theta, first, last)
        for i in range(team.stretches[share], team.stretches[share + 1]):
            dense.gradient[i] = like(theta[0], 0)
    loss = batch_gradient(plan, team, theta, batches, s, descent.penalty, memory)
    while True:
        share = next_share(team)
        if share == team.n_shares:
            break
        first, last = team.panels[share], team.panels[share + 1]
        scatter(plan, dense.places, dense.blocks, memory.gradient, dense.gradient, first, last)
    shrink = step_factor(loss, memory.squares, descent.max_norm)
    if shrink == 0:
        return np.nan
    while True:
        share = next_share(team)
        if share == team.n_shares:
            break
        first, last = team.stretches[share], team.stretches[share + 1]
        update(
            descent.solver, dense.theta, dense.gradient, dense.moments, first, last, descent.rate,
            descent.step, shrink,
        )  # fmt: skip
    return loss
