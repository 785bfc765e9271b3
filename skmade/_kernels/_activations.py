"""Activations of hidden units, with their slopes."""

from skmade._kernels._choice import the_one
from skmade._kernels._compile import part
from skmade._kernels._elementary import exp, like, sigmoid, softplus, tanh


@part
def activate(activation, units, row, stop, width):
    """Replace rows of `units` by their activation: the one in use."""
    for r in range(row, stop):
        for b in range(width):
            units[r, b] = _value(activation, (units[r, b],))


@part
def activation_slopes(activation, units, slopes, row, stop, width):
    """Derivatives of activations, which rows of `units` hold."""
    for r in range(row, stop):
        for b in range(width):
            slopes[r, b] = _slope(activation, (units[r, b],))


@part
def _relu(x):
    return max(x, like(x, 0))


@part
def _elu(x):
    below = exp(min(x, like(x, 0))) - like(x, 1)
    return x if x > 0 else below


# Slopes, from what the activation has come to.


@part
def _relu_slope(y):
    return like(y, 1) if y > 0 else like(y, 0)


@part
def _tanh_slope(y):
    return like(y, 1) - y * y


@part
def _logistic_slope(y):
    return y * (like(y, 1) - y)


@part
def _softplus_slope(y):
    return like(y, 1) - exp(-y)


@part
def _elu_slope(y):
    return like(y, 1) + min(y, like(y, 0))


# In the order of `ACTIVATIONS`.
_value = the_one([_relu, tanh, sigmoid, softplus, _elu])
_slope = the_one([_relu_slope, _tanh_slope, _logistic_slope, _softplus_slope, _elu_slope])
