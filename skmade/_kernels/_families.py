"""Log-density, gradient and draw of each conditional family.

A feature's parameters are `n` consecutive rows of `units` from row `start` on, its values
row `d` of `targets`; the first `width` columns are worked on. What the parameters mean is
said by the classes of `skmade._conditionals`. `work` and `deltas` have the shape of `units`,
`out` has two rows, the second for what is needed on the way, and `half` is half the distance
of the values of a column on a lattice, else 0.
"""

import numpy as np

from skmade._kernels._compile import part
from skmade._kernels._elementary import exp, like, log, log1p_unit, sigmoid, softplus, uniform
from skmade._kernels._plan import (
    BERNOULLI,
    CATEGORICAL,
    GAUSSIAN,
    GAUSSIAN_MIXTURE,
    RESIDUAL_LIMIT,
    SCALE_FLOOR,
)

_HALF_LOG_2PI = 0.5 * np.log(2 * np.pi)


@part
def log_prob(family, units, start, n, half, targets, d, work, out, width):
    """``out[0, b] = log p(targets[d, b])``."""
    if family == BERNOULLI:
        _bernoulli_log_prob(units, start, targets, d, out, width)
    elif family == CATEGORICAL:
        _categorical_log_prob(units, start, n, targets, d, work, out, width)
    elif family == GAUSSIAN:
        _gaussian_log_prob(units, start, targets, d, out, width)
    else:
        _mixture_log_prob(family, units, start, n // 3, half, targets, d, work, out, width)


@part
def gradient(family, units, start, n, half, targets, d, deltas, width):
    """The derivatives of ``-log p`` by the parameters, of what `log_prob` left in `deltas`."""
    if family == BERNOULLI:
        _bernoulli_gradient(units, start, targets, d, deltas, width)
    elif family == CATEGORICAL:
        _categorical_gradient(start, targets, d, deltas, width)
    elif family == GAUSSIAN:
        _gaussian_gradient(units, start, targets, d, deltas, width)
    else:
        _mixture_gradient(family, units, start, n // 3, half, targets, d, deltas, width)


@part
def draw(family, units, start, n, half, bits, noise, targets, d, work, out, width):
    """``targets[d, b] ~ p``, from row d of random bits and of the family's noise."""
    if family == BERNOULLI:
        for b in range(width):  # whether it is below the sigmoid, without a division
            x = units[start, b]
            zero, one, e = like(x, 0), like(x, 1), exp(-abs(x))
            drawn = uniform(bits[d, b]) * (one + e) < (one if x >= zero else e)
            targets[d, b] = one if drawn else zero
    elif family == CATEGORICAL:
        _draw_index(units, start, n, bits, targets, d, work, out, width)
    elif family == GAUSSIAN:
        for b in range(width):
            targets[d, b] = units[start, b] + scale(units[start + 1, b]) * noise[d, b]
    else:
        k = n // 3
        _draw_index(units, start, k, bits, targets, d, work, out, width)
        for b in range(width):
            c = start + np.int64(targets[d, b])
            x = units[c + k, b] + scale(units[c + 2 * k, b]) * noise[d, b]
            if half > 0:  # the middle of its cell
                cell = like(x, 2 * half)
                x = np.floor(x / cell + like(x, 0.5)) * cell
            targets[d, b] = x


@part
def scale(raw):
    """Standard deviation from its unconstrained parameter."""
    return like(raw, SCALE_FLOOR) + softplus(raw)


@part
def standardised(target, mean, deviation):
    """``(target - mean) / deviation``, held within what can be squared."""
    limit = like(target, RESIDUAL_LIMIT)
    return max(min((target - mean) / deviation, limit), -limit)


@part
def _bernoulli_log_prob(units, r, targets, d, out, width):
    # (in two short loops, which compilers vectorise better than a long one)
    zero = like(units[0, 0], 0)
    for b in range(width):
        out[1, b] = exp(-abs(units[r, b]))
    for b in range(width):
        out[0, b] = targets[d, b] * units[r, b] - max(units[r, b], zero) - log1p_unit(out[1, b])


@part
def _bernoulli_gradient(units, r, targets, d, deltas, width):
    one, zero = like(units[0, 0], 1), like(units[0, 0], 0)
    for b in range(width):
        e = exp(-abs(units[r, b]))
        deltas[r, b] = (one if units[r, b] >= zero else e) / (one + e) - targets[d, b]


@part
def _exponentials(x, start, stop, width):
    """Replace rows of x by their exponentials."""
    # (a loop of its own, once: inside others, exp would be compiled again and again)
    for r in range(start, stop):
        for b in range(width):
            x[r, b] = exp(x[r, b])


@part
def _softmax(units, start, n, work, out, width):
    """Rows of `work` become the softmax of rows of `units`, ``out[0]`` their log-sum-exp."""
    for b in range(width):
        out[1, b] = units[start, b]
    for c in range(start + 1, start + n):
        for b in range(width):
            out[1, b] = max(out[1, b], units[c, b])
    for c in range(start, start + n):
        for b in range(width):
            work[c, b] = units[c, b] - out[1, b]
    _exponentials(work, start, start + n, width)
    _normalise(work, start, n, out, width)


@part
def _normalise(work, start, n, out, width):
    """Divide rows by their sum; ``out[0]`` becomes ``out[1]`` and the logarithm of the sum."""
    for b in range(width):
        out[0, b] = work[start, b]
    for c in range(start + 1, start + n):
        for b in range(width):
            out[0, b] += work[c, b]
    for c in range(start, start + n):
        for b in range(width):
            work[c, b] /= out[0, b]
    for b in range(width):
        out[0, b] = out[1, b] + log(out[0, b])


@part
def _categorical_log_prob(units, start, n, targets, d, work, out, width):
    _softmax(units, start, n, work, out, width)
    for b in range(width):
        out[0, b] = units[start + np.int64(targets[d, b]), b] - out[0, b]


@part
def _categorical_gradient(start, targets, d, deltas, width):
    for b in range(width):
        deltas[start + np.int64(targets[d, b]), b] -= like(deltas[start, b], 1)


@part
def _gaussian_log_prob(units, start, targets, d, out, width):
    for b in range(width):
        deviation = scale(units[start + 1, b])
        t = standardised(targets[d, b], units[start, b], deviation)
        out[0, b] = like(t, -0.5) * t * t - log(deviation) - like(t, _HALF_LOG_2PI)


@part
def _gaussian_gradient(units, start, targets, d, deltas, width):
    for b in range(width):
        deviation = scale(units[start + 1, b])
        t = standardised(targets[d, b], units[start, b], deviation)
        deltas[start, b] = -t / deviation
        slope = sigmoid(units[start + 1, b]) / deviation
        deltas[start + 1, b] = (like(t, 1) - t * t) * slope


@part
def _mixture_log_prob(family, units, start, k, half, targets, d, work, out, width):
    """Leaves in `work` the weights of the components, their scales, and their posterior
    probabilities given the value.

    Of logistics with distribution function F and ``half > 0``, the density is
    ``(F(x + half) - F(x - half)) / (2 half)``.
    """
    logits, means, raws = start, start + k, start + 2 * k
    _softmax(units, logits, k, work, out, width)
    for c in range(k):
        for b in range(width):
            work[means + c, b] = scale(units[raws + c, b])
    if family == GAUSSIAN_MIXTURE:
        for c in range(k):
            for b in range(width):
                s = work[means + c, b]
                t = standardised(targets[d, b], units[means + c, b], s)
                a = units[logits + c, b] - out[0, b] - like(t, _HALF_LOG_2PI)
                work[raws + c, b] = a - like(t, 0.5) * t * t - log(s)
    else:
        for c in range(k):
            for b in range(width):
                s = work[means + c, b]
                t = abs(standardised(targets[d, b], units[means + c, b], s))
                h, one = like(t, half) / s, like(t, 1)
                a = units[logits + c, b] - out[0, b] - max(t - h, like(t, 0))
                both = (one + exp(-t - h)) * (one + exp(-abs(t - h)))
                work[raws + c, b] = a + log(_in_cell(h + h, exp(-h - h)) / (s * both))
    for b in range(width):
        out[1, b] = work[raws, b]
    for c in range(1, k):
        for b in range(width):
            out[1, b] = max(out[1, b], work[raws + c, b])
    for c in range(k):
        for b in range(width):
            work[raws + c, b] -= out[1, b]
    _exponentials(work, raws, raws + k, width)
    _normalise(work, raws, k, out, width)


@part
def _mixture_gradient(family, units, start, k, half, targets, d, deltas, width):
    logits, means, raws = start, start + k, start + 2 * k
    if family == GAUSSIAN_MIXTURE:
        for c in range(k):
            for b in range(width):
                s, share = deltas[means + c, b], deltas[raws + c, b]
                t = standardised(targets[d, b], units[means + c, b], s)
                deltas[logits + c, b] -= share
                deltas[means + c, b] = -share * t / s
                deltas[raws + c, b] = share * (like(t, 1) - t * t) * _slope_of_scale(s) / s
    else:
        for c in range(k):
            for b in range(width):
                s, share = deltas[means + c, b], deltas[raws + c, b]
                t = standardised(targets[d, b], units[means + c, b], s)
                h, one, far = like(t, half) / s, like(t, 1), abs(t)
                e, e_near = exp(-far - h), exp(-abs(far - h))
                outer = e / (one + e)
                inner = (one if far >= h else e_near) / (one + e_near)
                pull = (outer - inner) * share / s
                e = exp(-h - h)
                inside = (far + h) * outer - (far - h) * inner + e / _in_cell(h + h, e)
                deltas[logits + c, b] -= share
                deltas[means + c, b] = pull if t >= 0 else -pull
                deltas[raws + c, b] = share * inside * _slope_of_scale(s) / s


@part
def _slope_of_scale(s):
    """The derivative of `scale`, where it is s."""
    return like(s, 1) - exp(like(s, SCALE_FLOOR) - s)


@part
def _in_cell(u, e):
    """``(1 - e) / u`` for ``e = e**-u``, at 0 its limit 1: what a cell of u scales has of its
    width."""
    one = like(u, 1)
    series = one - u * (like(u, 1 / 2) - u * (like(u, 1 / 6) - u * like(u, 1 / 24)))
    return series if u < like(u, 0.1) else (one - e) / u


@part
def _draw_index(units, start, n, bits, targets, d, work, out, width):
    """Index of a category by inversion of the cumulative softmax."""
    _softmax(units, start, n, work, out, width)
    for b in range(width):
        c, total = 0, work[start, b]
        u = uniform(bits[d, b])
        while c < n - 1 and u >= total:
            c += 1
            total += work[start + c, b]
        targets[d, b] = like(units[start, b], c)
