"""Ancestral sampling in one pass: every unit is computed once, when its inputs are known.

A unit of degree d needs features 1..d only. Features are drawn in blocks: what earlier
blocks contribute to a block's units is one large product, what its own features
contribute is a small triangle, worked through feature by feature.
"""

from typing import NamedTuple

import numpy as np

from skmade._kernels._activations import activate
from skmade._kernels._compile import kernel, part
from skmade._kernels._conditionals import draw_feature, feature_log_prob, feed
from skmade._kernels._memory import of_tile
from skmade._kernels._passes import add_layer_before, add_products
from skmade._kernels._product import FROM_BIAS, FROM_OUTPUT, LANES


class Randomness(NamedTuple):
    """What rows are drawn from; inside a pass, those of one tile, without the first axis.

    A tile is of `width` rows of the table, in whole vectors, but for the last, which may be of
    fewer. Features are in the order of generation.
    """

    bits: np.ndarray
    """(n_tiles, n_features, width): integers without sign, as wide as the network's numbers."""
    noise: np.ndarray
    """(n_tiles, n_features, width): what the feature's family asks for."""
    choices: np.ndarray
    """As `bits`, for the choice between atoms, gaps and the rest; of no features, where there is
    nothing to choose."""


@kernel
def ancestral_pass(plan, theta, block, randomness, given, buffers, table, log_given):
    """Draw the columns of the table that are not `given`, in blocks of so many features.

    Where `given` is None, all are drawn.

    ``log_given`` gets the sum of the log-densities of what is given, each given the features
    before it.
    """
    buffers = of_tile(buffers, np.int64(0))
    (bits, noise, choices), width = randomness, randomness.bits.shape[2]
    for tile in range(bits.shape[0]):
        begin, end = tile * width, min((tile + 1) * width, table.shape[0])
        _draw_tile(
            plan, theta, block, Randomness(bits[tile], noise[tile], choices[tile]), given, buffers,
            table[begin:end], log_given[begin:end],
        )  # fmt: skip


@part
def _draw_tile(plan, theta, block, randomness, given, buffers, table, log_given):
    """Draw the rows of one tile."""
    targets, n_rows, (n_features, width) = buffers.targets, table.shape[0], randomness.bits.shape
    out = buffers.deltas[plan.layers[-1, 1] :]
    for before in range(0, n_features, block):
        after = min(before + block, n_features)
        _from_earlier_blocks(plan, theta, before, after, buffers, width)
        for d in range(before, after):
            _complete_outputs(plan, theta, before, d, buffers, width)
            column = plan.features[d].column
            if given is not None and given[column]:
                for b in range(width):  # columns past the last row repeat it
                    targets[d, b] = table[min(b, n_rows - 1), column]
                feature_log_prob(plan, d, buffers, out, width)
                for b in range(n_rows):
                    log_given[b] += np.float64(out[0, b])
            else:
                draw_feature(plan, d, randomness, buffers, out, width)
            feed(plan, d, buffers, width)
            _complete_hidden(plan, theta, before, d, buffers, width)
    _store(plan, targets, table)


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
