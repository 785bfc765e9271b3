"""Passes through the network: load, forward, backward, gradients.

Rows of the buffers are units, columns are rows of the tile. A masked matrix is a
staircase: a few rows at a time are multiplied with the prefix of the source units that
the last of them sees, and the rest of the matrix is never touched.
"""

from typing import NamedTuple

import numpy as np

from skmade._kernels._activations import activate
from skmade._kernels._compile import jit
from skmade._kernels._elementary import like
from skmade._kernels._families import gradient, log_prob
from skmade._kernels._plan import CATEGORICAL, GAUSSIAN, INPUT_LIMIT, PANEL_ROWS
from skmade._kernels._product import LANES, ROWS, block_product


class Buffers(NamedTuple):
    """Working memory of tiles; inside a pass, of one tile, without the first axis."""

    targets: np.ndarray
    """(n_tiles, n_features, width): values, in the order of generation."""
    units: np.ndarray
    """(n_tiles, n_units, width): all units."""
    slopes: np.ndarray
    """(n_tiles, inputs and hidden units, width): derivatives of the activations."""
    deltas: np.ndarray
    """(n_tiles, n_units, width): derivatives of the loss by outputs and pre-activations."""
    transposed: np.ndarray
    """(n_tiles, width, n_units): `deltas` by columns."""
    work: np.ndarray
    """(n_tiles, width)"""


def make_buffers(plan, n_tiles, n_rows, dtype):
    """Buffers for tiles of at most `n_rows` rows, padded to whole vectors."""
    width = -(-n_rows // LANES) * LANES
    if width % (4 * LANES) == 0:  # rows a power of two apart would share lines of the cache
        width += LANES
    n_units, n_sources = plan.layers[-1, 1], plan.layers[-1, 0]
    shapes = [
        (len(plan.features), width), (n_units, width), (n_sources, width), (n_units, width),
        (width, n_units + PANEL_ROWS), (width,),
    ]  # fmt: skip
    return Buffers(*(np.zeros((n_tiles, *shape), dtype) for shape in shapes))


@jit
def of_tile(buffers, tile):
    """The buffers of one tile."""
    return Buffers(
        buffers.targets[tile], buffers.units[tile], buffers.slopes[tile],
        buffers.deltas[tile], buffers.transposed[tile], buffers.work[tile],
    )  # fmt: skip


@jit
def padded(n):
    """The next multiple of LANES."""
    return (n + LANES - 1) // LANES * LANES


@jit
def load(plan, table, rows, noise, buffers, width):
    """Read rows of the table into inputs and targets; columns past the last repeat it."""
    noisy, last = noise.shape[0] > 0, rows.shape[0] - 1
    cells, targets, units = table.ravel(), buffers.targets.ravel(), buffers.units.ravel()
    limit = like(cells[0], INPUT_LIMIT)
    first_cells = np.empty(LANES, np.uint64)  # (unsigned: no check that they are negative)
    for begin in range(0, width, LANES):  # few rows at a time, which stay in the cache
        for b in range(LANES):
            first_cells[b] = rows[min(begin + b, last)] * table.shape[1]
        for d in range(plan.features.shape[0]):
            column = np.uint64(plan.features[d, 0])
            target = np.uint64(d * buffers.targets.shape[1] + begin)
            unit = np.uint64(plan.features[d, 2] * buffers.units.shape[1] + begin)
            for b in range(LANES):
                x = cells[first_cells[b] + column]
                targets[target + np.uint64(b)] = x
                units[unit + np.uint64(b)] = max(min(x, limit), -limit)  # as `feed` does
    for d in range(plan.features.shape[0]):
        column, family, target = plan.features[d, 0], plan.features[d, 1], buffers.targets[d]
        noisy_here = noisy and family >= GAUSSIAN
        if noisy_here:
            for b in range(width):
                target[b] += noise[min(b, last), column]
        if noisy_here or family == CATEGORICAL:
            feed(plan, d, buffers, width)


@jit
def feed(plan, d, buffers, width):
    """Set the input units of the feature at position d from its values."""
    family, start, n = plan.features[d, 1:4]
    target, units = buffers.targets[d], buffers.units
    limit = like(target[0], INPUT_LIMIT)
    if family == CATEGORICAL:
        units[start : start + n] = 0
        for b in range(width):
            units[start + int(target[b]), b] = 1
    else:
        out = units[start]
        for b in range(width):
            out[b] = max(min(target[b], limit), -limit)


@jit
def set_biases(plan, theta, units, row, stop, width):
    """Every unit starts from its bias."""
    shift = plan.biases - plan.layers[0, 1]
    for r in range(row, stop):
        units[r, :width] = theta[shift + r]


@jit
def add_products(plan, theta, buffers, layer, begin, end, first, last, width):
    """Add to units ``begin:end`` of a layer what its source units contribute.

    Of the units of source layer s, those from ``first[s]`` up to ``last[s]``.
    """
    units, n_inputs = buffers.units, plan.layers[0, 1]
    ld = units.shape[1]
    for panel in range(plan.first_panel[layer], plan.first_panel[layer + 1]):
        row, stop, source, _, height, offset, extents = plan.panels[panel]
        source_layer = 0 if source < n_inputs else layer - 1
        low, high = first[source_layer], last[source_layer]
        stop = min(stop, end)
        for r in range(max(row, begin), stop, ROWS):
            n_rows = min(ROWS, stop - r)
            extent = min(high, plan.extents[extents + r + n_rows - 1 - row])
            block_product(
                theta, offset + low * height + r - row, 1, height, units, (source + low) * ld, ld,
                units, r * ld, ld, n_rows, width, extent - low, True,
            )  # fmt: skip


@jit
def activate_rows(plan, layer, buffers, kept, row, stop, width):
    """Turn pre-activations of hidden units into activations.

    What a layer adds is multiplied by its rows of `kept` (dropout), if that is not empty.
    """
    units, slopes, n_inputs = buffers.units, buffers.slopes, plan.layers[0, 1]
    before = plan.layers[layer - 1, 0] - plan.layers[layer, 0]
    for r in range(row, stop):
        values = units[r, :width]
        activate(plan.activation, values, slopes[r, :width])
        if kept.shape[0] > 0:
            factors = kept[r - n_inputs]
            for b in range(factors.shape[0]):
                values[b] *= factors[b]
                slopes[r, b] *= factors[b]
        if plan.residual and layer > 1:
            below = units[r + before]
            for b in range(width):
                values[b] += below[b]


@jit
def forward(plan, theta, kept, buffers, width):
    """Compute all units from the inputs."""
    n_layers = plan.layers.shape[0]
    for layer in range(1, n_layers):
        start, end = plan.layers[layer]
        set_biases(plan, theta, buffers.units, start, end, width)
        none, every = plan.counts[:, 0], plan.counts[:, -1]
        add_products(plan, theta, buffers, layer, start, end, none, every, width)
        if layer < n_layers - 1:
            activate_rows(plan, layer, buffers, kept, start, end, width)


@jit
def losses(plan, weights, buffers, width):
    """Weighted sum of ``-log p``, and its derivatives by the outputs into `deltas`.

    Columns past the last weight count with weight zero.
    """
    deltas, n_rows = buffers.deltas, weights.shape[0]
    total = np.zeros(width)
    factors = np.zeros(width, weights.dtype)
    factors[:n_rows] = weights
    out = buffers.work[:width]
    for d in range(plan.features.shape[0]):
        family, start, n = plan.features[d, 1], plan.features[d, 4], plan.features[d, 5]
        half, target = plan.halves[d], buffers.targets[d]
        gradient(family, buffers.units, start, n, half, target, deltas, out)
        for b in range(width):
            total[b] += np.float64(out[b])
        for r in range(start, start + n):
            row = deltas[r]
            for b in range(width):
                row[b] *= factors[b]
    return -np.sum(total[:n_rows] * weights)


@jit
def backward(plan, theta, buffers, width):
    """From the derivatives by outputs, those by all hidden pre-activations."""
    slopes, deltas = buffers.slopes, buffers.deltas
    n_layers, n_inputs = plan.layers.shape[0], plan.layers[0, 1]
    deltas[n_inputs : plan.layers[n_layers - 1, 0]] = 0
    for layer in range(n_layers - 1, 1, -1):
        for panel in range(plan.first_panel[layer], plan.first_panel[layer + 1]):
            if plan.panels[panel, 2] >= n_inputs:
                _pass_back(plan, theta, panel, deltas, width)
        start, end = plan.layers[layer - 1]
        before = plan.layers[layer - 2, 0] - start
        for r in range(start, end):
            delta, slope = deltas[r], slopes[r]
            if plan.residual and layer > 2:
                below = deltas[r + before]
                for b in range(width):
                    below[b] += delta[b]
            for b in range(width):
                delta[b] *= slope[b]


@jit
def _pass_back(plan, theta, panel, deltas, width):
    """Add to the source units' derivatives what a panel's rows hand down."""
    row, stop, source, extent, height, offset, extents = plan.panels[panel]
    ld, first = deltas.shape[1], 0
    for k in range(0, extent, ROWS):
        while plan.extents[extents + first] <= k:  # rows that see none of these units
            first += 1
        block_product(
            theta, offset + k * height + first, height, 1, deltas, (row + first) * ld, ld,
            deltas, (source + k) * ld, ld, min(ROWS, extent - k), width, stop - row - first, True,
        )  # fmt: skip


@jit
def transpose_deltas(plan, buffers, n_rows):
    """Write the derivatives by columns, as `panel_gradient` reads them."""
    deltas, out = buffers.deltas, buffers.transposed
    start, stop = plan.layers[0, 1], plan.layers[-1, 1]
    for begin in range(start, stop, LANES):
        for b in range(n_rows):
            for r in range(begin, min(begin + LANES, stop)):
                out[b, r] = deltas[r, b]


@jit
def panel_gradient(plan, panel, buffers, n_rows, penalty, theta, out):
    """Derivatives of the objective by a panel's weights, exactly zero where masked.

    Tile t of the batch has ``n_rows[t]`` rows. Returns the sum of their squares.
    """
    row, stop, source, extent, height, offset, extents = plan.panels[panel]
    factor, total, first = like(theta[0], penalty), 0.0, 0
    sums = np.zeros(LANES, out.dtype)
    for begin in range(0, extent, ROWS):
        end = min(begin + ROWS, extent)
        skipped = first // LANES * LANES  # rows that see none of these units
        for tile in range(n_rows.shape[0]):
            units, transposed = buffers.units[tile], buffers.transposed[tile]
            ld, ld_deltas = units.shape[1], transposed.shape[1]
            block_product(
                units, (source + begin) * ld, ld, 1, transposed, row + skipped, ld_deltas,
                out, offset + begin * height + skipped, height,
                end - begin, height - skipped, n_rows[tile], tile > 0,
            )  # fmt: skip
        for k in range(begin, end):
            while plan.extents[extents + first] <= k:
                first += 1
            column = out[offset + k * height : offset + (k + 1) * height]
            column[skipped:first] = 0
            column[stop - row :] = 0
            if penalty > 0:
                for r in range(first, stop - row):
                    column[r] += factor * theta[offset + k * height + r]
            for r in range(skipped, height, LANES):
                for lane in range(LANES):
                    sums[lane] += column[r + lane] * column[r + lane]
    for lane in range(LANES):
        total += np.float64(sums[lane])
    return total


@jit
def bias_gradient(plan, buffers, n_rows, out):
    """Derivatives by the biases; returns the sum of their squares."""
    n_inputs, squares = plan.layers[0, 1], 0.0
    for r in range(n_inputs, plan.layers[-1, 1]):
        total = like(out[0], 0)
        for tile in range(n_rows.shape[0]):
            total += np.sum(buffers.deltas[tile, r, : n_rows[tile]])
        out[plan.biases + r - n_inputs] = total
        squares += np.float64(total) ** 2
    return squares


@jit
def score_rows(plan, theta, table, tile, buffers, scores, shares):
    """Log-density of each row of the table, and if asked for the share of each feature.

    `buffers` are for `tile` rows, which are scored at a time.
    """
    buffers = of_tile(buffers, 0)
    wanted, nothing = shares.shape[0] > 0, np.zeros((0, 0), theta.dtype)[:, :0]
    for begin in range(0, table.shape[0], tile):
        rows = np.arange(begin, min(begin + tile, table.shape[0]))
        width = padded(rows.shape[0])
        load(plan, table, rows, nothing, buffers, width)
        forward(plan, theta, nothing, buffers, width)
        out = buffers.work[:width]
        for d in range(plan.features.shape[0]):
            column, family, _, _, start, size = plan.features[d]
            half, target = plan.halves[d], buffers.targets[d]
            log_prob(family, buffers.units, start, size, half, target, buffers.deltas, out)
            for b in range(rows.shape[0]):
                scores[begin + b] += np.float64(out[b])
            if wanted:
                for b in range(rows.shape[0]):
                    shares[begin + b, column] = np.float64(out[b])
