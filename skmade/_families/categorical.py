"""Categories."""

from dataclasses import dataclass

import numpy as np

from skmade._families._softmax import draw_index, softmax
from skmade._kernels._compile import part
from skmade._kernels._elementary import like


@dataclass(frozen=True)
class Categorical:
    """``p(k) = softmax(a)_k``; values are codes 0..n_categories - 1, one-hot at the input.

    The code `n_categories` stands for a category that was not seen. It says nothing: its
    log-density and all derivatives are 0, and no input is set.
    """

    name = "categorical"
    support = "codes"
    is_discrete = True
    is_one_hot = True
    noise = "none"
    takes_input_noise = False
    constants = ()
    n_categories: int

    @property
    def n_inputs(self):
        return self.n_categories

    @property
    def n_outputs(self):
        return self.n_categories

    def initial_bias(self, values, weights):
        """Logarithms of the (smoothed) frequencies."""
        counts = np.bincount(values.astype(int), weights, self.n_categories)[: self.n_categories]
        return np.log((counts + 0.5) / (counts + 0.5).sum())

    @staticmethod
    @part
    def log_prob(a, values, constants, work, out, width):
        softmax(a, work, out, width)
        for b in range(width):
            k = np.int64(values[b])
            out[0, b] = a[k, b] - out[0, b] if k < a.shape[0] else like(a[0, 0], 0)

    @staticmethod
    @part
    def gradient(a, values, constants, deltas, width):
        for b in range(width):
            k = np.int64(values[b])
            if k < a.shape[0]:
                deltas[k, b] -= like(a[0, 0], 1)
            else:
                for c in range(a.shape[0]):
                    deltas[c, b] = like(a[0, 0], 0)

    @staticmethod
    @part
    def draw(a, bits, noise, constants, work, out, values, width):
        draw_index(a, bits, work, out, values, width)
