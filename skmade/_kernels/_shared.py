"""The weights of one draw of masks, out of dense weights that many draws share, and back.

Dense weights lie block by block (a layer's weights from the layer before; the direct
connections), source unit by source unit. `places` are the dense numbers of a draw's units.
"""

import numpy as np

from skmade._kernels._compile import jit
from skmade._kernels._optimizers import update
from skmade._kernels._steps import batch_gradient, step_factor


@jit
def gather(plan, places, blocks, dense, theta):
    """Write a draw's weights, exactly zero where masked, and its biases."""
    for layer in range(1, plan.layers.shape[0]):
        for panel in range(plan.first_panel[layer], plan.first_panel[layer + 1]):
            row, stop, _, extent, height, offset, extents = plan.panels[panel]
            first = 0
            for k in range(extent):
                while plan.extents[extents + first] <= k:  # rows that do not see this unit
                    first += 1
                start = _dense_start(plan, places, blocks, layer, panel, k)
                column = theta[offset + k * height : offset + (k + 1) * height]
                column[:first] = 0
                column[stop - row :] = 0
                for r in range(first, stop - row):
                    column[r] = dense[start + places[row + r]]
    n_inputs, biases = plan.layers[0, 1], blocks[0, 0] - plan.layers[0, 1]
    for unit in range(n_inputs, plan.layers[-1, 1]):
        theta[plan.biases + unit - n_inputs] = dense[biases + places[unit]]


@jit
def scatter(plan, places, blocks, theta, dense):
    """The reverse of `gather`: what is masked becomes zero."""
    dense[:] = 0
    for layer in range(1, plan.layers.shape[0]):
        for panel in range(plan.first_panel[layer], plan.first_panel[layer + 1]):
            row, stop, _, extent, height, offset, extents = plan.panels[panel]
            first = 0
            for k in range(extent):
                while plan.extents[extents + first] <= k:
                    first += 1
                start = _dense_start(plan, places, blocks, layer, panel, k)
                column = theta[offset + k * height : offset + (k + 1) * height]
                for r in range(first, stop - row):
                    dense[start + places[row + r]] = column[r]
    n_inputs, biases = plan.layers[0, 1], blocks[0, 0] - plan.layers[0, 1]
    for unit in range(n_inputs, plan.layers[-1, 1]):
        dense[biases + places[unit]] = theta[plan.biases + unit - n_inputs]


@jit
def _dense_start(plan, places, blocks, layer, panel, k):
    """What to add to the dense number of a unit, to find its weight from a panel's unit k."""
    source, first_unit = plan.panels[panel, 2], plan.layers[layer, 0]
    is_input = source < plan.layers[0, 1]
    first_source = 0 if is_input else plan.layers[layer - 1, 0]
    block = blocks[layer, 1 if is_input and layer > 1 else 0]
    width = plan.layers[layer, 1] - first_unit
    return block + (places[source + k] - first_source) * width - first_unit


@jit
def shared_step(
    plan, places, blocks, solver, dense, dense_gradient, moments, table, rows, weights, noise,
    kept, penalty, max_norm, rate, step, buffers, theta, gradient, squares,
):  # fmt: skip
    """One step of the dense weights, by the gradient of a batch under one draw.

    `theta` and `gradient` are memory for the draw's own weights. Returns the loss, NaN
    where the batch had to be left out.
    """
    gather(plan, places, blocks, dense, theta)
    loss = batch_gradient(
        plan, theta, table, rows, weights, noise, kept, penalty, buffers, gradient, squares
    )
    shrink = step_factor(loss, squares, max_norm)
    if shrink == 0:
        return np.nan
    scatter(plan, places, blocks, gradient, dense_gradient)
    update(solver, dense, dense_gradient, moments[0], moments[1], rate, step, shrink)
    return loss
