"""Activations of hidden units, with their slopes."""

from skmade._kernels._compile import part
from skmade._kernels._constants import LOGISTIC, RELU, SOFTPLUS, TANH
from skmade._kernels._elementary import exp, like, sigmoid, softplus, tanh


@part
def activate(activation, units, row, stop, width):
    """Replace rows of `units` by their activation."""
    one, zero = like(units[0, 0], 1), like(units[0, 0], 0)
    for r in range(row, stop):
        if activation == RELU:
            for b in range(width):
                units[r, b] = max(units[r, b], zero)
        elif activation == TANH:
            for b in range(width):
                units[r, b] = tanh(units[r, b])
        elif activation == LOGISTIC:
            for b in range(width):
                units[r, b] = sigmoid(units[r, b])
        elif activation == SOFTPLUS:
            for b in range(width):
                units[r, b] = softplus(units[r, b])
        else:  # ELU
            for b in range(width):
                below = exp(min(units[r, b], zero)) - one
                units[r, b] = units[r, b] if units[r, b] > 0 else below


@part
def activation_slopes(activation, units, slopes, row, stop, width):
    """Derivatives of activations, which rows of `units` hold."""
    one, zero = like(units[0, 0], 1), like(units[0, 0], 0)
    for r in range(row, stop):
        if activation == RELU:
            for b in range(width):
                slopes[r, b] = one if units[r, b] > 0 else zero
        elif activation == TANH:
            for b in range(width):
                slopes[r, b] = one - units[r, b] * units[r, b]
        elif activation == LOGISTIC:
            for b in range(width):
                slopes[r, b] = units[r, b] * (one - units[r, b])
        elif activation == SOFTPLUS:
            for b in range(width):
                slopes[r, b] = one - exp(-units[r, b])
        else:  # ELU
            for b in range(width):
                slopes[r, b] = one + min(units[r, b], zero)
