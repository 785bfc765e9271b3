"""Counts."""

from dataclasses import dataclass

import numpy as np

from skmade._families._softmax import draw_index, mix, softmax, thirds
from skmade._kernels._compile import inlined_part, part
from skmade._kernels._elementary import exp, like, log, log_of_ratio, or_zero, sigmoid

# Logarithms of means and shapes are held within these bounds.
LOG_MEANS = -15.0, 20.0
LOG_SHAPES = -7.0, 16.0
# Counts are held below this, whose square is still a number.
_MOST = 1e15
# Counts that a draw tries on each side of the mode, at most.
_TRIES = 2**22
# Stirling's series, the last coefficients first: from 8 on, four have 11 digits.
GAMMA_SERIES = -1 / 1680, 1 / 1260, -1 / 360, 1 / 12
_PSI_SERIES = 1 / 240, -1 / 252, 1 / 120, -1 / 12
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
        """Leaves in `work` the posterior probabilities of the components given the count, their
        shapes, and their means. Logits become logarithms of the weights."""
        (logits, log_means, raws), (joint, shapes, means) = thirds(a), thirds(work)
        origin, unit = like(a[0, 0], constants[0]), like(a[0, 0], constants[1])
        softmax(logits, joint, out, width)
        for c in range(joint.shape[0]):
            for b in range(width):
                means[c, b] = _held_exp(log_means[c, b], LOG_MEANS)
                shapes[c, b] = _held_exp(raws[c, b], LOG_SHAPES)
                logits[c, b] -= out[0, b]
                joint[c, b] = logits[c, b]
            _add_log_probs(values, origin, unit, means[c], shapes[c], joint[c], width)
        mix(joint, out, width)

    @staticmethod
    @part
    def gradient(a, values, constants, deltas, width):
        (log_weights, _, _), (by_logits, by_means, by_raws) = thirds(a), thirds(deltas)
        origin, unit = like(a[0, 0], constants[0]), like(a[0, 0], constants[1])
        for c in range(log_weights.shape[0]):
            for b in range(width):
                posterior, r, m = by_logits[c, b], by_means[c, b], by_raws[c, b]
                n = _count(values[b], origin, unit)
                excess = (n - m) / (r + m)
                slope = log_of_ratio(n + r, r + m, n - m) - excess + _psi_rest(n + r) - _psi_rest(r)
                by_logits[c, b] = or_zero(exp(log_weights[c, b])) - posterior
                by_means[c, b] = -posterior * r * excess
                by_raws[c, b] = -posterior * r * slope

    @staticmethod
    @part
    def draw(a, bits, noise, constants, work, out, values, width):
        (logits, means, raws), mean, shape, log_p = thirds(a), work[0], work[1], work[2]
        origin, unit = like(a[0, 0], constants[0]), like(a[0, 0], constants[1])
        draw_index(logits, bits, work, out, values, width)
        for b in range(width):
            c = np.int64(values[b])
            m, r = _held_exp(means[c, b], LOG_MEANS), _held_exp(raws[c, b], LOG_SHAPES)
            mode = max(np.floor((r - like(r, 1)) * m / r), like(r, 0))
            mean[b], shape[b], log_p[b], values[b] = m, r, like(r, 0), origin + unit * mode
        _add_log_probs(values, origin, unit, mean, shape, log_p, width)
        for b in range(width):
            mode, p, u = _count(values[b], origin, unit), exp(log_p[b]), sigmoid(noise[b])
            values[b] = origin + unit * _from_mode(mode, p, mean[b], shape[b], u)


@part
def _count(value, origin, unit):
    """The count that a cell of the table stands for."""
    n = np.floor((value - origin) / unit + like(value, 0.5))
    return max(min(n, like(value, _MOST)), like(value, 0))


@part
def _held_exp(raw, bounds):
    """``e**raw``, with raw held within bounds. (Derivatives are taken as if it were not.)"""
    return exp(max(min(raw, like(raw, bounds[1])), like(raw, bounds[0])))


@part
def _add_log_probs(values, origin, unit, means, shapes, out, width):
    """Add ``log NB(n; m, r)`` to `out`.

    By Stirling's formula for the three gamma functions, what is large cancels on paper:
    what is left are logarithms of ratios, and the rests of the formula. Small shapes have long
    tails, in which both ratios of counts to means would be large: there, counts are compared
    with each other, and so are means.
    """
    for b in range(width):
        n, m, r, one = _count(values[b], origin, unit), means[b], shapes[b], like(means[0], 1)
        above, after, total, is_long = n + r, n + one, r + m, r * r < n
        large = (r if is_long else above) * log_of_ratio(above, total, n - m)
        x = above if is_long else m
        large += n * log_of_ratio(x, after, r - one if is_long else m - after)
        extra = r if is_long else like(r, 0)
        large -= n * log_of_ratio(m + extra, m, extra)
        out[b] += large + like(n, 0.5) * log(r / (above * after)) + like(n, _CONSTANT)
    for term in range(3):  # (one after the other: so the series is compiled once)
        for b in range(width):
            n, r = _count(values[b], origin, unit), shapes[b]
            x = r if term == 0 else n + (r if term == 1 else like(n, 1))
            rest = _gamma_rest(x)
            out[b] += rest if term == 1 else -rest


@inlined_part
def _gamma_rest(x):
    """``log G(x) - ((x - 1/2) log x - x + log(2 pi) / 2)``, for x > 0.

    By its series where x is at least 8, elsewhere from ``x + 8``: G(x + 8) is G(x) times a
    product of eight factors.
    """
    one, eight = like(x, 1), like(x, 8)
    s, y = min(x, eight), x + eight if x < eight else x
    product, inverse, z, series = one, one / s, one / (y * y), like(x, 0)
    for i in range(1, 8):
        product *= one + like(x, i) * inverse
    for term in GAMMA_SERIES:
        series = series * z + like(x, term)
    shift = (s + like(x, 7.5)) * log(one + eight * inverse) - log(product) - eight
    return series / y + (shift if x < eight else like(x, 0))


@part
def _psi_rest(x):
    """``psi(x) - log x`` for x > 0, with psi the derivative of log G; as `_gamma_rest`."""
    one, eight = like(x, 1), like(x, 8)
    s, y = min(x, eight), x + eight if x < eight else x
    shift, z, series = log(one + eight / s), one / (y * y), like(x, 0)
    for i in range(8):
        shift -= one / (s + like(x, i))
    for term in _PSI_SERIES:
        series = series * z + like(x, term)
    rest = series * z - like(x, 0.5) / y
    return rest + shift if x < eight else rest


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
