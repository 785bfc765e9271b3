"""The families of conditional densities, one class each.

A family says how wide a feature is at the network's input and output, what its
parameters mean, and where they start. Its arithmetic (log-density, gradient, draw) is in
`skmade._kernels._families`, under the same name. To add a family, write its class and
its three kernels.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import logit, ndtri

from skmade._kernels._plan import FAMILIES, SCALE_FLOOR


@dataclass(frozen=True)
class Bernoulli:
    """``p(1) = sigm(a)``; values are 0 and 1."""

    name = "bernoulli"
    is_discrete = True
    n_inputs = 1
    n_outputs = 1

    def initial_bias(self, values, weights):
        """Log-odds of the (smoothed) frequency of ones."""
        return np.array([logit((np.sum(weights * values) + 0.5) / (np.sum(weights) + 1))])


@dataclass(frozen=True)
class Categorical:
    """``p(k) = softmax(a)_k``; values are codes 0..n_categories - 1, one-hot at the input."""

    name = "categorical"
    is_discrete = True
    n_categories: int

    @property
    def n_inputs(self):
        return self.n_categories

    @property
    def n_outputs(self):
        return self.n_categories

    def initial_bias(self, values, weights):
        """Logarithms of the (smoothed) frequencies."""
        counts = np.bincount(values.astype(int), weights, self.n_categories) + 0.5
        return np.log(counts / counts.sum())


@dataclass(frozen=True)
class Gaussian:
    """``N(mu, s**2)`` with parameters mu and r, ``s = floor + log(1 + e**r)``."""

    name = "gaussian"
    is_discrete = False
    n_inputs = 1
    n_outputs = 2

    def initial_bias(self, values, weights):
        """Mean 0 and standard deviation 1, as standardised columns have."""
        return np.array([0.0, _raw_scale(1.0)])


@dataclass(frozen=True)
class GaussianMixture:
    """``sum_k pi_k N(mu_k, s_k**2)`` with parameters a, mu, r: ``pi = softmax(a)``, s as above."""

    name = "gaussian_mixture"
    is_discrete = False
    n_inputs = 1
    n_components: int

    @property
    def n_outputs(self):
        return 3 * self.n_components

    def initial_bias(self, values, weights):
        """Equal weights, means at the quantiles of a standard normal, overlapping scales."""
        k = self.n_components
        means = ndtri((np.arange(k) + 0.5) / k)
        scale = 1.0 if k == 1 else max(2.0 / k, 0.1)
        return np.concatenate([np.zeros(k), means, np.full(k, _raw_scale(scale))])


@dataclass(frozen=True)
class LogisticMixture(GaussianMixture):
    """``sum_k pi_k L(mu_k, s_k)`` with logistic densities L, parameters as above.

    Where the values of the column lie on a lattice, the density is the mean over the cell
    of a value, ``(F(x + half) - F(x - half)) / (2 half)`` with F the distribution
    function: each value has a probability, and none can have a density above that of a
    cell of its own.
    """

    name = "logistic_mixture"
    half: float = 0.0

    def initial_bias(self, values, weights):
        """Equal weights, means at the quantiles of a standard normal, overlapping scales."""
        bias = super().initial_bias(values, weights)
        k = self.n_components
        bias[2 * k :] = _raw_scale(0.55 * (1.0 if k == 1 else max(2.0 / k, 0.1)))
        return bias


def _raw_scale(scale):
    """The r with ``floor + log(1 + e**r) == scale``."""
    return np.log(np.expm1(scale - SCALE_FLOOR))


def family_code(family):
    """Number of a family in the kernels."""
    return FAMILIES.index(family.name)
