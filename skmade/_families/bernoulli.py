"""Flags."""

from dataclasses import dataclass

import numpy as np
from scipy.special import logit

from skmade._kernels._compile import part
from skmade._kernels._elementary import exp, like, log1p_unit, uniform


@dataclass(frozen=True)
class Bernoulli:
    """``p(1) = sigm(a)``; values are 0 and 1."""

    name = "bernoulli"
    support = "flags"
    is_discrete = True
    is_one_hot = False
    noise = "none"
    takes_input_noise = False
    n_inputs = 1
    n_outputs = 1
    constants = ()

    def initial_bias(self, values, weights):
        """Log-odds of the (smoothed) frequency of ones."""
        return np.array([logit((np.sum(weights * values) + 0.5) / (np.sum(weights) + 1))])

    @staticmethod
    @part
    def log_prob(a, values, constants, work, out, width):
        # (in two short loops, which compilers vectorise better than a long one)
        zero = like(a[0, 0], 0)
        for b in range(width):
            out[1, b] = exp(-abs(a[0, b]))
        for b in range(width):
            out[0, b] = values[b] * a[0, b] - max(a[0, b], zero) - log1p_unit(out[1, b])

    @staticmethod
    @part
    def gradient(a, values, constants, deltas, width):
        one, zero = like(a[0, 0], 1), like(a[0, 0], 0)
        for b in range(width):
            e = exp(-abs(a[0, b]))
            deltas[0, b] = (one if a[0, b] >= zero else e) / (one + e) - values[b]

    @staticmethod
    @part
    def draw(a, bits, noise, constants, work, out, values, width):
        for b in range(width):  # whether it is below the sigmoid, without a division
            x = a[0, b]
            zero, one, e = like(x, 0), like(x, 1), exp(-abs(x))
            drawn = uniform(bits[b]) * (one + e) < (one if x >= zero else e)
            values[b] = one if drawn else zero
