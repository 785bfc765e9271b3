"""Passes through the network: load, forward, backward, gradients.

All work on columns ``first:last`` of buffers whose rows are units. A layer's masked
matrix is a few panels; each panel is a dense product with the prefix of the source
units that its rows may see.
"""

from typing import NamedTuple

import numpy as np

from skmade._kernels._activations import activate
from skmade._kernels._blas import product, product_nt, product_tn
from skmade._kernels._compile import jit
from skmade._kernels._elementary import like
from skmade._kernels._families import gradient, log_prob
from skmade._kernels._plan import CATEGORICAL, GAUSSIAN, INPUT_LIMIT, TILE


class Buffers(NamedTuple):
    """Working memory for a batch: rows are features or units, columns rows of the batch."""

    targets: np.ndarray
    units: np.ndarray
    slopes: np.ndarray
    deltas: np.ndarray


def make_buffers(plan, width, dtype):
    """Buffers for `width` columns."""
    shape = (plan.layers[-1, 1], width)
    n_slopes = plan.layers[-1, 0]
    return Buffers(
        np.zeros((len(plan.features), width), dtype),
        np.zeros(shape, dtype),
        np.zeros((n_slopes, width), dtype),
        np.zeros(shape, dtype),
    )


@jit
def load(plan, table, rows, noise, buffers, first, last):
    """Read rows of the table into inputs and targets: column b from row ``rows[b]``."""
    noisy = noise.shape[0] > 0
    for d in range(plan.features.shape[0]):
        column, family, start = plan.features[d, :3]
        target = buffers.targets[d]
        for b in range(first, last):
            target[b] = table[rows[b], column]
        if noisy and family >= GAUSSIAN:
            for b in range(first, last):
                target[b] += noise[b, column]
        feed(plan, d, buffers, first, last)


@jit
def feed(plan, d, buffers, first, last):
    """Set the input units of the feature at position d from its values."""
    family, start, n = plan.features[d, 1:4]
    target, units = buffers.targets[d], buffers.units
    limit = like(target[0], INPUT_LIMIT)
    if family == CATEGORICAL:
        units[start : start + n, first:last] = 0
        for b in range(first, last):
            units[start + int(target[b]), b] = 1
    else:
        for b in range(first, last):
            units[start, b] = max(min(target[b], limit), -limit)


@jit
def weights_of(plan, theta, panel):
    """A panel's weights, as a matrix."""
    row, stop, _, extent, offset = plan.panels[panel, :5]
    return theta[offset : offset + (stop - row) * extent].reshape(stop - row, extent)


@jit
def set_biases(plan, theta, units, row, stop, first, last):
    """Every unit starts from its bias."""
    shift = plan.biases - plan.layers[0, 1]
    for r in range(row, stop):
        for b in range(first, last):
            units[r, b] = theta[shift + r]


@jit
def activate_rows(plan, layer, buffers, row, stop, first, last):
    """Turn pre-activations of hidden units into activations."""
    units, slopes = buffers.units, buffers.slopes
    for r in range(row, stop):
        activate(plan.activation, units[r], slopes[r], first, last)
    if plan.residual and layer > 1:
        before = plan.layers[layer - 1, 0] - plan.layers[layer, 0]
        for r in range(row, stop):
            for b in range(first, last):
                units[r, b] += units[r + before, b]


@jit
def forward(plan, blas, theta, kept, buffers, first, last):
    """Compute all units from the inputs. `kept` scales hidden units (dropout) if not empty."""
    units, slopes = buffers.units, buffers.slopes
    n_layers, n_inputs = plan.layers.shape[0], plan.layers[0, 1]
    for layer in range(1, n_layers):
        start, end = plan.layers[layer]
        set_biases(plan, theta, units, start, end, first, last)
        for panel in range(plan.first_panel[layer], plan.first_panel[layer + 1]):
            row, stop, source, extent = plan.panels[panel, :4]
            seen = units[source : source + extent, first:last]
            weights = weights_of(plan, theta, panel)
            product(blas, weights, seen, 1.0, units[row:stop, first:last])
        if layer == n_layers - 1:
            continue
        if kept.shape[0] > 0:
            _activate_and_drop(plan, layer, kept, buffers, first, last)
        else:
            activate_rows(plan, layer, buffers, start, end, first, last)


@jit
def _activate_and_drop(plan, layer, kept, buffers, first, last):
    """As `activate_rows`, with what a layer adds multiplied by `kept`."""
    units, slopes, n_inputs = buffers.units, buffers.slopes, plan.layers[0, 1]
    start, end = plan.layers[layer]
    before = plan.layers[layer - 1, 0] - start
    for r in range(start, end):
        activate(plan.activation, units[r], slopes[r], first, last)
        for b in range(first, last):
            units[r, b] *= kept[r - n_inputs, b]
            slopes[r, b] *= kept[r - n_inputs, b]
            if plan.residual and layer > 1:
                units[r, b] += units[r + before, b]


@jit
def losses(plan, weights, buffers, work, first, last):
    """Weighted sum of ``-log p``, and its derivatives by the outputs into `deltas`."""
    total = 0.0
    for d in range(plan.features.shape[0]):
        family, start, n = plan.features[d, 1], plan.features[d, 4], plan.features[d, 5]
        target, deltas = buffers.targets[d], buffers.deltas
        gradient(family, buffers.units, start, n, target, deltas, work, first, last)
        for b in range(first, last):
            total -= np.float64(work[b]) * np.float64(weights[b])
        for r in range(start, start + n):
            for b in range(first, last):
                deltas[r, b] *= weights[b]
    return total


@jit
def backward(plan, blas, theta, buffers, first, last):
    """From the derivatives by outputs, those by all hidden pre-activations."""
    units, slopes, deltas = buffers.units, buffers.slopes, buffers.deltas
    n_layers, n_inputs = plan.layers.shape[0], plan.layers[0, 1]
    deltas[n_inputs : plan.layers[n_layers - 1, 0], first:last] = 0
    for layer in range(n_layers - 1, 1, -1):
        for panel in range(plan.first_panel[layer], plan.first_panel[layer + 1]):
            row, stop, source, extent = plan.panels[panel, :4]
            if source >= n_inputs:
                weights = weights_of(plan, theta, panel)
                seen = deltas[source : source + extent, first:last]
                product_tn(blas, weights, deltas[row:stop, first:last], 1.0, seen)
        start, end = plan.layers[layer - 1]
        before = plan.layers[layer - 2, 0] - start
        for r in range(start, end):
            for b in range(first, last):
                if plan.residual and layer > 2:
                    deltas[r + before, b] += deltas[r, b]
                deltas[r, b] *= slopes[r, b]


@jit
def panel_gradient(plan, blas, panel, penalty, theta, buffers, width, out):
    """Derivatives by a panel's weights, penalty included; exactly zero where masked."""
    row, stop, source, extent, offset, extents = plan.panels[panel]
    matrix = weights_of(plan, out, panel)
    deltas, seen = buffers.deltas[row:stop, :width], buffers.units[source : source + extent, :width]
    product_nt(blas, deltas, seen, 0.0, matrix)
    factor = like(theta[0], penalty)
    if penalty > 0:
        for i in range(offset, offset + (stop - row) * extent):
            out[i] += factor * theta[i]
    for r in range(stop - row):
        matrix[r, plan.extents[extents + r] :] = 0


@jit
def bias_gradient(plan, buffers, width, out):
    """Derivatives by the biases."""
    n_inputs = plan.layers[0, 1]
    for r in range(n_inputs, plan.layers[-1, 1]):
        total = like(out[0], 0)
        for b in range(width):
            total += buffers.deltas[r, b]
        out[plan.biases + r - n_inputs] = total


@jit
def score_rows(plan, blas, theta, table, buffers, scores, shares):
    """Log-density of each row of the table, and if asked for the share of each feature."""
    n, n_features = table.shape[0], plan.features.shape[0]
    nothing, rows = np.zeros((0, 0), theta.dtype), np.zeros(TILE, np.int64)
    work, wanted = np.zeros(TILE, theta.dtype), shares.shape[0] > 0
    for begin in range(0, n, TILE):
        filled = min(TILE, n - begin)
        for b in range(TILE):  # a last, incomplete tile is filled up with its last row
            rows[b] = begin + min(b, filled - 1)
        load(plan, table, rows, nothing, buffers, 0, TILE)
        forward(plan, blas, theta, nothing, buffers, 0, TILE)
        for d in range(n_features):
            column, family, _, _, start, size = plan.features[d]
            target = buffers.targets[d]
            log_prob(family, buffers.units, start, size, target, buffers.deltas, work, 0, TILE)
            for b in range(filled):
                scores[begin + b] += np.float64(work[b])
            if wanted:
                for b in range(filled):
                    shares[begin + b, column] = np.float64(work[b])
