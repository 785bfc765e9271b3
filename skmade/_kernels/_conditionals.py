"""Conditionals of features: densities of the families, and beside them atoms and missing cells.

The first outputs of a feature with atoms, or with missing cells that are outcomes, choose its
state: 0 for the rest, whose values have the family's density, then the atoms, then missing cells.
Where these are no outcomes, they are void: they say nothing. See `skmade._families._mixed`.
"""

import numpy as np

from skmade._families import draw, gradient, log_prob
from skmade._families._softmax import draw_index, softmax
from skmade._kernels._compile import part
from skmade._kernels._elementary import exp, like, log
from skmade._kernels._views import rows_of

#: Rows of `out`, memory for each row of a tile: the result (and after it one that kernels of
#: families need), weights of the rows (in training), values as the family sees them, states, and
#: the posterior probability that the value is of the rest.
RESULT, _, FACTORS, VALUES, STATES, OF_REST = range(6)
N_LINES = 6


@part
def feed(plan, d, buffers, width):
    """Set the input units of the feature at position d from its values."""
    feature, targets, units = plan.features[d], buffers.targets, buffers.units
    start, n = feature.first_input, feature.n_inputs - feature.n_shown - feature.has_flag
    limit = like(targets[0, 0], plan.input_limit)
    if feature.is_one_hot:
        for r in range(start, start + n):
            for b in range(width):
                units[r, b] = like(limit, 0)
        # no input is set for what is missing, or was not seen, nor for the only category there is
        # (which says nothing, and would be no zero to skip)
        for b in range(width):
            if targets[d, b] < like(limit, n) and n > 1:
                units[start + np.int64(targets[d, b]), b] = like(limit, 1)
    else:
        for b in range(width):
            units[start, b] = max(min(targets[d, b], limit), -limit)
    if feature.is_mixed:
        _feed_states(plan.is_mixed, plan, d, buffers, start, n, width)


@part
def _feed_states(is_mixed, plan, d, buffers, start, n, width):
    """Set the inputs that say which atom a value is, and whether it is missing."""
    if is_mixed is None:
        return
    feature, values, units = plan.features[d], buffers.targets[d], buffers.units
    zero, one, row = like(values[0], 0), like(values[0], 1), start + n
    for k in range(feature.n_shown):
        atom = like(zero, plan.constants[d, feature.first_atom + k])
        for b in range(width):
            units[row + k, b] = one if values[b] == atom else zero
    if feature.has_flag:
        for b in range(width):
            units[row + feature.n_shown, b] = one if values[b] != values[b] else zero
    if not feature.is_one_hot:
        for b in range(width):
            units[start, b] = units[start, b] if values[b] == values[b] else zero


@part
def is_atom(plan, d, value):
    """Whether a value of the feature at position d is one of its atoms."""
    first = plan.features[d].first_atom
    for k in range(first, first + plan.features[d].n_atoms):
        if value == like(value, plan.constants[d, k]):
            return True
    return False


@part
def feature_log_prob(plan, d, buffers, out, width):
    """``out[RESULT, b] = log p`` of the feature at position d, given those before it.

    What its gradient needs is left in its rows of `deltas`, and in `out`.
    """
    feature, values = plan.features[d], buffers.targets[d]
    first, n = feature.first_output + feature.n_states, feature.n_outputs - feature.n_states
    a, work = rows_of(buffers.units, first, n), rows_of(buffers.deltas, first, n)
    if feature.is_mixed:
        _find_states(plan.is_mixed, plan, d, values, out, width)
        values = out[VALUES]
    log_prob(plan.families, feature.family, (a, values, plan.constants[d], work, out, width))
    if feature.is_mixed:
        _choose_state(plan.is_mixed, plan, d, buffers, out, width)


@part
def _find_states(is_mixed, plan, d, values, out, width):
    """The state of each value, and for missing ones a value that families can take."""
    if is_mixed is None:
        return
    feature, zero = plan.features[d], like(values[0], 0)
    for b in range(width):
        is_missing = values[b] != values[b]
        out[VALUES, b] = zero if is_missing else values[b]
        out[STATES, b] = like(zero, feature.n_atoms + 1) if is_missing else zero
    for k in range(feature.n_atoms):
        atom = like(zero, plan.constants[d, feature.first_atom + k])
        for b in range(width):
            if values[b] == atom:
                out[STATES, b] = like(zero, k + 1)


@part
def _choose_state(is_mixed, plan, d, buffers, out, width):
    """From the log-densities of the family, that of the feature.

    Leaves the derivatives of ``-log p`` by the outputs that choose the state in their rows of
    `deltas`.
    """
    if is_mixed is None:
        return
    feature = plan.features[d]
    first, n, n_atoms = feature.first_output, feature.n_states, feature.n_atoms
    zero, one = like(out[0, 0], 0), like(out[0, 0], 1)
    cell = like(zero, plan.constants[d, feature.first_atom - 3])
    if n == 0:
        for b in range(width):
            is_known = out[STATES, b] == zero
            out[RESULT, b] = out[RESULT, b] if is_known else zero
            out[OF_REST, b] = one if is_known else zero
        return
    a, work = rows_of(buffers.units, first, n), rows_of(buffers.deltas, first, n)
    for b in range(width):
        out[OF_REST, b] = out[RESULT, b]
    softmax(a, work, out, width)
    for b in range(width):
        state, log_total, log_density = np.int64(out[STATES, b]), out[RESULT, b], out[OF_REST, b]
        of_rest, is_void = zero, state >= n
        result = zero if is_void else a[state, b] - log_total
        if state == 0:
            of_rest, result = one, result + log_density
        elif cell > zero and state <= n_atoms:
            result -= log(cell)
            if not feature.is_alone:  # the rest has a part in its cell
                joint = a[0, b] - log_total + log_density
                highest = max(result, joint)
                result = highest + log(exp(result - highest) + exp(joint - highest))
                of_rest = exp(joint - result)
        out[RESULT, b], out[OF_REST, b] = result, of_rest
        if is_void:
            for k in range(n):
                work[k, b] = zero
        else:
            work[0, b] -= of_rest
            work[state, b] -= zero if state == 0 else one - of_rest


@part
def feature_gradient(plan, d, buffers, out, width):
    """The derivatives of ``-log p`` of the feature at position d by its outputs, in `deltas`."""
    feature, values = plan.features[d], buffers.targets[d]
    first, n = feature.first_output + feature.n_states, feature.n_outputs - feature.n_states
    a, deltas = rows_of(buffers.units, first, n), rows_of(buffers.deltas, first, n)
    if feature.is_mixed:
        values = out[VALUES]
    gradient(plan.families, feature.family, (a, values, plan.constants[d], deltas, width))
    if feature.is_mixed:
        for r in range(n):
            for b in range(width):
                deltas[r, b] *= out[OF_REST, b]


@part
def draw_feature(plan, d, randomness, buffers, out, width):
    """Draw the values of the feature at position d."""
    feature, values = plan.features[d], buffers.targets[d]
    first, n = feature.first_output + feature.n_states, feature.n_outputs - feature.n_states
    a, work = rows_of(buffers.units, first, n), rows_of(buffers.deltas, first, n)
    bits, noise = randomness.bits[d], randomness.noise[d]
    arguments = a, bits, noise, plan.constants[d], work, out, values, width
    draw(plan.families, feature.family, arguments)
    if feature.has_bounds:
        _reflect(plan, d, values, width)
    if feature.n_states > 0:
        _draw_states(plan.is_mixed, plan, d, randomness, buffers, out, width)


@part
def _reflect(plan, d, values, width):
    """Values beyond a bound come back from it, as far as the other one at most."""
    first_atom = plan.features[d].first_atom
    low = like(values[0], plan.constants[d, first_atom - 2])
    high = like(values[0], plan.constants[d, first_atom - 1])
    for b in range(width):
        x = low + (low - values[b]) if values[b] < low else values[b]
        values[b] = max(high - (x - high), low) if x > high else x


@part
def _draw_states(is_mixed, plan, d, randomness, buffers, out, width):
    """Replace values by atoms, and by NaN where cells are missing, as often as these are drawn."""
    if is_mixed is None:
        return
    feature, values = plan.features[d], buffers.targets[d]
    n = feature.n_states - (0 if feature.draws_gaps else feature.n_states - 1 - feature.n_atoms)
    zero, n_atoms = like(values[0], 0), feature.n_atoms
    a = rows_of(buffers.units, feature.first_output, n)
    work = rows_of(buffers.deltas, feature.first_output, n)
    quarter = like(zero, plan.constants[d, feature.first_atom - 3] / 4)
    for k in range(n_atoms):  # values of a lattice that are atoms, but for rounding
        atom = like(zero, plan.constants[d, feature.first_atom + k])
        for b in range(width):
            values[b] = atom if abs(values[b] - atom) < quarter else values[b]
    draw_index(a, randomness.choices[d], work, out, out[STATES], width)
    for b in range(width):
        k = np.int64(out[STATES, b])
        if k > n_atoms:
            values[b] = like(zero, np.nan)
        elif k > 0:
            values[b] = like(zero, plan.constants[d, feature.first_atom + k - 1])
