"""Ancestral sampling in one pass: every unit is computed once, when its inputs are known.

A unit of degree d needs features 1..d only. Features are drawn in blocks: what earlier
blocks contribute to a block's units is a product of matrices, what its own features
contribute is a small triangle, worked through feature by feature.
"""

from skmade._kernels._blas import product
from skmade._kernels._compile import jit
from skmade._kernels._families import draw
from skmade._kernels._passes import activate_rows, feed, set_biases, weights_of


@jit
def ancestral_pass(plan, blas, theta, block, uniform, normal, buffers, width):
    """Draw ``targets[:, :width]`` from uniform and normal numbers of shape (D, width)."""
    n_features = plan.features.shape[0]
    for before in range(0, n_features, block):
        after = min(before + block, n_features)
        _from_earlier_blocks(plan, blas, theta, before, after, buffers, width)
        for d in range(before, after):
            _draw_feature(plan, theta, before, d, uniform, normal, buffers, width)
            _complete_hidden(plan, theta, before, d, buffers, width)


@jit
def _from_earlier_blocks(plan, blas, theta, before, after, buffers, width):
    """Bias of the block's units, and what features up to `before` contribute to them."""
    units, n_inputs = buffers.units, plan.layers[0, 1]
    for layer in range(1, plan.layers.shape[0]):
        begin = plan.layers[layer, 0] + plan.counts[layer, before]
        end = plan.layers[layer, 0] + plan.counts[layer, after]
        set_biases(plan, theta, units, begin, end, 0, width)
        for panel in range(plan.first_panel[layer], plan.first_panel[layer + 1]):
            row, stop, source, extent = plan.panels[panel, :4]
            low, high = max(row, begin), min(stop, end)
            if low < high:
                source_layer = 0 if source < n_inputs else layer - 1
                known = min(extent, plan.counts[source_layer, before])
                weights = weights_of(plan, theta, panel)[low - row : high - row, :known]
                seen = units[source : source + known, :width]
                product(blas, weights, seen, 1.0, units[low:high, :width])


@jit
def _draw_feature(plan, theta, before, d, uniform, normal, buffers, width):
    """Complete the outputs of position d, and draw its value."""
    _, family, _, _, start, n = plan.features[d]
    _add_triangle(plan, theta, plan.layers.shape[0] - 1, start, start + n, before, buffers, width)
    target, work = buffers.targets[d], buffers.deltas
    draw(family, buffers.units, start, n, uniform[d], normal[d], target, work, 0, width)
    feed(plan, d, buffers, 0, width)


@jit
def _complete_hidden(plan, theta, before, d, buffers, width):
    """Compute the hidden units that position d, now known, was the last to be missing for."""
    for layer in range(1, plan.layers.shape[0] - 1):
        start = plan.layers[layer, 0]
        row, stop = start + plan.counts[layer, d], start + plan.counts[layer, d + 1]
        _add_triangle(plan, theta, layer, row, stop, before, buffers, width)
        activate_rows(plan, layer, buffers, row, stop, 0, width)


@jit
def _add_triangle(plan, theta, layer, begin, end, before, buffers, width):
    """Add to units ``begin:end`` what source units of degree above `before` contribute."""
    units, n_inputs = buffers.units, plan.layers[0, 1]
    for panel in range(plan.first_panel[layer], plan.first_panel[layer + 1]):
        row, stop, source, extent, offset, extents = plan.panels[panel]
        source_layer = 0 if source < n_inputs else layer - 1
        known = plan.counts[source_layer, before]
        for r in range(max(row, begin), min(stop, end)):
            for k in range(known, plan.extents[extents + r - row]):
                weight = theta[offset + (r - row) * extent + k]
                for b in range(width):
                    units[r, b] += weight * units[source + k, b]
