"""Steps of training: one mini-batch after another, without coming back to Python."""

import numpy as np

from skmade._kernels._compile import jit
from skmade._kernels._elementary import like
from skmade._kernels._optimizers import update
from skmade._kernels._passes import (
    backward,
    bias_gradient,
    forward,
    load,
    losses,
    padded,
    panel_gradient,
    transpose_sources,
)


@jit
def tile_pass(plan, theta, table, rows, weights, noise, kept, buffers):
    """Loss of the rows of a tile, and the derivatives by all units."""
    width = padded(rows.shape[0])
    load(plan, table, rows, noise, buffers, width)
    forward(plan, theta, kept, buffers, width)
    loss = losses(plan, weights, buffers, width)
    backward(plan, theta, buffers, width)
    transpose_sources(plan, buffers, rows.shape[0])
    return loss


@jit
def batch_gradient(plan, theta, table, rows, weights, noise, kept, penalty, buffers, gradient):
    """Loss of a batch (without penalty), and the derivatives of the objective by theta.

    `buffers` has one entry for each tile that a batch is cut into.
    """
    loss, n_rows, n_tiles = 0.0, rows.shape[0], len(buffers)
    for tile in range(n_tiles):
        first, last = tile * n_rows // n_tiles, (tile + 1) * n_rows // n_tiles
        loss += tile_pass(
            plan, theta, table, rows[first:last], weights[first:last], noise[first:last],
            kept[:, first:last], buffers[tile],
        )  # fmt: skip
        for panel in range(plan.panels.shape[0]):
            panel_gradient(plan, panel, buffers[tile], last - first, tile > 0, gradient)
        bias_gradient(plan, buffers[tile], last - first, tile > 0, gradient)
    if penalty > 0:
        factor = like(theta[0], penalty)
        for i in range(plan.biases):
            gradient[i] += factor * theta[i]
    return loss


@jit
def train_steps(
    plan, solver, theta, moments, table, rows, weights, bounds, noise, kept,
    penalty, max_norm, rate, step, buffers, gradient,
):  # fmt: skip
    """One step for each batch ``rows[bounds[s]:bounds[s + 1]]``.

    `weights` are those of the rows, divided by the size of their batch. A batch whose
    gradient is not finite is left out. Returns the sum of the losses of the batches
    that were used, and their number.
    """
    total, used = 0.0, 0
    for s in range(bounds.shape[0] - 1):
        begin, end = bounds[s], bounds[s + 1]
        loss = batch_gradient(
            plan, theta, table, rows[begin:end], weights[begin:end], noise[begin:end],
            kept[:, begin:end], penalty, buffers, gradient,
        )  # fmt: skip
        norm = euclidean_norm(gradient)
        if np.isfinite(loss) and np.isfinite(norm):
            shrink = min(1.0, max_norm / max(norm, 1e-30))
            used += 1
            total += loss
            update(solver, theta, gradient, moments[0], moments[1], rate, step + used, shrink)
    return total, used


@jit
def euclidean_norm(x):
    """Square root of the sum of squares, summed in many chains side by side."""
    lanes = 64
    sums, whole, total = np.zeros(lanes, x.dtype), x.shape[0] // lanes * lanes, 0.0
    for begin in range(0, whole, lanes):
        part = x[begin : begin + lanes]
        for i in range(lanes):
            sums[i] += part[i] * part[i]
    for i in range(whole, x.shape[0]):
        total += np.float64(x[i]) ** 2
    for i in range(lanes):
        total += np.float64(sums[i])
    return np.sqrt(total)
