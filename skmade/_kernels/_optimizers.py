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
def update(solver, theta, gradient, moments, first, last, rate, step, shrink):
    """Move ``theta[first:last]`` against ``shrink * gradient``, the `step`-th time (from 1).

    By the solver in use. What the two rows of `moments` hold depends on it: averages of gradients
    and of their squares.
    """
    # (slices, because indices that begin at zero need no check that they are negative)
    theta, gradient = theta[first:last], gradient[first:last]
    m, v = moments[0, first:last], moments[1, first:last]
    _move(solver, (theta, gradient, m, v, rate, step, shrink))


@part
def _adam(theta, gradient, m, v, rate, step, shrink):
    one, s, zero = like(theta[0], 1), like(theta[0], shrink), like(theta[0], 0)
    decay, decay2 = like(theta[0], ADAM_DECAY), like(theta[0], ADAM_DECAY_OF_SQUARES)
    correction = np.sqrt(1 - ADAM_DECAY_OF_SQUARES**step)
    size = like(theta[0], rate * correction / (1 - ADAM_DECAY**step))
    epsilon, tiny = like(theta[0], 1e-8 * correction), like(theta[0], NEGLIGIBLE)
    for i in range(theta.shape[0]):
        g = s * gradient[i]
        mean = decay * m[i] + (one - decay) * g
        m[i] = mean if abs(mean) > tiny else zero
        v[i] = decay2 * v[i] + (one - decay2) * g * g
        theta[i] -= size * m[i] / (np.sqrt(v[i]) + epsilon)


@part
def _adagrad(theta, gradient, m, v, rate, step, shrink):
    size, s, epsilon = like(theta[0], rate), like(theta[0], shrink), like(theta[0], 1e-8)
    for i in range(theta.shape[0]):
        g = s * gradient[i]
        v[i] += g * g
        theta[i] -= size * g / (np.sqrt(v[i]) + epsilon)


@part
def _adadelta(theta, gradient, m, v, rate, step, shrink):
    size, s, epsilon = like(theta[0], rate), like(theta[0], shrink), like(theta[0], 1e-5)
    one, decay = like(theta[0], 1), like(theta[0], ADADELTA_DECAY)
    for i in range(theta.shape[0]):
        g = s * gradient[i]
        v[i] = decay * v[i] + (one - decay) * g * g
        change = np.sqrt((m[i] + epsilon) / (v[i] + epsilon)) * g
        m[i] = decay * m[i] + (one - decay) * change * change
        theta[i] -= size * change


@part
def _sgd(theta, gradient, m, v, rate, step, shrink):
    """With Nesterov's momentum."""
    size, s, momentum = like(theta[0], rate), like(theta[0], shrink), like(theta[0], MOMENTUM)
    for i in range(theta.shape[0]):
        g = s * gradient[i]
        m[i] = momentum * m[i] - size * g
        theta[i] += momentum * m[i] - size * g


# In the order of `SOLVERS`.
_move = the_one([_adam, _adagrad, _adadelta, _sgd])
