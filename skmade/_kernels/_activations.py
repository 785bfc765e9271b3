"""Activations of hidden units, with their slopes."""

from skmade._kernels._compile import jit
from skmade._kernels._elementary import exp, like, sigmoid, softplus, tanh
from skmade._kernels._plan import LOGISTIC, RELU, SOFTPLUS, TANH


@jit
def activate(activation, values, slopes):
    """Replace `values` by its activation; write the derivative to `slopes`."""
    one, zero = like(values[0], 1), like(values[0], 0)
    if activation == RELU:
        for b in range(values.shape[0]):
            slopes[b] = one if values[b] > 0 else zero
            values[b] = max(values[b], zero)
    elif activation == TANH:
        for b in range(values.shape[0]):
            values[b] = tanh(values[b])
            slopes[b] = one - values[b] * values[b]
    elif activation == LOGISTIC:
        for b in range(values.shape[0]):
            values[b] = sigmoid(values[b])
            slopes[b] = values[b] * (one - values[b])
    elif activation == SOFTPLUS:
        for b in range(values.shape[0]):
            slopes[b] = sigmoid(values[b])
            values[b] = softplus(values[b])
    else:  # ELU
        for b in range(values.shape[0]):
            below = exp(min(values[b], zero))
            slopes[b] = one if values[b] > 0 else below
            values[b] = values[b] if values[b] > 0 else below - one
