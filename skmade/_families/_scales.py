"""Scales of real-valued conditionals, from unconstrained parameters."""

import numpy as np

from skmade._kernels._compile import inlined_part, part
from skmade._kernels._elementary import exp, like, log1p_unit, or_zero, softplus

# Smallest scale of a real-valued conditional, in standard deviations of its column.
SCALE_FLOOR = 1e-3
# Smallest one that training begins with.
LEAST_SCALE = 2 * SCALE_FLOOR
# Bounds that are none, in standard deviations.
UNBOUNDED = 1e9
# Standardised residuals are held within this bound: far away, a log-density is very
# negative but finite, and so are its derivatives, in which squares of residuals are divided by
# scales and multiplied by inputs and weights.
RESIDUAL_LIMIT = 1e15


def raw_scale(scale):
    """The r with ``floor + log(1 + e**r) == scale``."""
    beyond = scale - SCALE_FLOOR
    return beyond + np.log(-np.expm1(-beyond))  # (which large scales do not overflow)


@part
def scale(raw):
    """Standard deviation from its unconstrained parameter."""
    return like(raw, SCALE_FLOOR) + softplus(raw)


@inlined_part
def scale_and_slope(raw):
    """`scale`, and its derivative."""
    one, e = like(raw, 1), or_zero(exp(-abs(raw)))
    s = like(raw, SCALE_FLOOR) + max(raw, like(raw, 0)) + log1p_unit(e)
    return s, (one if raw >= 0 else e) / (one + e)


@part
def standardised(value, mean, deviation):
    """``(value - mean) / deviation``, held within what can be squared."""
    limit = like(value, RESIDUAL_LIMIT)
    return max(min((value - mean) / deviation, limit), -limit)
