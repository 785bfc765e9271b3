"""Counts."""

from dataclasses import dataclass

import numpy as np

from skmade._families._softmax import draw_index, mix, softmax, thirds
from skmade._kernels._compile import part
from skmade._kernels._elementary import exp, like, log, log_of_ratio, sigmoid

# Logarithms of means and shapes are held within these bounds.
LOG_MEANS = -15.0, 20.0
LOG_SHAPES = -7.0, 16.0
# Counts are held below this, whose squares are still numbers.
MOST = 1e15
# From here on Stirling's series have 11 digits.
_ENOUGH = 8.0
# Counts that a draw tries, at most.
_TRIES = 2**22

_CONSTANT = 1 - 0.5 * np.log(2 * np.pi)


@dataclass(frozen=True)
class NegativeBinomial:
    """``p(n) = sum_k pi_k NB(n; m_k, r_k)``, a mixture of negative binomial distributions.

    With mean m and shape r, the variance of one is ``m + m**2 / r``, and

        ``NB(n; m, r) = G(n + r) / (G(r) n!) * (r / (r + m))**r * (m / (r + m))**n``,

    where G is the gamma function. Parameters are a, log m and log r: ``pi = softmax(a)``.

    Counts are given as cells of a standardised table: ``n = round((z - origin) / unit)``. The
    log-density is the logarithm of the probability of n, whatever the units of the table.
    """

    name = "negative_binomial"
    support = "counts"
    is_discrete = True
    is_one_hot = False
    noise = "logistic"
    takes_input_noise = False
    n_inputs = 1
    n_components: int
    origin: float = 0.0
    """The cell of the count 0."""
    unit: float = 1.0
    """Distance of the cells of neighbouring counts."""

    @property
    def n_outputs(self):
        return 3 * self.n_components

    @property
    def constants(self):
        return self.origin, self.unit

    def initial_bias(self, values, weights):
        """Equal weights, means at the quantiles of the counts, overlapping shapes."""
        k, counts = self.n_components, np.round((values - self.origin) / self.unit)
        mean = (np.sum(weights * counts) + 0.5) / (np.sum(weights) + 1)
        variance = np.sum(weights * (counts - mean) ** 2) / np.sum(weights)
        means = np.quantile(counts, (np.arange(k) + 0.5) / k) if k > 1 else np.array([mean])
        means = np.maximum(means, 0.1 * mean)
        within = variance * (1.0 if k == 1 else max(2.0 / k, 0.1)) ** 2
        shapes = means**2 / np.maximum(within - means, 1e-3 * means)
        return np.concatenate([
            np.zeros(k), np.clip(np.log(means), *LOG_MEANS), np.clip(np.log(shapes), -2, 7),
        ])  # fmt: skip

    @staticmethod
    @part
    def log_prob(a, values, constants, work, out, width):
        """Leaves in `work` the weights of the components, their shapes, and their posterior
        probabilities given the count."""
        (logits, means, raws), (weights, shapes, joint) = thirds(a), thirds(work)
        softmax(logits, weights, out, width)
        for b in range(width):
            out[1, b] = _count(values[b], constants)
        for c in range(joint.shape[0]):
            _log_probs(out[1], means[c], raws[c], shapes[c], joint[c], width)
            for b in range(width):
                joint[c, b] += logits[c, b] - out[0, b]
        mix(joint, out, width)

    @staticmethod
    @part
    def gradient(a, values, constants, deltas, width):
        (_, means, raws), (by_logits, by_means, by_raws) = thirds(a), thirds(deltas)
        for c in range(means.shape[0]):
            for b in range(width):
                r, posterior = by_means[c, b], by_raws[c, b]
                n, m = _count(values[b], constants), _held_exp(means[c, b], LOG_MEANS)
                excess = (n - m) / (r + m)
                slope = log_of_ratio(n + r, r + m, n - m) - excess + _psi_rest(n + r) - _psi_rest(r)
                by_logits[c, b] -= posterior
                by_means[c, b] = -posterior * r * excess * _slope_of_held(means[c, b], LOG_MEANS)
                by_raws[c, b] = -posterior * r * slope * _slope_of_held(raws[c, b], LOG_SHAPES)

    @staticmethod
    @part
    def draw(a, bits, noise, constants, work, out, values, width):
        logits, means, raws = thirds(a)
        draw_index(logits, bits, work, out, values, width)
        modes, mean, raw, shape, log_probs = out[0], work[0], work[1], out[1], work[2]
        for b in range(width):
            c = np.int64(values[b])
            mean[b], raw[b] = means[c, b], raws[c, b]
            modes[b] = _mode(_held_exp(mean[b], LOG_MEANS), _held_exp(raw[b], LOG_SHAPES))
        _log_probs(modes, mean, raw, shape, log_probs, width)
        origin, unit = like(a[0, 0], constants[0]), like(a[0, 0], constants[1])
        for b in range(width):
            m, p = _held_exp(mean[b], LOG_MEANS), exp(log_probs[b])
            values[b] = origin + unit * _from_mode(modes[b], p, m, shape[b], sigmoid(noise[b]))


@part
def _count(value, constants):
    origin, unit = like(value, constants[0]), like(value, constants[1])
    n = np.floor((value - origin) / unit + like(value, 0.5))
    return max(min(n, like(value, MOST)), like(value, 0))


@part
def _held_exp(raw, bounds):
    """``e**raw``, with raw held within bounds."""
    return exp(max(min(raw, like(raw, bounds[1])), like(raw, bounds[0])))


@part
def _slope_of_held(raw, bounds):
    """1 within the bounds, where a parameter matters, else 0."""
    is_free = like(raw, bounds[0]) < raw < like(raw, bounds[1])
    return like(raw, 1) if is_free else like(raw, 0)


@part
def _log_probs(counts, means, raws, shapes, out, width):
    """``out[b] = log NB(counts[b])`` from logarithms of means and shapes; sets `shapes`, too.

    By Stirling's formula for the three gamma functions, what is large cancels on paper:
    what is left are logarithms of ratios near 1, and the rests of the formula.
    """
    for b in range(width):
        n, m, r = counts[b], _held_exp(means[b], LOG_MEANS), _held_exp(raws[b], LOG_SHAPES)
        above, after = n + r, n + like(n, 1)
        large = above * log_of_ratio(above, r + m, n - m) - n * log_of_ratio(after, m, after - m)
        small = like(n, 0.5) * log(r / (above * after)) + like(n, _CONSTANT)
        shapes[b], out[b] = r, large + small
    # (of three rests in one loop, it would take three times as long to compile)
    for term in range(3):
        of_count, of_shape = like(out[0], term != 1), like(out[0], term != 2)
        sign, one = like(out[0], 1 if term == 0 else -1), like(out[0], term == 2)
        for b in range(width):
            out[b] += sign * _gamma_rest(of_count * counts[b] + of_shape * shapes[b] + one)


@part
def _gamma_rest(x):
    """``log G(x) - ((x - 1/2) log x - x + log(2 pi) / 2)``, for x > 0.

    By its series where x is at least 8, elsewhere from ``x + 8``: G(x + 8) is G(x) times a
    product of eight factors.
    """
    s, enough = min(x, like(x, _ENOUGH)), like(x, _ENOUGH)
    product, _ = _eight_factors(s)
    power = s * s
    power *= power
    shift = (s + like(x, 7.5)) * log((s + enough) / s) - log(product / (power * power)) - enough
    y = x + enough if x < enough else x
    z = like(x, 1) / (y * y)
    series = like(x, 1 / 12) - z * (
        like(x, 1 / 360) - z * (like(x, 1 / 1260) - z * like(x, 1 / 1680))
    )
    return series / y + (shift if x < enough else like(x, 0))


@part
def _psi_rest(x):
    """``psi(x) - log x`` for x > 0, with psi the derivative of log G; as `_gamma_rest`."""
    s, enough = min(x, like(x, _ENOUGH)), like(x, _ENOUGH)
    product, slope = _eight_factors(s)
    shift = log((s + enough) / s) - slope / product
    y = x + enough if x < enough else x
    z = like(x, 1) / (y * y)
    series = like(x, 1 / 12) - z * (
        like(x, 1 / 120) - z * (like(x, 1 / 252) - z * like(x, 1 / 240))
    )
    return like(x, -0.5) / y - z * series + (shift if x < enough else like(x, 0))


@part
def _eight_factors(x):
    """``x (x + 1) ... (x + 7)``, and its derivative: with ``q = x (x + 7)``, factors are
    ``q``, ``q + 6``, ``q + 10`` and ``q + 12``."""
    q = x * (x + like(x, 7))
    product = q * (q + like(x, 6)) * (q + like(x, 10)) * (q + like(x, 12))
    slope = ((like(x, 4) * q + like(x, 84)) * q + like(x, 504)) * q + like(x, 720)
    return product, slope * (like(x, 2) * x + like(x, 7))


@part
def _mode(m, r):
    """The count of the highest probability."""
    return max(np.floor((r - like(m, 1)) * m / r), like(m, 0))


@part
def _from_mode(mode, p, m, r, u):
    """The count at which probabilities, added up from the mode (which has p) to both sides,
    pass u.

    That takes as many steps as the distribution is wide.
    """
    up, down, mean, shape = np.float64(mode), np.float64(mode), np.float64(m), np.float64(r)
    ratio = mean / (shape + mean)  # p(n) / p(n - 1) is ratio * (n + shape - 1) / n
    p_up, p_down, least = np.float64(p), np.float64(p), 1e-9 * np.float64(p)
    left = np.float64(u) - p_up
    for _ in range(_TRIES):
        if left < 0:
            return like(m, up)
        if p_up + p_down < least:
            break
        p_down = p_down * down / (ratio * (down + shape - 1)) if down > 0 else 0.0
        down -= 1
        left -= p_down
        if left < 0:
            return like(m, down)
        up += 1
        p_up *= ratio * (up + shape - 1) / up
        left -= p_up
    return mode
