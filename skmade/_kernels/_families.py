"""Log-density, gradient and draw of each conditional family.

A feature's parameters are `n` consecutive rows of `units` from row `start` on, its values
row `d` of `targets`; the first `width` columns are worked on. What the parameters mean is
said by the classes of `skmade._conditionals`. `work` and `deltas` have the shape of `units`,
and `half` is half the distance of the values of a column on a lattice, else 0.
"""

import math

import numpy as np

from skmade._kernels._compile import part
from skmade._kernels._elementary import exp, like, log, log1p_unit, sigmoid, softplus
from skmade._kernels._plan import (
    BERNOULLI,
    CATEGORICAL,
    GAUSSIAN,
    GAUSSIAN_MIXTURE,
    LOGISTIC_MIXTURE,
    RESIDUAL_LIMIT,
    SCALE_FLOOR,
)

_HALF_LOG_2PI = 0.5 * np.log(2 * np.pi)


@part
def log_prob(family, units, start, n, half, targets, d, work, out, width):
    """``out[b] = log p(targets[d, b])``."""
    if family == BERNOULLI:
        _bernoulli_log_prob(units, start, targets, d, out, width)
    elif family == CATEGORICAL:
        _categorical_log_prob(units, start, n, targets, d, work, out, width)
    elif family == GAUSSIAN:
        _gaussian_log_prob(units, start, targets, d, out, width)
    else:
        _mixture_log_prob(family, units, start, n // 3, half, targets, d, work, out, width)


@part
def gradient(family, units, start, n, half, targets, d, deltas, out, width):
    """`log_prob`, and the derivatives of ``-log p`` by the parameters into `deltas`."""
    log_prob(family, units, start, n, half, targets, d, deltas, out, width)
    if family == BERNOULLI:
        _bernoulli_gradient(units, start, targets, d, deltas, width)
    elif family == CATEGORICAL:
        _categorical_gradient(start, targets, d, deltas, width)
    elif family == GAUSSIAN:
        _gaussian_gradient(units, start, targets, d, deltas, width)
    else:
        _mixture_gradient(family, units, start, n // 3, half, targets, d, deltas, width)


@part
def draw(family, units, start, n, half, uniform, normal, targets, d, work, width):
    """``targets[d, b] ~ p``, from row d of uniform and standard normal numbers."""
    if family == BERNOULLI:
        for b in range(width):
            drawn = uniform[d, b] < sigmoid(units[start, b])
            targets[d, b] = like(units[start, b], 1) if drawn else like(units[start, b], 0)
    elif family == CATEGORICAL:
        _draw_index(units, start, n, uniform, targets, d, work, width)
    elif family == GAUSSIAN:
        for b in range(width):
            targets[d, b] = units[start, b] + scale(units[start + 1, b]) * normal[d, b]
    else:
        k, is_logistic = n // 3, family == LOGISTIC_MIXTURE
        _draw_index(units, start, k, uniform, targets, d, work, width)
        for b in range(width):
            c, noise = start + int(targets[d, b]), np.float64(normal[d, b])
            if is_logistic:
                noise = _logistic_from_normal(noise)
            x = units[c + k, b] + scale(units[c + 2 * k, b]) * like(units[start, b], noise)
            if is_logistic and half > 0:  # the middle of its cell
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
        out[b] = exp(-abs(units[r, b]))
    for b in range(width):
        out[b] = targets[d, b] * units[r, b] - max(units[r, b], zero) - log1p_unit(out[b])


@part
def _bernoulli_gradient(units, r, targets, d, deltas, width):
    one, zero = like(units[0, 0], 1), like(units[0, 0], 0)
    for b in range(width):
        e = exp(-abs(units[r, b]))
        deltas[r, b] = (one if units[r, b] >= zero else e) / (one + e) - targets[d, b]


@part
def _softmax(units, start, n, work, top, width):
    """Rows of `work` become softmax probabilities; returns nothing, `top` the log-sum-exp."""
    for b in range(width):
        top[b] = units[start, b]
    for c in range(start + 1, start + n):
        for b in range(width):
            top[b] = max(top[b], units[c, b])
    for c in range(start, start + n):
        for b in range(width):
            work[c, b] = exp(units[c, b] - top[b])
    for c in range(start + 1, start + n):
        for b in range(width):
            work[start, b] += work[c, b]
    for b in range(width):
        total, e = work[start, b], exp(units[start, b] - top[b])
        top[b] += log(total)
        work[start, b] = e / total
    for c in range(start + 1, start + n):
        for b in range(width):
            work[c, b] = exp(units[c, b] - top[b])


@part
def _categorical_log_prob(units, start, n, targets, d, work, out, width):
    _softmax(units, start, n, work, out, width)
    for b in range(width):
        out[b] = units[start + int(targets[d, b]), b] - out[b]


@part
def _categorical_gradient(start, targets, d, deltas, width):
    for b in range(width):
        deltas[start + int(targets[d, b]), b] -= like(deltas[start, b], 1)


@part
def _gaussian_log_prob(units, start, targets, d, out, width):
    for b in range(width):
        deviation = scale(units[start + 1, b])
        t = standardised(targets[d, b], units[start, b], deviation)
        out[b] = like(t, -0.5) * t * t - log(deviation) - like(t, _HALF_LOG_2PI)


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
    """Leaves in `work` the weights of the components (first k rows) and what each
    component's log-density is above the mixture's (last k rows).

    Of logistics with distribution function F and ``half > 0``, the density is
    ``(F(x + half) - F(x - half)) / (2 half)``.
    """
    logits, means, raws = start, start + k, start + 2 * k
    _softmax(units, logits, k, work, out, width)
    if family == GAUSSIAN_MIXTURE:
        for c in range(k):
            for b in range(width):
                deviation = scale(units[raws + c, b])
                t = standardised(targets[d, b], units[means + c, b], deviation)
                a = units[logits + c, b] - out[b] - log(deviation)
                work[raws + c, b] = a - like(t, 0.5) * t * t - like(t, _HALF_LOG_2PI)
    else:
        for c in range(k):
            for b in range(width):
                deviation = scale(units[raws + c, b])
                t = standardised(targets[d, b], units[means + c, b], deviation)
                h = like(t, half) / deviation
                a = units[logits + c, b] - out[b] - log(deviation) + log(_in_cell(h + h))
                work[raws + c, b] = a - softplus(-t - h) - softplus(t - h)
    for b in range(width):
        work[means, b] = work[raws, b]
        out[b] = like(out[b], 0)
    for c in range(1, k):
        for b in range(width):
            work[means, b] = max(work[means, b], work[raws + c, b])
    for c in range(k):
        for b in range(width):
            out[b] += exp(work[raws + c, b] - work[means, b])
    for b in range(width):
        out[b] = work[means, b] + log(out[b])
    for c in range(k):
        for b in range(width):
            work[raws + c, b] -= out[b]


@part
def _mixture_gradient(family, units, start, k, half, targets, d, deltas, width):
    logits, means, raws = start, start + k, start + 2 * k
    if family == GAUSSIAN_MIXTURE:
        for c in range(k):
            for b in range(width):
                deviation = scale(units[raws + c, b])
                t = standardised(targets[d, b], units[means + c, b], deviation)
                share = exp(deltas[raws + c, b])  # posterior probability of the component
                deltas[logits + c, b] -= share
                deltas[means + c, b] = -share * t / deviation
                slope = sigmoid(units[raws + c, b]) / deviation
                deltas[raws + c, b] = share * (like(t, 1) - t * t) * slope
    else:
        for c in range(k):
            for b in range(width):
                deviation = scale(units[raws + c, b])
                t = standardised(targets[d, b], units[means + c, b], deviation)
                h = like(t, half) / deviation
                share = exp(deltas[raws + c, b])
                upper, lower = sigmoid(-t - h), sigmoid(t - h)
                deltas[logits + c, b] -= share
                deltas[means + c, b] = share * (upper - lower) / deviation
                slope = sigmoid(units[raws + c, b]) / deviation
                inside = exp(-h - h) / _in_cell(h + h)
                deltas[raws + c, b] = share * slope * ((t + h) * upper - (t - h) * lower + inside)


@part
def _in_cell(u):
    """``(1 - e**-u) / u``, at 0 its limit 1: what a cell of u scales has of its width."""
    one = like(u, 1)
    series = one - u * (like(u, 1 / 2) - u * (like(u, 1 / 6) - u * like(u, 1 / 24)))
    return series if u < like(u, 0.1) else (one - exp(-u)) / u


@part
def _logistic_from_normal(x):
    """The logistic number at the quantile of a standard normal one."""
    tail = max(0.5 * math.erfc(abs(x) / np.sqrt(2.0)), 1e-300)
    return np.copysign(np.log1p(-tail) - np.log(tail), x)


@part
def _draw_index(units, start, n, uniform, targets, d, work, width):
    """Index of a category by inversion of the cumulative softmax."""
    top = np.empty(width, units.dtype)
    _softmax(units, start, n, work, top, width)
    for b in range(width):
        c, total = 0, work[start, b]
        while c < n - 1 and uniform[d, b] >= total:
            c += 1
            total += work[start + c, b]
        targets[d, b] = like(units[start, b], c)
