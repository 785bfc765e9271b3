"""Steps of training: one mini-batch after another, without coming back to Python."""

import numpy as np

from skmade._kernels._compile import jit
from skmade._kernels._optimizers import update
from skmade._kernels._passes import (
    backward,
    bias_gradient,
    forward,
    load,
    losses,
    of_tile,
    padded,
    panel_gradient,
    transpose_deltas,
)
from skmade._kernels._product import LANES


@jit
def tile_bounds(n_rows, n_tiles):
    """Where the tiles of a batch begin: whole vectors, as equal as can be."""
    n_vectors, bounds = padded(n_rows) // LANES, np.empty(n_tiles + 1, np.int64)
    for tile in range(n_tiles + 1):
        bounds[tile] = min(tile * n_vectors // n_tiles * LANES, n_rows)
    return bounds


@jit
def tile_pass(plan, theta, table, rows, weights, noise, kept, buffers, tile):
    """Loss of the rows of a tile, and the derivatives by all units."""
    buffers = of_tile(buffers, tile)
    width = padded(rows.shape[0])
    load(plan, table, rows, noise, buffers, width)
    forward(plan, theta, kept, buffers, width)
    loss = losses(plan, weights, buffers, width)
    backward(plan, theta, buffers, width)
    transpose_deltas(plan, buffers, rows.shape[0])
    return loss


@jit
def share_gradient(plan, first, last, n_rows, penalty, theta, buffers, gradient, squares):
    """Derivatives of the objective by the weights of some panels.

    The one after the last panel stands for the biases. ``squares[panel]`` gets the sum of
    squares.
    """
    for panel in range(first, last):
        if panel < plan.panels.shape[0]:
            squares[panel] = panel_gradient(plan, panel, buffers, n_rows, penalty, theta, gradient)
        else:
            squares[panel] = bias_gradient(plan, buffers, n_rows, gradient)


@jit
def batch_gradient(
    plan, theta, table, rows, weights, noise, kept, penalty, buffers, gradient, squares
):
    """Loss of a batch, tile by tile, and its derivatives by all parameters."""
    n_tiles, loss = buffers.work.shape[0], 0.0
    tiles = tile_bounds(rows.shape[0], n_tiles)
    for tile in range(n_tiles):
        a, b = tiles[tile], tiles[tile + 1]
        loss += tile_pass(
            plan, theta, table, rows[a:b], weights[a:b], noise[a:b], kept[:, a:b], buffers, tile
        )
    share_gradient(
        plan, 0, squares.shape[0], np.diff(tiles), penalty, theta, buffers, gradient, squares
    )
    return loss


@jit
def train_steps(
    plan, solver, theta, moments, table, rows, weights, bounds, noise, kept,
    penalty, max_norm, rate, step, buffers, gradient, squares,
):  # fmt: skip
    """One step for each batch ``rows[bounds[s]:bounds[s + 1]]``.

    `weights` are those of the rows, divided by the size of their batch; `buffers` are
    those of the tiles that a batch is cut into. A batch whose gradient is not finite is
    left out. Returns the sum of the losses of the batches that were used, and their number.
    """
    total, used = 0.0, 0
    for s in range(bounds.shape[0] - 1):
        a, b = bounds[s], bounds[s + 1]
        loss = batch_gradient(
            plan, theta, table, rows[a:b], weights[a:b], noise[a:b], kept[:, a:b], penalty,
            buffers, gradient, squares,
        )  # fmt: skip
        shrink = step_factor(loss, squares, max_norm)
        if shrink > 0:
            used += 1
            total += loss
            update(solver, theta, gradient, moments[0], moments[1], rate, step + used, shrink)
    return total, used


@jit
def step_factor(loss, squares, max_norm):
    """What to scale a gradient by, so that its norm is at most `max_norm`; 0 to leave it out."""
    norm = np.sqrt(np.sum(squares))
    if not (np.isfinite(loss) and np.isfinite(norm)):
        return 0.0
    return min(1.0, max_norm / max(norm, 1e-30))
