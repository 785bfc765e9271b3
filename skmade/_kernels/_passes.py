"""Passes through the network: load, forward, backward, gradients.

Rows of the buffers are units, columns are rows of the tile. A masked matrix is a
staircase: a few rows at a time are multiplied with the prefix of the source units that
the last of them sees, and the rest of the matrix is never touched.
"""

from typing import NamedTuple

import numpy as np

from skmade._kernels._activations import activate
from skmade._kernels._compile import kernel, part, sums_part
from skmade._kernels._conditionals import OF_REST, feature_log_prob, feed, is_atom
from skmade._kernels._constants import LIST_BLOCK, PANEL_ROWS
from skmade._kernels._elementary import exp, like
from skmade._kernels._gather import first_block, gather_product, is_sparse, list_by_rows
from skmade._kernels._memory import Buffers, Lists, lists_of_tile, of_tile, padded
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
    first = plan.first_panel[layer]
    for panel in range(first, plan.first_panel[layer + 1]):
        is_first = plan.panels[panel].source == plan.panels[first].source
        source, start = source_layer(plan, layer, panel), first_start if is_first else FROM_OUTPUT
        _add_panel(
            plan, theta, buffers.units, panel, begin, end, low[source], high[source], start, width
        )


@part
def source_layer(plan, layer, panel):
    """The layer that a panel of a layer multiplies."""
    return 0 if plan.panels[panel].source < plan.layers[0, 1] else layer - 1


@part
def _add_panel(plan, theta, units, panel, begin, end, known, every, start, width):
    """As `add_products`, of one panel, and of its source units ``known:every``."""
    at, ld, one = plan.panels[panel], units.shape[1], np.int64(1)
    row, source, height, offset = at.row, at.source, at.height, at.offset
    biases, stop = plan.biases - plan.layers[0, 1], min(at.stop, end)
    for r in range(max(row, begin), stop, ROWS):
        n_rows = min(ROWS, stop - r)
        extent = min(every, plan.extents[at.extents + r + n_rows - 1 - row])
        block_product(
            theta, offset + known * height + r - row, one, height, units, (source + known) * ld,
            ld, units, r * ld, ld, n_rows, width, extent - known, start, theta, biases + r,
        )  # fmt: skip


@part
def add_all_products(plan, theta, units, lists, layer, begin, end, n_rows, block):
    """As `add_products` of all source units, to biases, for `n_rows` rows of the tile.

    Vectors are of units, not of rows, where these are too few to fill one, and where only source
    units that are not zero are added. Sums are the same, term by term. `block` is memory for
    them, in whole vectors of rows of PANEL_ROWS; units begin at a whole vector of their layer's.
    """
    first, width, zero = plan.first_panel[layer], padded(n_rows), np.int64(0)
    for panel in range(first, plan.first_panel[layer + 1]):
        at, source = plan.panels[panel], source_layer(plan, layer, panel)
        is_first = at.source == plan.panels[first].source
        row, stop = max(at.row, begin), min(at.stop, end)
        if row < stop:
            if lists.is_sparse[source] or n_rows <= ROWS:
                _begin_rows(plan, theta, units, row, stop, n_rows, is_first, block)
                _add_by_rows(plan, theta, units, lists, panel, source, row, stop, n_rows, block)
                _end_rows(units, row, stop, n_rows, block)
            else:
                start = FROM_BIAS if is_first else FROM_OUTPUT
                _add_panel(plan, theta, units, panel, row, stop, zero, at.extent, start, width)


@part
def _begin_rows(plan, theta, units, row, stop, n_rows, is_first, block):
    """What products are added to, row by row of the tile: biases, or what units hold."""
    if is_first:
        biases = plan.biases - plan.layers[0, 1] + row
        for r in range(stop - row):
            block[0, r] = theta[biases + r]
        for b in range(1, n_rows):
            _copy(block[0], block[b])
    else:
        ld = units.shape[1]
        for b in range(0, n_rows, LANES):
            for r in range(row, stop, LANES):
                transpose(units, r * ld + b, ld, block, b * PANEL_ROWS + r - row, PANEL_ROWS)


@part
def _copy(line, to):
    """All of a row of a block."""
    for r in range(PANEL_ROWS):
        to[r] = line[r]


@part
def _add_by_rows(plan, theta, units, lists, panel, source, row, stop, n_rows, block):
    """Add what a panel's source units contribute, row by row of the tile."""
    at = plan.panels[panel]
    height, width, n_columns = at.height, np.int64(PANEL_ROWS), padded(stop - row)
    zero, one, add = np.int64(0), np.int64(1), np.int64(FROM_OUTPUT)
    offset, ld = at.offset + row - at.row, units.shape[1]
    if not lists.is_sparse[source]:
        block_product(
            units, at.source * ld, one, ld, theta, offset, height, block, zero, width, n_rows,
            n_columns, at.extent, add, theta, zero,
        )  # fmt: skip
        return
    n_blocks, size = lists.row_indices.shape[1], lists.row_indices.shape[2]
    place = first_block(plan, source) * size
    for begin in range(0, at.extent, LIST_BLOCK):
        gather_product(
            lists.row_indices, lists.row_values, place, n_blocks * size, at.extent - begin,
            theta, offset + begin * height, height, block, zero, width, n_rows, n_columns, add,
        )  # fmt: skip
        place += size


@part
def _end_rows(units, row, stop, n_rows, block):
    """Write sums back into units; columns past the last row repeat it."""
    ld, width = units.shape[1], np.int64(PANEL_ROWS)
    for b in range(n_rows, padded(n_rows)):
        _copy(block[n_rows - 1], block[b])
    for b in range(0, n_rows, LANES):
        for r in range(row, stop, LANES):
            transpose(block, b * width + r - row, width, units, r * ld + b, ld)


@part
def add_layer_before(plan, layer, units, row, stop, width):
    """Add to hidden units ``row:stop`` of a residual network those of the layer before."""
    before = plan.layers[layer - 1, 0] - plan.layers[layer, 0]
    if plan.residual and layer > 1:
        for r in range(row, stop):
            for b in range(width):
                units[r, b] += units[r + before, b]


@part
def drop_out(plan, buffers, share, bits, begin, n_rows, row, stop):
    """Drop a share of hidden units ``row:stop`` and their slopes out, and multiply the others by
    what makes up for them; none where there are no `bits`.

    A unit is dropped where its 16 random `bits` are a number below `share` of all such. Those of
    the `n_rows` rows from `begin` on are in one piece, unit after unit.
    """
    units, slopes, n_inputs = buffers.units, buffers.slopes, plan.layers[0, 1]
    zero, factor = like(units[0, 0], 0), like(units[0, 0], 1 / (1 - share))
    least = np.int32(round(share * 65536))
    if bits.size > 0:
        of_rows = bits[begin : begin + n_rows].reshape(-1, n_rows)
        for r in range(row, stop):
            of_unit = of_rows[r - n_inputs]
            for b in range(n_rows):
                own = factor if np.int32(of_unit[b]) >= least else zero
                units[r, b] *= own
                slopes[r, b] *= own


@part
def forward(plan, theta, units, lists, n_rows, block):
    """Compute all units from the inputs; `block` is memory for `add_all_products`."""
    width, zero = padded(n_rows), np.int64(0)
    for layer in range(plan.layers.shape[0] - 1):
        start, end = plan.layers[layer]
        if layer > 0:
            activate(plan.activation, units, start, end, width)
            add_layer_before(plan, layer, units, start, end, width)
        lists.is_sparse[layer] = is_sparse(units, start, end, width)
        if lists.is_sparse[layer]:
            list_by_rows(plan, layer, units, lists, zero, n_rows, block)
        row, stop = plan.layers[layer + 1]
        add_all_products(plan, theta, units, lists, layer + 1, row, stop, n_rows, block)


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
def layer_of(plan, panel):
    """The layer of a panel's rows."""
    layer = 1
    while plan.first_panel[layer + 1] <= panel:
        layer += 1
    return layer


@part
def brings_biases(plan, panel):
    """Whether the biases of a panel's rows belong to it: those of a layer's first source do."""
    first = plan.first_panel[layer_of(plan, panel)]
    return plan.panels[panel].source == plan.panels[first].source


@part
def panel_gradient(plan, panel, buffers, lists, tiles, penalty, theta, scratch, out):
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
    first, total, layer = 0, 0.0, source_layer(plan, layer_of(plan, panel), panel)
    zero, one, ld_deltas = np.int64(0), np.int64(1), np.int64(PANEL_ROWS)
    for begin in range(0, extent, ROWS):
        end = min(begin + ROWS, extent)
        skipped = first // LANES * LANES  # rows that see none of these units
        for tile in range(tiles.shape[0] - 1):
            units, start = buffers.units[tile], FROM_OUTPUT if tile > 0 else FROM_ZERO
            n_rows, ld = tiles[tile + 1] - tiles[tile], units.shape[1]
            ld_list = lists.unit_indices.shape[2]
            deltas = (tiles[tile] - tiles[0]) * PANEL_ROWS + skipped
            if lists.is_sparse[tile, layer]:
                gather_product(
                    lists.unit_indices[tile], lists.unit_values[tile], (source + begin) * ld_list,
                    ld_list, n_rows, scratch, deltas, ld_deltas,
                    out, offset + begin * height + skipped, height,
                    end - begin, height - skipped, start,
                )  # fmt: skip
            else:
                block_product(
                    units, (source + begin) * ld, ld, one, scratch, deltas, ld_deltas,
                    out, offset + begin * height + skipped, height,
                    end - begin, height - skipped, n_rows, start, theta, zero,
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
        total += _sum_of_squares(out[offset + begin * height : offset + end * height])
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


@part
def _sum_of_squares(x):
    total = np.float64(_fast_sum_of_squares(x))
    if np.isfinite(total):
        return total
    total = 0.0  # in double precision: derivatives by wild values are finite, but not their squares
    for i in range(x.shape[0]):
        total += np.float64(x[i]) ** 2
    return total


@sums_part
def _fast_sum_of_squares(x):
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
        line = deltas[b, : out.shape[0]]
        for r in range(line.shape[0]):
            out[r] += line[r]
    for r in range(out.shape[0]):
        squares += np.float64(out[r]) ** 2
    return squares


class ScoreMemory(NamedTuple):
    """Working memory of scores, for `tile` rows at a time."""

    tile: int
    buffers: Buffers
    lists: Lists
    block: np.ndarray
    """(at least tile in whole vectors, PANEL_ROWS)"""
    totals: np.ndarray
    """(width,), float64"""


class ComponentSums(NamedTuple):
    """What the components of mixtures weigh, summed over rows; all empty where nobody asks."""

    weights: np.ndarray
    """(n,), float64: of the rows."""
    before: np.ndarray
    """(n_features, the most components), float64: before values are known, by column."""
    known: np.ndarray
    """As `before`, when they are known."""


@kernel
def score_rows(plan, theta, table, rows, memory, scores, contributions, components):
    """Add the log-densities of rows of the table to `scores`.

    What each feature contributes is written to `contributions`, if they are not empty, and what
    components weigh is added to `components`.
    """
    first, n_features = np.int64(0), plan.features.shape[0]
    buffers, lists = of_tile(memory.buffers, first), lists_of_tile(memory.lists, first)
    totals, tile = memory.totals, memory.tile
    out = buffers.deltas[plan.layers[-1, 1] :]
    for begin in range(0, rows.shape[0], tile):
        end = min(begin + tile, rows.shape[0])
        width = padded(end - begin)
        load(plan, table, rows, begin, end, buffers, first, n_features)
        forward(plan, theta, buffers.units, lists, end - begin, memory.block)
        totals[:] = 0
        for d in range(n_features):
            feature_log_prob(plan, d, buffers, out, width)
            for b in range(width):
                totals[b] += np.float64(out[0, b])
            if contributions.shape[0] > 0:
                column = plan.features[d].column
                for b in range(end - begin):
                    contributions[begin + b, column] = np.float64(out[0, b])
            if components.weights.shape[0] > 0:
                _add_components(plan, d, buffers, out, begin, end, components)
        for b in range(end - begin):
            scores[begin + b] += totals[b]


@part
def _add_components(plan, d, buffers, out, begin, end, components):
    """Add what the components of the feature at position d weigh in some rows.

    Mixtures leave logarithms of the former in place of their logits, and the latter in the first
    third of their work.
    """
    feature, n = plan.features[d], plan.features[d].n_components
    row, column = feature.first_output + feature.n_states, feature.column
    for c in range(n):
        before, known = 0.0, 0.0
        for b in range(end - begin):
            weight = components.weights[begin + b]
            if feature.is_mixed:
                weight *= np.float64(out[OF_REST, b])
            before += weight * np.float64(exp(buffers.units[row + c, b]))
            known += weight * np.float64(buffers.deltas[row + c, b])
        components.before[column, c] += before
        components.known[column, c] += known
