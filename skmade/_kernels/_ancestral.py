"""Ancestral sampling in one pass: every unit is computed once, when its inputs are known.

A unit of degree d needs features 1..d only. Features are drawn in blocks: what earlier
blocks contribute to a block's units is one large product, what its own features
contribute is a small triangle, worked through feature by feature.

Known cells, whichever they are in each row, stay. Where some come after missing ones in the
ordering, rows can be particles: weighted by what is known as it is passed, and resampled.
"""

import math
from typing import NamedTuple

import numpy as np

from skmade._kernels._activations import activate
from skmade._kernels._compile import kernel, part
from skmade._kernels._conditionals import RESULT, draw_feature, feature_log_prob, feed
from skmade._kernels._constants import PARTICLES
from skmade._kernels._elementary import like
from skmade._kernels._memory import of_tile
from skmade._kernels._passes import add_layer_before, add_products
from skmade._kernels._product import FROM_BIAS, FROM_OUTPUT, LANES


class Randomness(NamedTuple):
    """What rows are drawn from; inside a pass, those of one tile, without the first axis.

    A tile is of `width` rows of the table, in whole vectors, but for the last, which may be of
    fewer. Features are in the order of generation; those beyond the first `n_features` of them
    are left alone.
    """

    bits: np.ndarray
    """(n_tiles, n_features, width): integers without sign, as wide as the network's numbers."""
    noise: np.ndarray
    """(n_tiles, n_features, width): what the feature's family asks for."""
    choices: np.ndarray
    """As `bits`, for the choice between atoms, gaps and the rest; of no features, where there is
    nothing to choose."""
    turns: np.ndarray
    """(n_tiles, n_features, width / PARTICLES), uniform: what groups of particles are resampled
    by; of no features, where rows stand for themselves."""


class Known(NamedTuple):
    """What is known of the rows of a table; inside a pass, of those of one tile."""

    cells: np.ndarray
    """(n, n_features): which cells are known and stay."""
    log_given: np.ndarray
    """(n,), float64: gets the log-density of what is known, each cell given those before it."""
    origins: np.ndarray
    """(n,), numbers of the network's type: which particle of its group each began as."""


@kernel
def ancestral_pass(plan, theta, block, randomness, known, buffers, table):
    """Draw the cells of the table that are not known, in blocks of so many features.

    Where `known` is None, all are drawn.

    Where there are `turns`, PARTICLES rows after each other are particles: they have the same
    known cells, and ``log_given`` are the logarithms of their weights. Before a feature is drawn
    for a group whose weights are uneven, its particles are drawn anew by weight, and share their
    mean weight.
    """
    buffers = of_tile(buffers, np.int64(0))
    (bits, noise, choices, turns), width = randomness, randomness.bits.shape[2]
    for tile in range(bits.shape[0]):
        begin, end = tile * width, min((tile + 1) * width, table.shape[0])
        _draw_tile(
            plan, theta, block, Randomness(bits[tile], noise[tile], choices[tile], turns[tile]),
            _known_of_tile(known, begin, end), buffers, table[begin:end],
        )  # fmt: skip


@part
def _draw_tile(plan, theta, block, randomness, known, buffers, table):
    """Draw the rows of one tile."""
    n_features, width = randomness.bits.shape
    out = buffers.deltas[plan.layers[-1, 1] :]
    for before in range(0, n_features, block):
        after = min(before + block, n_features)
        _from_earlier_blocks(plan, theta, before, after, buffers, width)
        for d in range(before, after):
            _complete_outputs(plan, theta, before, d, buffers, width)
            n_known = _count_known(known, plan.features[d].column)
            if n_known < table.shape[0]:
                if known is not None:
                    if randomness.turns.shape[0] > 0:
                        _resample(plan, after, d, randomness.turns[d], known, buffers)
                draw_feature(plan, d, randomness, buffers, out, width)
            if known is not None:
                if n_known > 0:
                    _weigh_known(plan, d, known, table, buffers, out, width)
            feed(plan, d, buffers, width)
            _complete_hidden(plan, theta, before, d, buffers, width)
    _store(plan, buffers.targets[:n_features], table)


@part
def _known_of_tile(known, begin, end):
    """What is known of some of the rows."""
    if known is None:
        return None
    return Known(known.cells[begin:end], known.log_given[begin:end], known.origins[begin:end])


@part
def _count_known(known, column):
    """In how many rows a column is known."""
    n = 0
    if known is not None:
        for b in range(known.cells.shape[0]):
            n += known.cells[b, column]
    return n


@part
def _weigh_known(plan, d, known, table, buffers, out, width):
    """Put known cells of the feature at position d in their place, and add their log-densities."""
    targets, n_rows, column = buffers.targets, table.shape[0], plan.features[d].column
    for b in range(width):  # columns past the last row repeat it
        row = min(b, n_rows - 1)
        if known.cells[row, column]:
            targets[d, b] = table[row, column]
    feature_log_prob(plan, d, buffers, out, width)
    for b in range(n_rows):
        if known.cells[b, column]:
            known.log_given[b] += np.float64(out[RESULT, b])


@part
def _resample(plan, after, d, turns, known, buffers):
    """Draw particles anew by weight, in groups of uneven weights that the feature is missing in."""
    column, chosen, line = plan.features[d].column, buffers.deltas[0], buffers.deltas[1]
    for first in range(0, known.cells.shape[0], PARTICLES):
        logs = known.log_given[first : first + PARTICLES]
        if known.cells[first, column] or not _is_uneven(logs):
            continue
        _choose_by_weight(logs, turns[first // PARTICLES], chosen)
        end = plan.features[after - 1].first_output + plan.features[after - 1].n_outputs
        for r in range(end):  # units computed so far, and sums that are not yet complete
            if r < plan.layers[-1, 0] or r >= plan.features[d].first_output:
                _rearrange(buffers.units[r, first : first + PARTICLES], chosen, line)
        for r in range(d):
            _rearrange(buffers.targets[r, first : first + PARTICLES], chosen, line)
        _rearrange(known.origins[first : first + PARTICLES], chosen, line)


@part
def _highest(logs):
    """The highest of some logarithms."""
    top = logs[0]
    for b in range(1, logs.shape[0]):
        top = max(top, logs[b])
    return top


@part
def _is_uneven(logs):
    """Whether weights are worth less than half as many equal ones: the effective sample size."""
    top, total, squares = _highest(logs), 0.0, 0.0
    if not top > -np.inf:
        return False
    for b in range(logs.shape[0]):
        weight = math.exp(logs[b] - top)
        total += weight
        squares += weight * weight
    return 2 * total * total < squares * logs.shape[0]


@part
def _choose_by_weight(logs, turn, chosen):
    """Numbers of the particles to go on with, by systematic resampling; all get the mean weight."""
    top, n, total = _highest(logs), logs.shape[0], 0.0
    for b in range(n):
        total += math.exp(logs[b] - top)
    step, passed, k = total / n, math.exp(logs[0] - top), 0
    for b in range(n):
        while passed < (b + turn) * step and k < n - 1:
            k += 1
            passed += math.exp(logs[k] - top)
        chosen[b] = like(chosen[0], k)
    for b in range(n):
        logs[b] = top + math.log(step)


@part
def _rearrange(values, chosen, line):
    """Replace values by those that were chosen; `line` is memory for them."""
    for b in range(PARTICLES):
        line[b] = values[np.int64(chosen[b])]
    for b in range(PARTICLES):
        values[b] = line[b]


@part
def _store(plan, targets, table):
    """Write all values, given ones as they were, into rows of the table, as `load` reads them."""
    for place in range(0, table.shape[0], LANES):  # few rows at a time, which stay in the cache
        end = min(place + LANES, table.shape[0])
        for d in range(targets.shape[0]):
            column = np.uint64(plan.features[d].column)  # unsigned: no check that it is negative
            for b in range(np.uint64(place), np.uint64(end)):
                table[b, column] = targets[d, b]


@part
def _from_earlier_blocks(plan, theta, before, after, buffers, width):
    """Bias of the block's units, and what features up to `before` contribute to them."""
    none, known, fresh = plan.counts[:, 0], plan.counts[:, before], np.int64(FROM_BIAS)
    for layer in range(1, plan.layers.shape[0]):
        begin = plan.layers[layer, 0] + plan.counts[layer, before]
        end = plan.layers[layer, 0] + plan.counts[layer, after]
        add_products(plan, theta, buffers, layer, begin, end, none, known, fresh, width)


@part
def _complete_outputs(plan, theta, before, d, buffers, width):
    """Add to the outputs of position d what the block's own features contribute."""
    start, n = plan.features[d].first_output, plan.features[d].n_outputs
    known, every, add = plan.counts[:, before], plan.counts[:, -1], np.int64(FROM_OUTPUT)
    output = plan.layers.shape[0] - 1
    add_products(plan, theta, buffers, output, start, start + n, known, every, add, width)


@part
def _complete_hidden(plan, theta, before, d, buffers, width):
    """Compute the hidden units that position d, now known, was the last to be missing for."""
    known, every, add = plan.counts[:, before], plan.counts[:, -1], np.int64(FROM_OUTPUT)
    for layer in range(1, plan.layers.shape[0] - 1):
        start = plan.layers[layer, 0]
        row, stop = start + plan.counts[layer, d], start + plan.counts[layer, d + 1]
        if row < stop:
            add_products(plan, theta, buffers, layer, row, stop, known, every, add, width)
            activate(plan.activation, buffers.units, row, stop, width)
            add_layer_before(plan, layer, buffers.units, row, stop, width)
