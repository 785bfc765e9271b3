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
    panel_gradient,
)
from skmade._kernels._plan import TILE


@jit
def batch_pass(plan, blas, theta, table, rows, weights, noise, kept, buffers, first, last):
    """Loss of columns ``first:last`` of a batch, and the derivatives by all units."""
    work = np.zeros(last, theta.dtype)
    load(plan, table, rows, noise, buffers, first, last)
    forward(plan, blas, theta, kept, buffers, first, last)
    loss = losses(plan, weights, buffers, work, first, last)
    backward(plan, blas, theta, buffers, first, last)
    return loss


@jit
def batch_gradient(
    plan, blas, theta, table, rows, weights, noise, kept, penalty, buffers, gradient
):
    """Loss of a batch (without penalty), and the derivatives of the objective by theta."""
    loss, width = 0.0, rows.shape[0]
    for first in range(0, width, TILE):
        last = min(first + TILE, width)
        loss += batch_pass(
            plan, blas, theta, table, rows, weights, noise, kept, buffers, first, last
        )
    for panel in range(plan.panels.shape[0]):
        panel_gradient(plan, blas, panel, penalty, theta, buffers, width, gradient)
    bias_gradient(plan, buffers, width, gradient)
    return loss


@jit
def train_steps(
    plan, blas, solver, theta, moments, table, rows, weights, bounds,
    noise, kept, penalty, max_norm, rate, step, buffers, gradient,
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
            plan, blas, theta, table, rows[begin:end], weights[begin:end], noise[begin:end],
            kept[:, begin:end], penalty, buffers, gradient,
        )  # fmt: skip
        norm = _norm(gradient)
        if np.isfinite(loss) and np.isfinite(norm):
            shrink = min(1.0, max_norm / max(norm, 1e-30))
            used += 1
            total += loss
            update(
                solver, theta, gradient, moments, rate, step + used, shrink, 0, theta.shape[0]
            )
    return total, used


@jit
def _norm(gradient):
    """Euclidean norm, summed by stretches in the gradient's own precision."""
    total = 0.0
    for begin in range(0, gradient.shape[0], 4096):
        part = gradient[0] * 0
        for i in range(begin, min(begin + 4096, gradient.shape[0])):
            part += gradient[i] * gradient[i]
        total += np.float64(part)
    return np.sqrt(total)
