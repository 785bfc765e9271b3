"""Real numbers around several means."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from skmade._families._scales import (
    LEAST_SCALE,
    raw_scale,
    scale,
    scale_and_slope,
    standardised,
)
from skmade._families._softmax import draw_index, mix, softmax, thirds
from skmade._families.gaussian import HALF_LOG_2PI
from skmade._kernels._compile import part
from skmade._kernels._elementary import exp, like, log, or_zero

# Smallest scale of a component at a part of the values, before training.
_NARROWEST_PART = 0.02


@dataclass(frozen=True)
class GaussianMixture:
    """``sum_k pi_k N(mu_k, s_k**2)`` with parameters a, mu, r: ``pi = softmax(a)``, and
    ``s = floor + log(1 + e**r)``."""

    name = "gaussian_mixture"
    support = "real"
    is_discrete = False
    is_one_hot = False
    noise = "normal"
    takes_input_noise = True
    n_inputs = 1
    constants = ()
    n_components: int

    @property
    def n_outputs(self):
        return 3 * self.n_components

    def initial_bias(self, values, weights):
        """Equal weights, wide components that overlap, at half the quantiles of a standard normal.

        (From narrow ones, each of which sees few values only, networks learn less.)
        """
        return self.bias_about(0.0, 1.0)

    def bias_about(self, mean, deviation):
        """The same about another mean, with another deviation."""
        k = self.n_components
        means = mean + deviation * ndtri((np.arange(k) + 0.5) / k) / 2
        raw = raw_scale(max(deviation * self.initial_scale, LEAST_SCALE))
        return np.concatenate([np.zeros(k), means, np.full(k, raw)])

    def bias_at_quantiles(self, values, weights):
        """Equal weights, components at as many parts of the values as there are of them."""
        k = self.n_components
        ends = np.quantile(
            values, np.arange(2 * k + 1) / (2 * k), weights=weights, method="inverted_cdf"
        )
        scales = np.maximum((ends[2::2] - ends[:-2:2]) / 2, _NARROWEST_PART)
        return np.concatenate([np.zeros(k), ends[1::2], raw_scale(scales)])

    @classmethod
    def of_components(cls, n):
        """A mixture of n components."""
        return cls(n_components=n)

    @property
    def means(self):
        """Which of the outputs are means."""
        return slice(self.n_components, 2 * self.n_components)

    @property
    def initial_scale(self):
        """Of each component, so that all together have about unit variance."""
        return 1.0 if self.n_components == 1 else 0.8

    @staticmethod
    @part
    def log_prob(a, values, constants, work, out, width):
        """Leaves in `work` the posterior probabilities of the components given the value, and the
        derivatives of ``-log N`` of each by its mean and by its raw scale. Logits become logarithms
        of the weights.
        """
        (logits, means, raws), (joint, by_means, by_raws) = thirds(a), thirds(work)
        softmax(logits, joint, out, width)
        for c in range(joint.shape[0]):
            for b in range(width):
                s, slope = scale_and_slope(raws[c, b])
                t = standardised(values[b], means[c, b], s)
                logits[c, b] -= out[0, b]
                log_weight = logits[c, b] - like(t, HALF_LOG_2PI)
                joint[c, b] = log_weight - like(t, 0.5) * t * t - log(s)
                by_means[c, b] = -t / s
                by_raws[c, b] = (like(t, 1) - t * t) * slope / s
        mix(joint, out, width)

    @staticmethod
    @part
    def gradient(a, values, constants, deltas, width):
        (log_weights, _, _), (by_logits, by_means, by_raws) = thirds(a), thirds(deltas)
        for c in range(log_weights.shape[0]):
            for b in range(width):
                posterior = by_logits[c, b]
                by_logits[c, b] = or_zero(exp(log_weights[c, b])) - posterior
                by_means[c, b] *= posterior
                by_raws[c, b] *= posterior

    @staticmethod
    @part
    def draw(a, bits, noise, constants, work, out, values, width):
        logits, means, raws = thirds(a)
        draw_index(logits, bits, work, out, values, width)
        for b in range(width):
            c = np.int64(values[b])
            values[b] = means[c, b] + scale(raws[c, b]) * noise[b]
