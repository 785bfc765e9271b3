"""Steps of the optimisers, over a stretch of the parameters."""

import numpy as np

from skmade._kernels._choice import the_one
from skmade._kernels._compile import part
from skmade._kernels._elementary import NEGLIGIBLE, like

ADAM_DECAY = 0.9
ADAM_DECAY_OF_SQUARES = 0.999
ADADELTA_DECAY = 0.95
MOMENTUM = 0.9


@part
def update(solver, theta, gradient, moments, first, last, n_weights, rate, step, shrink, l1):
    """Move ``theta[first:last]`` against ``shrink * gradient``, the `step`-th time (from 1).

    By the solver in use. What the two rows of `moments` hold depends on it: averages of gradients
    and of their squares. Weights, the first `n_weights` parameters, are then moved towards zero by
    what the same step makes of a derivative `l1`, and stay there where they reach it: a proximal
    step for ``l1 * sum |w|`` in the solver's own metric (Yun, Lozano, Yang 2021, ProxGen).
    """
    border = min(max(first, n_weights), last)
    _update_part(solver, theta, gradient, moments, first, border, rate, step, shrink, l1)
    _update_part(solver, theta, gradient, moments, border, last, rate, step, shrink, 0.0)


@part
def _update_part(solver, theta, gradient, moments, first, last, rate, step, shrink, l1):
    # (slices, because indices that begin at zero need no check that they are negative)
    theta, gradient = theta[first:last], gradient[first:last]
    m, v = moments[0, first:last], moments[1, first:last]
    if first < last:
        _move(solver, (theta, gradient, m, v, rate, step, shrink, l1))


@part
def _towards_zero(w, distance):
    """A weight that is moved towards zero, and not beyond."""
    rest, zero = abs(w) - distance, like(w, 0)
    return np.copysign(rest if rest > zero else zero, w)


@part
def _adam(theta, gradient, m, v, rate, step, shrink, l1):
    one, s, zero = like(theta[0], 1), like(theta[0], shrink), like(theta[0], 0)
    decay, decay2 = like(theta[0], ADAM_DECAY), like(theta[0], ADAM_DECAY_OF_SQUARES)
    correction = np.sqrt(1 - ADAM_DECAY_OF_SQUARES**step)
    size = like(theta[0], rate * correction / (1 - ADAM_DECAY**step))
    epsilon, tiny = like(theta[0], 1e-8 * correction), like(theta[0], NEGLIGIBLE)
    pull = like(theta[0], rate * correction * l1)
    for i in range(theta.shape[0]):
        g = s * gradient[i]
        mean = decay * m[i] + (one - decay) * g
        m[i] = mean if abs(mean) > tiny else zero
        v[i] = decay2 * v[i] + (one - decay2) * g * g
        scale = np.sqrt(v[i]) + epsilon
        theta[i] = _towards_zero(theta[i] - size * m[i] / scale, pull / scale)


@part
def _adagrad(theta, gradient, m, v, rate, step, shrink, l1):
    size, s, epsilon = like(theta[0], rate), like(theta[0], shrink), like(theta[0], 1e-8)
    pull = like(theta[0], rate * l1)
    for i in range(theta.shape[0]):
        g = s * gradient[i]
        v[i] += g * g
        scale = np.sqrt(v[i]) + epsilon
        theta[i] = _towards_zero(theta[i] - size * g / scale, pull / scale)


@part
def _adadelta(theta, gradient, m, v, rate, step, shrink, l1):
    size, s, epsilon = like(theta[0], rate), like(theta[0], shrink), like(theta[0], 1e-5)
    pull = like(theta[0], rate * l1)
    one, decay = like(theta[0], 1), like(theta[0], ADADELTA_DECAY)
    for i in range(theta.shape[0]):
        g = s * gradient[i]
        v[i] = decay * v[i] + (one - decay) * g * g
        scale = np.sqrt((m[i] + epsilon) / (v[i] + epsilon))
        m[i] = decay * m[i] + (one - decay) * (scale * g) * (scale * g)
        theta[i] = _towards_zero(theta[i] - size * (scale * g), pull * scale)


@part
def _sgd(theta, gradient, m, v, rate, step, shrink, l1):
    """With Nesterov's momentum, by which a lasting derivative moves ten times as far."""
    size, s, momentum = like(theta[0], rate), like(theta[0], shrink), like(theta[0], MOMENTUM)
    pull = like(theta[0], rate * l1 / (1 - MOMENTUM))
    for i in range(theta.shape[0]):
        g = s * gradient[i]
        m[i] = momentum * m[i] - size * g
        theta[i] = _towards_zero(theta[i] + (momentum * m[i] - size * g), pull)


# In the order of `SOLVERS`.
_move = the_one([_adam, _adagrad, _adadelta, _sgd])
