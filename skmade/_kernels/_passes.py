"""Passes through the network: load, forward, backward, gradients.

Rows of the buffers are units, columns are rows of the tile. A masked matrix is a
staircase: a few rows at a time are multiplied with the prefix of the source units that
the last of them sees, and the rest of the matrix is never touched.
"""

from typing import NamedTuple

import numpy as np

from skmade._kernels._activations import activate
from skmade._kernels._compile import kernel, part, sums_part
from skmade._kernels._conditionals import feature_log_prob, feed, is_atom
from skmade._kernels._constants import PANEL_ROWS
from skmade._kernels._elementary import like
from skmade._kernels._memory import Buffers, of_tile, padded
from skmade._kernels._product import (
    FROM_BIAS,
    FROM_OUTPUT,
    FROM_ZERO,
    LANES,
    ROWS,
    block_product,
)
from skmade._kernels._transpose import transpose


@part
def load(plan, table, rows, begin, end, buffers, first, last):
    """Read rows ``rows[begin:end]`` of the table into inputs and targets ``first:last``.

    Columns past the last row repeat it.
    """
    targets, units = buffers.targets, buffers.units
    limit, width = like(targets[0, 0], plan.input_limit), padded(end - begin)
    for place in range(0, width, LANES):  # few rows at a time, which stay in the cache
        for d in range(first, last):
            column, unit = np.uint64(plan.features[d].column), plan.features[d].first_input
            for b in range(place, place + LANES):
                # (unsigned: no check that they are negative)
                row = np.uint64(rows[np.uint64(min(begin + b, end - 1))])
                x = table[row, column]
                targets[d, b] = x
                units[unit, b] = max(min(x, limit), -limit)  # as `feed` does
    for d in range(first, last):
        if plan.features[d].is_one_hot or plan.features[d].is_mixed:
            feed(plan, d, buffers, width)


@part
def add_noise(plan, noise, begin, end, buffers, first, last):
    """Add noise to targets ``first:last`` that take it, and to inputs: rows ``begin:end`` of it.

    Columns past the last row repeat it. Atoms stay what they are.
    """
    width, targets = padded(end - begin), buffers.targets
    for d in range(first, last):
        feature = plan.features[d]
        if feature.takes_noise:
            for b in range(width):
                shift = noise[min(begin + b, end - 1), feature.column]
                targets[d, b] += like(shift, 0) if is_atom(plan, d, targets[d, b]) else shift
            feed(plan, d, buffers, width)


@part
def add_products(plan, theta, buffers, layer, begin, end, low, high, first_start, width):
    """What source units contribute to units ``begin:end`` of a layer.

    Of the units of source layer s, those from ``low[s]`` up to ``high[s]``. It is added to
    what the units hold or, where `first_start` is FROM_BIAS, to their biases.
    """
    units, n_inputs, one = buffers.units, plan.layers[0, 1], np.int64(1)
    ld, biases = units.shape[1], plan.biases - n_inputs
    first_source = plan.panels[plan.first_panel[layer]].source
    for panel in range(plan.first_panel[layer], plan.first_panel[layer + 1]):
        at = plan.panels[panel]
        row, source, height, offset = at.row, at.source, at.height, at.offset
        start = first_start if source == first_source else FROM_OUTPUT
        source_layer = 0 if source < n_inputs else layer - 1
        known, every = low[source_layer], high[source_layer]
        stop = min(at.stop, end)
        for r in range(max(row, begin), stop, ROWS):
            n_rows = min(ROWS, stop - r)
            extent = min(every, plan.extents[at.extents + r + n_rows - 1 - row])
            block_product(
                theta, offset + known * height + r - row, one, height, units, (source + known) * ld,
                ld, units, r * ld, ld, n_rows, width, extent - known, start, theta, biases + r,
            )  # fmt: skip


@part
def add_products_of_few(plan, theta, buffers, layer, n_rows, block):
    """As `add_products` of all units of a layer and below it, for at most ROWS rows of the tile.

    They would not fill a vector: here vectors are of units, and sums the same, term by term.
    `block` is memory for them, row by row.
    """
    units, n_inputs = buffers.units, plan.layers[0, 1]
    zero, one, width, add = np.int64(0), np.int64(1), np.int64(PANEL_ROWS), np.int64(FROM_OUTPUT)
    ld, biases = units.shape[1], plan.biases - n_inputs
    first_source = plan.panels[plan.first_panel[layer]].source
    for panel in range(plan.first_panel[layer], plan.first_panel[layer + 1]):
        at = plan.panels[panel]
        row, stop, source, height = at.row, at.stop, at.source, at.height
        for b in range(n_rows):
            for r in range(row, stop):
                block[b, r - row] = theta[biases + r] if source == first_source else units[r, b]
        block_product(
            units, source * ld, one, ld, theta, at.offset, height, block, zero, width, n_rows,
            height, at.extent, add, theta, zero,
        )  # fmt: skip
        for r in range(row, stop):
            for b in range(n_rows):
                units[r, b] = block[b, r - row]
            for b in range(n_rows, LANES):
                units[r, b] = units[r, n_rows - 1]


@part
def add_layer_before(plan, layer, units, row, stop, width):
    """Add to hidden units ``row:stop`` of a residual network those of the layer before."""
    before = plan.layers[layer - 1, 0] - plan.layers[layer, 0]
    if plan.residual and layer > 1:
        for r in range(row, stop):
            for b in range(width):
                units[r, b] += units[r + before, b]


@part
def drop_out(plan, buffers, kept, begin, n_rows, row, stop):
    """Multiply hidden units ``row:stop``, and their slopes, by `kept` if that is not empty.

    Its columns from `begin` on are those of the `n_rows` rows.
    """
    units, slopes, n_inputs = buffers.units, buffers.slopes, plan.layers[0, 1]
    if kept.shape[0] > 0:
        for r in range(row, stop):
            for b in range(n_rows):
                factor = kept[r - n_inputs, begin + b]
                units[r, b] *= factor
                slopes[r, b] *= factor


@part
def forward(plan, theta, buffers, n_rows, block):
    """Compute all units from the inputs; `block` is memory for few rows."""
    n_layers, units, width = plan.layers.shape[0], buffers.units, padded(n_rows)
    none, every, fresh = plan.counts[:, 0], plan.counts[:, -1], np.int64(FROM_BIAS)
    for layer in range(1, n_layers):
        start, end = plan.layers[layer]
        if n_rows <= ROWS:
            add_products_of_few(plan, theta, buffers, layer, n_rows, block)
        else:
            add_products(plan, theta, buffers, layer, start, end, none, every, fresh, width)
        if layer < n_layers - 1:
            activate(plan.activation, units, start, end, width)
            add_layer_before(plan, layer, units, start, end, width)


@part
def pass_back(plan, theta, layer, buffers, first, last, width):
    """From the derivatives by the units of a layer, those by units ``first:last`` below it.

    These are derivatives by pre-activations. Where layers add to each other, what a unit
    hands on to the one before it is left there, for when it is that one's turn.
    """
    deltas, slopes, below = buffers.deltas, buffers.slopes, plan.layers[layer - 1, 0]
    zero = np.int64(0)
    ld, one, add = deltas.shape[1], np.int64(1), np.int64(FROM_OUTPUT)
    if not (plan.residual and layer < plan.layers.shape[0] - 1):
        for r in range(first, last):
            for b in range(width):
                deltas[r, b] = like(deltas[r, b], 0)
    for panel in range(plan.first_panel[layer], plan.first_panel[layer + 1]):
        at = plan.panels[panel]
        row, source, height, offset = at.row, at.source, at.height, at.offset
        if source == below:
            end, hidden = min(at.extent, last - source), 0
            for k in range(first - source, end, ROWS):
                while plan.extents[at.extents + hidden] <= k:  # rows that see none of these units
                    hidden += 1
                block_product(
                    theta, offset + k * height + hidden, height, one, deltas, (row + hidden) * ld,
                    ld, deltas, (source + k) * ld, ld, min(ROWS, end - k), width,
                    at.stop - row - hidden, add, theta, zero,
                )  # fmt: skip
    if plan.residual and layer > 2:
        before = plan.layers[layer - 2, 0] - below
        for r in range(first, last):
            for b in range(width):
                deltas[r + before, b] = deltas[r, b]
    for r in range(first, last):
        for b in range(width):
            deltas[r, b] *= slopes[r, b]


@part
def brings_biases(plan, panel):
    """Whether the biases of a panel's rows belong to it: those of a layer's first source do."""
    layer = 1
    while plan.first_panel[layer + 1] <= panel:
        layer += 1
    return plan.panels[panel].source == plan.panels[plan.first_panel[layer]].source


@part
def panel_gradient(plan, panel, buffers, tiles, penalty, theta, scratch, out):
    """Derivatives of the objective by a panel's weights, exactly zero where masked, and biases.

    Tile t of the batch ends at row ``tiles[t + 1]``; `scratch` has room for PANEL_ROWS
    numbers for each row of the batch, in whole vectors. Returns the sum of the derivatives'
    squares.
    """
    at = plan.panels[panel]
    row, stop, source, extent, height, offset = (
        at.row, at.stop, at.source, at.extent, at.height, at.offset,
    )  # fmt: skip
    _transpose_deltas(buffers, row, stop, tiles, scratch)
    first, total = 0, 0.0
    zero, one, ld_deltas = np.int64(0), np.int64(1), np.int64(PANEL_ROWS)
    for begin in range(0, extent, ROWS):
        end = min(begin + ROWS, extent)
        skipped = first // LANES * LANES  # rows that see none of these units
        for tile in range(tiles.shape[0] - 1):
            units = buffers.units[tile]
            ld, start = units.shape[1], FROM_OUTPUT if tile > 0 else FROM_ZERO
            block_product(
                units, (source + begin) * ld, ld, one,
                scratch, (tiles[tile] - tiles[0]) * PANEL_ROWS + skipped, ld_deltas,
                out, offset + begin * height + skipped, height,
                end - begin, height - skipped, tiles[tile + 1] - tiles[tile], start, theta, zero,
            )  # fmt: skip
        if penalty > 0:
            _add_multiple(penalty, theta, offset + begin * height, offset + end * height, out)
        for k in range(begin, end):
            while plan.extents[at.extents + first] <= k:
                first += 1
            if first > 0:
                out[offset + k * height : offset + k * height + first] = 0
            if stop - row < height:
                out[offset + k * height + stop - row : offset + (k + 1) * height] = 0
        squares = _sum_of_squares(out[offset + begin * height : offset + end * height])
        total += np.float64(squares)
    if brings_biases(plan, panel):
        shift = plan.biases - plan.layers[0, 1]
        total += _bias_gradient(scratch, tiles[-1] - tiles[0], out[shift + row : shift + stop])
    return total


@part
def _add_multiple(factor, x, begin, end, out):
    """``out[begin:end] += factor * x[begin:end]``."""
    x, out, factor = x[begin:end], out[begin:end], like(x[0], factor)
    for i in range(out.shape[0]):
        out[i] += factor * x[i]


@sums_part
def _sum_of_squares(x):
    total = like(x[0], 0)
    for i in range(x.shape[0]):
        total += x[i] * x[i]
    return total


@part
def _transpose_deltas(buffers, row, stop, tiles, out):
    """Copy derivatives by units ``row:stop``, one row of the batch after the other.

    In whole blocks, so that some numbers of other units, and of no rows, come along.
    """
    for tile in range(tiles.shape[0] - 1):
        deltas, first = buffers.deltas[tile], tiles[tile] - tiles[0]
        ld = deltas.shape[1]
        for begin in range(row, stop, LANES):
            for b in range(0, tiles[tile + 1] - tiles[tile], LANES):
                place = (first + b) * PANEL_ROWS + begin - row
                transpose(deltas, begin * ld + b, ld, out, place, PANEL_ROWS)


@part
def _bias_gradient(deltas, n_rows, out):
    """Sums over the rows of the batch; returns the sum of their squares."""
    squares = 0.0
    out[:] = 0
    for b in range(n_rows):
        line = deltas[b * PANEL_ROWS : b * PANEL_ROWS + out.shape[0]]
        for r in range(line.shape[0]):
            out[r] += line[r]
    for r in range(out.shape[0]):
        squares += np.float64(out[r]) ** 2
    return squares


class ScoreMemory(NamedTuple):
    """Working memory of scores, for `tile` rows at a time."""

    tile: int
    buffers: Buffers
    block: np.ndarray
    """(ROWS, PANEL_ROWS)"""
    totals: np.ndarray
    """(width,), float64"""


@kernel
def score_rows(plan, theta, table, rows, memory, scores, contributions):
    """Add the log-densities of rows of the table to `scores`.

    What each feature contributes is written to `contributions`, if they are not empty.
    """
    first, n_features = np.int64(0), plan.features.shape[0]
    buffers, totals, tile = of_tile(memory.buffers, first), memory.totals, memory.tile
    out = buffers.deltas[buffers.units.shape[0] :]
    for begin in range(0, rows.shape[0], tile):
        end = min(begin + tile, rows.shape[0])
        width = padded(end - begin)
        load(plan, table, rows, begin, end, buffers, first, n_features)
        forward(plan, theta, buffers, end - begin, memory.block)
        totals[:] = 0
        for d in range(n_features):
            feature_log_prob(plan, d, buffers, out, width)
            for b in range(width):
                totals[b] += np.float64(out[0, b])
            if contributions.shape[0] > 0:
                column = plan.features[d].column
                for b in range(end - begin):
                    contributions[begin + b, column] = np.float64(out[0, b])
        for b in range(end - begin):
            scores[begin + b] += totals[b]
