"""Log-density, gradient and draw of each conditional family.

A feature's parameters are `n` consecutive rows of `units` from row `start` on; as many
columns are worked on as `out` has elements. What the parameters mean is said by the
classes of `skmade._conditionals`. `work` has the shape of `units`, and `half` is half the
distance of the values of a column on a lattice, else 0.
"""

import math

import numpy as np

from skmade._kernels._compile import jit
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


@jit
def log_prob(family, units, start, n, half, target, work, out):
    """``out[b] = log p(target[b])``."""
    width = out.shape[0]
    if family == BERNOULLI:
        _bernoulli_log_prob(units[start], target, out, width)
    elif family == CATEGORICAL:
        _categorical_log_prob(units, start, n, target, work, out, width)
    elif family == GAUSSIAN:
        _gaussian_log_prob(units[start], units[start + 1], target, out, width)
    elif family == GAUSSIAN_MIXTURE:
        _mixture_log_prob(units, start, n // 3, target, work, out, width)
    else:
        _logistic_log_prob(units, start, n // 3, half, target, work, out, width)


@jit
def gradient(family, units, start, n, half, target, deltas, out):
    """`log_prob`, and the derivatives of ``-log p`` by the parameters into `deltas`."""
    width = out.shape[0]
    if family == BERNOULLI:
        _bernoulli_gradient(units[start], target, deltas[start], out, width)
    elif family == CATEGORICAL:
        _categorical_log_prob(units, start, n, target, deltas, out, width)
        _categorical_gradient(start, n, target, deltas, width)
    elif family == GAUSSIAN:
        _gaussian_log_prob(units[start], units[start + 1], target, out, width)
        _gaussian_gradient(units, start, target, deltas, width)
    elif family == GAUSSIAN_MIXTURE:
        _mixture_log_prob(units, start, n // 3, target, deltas, out, width)
        _mixture_gradient(units, start, n // 3, target, deltas, width)
    else:
        _logistic_log_prob(units, start, n // 3, half, target, deltas, out, width)
        _logistic_gradient(units, start, n // 3, half, target, deltas, width)


@jit
def draw(family, units, start, n, half, uniform, normal, out, work):
    """``out[b] ~ p``, from a uniform and a standard normal number for each column."""
    width = out.shape[0]
    if family == BERNOULLI:
        for b in range(width):
            drawn = uniform[b] < sigmoid(units[start, b])
            out[b] = like(out[b], 1) if drawn else like(out[b], 0)
    elif family == CATEGORICAL:
        _draw_index(units, start, n, uniform, work, out, width)
    elif family == GAUSSIAN:
        for b in range(width):
            out[b] = units[start, b] + scale(units[start + 1, b]) * normal[b]
    else:
        k, is_logistic = n // 3, family == LOGISTIC_MIXTURE
        _draw_index(units, start, k, uniform, work, out, width)
        for b in range(width):
            c, noise = start + int(out[b]), np.float64(normal[b])
            if is_logistic:
                noise = _logistic_from_normal(noise)
            out[b] = units[c + k, b] + scale(units[c + 2 * k, b]) * like(out[b], noise)
            if is_logistic and half > 0:  # the middle of its cell
                cell = like(out[b], 2 * half)
                out[b] = np.floor(out[b] / cell + like(out[b], 0.5)) * cell


@jit
def scale(raw):
    """Standard deviation from its unconstrained parameter."""
    return like(raw, SCALE_FLOOR) + softplus(raw)


@jit
def standardised(target, mean, deviation):
    """``(target - mean) / deviation``, held within what can be squared."""
    limit = like(target, RESIDUAL_LIMIT)
    return max(min((target - mean) / deviation, limit), -limit)


@jit
def _bernoulli_log_prob(logits, target, out, width):
    for b in range(width):
        out[b] = target[b] * logits[b] - softplus(logits[b])


@jit
def _bernoulli_gradient(logits, target, delta, out, width):
    for b in range(width):
        x, one = logits[b], like(logits[b], 1)
        e = exp(-abs(x))  # serves both the softplus and the sigmoid
        out[b] = target[b] * x - (max(x, like(x, 0)) + log1p_unit(e))
        delta[b] = (one if x >= 0 else e) / (one + e) - target[b]


@jit
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


@jit
def _categorical_log_prob(units, start, n, target, work, out, width):
    _softmax(units, start, n, work, out, width)
    for b in range(width):
        out[b] = units[start + int(target[b]), b] - out[b]


@jit
def _categorical_gradient(start, n, target, deltas, width):
    for b in range(width):
        deltas[start + int(target[b]), b] -= like(deltas[start, b], 1)


@jit
def _gaussian_log_prob(means, raw, target, out, width):
    for b in range(width):
        deviation = scale(raw[b])
        t = standardised(target[b], means[b], deviation)
        out[b] = like(t, -0.5) * t * t - log(deviation) - like(t, _HALF_LOG_2PI)


@jit
def _gaussian_gradient(units, start, target, deltas, width):
    for b in range(width):
        deviation = scale(units[start + 1, b])
        t = standardised(target[b], units[start, b], deviation)
        deltas[start, b] = -t / deviation
        slope = sigmoid(units[start + 1, b]) / deviation
        deltas[start + 1, b] = (like(t, 1) - t * t) * slope


@jit
def _mixture_log_prob(units, start, k, target, work, out, width):
    """Leaves in `work` the weights of the components (first k rows) and what each
    component's log-density is above the mixture's (last k rows)."""
    logits, means, raws = start, start + k, start + 2 * k
    _softmax(units, logits, k, work, out, width)
    top = work[means]
    for c in range(k):
        for b in range(width):
            deviation = scale(units[raws + c, b])
            t = standardised(target[b], units[means + c, b], deviation)
            a = units[logits + c, b] - out[b] - log(deviation) - like(t, 0.5) * t * t
            work[raws + c, b] = a
            top[b] = a if c == 0 else max(top[b], a)
    for b in range(width):
        out[b] = like(out[b], 0)
    for c in range(k):
        for b in range(width):
            out[b] += exp(work[raws + c, b] - top[b])
    for b in range(width):
        top[b] += log(out[b])
        out[b] = top[b] - like(top[b], _HALF_LOG_2PI)
    for c in range(k):
        for b in range(width):
            work[raws + c, b] -= top[b]


@jit
def _mixture_gradient(units, start, k, target, deltas, width):
    logits, means, raws = start, start + k, start + 2 * k
    for c in range(k):
        for b in range(width):
            deviation = scale(units[raws + c, b])
            t = standardised(target[b], units[means + c, b], deviation)
            share = exp(deltas[raws + c, b])  # posterior probability of the component
            deltas[logits + c, b] -= share
            deltas[means + c, b] = -share * t / deviation
            slope = sigmoid(units[raws + c, b]) / deviation
            deltas[raws + c, b] = share * (like(t, 1) - t * t) * slope


@jit
def _in_cell(u):
    """``(1 - e**-u) / u``, at 0 its limit 1: what a cell of u scales has of its width."""
    one = like(u, 1)
    series = one - u * (like(u, 1 / 2) - u * (like(u, 1 / 6) - u * like(u, 1 / 24)))
    return series if u < like(u, 0.1) else (one - exp(-u)) / u


@jit
def _logistic_log_prob(units, start, k, half, target, work, out, width):
    """With F the distribution function, log of ``(F(x + half) - F(x - half)) / (2 half)``.

    For ``half == 0`` that is the density; `work` as `_mixture_log_prob` leaves it.
    """
    logits, means, raws = start, start + k, start + 2 * k
    _softmax(units, logits, k, work, out, width)
    top = work[means]
    for c in range(k):
        for b in range(width):
            deviation = scale(units[raws + c, b])
            t = standardised(target[b], units[means + c, b], deviation)
            h = like(t, half) / deviation
            a = units[logits + c, b] - out[b] - log(deviation) + log(_in_cell(h + h))
            a -= softplus(-t - h) + softplus(t - h)
            work[raws + c, b] = a
            top[b] = a if c == 0 else max(top[b], a)
    for b in range(width):
        out[b] = like(out[b], 0)
    for c in range(k):
        for b in range(width):
            out[b] += exp(work[raws + c, b] - top[b])
    for b in range(width):
        top[b] += log(out[b])
        out[b] = top[b]
    for c in range(k):
        for b in range(width):
            work[raws + c, b] -= top[b]


@jit
def _logistic_gradient(units, start, k, half, target, deltas, width):
    logits, means, raws = start, start + k, start + 2 * k
    for c in range(k):
        for b in range(width):
            deviation = scale(units[raws + c, b])
            t = standardised(target[b], units[means + c, b], deviation)
            h = like(t, half) / deviation
            share = exp(deltas[raws + c, b])  # posterior probability of the component
            upper, lower = sigmoid(-t - h), sigmoid(t - h)
            deltas[logits + c, b] -= share
            deltas[means + c, b] = share * (upper - lower) / deviation
            slope = sigmoid(units[raws + c, b]) / deviation
            inside = exp(-h - h) / _in_cell(h + h)
            deltas[raws + c, b] = share * slope * ((t + h) * upper - (t - h) * lower + inside)


@jit
def _logistic_from_normal(x):
    """The logistic number at the quantile of a standard normal one."""
    tail = max(0.5 * math.erfc(abs(x) / np.sqrt(2.0)), 1e-300)
    return np.copysign(np.log1p(-tail) - np.log(tail), x)


@jit
def _draw_index(units, start, n, uniform, work, out, width):
    """Index of a category by inversion of the cumulative softmax."""
    _softmax(units, start, n, work, out, width)
    for b in range(width):
        c, total = 0, work[start, b]
        while c < n - 1 and uniform[b] >= total:
            c += 1
            total += work[start + c, b]
        out[b] = like(out[b], c)
