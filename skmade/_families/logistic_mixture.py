"""Real numbers around several means, or values on a lattice."""

from dataclasses import dataclass

import numpy as np

from skmade._families._scales import UNBOUNDED, scale, scale_and_slope, standardised
from skmade._families._softmax import draw_index, mix, softmax, thirds
from skmade._families.gaussian_mixture import GaussianMixture
from skmade._kernels._compile import inlined_part, part
from skmade._kernels._elementary import exp, like, log, or_zero, sigmoid, softplus

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
        """Leaves in `work` what that of `GaussianMixture` does: most of it is at hand here."""
        (logits, means, raws), (joint, by_means, by_raws) = thirds(a), thirds(work)
        half, low, high = _in_type_of(a[0, 0], constants)
        is_cut_off = _has_bounds(constants)
        softmax(logits, joint, out, width)
        for c in range(joint.shape[0]):
            if is_cut_off:
                for b in range(width):
                    s, slope = scale_and_slope(raws[c, b])
                    mean, within = means[c, b], max(min(values[b], high), low)
                    beyond = abs(standardised(values[b], within, s))
                    density, log_rest, by_mean, by_scale = _in_cell(within, mean, s, half)
                    mass, log_rest_of_mass, by_mean_of_mass, by_scale_of_mass = _between(
                        low, high, mean, s
                    )
                    logits[c, b] -= out[0, b]
                    log_rest -= log_rest_of_mass + beyond
                    joint[c, b] = logits[c, b] + log_rest + log(density / mass)
                    by_means[c, b] = (by_mean - by_mean_of_mass) / s
                    by_raws[c, b] = (by_scale - by_scale_of_mass - beyond) * slope / s
            else:
                for b in range(width):
                    s, slope = scale_and_slope(raws[c, b])
                    density, log_rest, by_mean, by_scale = _in_cell(values[b], means[c, b], s, half)
                    logits[c, b] -= out[0, b]
                    joint[c, b] = logits[c, b] + log_rest + log(density)
                    by_means[c, b] = by_mean / s
                    by_raws[c, b] = by_scale * slope / s
        mix(joint, out, width)

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
def _in_type_of(x, constants):
    """The constants, to be had before loops: one that read double precision would have shorter
    vectors."""
    return like(x, constants[0]), like(x, constants[1]), like(x, constants[2])


@inlined_part
def _in_cell(value, mean, s, half):
    """The mean density of a cell, and derivatives of ``-log`` of it by mean and scale.

    The density is a product, of its first number and ``e`` to the second; derivatives are times
    the scale.
    """
    t = standardised(value, mean, s)
    h, one, far = half / s, like(t, 1), abs(t)
    e, e_near = or_zero(exp(-far - h)), or_zero(exp(-abs(far - h)))
    outer = e / (one + e)
    inner = (one if far >= h else e_near) / (one + e_near)
    both = (one + e) * (one + e_near)
    e = or_zero(exp(-h - h))
    share = _share(h + h, e)
    by_scale = (far + h) * outer - (far - h) * inner + e / share
    by_mean = outer - inner if t >= 0 else inner - outer
    return share / (s * both), -max(far - h, like(t, 0)), by_mean, by_scale


@inlined_part
def _between(low, high, mean, s):
    """``F(high) - F(low)``, and derivatives, as `_in_cell` returns them."""
    below, above, one, zero = (mean - low) / s, (high - mean) / s, like(s, 1), like(s, 0)
    width, e = below + above, or_zero(exp(-below - above))
    e_below, e_above = or_zero(exp(-abs(below))), or_zero(exp(-abs(above)))
    both = (one + e_below) * (one + e_above)
    out_below = (e_below if below >= 0 else one) / (one + e_below)
    out_above = (e_above if above >= 0 else one) / (one + e_above)
    share = _share(width, e)
    by_scale = below * out_below + above * out_above + e / share
    log_rest = min(below, zero) + min(above, zero)
    return width * share / both, log_rest, out_above - out_below, by_scale


@part
def _draw_within(a, bits, noise, constants, work, out, values, width):
    """As `_draw_component`, between the bounds, by inversion.

    It is that of 1 - F where the mean is below both bounds, for F has no digits left there; and of
    logarithms, for a mean may be so far beyond a bound that nothing else is left of what lies
    between them.
    """
    logits, means, raws = thirds(a)
    _, lowest, highest = _in_type_of(noise[0], constants)
    draw_index(logits, bits, work, out, values, width)
    for b in range(width):
        c = np.int64(values[b])
        mean, s, one = means[c, b], scale(raws[c, b]), like(noise[b], 1)
        below, above, u = (mean - lowest) / s, (highest - mean) / s, sigmoid(noise[b])
        is_beyond = below < like(one, 0)
        log_first = -softplus(-below if is_beyond else below)
        log_last = -softplus(above if is_beyond else -above)
        log_most = max(log_first, log_last)
        first, last = exp(log_first - log_most), exp(log_last - log_most)
        log_p = log_most + log(max(first + u * (last - first), like(one, _NEARLY_ZERO)))
        x = log_p - log(one - min(exp(log_p), like(one, _NEARLY_ONE)))
        values[b] = mean + s * (-x if is_beyond else x)


@inlined_part
def _share(u, e):
    """``(1 - e) / u`` for ``e = e**-u``, at 0 its limit 1: what a cell of u scales has of its
    width."""
    one = like(u, 1)
    series = one - u * (like(u, 1 / 2) - u * (like(u, 1 / 6) - u * like(u, 1 / 24)))
    return series if u < like(u, 0.1) else (one - e) / u
