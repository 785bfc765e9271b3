"""Real numbers around one mean."""

from dataclasses import dataclass

import numpy as np

from skmade._families._scales import (
    LEAST_SCALE,
    raw_scale,
    scale,
    scale_and_slope,
    standardised,
)
from skmade._kernels._compile import part
from skmade._kernels._elementary import like, log

HALF_LOG_2PI = 0.5 * np.log(2 * np.pi)


@dataclass(frozen=True)
class Gaussian:
    """``N(mu, s**2)`` with parameters mu and r, ``s = floor + log(1 + e**r)``."""

    name = "gaussian"
    support = "real"
    is_discrete = False
    is_one_hot = False
    noise = "normal"
    takes_input_noise = True
    n_inputs = 1
    n_outputs = 2
    constants = ()

    def initial_bias(self, values, weights):
        """Mean 0 and standard deviation 1, as standardised columns have."""
        return self.bias_about(0.0, 1.0)

    def bias_about(self, mean, deviation):
        """The same about another mean, with another deviation."""
        return np.array([mean, raw_scale(max(deviation, LEAST_SCALE))])

    @classmethod
    def of_components(cls, n):
        """It has no components."""
        return cls()

    #: Which of the outputs are means.
    means = slice(0, 1)

    @staticmethod
    @part
    def log_prob(a, values, constants, work, out, width):
        for b in range(width):
            deviation = scale(a[1, b])
            t = standardised(values[b], a[0, b], deviation)
            out[0, b] = like(t, -0.5) * t * t - log(deviation) - like(t, HALF_LOG_2PI)

    @staticmethod
    @part
    def gradient(a, values, constants, deltas, width):
        for b in range(width):
            deviation, slope = scale_and_slope(a[1, b])
            t = standardised(values[b], a[0, b], deviation)
            deltas[0, b] = -t / deviation
            deltas[1, b] = (like(t, 1) - t * t) * slope / deviation

    @staticmethod
    @part
    def draw(a, bits, noise, constants, work, out, values, width):
        for b in range(width):
            values[b] = a[0, b] + scale(a[1, b]) * noise[b]
