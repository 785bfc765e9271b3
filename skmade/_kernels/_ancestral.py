"""Ancestral sampling in one pass: every unit is computed once, when its inputs are known.

A unit of degree d needs features 1..d only. Features are drawn in blocks: what earlier
blocks contribute to a block's units is one large product, what its own features
contribute is a small triangle, worked through feature by feature.
"""

import numpy as np

from skmade._kernels._compile import jit
from skmade._kernels._families import draw, log_prob
from skmade._kernels._passes import activate_rows, add_products, feed, of_tile, set_biases


@jit
def ancestral_pass(plan, theta, block, given, uniform, normal, buffers, log_given, width):
    """Draw ``targets[0, :, :width]`` from uniform and normal numbers of that shape.

    Positions that are ``given`` keep their values; ``log_given`` gets the sum of their
    log-densities, each given the positions before it.
    """
    buffers, n_features = of_tile(buffers, 0), plan.features.shape[0]
    for before in range(0, n_features, block):
        after = min(before + block, n_features)
        _from_earlier_blocks(plan, theta, before, after, buffers, width)
        for d in range(before, after):
            _complete_outputs(plan, theta, before, d, buffers, width)
            _, family, _, _, start, n = plan.features[d]
            half, values, work = plan.halves[d], buffers.targets[d, :width], buffers.work[:width]
            if given[d]:
                log_prob(family, buffers.units, start, n, half, values, buffers.deltas, work)
                for b in range(width):
                    log_given[b] += np.float64(work[b])
            else:
                draw(
                    family, buffers.units, start, n, half, uniform[d], normal[d], values,
                    buffers.deltas,
                )  # fmt: skip
            feed(plan, d, buffers, width)
            _complete_hidden(plan, theta, before, d, buffers, width)


@jit
def _from_earlier_blocks(plan, theta, before, after, buffers, width):
    """Bias of the block's units, and what features up to `before` contribute to them."""
    for layer in range(1, plan.layers.shape[0]):
        begin = plan.layers[layer, 0] + plan.counts[layer, before]
        end = plan.layers[layer, 0] + plan.counts[layer, after]
        set_biases(plan, theta, buffers.units, begin, end, width)
        none, known = plan.counts[:, 0], plan.counts[:, before]
        add_products(plan, theta, buffers, layer, begin, end, none, known, width)


@jit
def _complete_outputs(plan, theta, before, d, buffers, width):
    """Add to the outputs of position d what the block's own features contribute."""
    start, n = plan.features[d, 4], plan.features[d, 5]
    output, every = plan.layers.shape[0] - 1, plan.counts[:, -1]
    known = plan.counts[:, before]
    add_products(plan, theta, buffers, output, start, start + n, known, every, width)


@jit
def _complete_hidden(plan, theta, before, d, buffers, width):
    """Compute the hidden units that position d, now known, was the last to be missing for."""
    nothing = np.zeros((0, 0), theta.dtype)[:, :0]
    known, every = plan.counts[:, before], plan.counts[:, -1]
    for layer in range(1, plan.layers.shape[0] - 1):
        start = plan.layers[layer, 0]
        row, stop = start + plan.counts[layer, d], start + plan.counts[layer, d + 1]
        add_products(plan, theta, buffers, layer, row, stop, known, every, width)
        activate_rows(plan, layer, buffers, nothing, row, stop, width)
