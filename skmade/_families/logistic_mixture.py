"""Real numbers around several means, or values on a lattice."""

from dataclasses import dataclass

import numpy as np

from skmade._families._scales import (
    UNBOUNDED,
    scale,
    scales,
    slope_of_scale,
    standardised,
)
from skmade._families._softmax import draw_index, mix, softmax, thirds
from skmade._families.gaussian_mixture import GaussianMixture
from skmade._kernels._compile import inlined_part, part
from skmade._kernels._elementary import exp, like, log, log1p_unit, or_zero, sigmoid, softplus

# Probabilities are held between these, whose logarithms and differences from 1 are numbers.
_NEARLY_ZERO, _NEARLY_ONE = 1e-37, 1 - 2.0**-24


@dataclass(frozen=True)
class LogisticMixture(GaussianMixture):
    """``sum_k pi_k L(mu_k, s_k)`` with logistic densities L, parameters as `GaussianMixture`.

    Where the values of the column lie on a lattice, the density is the mean over the cell
    of a value, ``(F(x + half) - F(x - half)) / (2 half)`` with F the distribution
    function: each value has a probability, and none can have a density above that of a
    cell of its own.

    Where draws have bounds, each component is cut off there,
    ``L(x) / (F(high) - F(low))``; beyond a bound it falls as ``e**(-d / s)`` from what it is there,
    at a distance d, so that no mean is seen from beyond.
    """

    name = "logistic_mixture"
    noise = "logistic"
    half: float = 0.0
    """Half the distance of neighbouring values, 0 where they are on no lattice."""
    low: float = -UNBOUNDED
    high: float = UNBOUNDED
    """Bounds; on a lattice, edges of cells."""

    @property
    def constants(self):
        return self.half, self.low, self.high

    @property
    def initial_scale(self):
        """As of `GaussianMixture`: a logistic density of scale 0.55 has unit deviation."""
        return 0.55 * super().initial_scale

    @staticmethod
    @part
    def log_prob(a, values, constants, work, out, width):
        """Leaves in `work` what that of `GaussianMixture` does."""
        (logits, means, raws), (weights, deviations, joint) = thirds(a), thirds(work)
        half = like(a[0, 0], constants[0])
        softmax(logits, weights, out, width)
        scales(raws, deviations, width)
        for c in range(joint.shape[0]):
            for b in range(width):
                s, within = deviations[c, b], _within(values[b], constants)
                t = abs(standardised(within, means[c, b], s))
                h, one = half / s, like(t, 1)
                log_weight = logits[c, b] - out[0, b] - max(t - h, like(t, 0))
                log_weight -= abs(standardised(values[b], within, s))
                both = (one + exp(-t - h)) * (one + exp(-abs(t - h)))
                joint[c, b] = log_weight + log(_in_cell(h + h, exp(-h - h)) / (s * both))
        if _has_bounds(constants):
            for c in range(joint.shape[0]):
                for b in range(width):
                    joint[c, b] -= _log_mass(means[c, b], deviations[c, b], constants)
        mix(joint, out, width)

    @staticmethod
    @part
    def gradient(a, values, constants, deltas, width):
        (_, means, _), (by_logits, by_means, by_raws) = thirds(a), thirds(deltas)
        half, is_cut_off = like(a[0, 0], constants[0]), _has_bounds(constants)
        for c in range(means.shape[0]):
            if is_cut_off:
                for b in range(width):
                    mean, s, posterior = means[c, b], by_means[c, b], by_raws[c, b]
                    within = _within(values[b], constants)
                    by_mean, by_scale = _slopes(within, mean, s, half)
                    of_mass, by_scale_of_mass = _slopes_of_mass(mean, s, constants)
                    by_scale -= by_scale_of_mass + abs(standardised(values[b], within, s))
                    by_logits[c, b] -= posterior
                    by_means[c, b] = posterior * (by_mean + of_mass) / s
                    by_scale *= posterior
                    by_raws[c, b] = by_scale * slope_of_scale(s) / s
            else:
                for b in range(width):
                    s, posterior = by_means[c, b], by_raws[c, b]
                    by_mean, by_scale = _slopes(values[b], means[c, b], s, half)
                    by_logits[c, b] -= posterior
                    by_means[c, b] = posterior * by_mean / s
                    by_raws[c, b] = posterior * by_scale * slope_of_scale(s) / s

    @staticmethod
    @part
    def draw(a, bits, noise, constants, work, out, values, width):
        if _has_bounds(constants):
            _draw_within(a, bits, noise, constants, work, out, values, width)
        else:
            _draw_component(a, bits, noise, constants, work, out, values, width)
        half = constants[0]
        if half > 0:  # the middle of its cell, of those within the bounds
            cell, low, high = like(a[0, 0], 2 * half), constants[1] + half, constants[2] - half
            for b in range(width):
                x = np.floor(values[b] / cell + like(cell, 0.5)) * cell
                values[b] = max(min(x, like(cell, high)), like(cell, low))


_draw_component = GaussianMixture.draw


@inlined_part
def _has_bounds(constants):
    return constants[1] > -UNBOUNDED or constants[2] < UNBOUNDED


@inlined_part
def _within(value, constants):
    """The value between the bounds that is nearest."""
    return max(min(value, like(value, constants[2])), like(value, constants[1]))


@inlined_part
def _distances(mean, s, constants):
    """Of the bounds from a mean, in scales: both are positive where it lies between them."""
    return (mean - like(mean, constants[1])) / s, (like(mean, constants[2]) - mean) / s


@inlined_part
def _slopes(value, mean, s, half):
    """Derivatives of ``-log L(value)`` by the mean and by the scale, times the scale."""
    t = standardised(value, mean, s)
    h, one, far = half / s, like(t, 1), abs(t)
    e, e_near = or_zero(exp(-far - h)), or_zero(exp(-abs(far - h)))
    outer = e / (one + e)
    inner = (one if far >= h else e_near) / (one + e_near)
    e = or_zero(exp(-h - h))
    inside = (far + h) * outer - (far - h) * inner + e / _in_cell(h + h, e)
    return (outer - inner if t >= 0 else inner - outer), inside


@inlined_part
def _slopes_of_mass(mean, s, constants):
    """Derivatives of ``log(F(high) - F(low))`` by the mean, and by -scale, times the scale."""
    below, above = _distances(mean, s, constants)
    e, out_below, out_above = exp(-below - above), sigmoid(-below), sigmoid(-above)
    e, out_below, out_above = or_zero(e), or_zero(out_below), or_zero(out_above)
    lost = below * out_below + above * out_above + e / _in_cell(below + above, e)
    return out_below - out_above, lost


@inlined_part
def _log_mass(mean, s, constants):
    """``log(F(high) - F(low))``."""
    below, above = _distances(mean, s, constants)
    width = below + above
    inside = log(width * _in_cell(width, or_zero(exp(-width))))
    return inside - _softplus(-below) - _softplus(-above)


@inlined_part
def _softplus(x):
    """``log(1 + e**x)``, as part of a sum."""
    return max(x, like(x, 0)) + log1p_unit(or_zero(exp(-abs(x))))


@part
def _draw_within(a, bits, noise, constants, work, out, values, width):
    """As `_draw_component`, between the bounds, by inversion.

    It is that of 1 - F where the mean is below both bounds, for F has no digits left there; and of
    logarithms, for a mean may be so far beyond a bound that nothing else is left of what lies
    between them.
    """
    logits, means, raws = thirds(a)
    draw_index(logits, bits, work, out, values, width)
    for b in range(width):
        c = np.int64(values[b])
        mean, s, one = means[c, b], scale(raws[c, b]), like(noise[b], 1)
        (below, above), u = _distances(mean, s, constants), sigmoid(noise[b])
        is_beyond = below < like(one, 0)
        log_first = -softplus(-below if is_beyond else below)
        log_last = -softplus(above if is_beyond else -above)
        log_most = max(log_first, log_last)
        first, last = exp(log_first - log_most), exp(log_last - log_most)
        log_p = log_most + log(max(first + u * (last - first), like(one, _NEARLY_ZERO)))
        x = log_p - log(one - min(exp(log_p), like(one, _NEARLY_ONE)))
        values[b] = mean + s * (-x if is_beyond else x)


@inlined_part
def _in_cell(u, e):
    """``(1 - e) / u`` for ``e = e**-u``, at 0 its limit 1: what a cell of u scales has of its
    width."""
    one = like(u, 1)
    series = one - u * (like(u, 1 / 2) - u * (like(u, 1 / 6) - u * like(u, 1 / 24)))
    return series if u < like(u, 0.1) else (one - e) / u
