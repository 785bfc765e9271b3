"""Log-density, gradient and draw of each conditional family.

A feature's parameters are `n` consecutive rows of `units` from row `start` on; columns
``first:last`` are worked on. What the parameters mean is said by the classes of
`skmade._conditionals`. `work` has the shape of `units`.
"""

import numpy as np

from skmade._kernels._compile import jit
from skmade._kernels._elementary import exp, like, log, sigmoid, softplus
from skmade._kernels._plan import (
    BERNOULLI,
    CATEGORICAL,
    GAUSSIAN,
    RESIDUAL_LIMIT,
    SCALE_FLOOR,
)

_HALF_LOG_2PI = 0.5 * np.log(2 * np.pi)


@jit
def log_prob(family, units, start, n, target, work, out, first, last):
    """``out[b] = log p(target[b])``."""
    if family == BERNOULLI:
        _bernoulli_log_prob(units[start], target, out, first, last)
    elif family == CATEGORICAL:
        _categorical_log_prob(units, start, n, target, work, out, first, last)
    elif family == GAUSSIAN:
        _gaussian_log_prob(units[start], units[start + 1], target, out, first, last)
    else:
        _mixture_log_prob(units, start, n // 3, target, work, out, first, last)


@jit
def gradient(family, units, start, n, target, deltas, out, first, last):
    """`log_prob`, and the derivatives of ``-log p`` by the parameters into `deltas`."""
    if family == BERNOULLI:
        _bernoulli_log_prob(units[start], target, out, first, last)
        for b in range(first, last):
            deltas[start, b] = sigmoid(units[start, b]) - target[b]
    elif family == CATEGORICAL:
        _categorical_log_prob(units, start, n, target, deltas, out, first, last)
        _categorical_gradient(start, n, target, deltas, first, last)
    elif family == GAUSSIAN:
        _gaussian_log_prob(units[start], units[start + 1], target, out, first, last)
        _gaussian_gradient(units, start, target, deltas, first, last)
    else:
        _mixture_log_prob(units, start, n // 3, target, deltas, out, first, last)
        _mixture_gradient(units, start, n // 3, target, deltas, first, last)


@jit
def draw(family, units, start, n, uniform, normal, out, work, first, last):
    """``out[b] ~ p``, from a uniform and a standard normal number for each column."""
    if family == BERNOULLI:
        for b in range(first, last):
            drawn = uniform[b] < sigmoid(units[start, b])
            out[b] = like(out[b], 1) if drawn else like(out[b], 0)
    elif family == CATEGORICAL:
        _draw_index(units, start, n, uniform, work, out, first, last)
    elif family == GAUSSIAN:
        for b in range(first, last):
            out[b] = units[start, b] + scale(units[start + 1, b]) * normal[b]
    else:
        k = n // 3
        _draw_index(units, start, k, uniform, work, out, first, last)
        for b in range(first, last):
            c = start + int(out[b])
            out[b] = units[c + k, b] + scale(units[c + 2 * k, b]) * normal[b]


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
def _bernoulli_log_prob(logits, target, out, first, last):
    for b in range(first, last):
        out[b] = target[b] * logits[b] - softplus(logits[b])


@jit
def _softmax(units, start, n, work, top, first, last):
    """Rows of `work` become softmax probabilities; returns nothing, `top` the log-sum-exp."""
    for b in range(first, last):
        top[b] = units[start, b]
    for c in range(start + 1, start + n):
        for b in range(first, last):
            top[b] = max(top[b], units[c, b])
    for c in range(start, start + n):
        for b in range(first, last):
            work[c, b] = exp(units[c, b] - top[b])
    for c in range(start + 1, start + n):
        for b in range(first, last):
            work[start, b] += work[c, b]
    for b in range(first, last):
        total, e = work[start, b], exp(units[start, b] - top[b])
        top[b] += log(total)
        work[start, b] = e / total
    for c in range(start + 1, start + n):
        for b in range(first, last):
            work[c, b] = exp(units[c, b] - top[b])


@jit
def _categorical_log_prob(units, start, n, target, work, out, first, last):
    _softmax(units, start, n, work, out, first, last)
    for b in range(first, last):
        out[b] = units[start + int(target[b]), b] - out[b]


@jit
def _categorical_gradient(start, n, target, deltas, first, last):
    for b in range(first, last):
        deltas[start + int(target[b]), b] -= like(deltas[start, b], 1)


@jit
def _gaussian_log_prob(means, raw, target, out, first, last):
    for b in range(first, last):
        deviation = scale(raw[b])
        t = standardised(target[b], means[b], deviation)
        out[b] = like(t, -0.5) * t * t - log(deviation) - like(t, _HALF_LOG_2PI)


@jit
def _gaussian_gradient(units, start, target, deltas, first, last):
    for b in range(first, last):
        deviation = scale(units[start + 1, b])
        t = standardised(target[b], units[start, b], deviation)
        deltas[start, b] = -t / deviation
        slope = sigmoid(units[start + 1, b]) / deviation
        deltas[start + 1, b] = (like(t, 1) - t * t) * slope


@jit
def _mixture_log_prob(units, start, k, target, work, out, first, last):
    """Leaves in `work` the weights of the components (first k rows) and what each
    component's log-density is above the mixture's (last k rows)."""
    logits, means, raws = start, start + k, start + 2 * k
    _softmax(units, logits, k, work, out, first, last)
    top = work[means]
    for c in range(k):
        for b in range(first, last):
            deviation = scale(units[raws + c, b])
            t = standardised(target[b], units[means + c, b], deviation)
            a = units[logits + c, b] - out[b] - log(deviation) - like(t, 0.5) * t * t
            work[raws + c, b] = a
            top[b] = a if c == 0 else max(top[b], a)
    for b in range(first, last):
        out[b] = like(out[b], 0)
    for c in range(k):
        for b in range(first, last):
            out[b] += exp(work[raws + c, b] - top[b])
    for b in range(first, last):
        top[b] += log(out[b])
        out[b] = top[b] - like(top[b], _HALF_LOG_2PI)
    for c in range(k):
        for b in range(first, last):
            work[raws + c, b] -= top[b]


@jit
def _mixture_gradient(units, start, k, target, deltas, first, last):
    logits, means, raws = start, start + k, start + 2 * k
    for c in range(k):
        for b in range(first, last):
            deviation = scale(units[raws + c, b])
            t = standardised(target[b], units[means + c, b], deviation)
            share = exp(deltas[raws + c, b])  # posterior probability of the component
            deltas[logits + c, b] -= share
            deltas[means + c, b] = -share * t / deviation
            slope = sigmoid(units[raws + c, b]) / deviation
            deltas[raws + c, b] = share * (like(t, 1) - t * t) * slope


@jit
def _draw_index(units, start, n, uniform, work, out, first, last):
    """Index of a category by inversion of the cumulative softmax."""
    _softmax(units, start, n, work, out, first, last)
    for b in range(first, last):
        c, total = 0, work[start, b]
        while c < n - 1 and uniform[b] >= total:
            c += 1
            total += work[start + c, b]
        out[b] = like(out[b], c)
