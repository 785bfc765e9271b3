"""The layout of a network, as integers that kernels can read."""

from typing import NamedTuple

import numpy as np


class Plan(NamedTuple):
    """Where every unit, weight and feature of a network is.

    Units of all layers are numbered through: inputs, then hidden layers, then outputs,
    each layer sorted by degree. Weights and biases are one flat vector, `theta`.
    """

    layers: np.ndarray
    """(n_layers, 2): first unit of each layer, and the one after its last."""
    counts: np.ndarray
    """(n_layers, n_features + 1): how many units of a layer have degree <= d."""
    panels: np.ndarray
    """(n_panels, 7): first row, row after the last, first source unit, extent (how many
    source units the panel's last row sees), height (its rows, padded), offset of its
    weights in theta, offset in `extents`. The weight of row r from source unit k is at
    ``offset + k * height + r``, both counted from the panel's first."""
    first_panel: np.ndarray
    """(n_layers + 1,): first panel of each layer."""
    extents: np.ndarray
    """How many source units each row of each panel sees."""
    features: np.ndarray
    """(n_features, 6), in the order of generation: column of the table, family, first
    input unit, number of inputs, first output unit, number of outputs."""
    halves: np.ndarray
    """(n_features,): half the distance of neighbouring values of a column on a lattice."""
    biases: int
    """Offset of the biases in theta."""
    activation: int
    residual: bool
    input_limit: float
    """Inputs are held within so many standard deviations."""


def n_parameters(plan):
    """Length of theta."""
    return plan.biases + plan.layers[-1, 1] - plan.layers[0, 1]


def flops_per_row(plan):
    """Operations of one pass through the network for one row; training takes three passes."""
    return 2 * plan.biases + 100 * len(plan.features)  # the second: densities of the features


# Codes of families and activations: the order of these tuples.
FAMILIES = ("bernoulli", "categorical", "gaussian", "gaussian_mixture", "logistic_mixture")
BERNOULLI, CATEGORICAL, GAUSSIAN, GAUSSIAN_MIXTURE, LOGISTIC_MIXTURE = range(5)

ACTIVATIONS = ("relu", "tanh", "logistic", "softplus", "elu")
RELU, TANH, LOGISTIC, SOFTPLUS, ELU = range(5)

SOLVERS = ("adam", "adagrad", "adadelta", "sgd")
ADAM, ADAGRAD, ADADELTA, SGD = range(4)

# Rows are trained on, scored and drawn so many at a time: so that what units hold for them
# stays in the cache, and the weights are not read too often.
TILE, SCORE_TILE, DRAW_TILE = 128, 128, 256

# Smallest scale of a real-valued conditional, in standard deviations of its column.
SCALE_FLOOR = 1e-3

# Standardised residuals are held within this bound: far away, a log-density is very
# negative but finite.
RESIDUAL_LIMIT = 1e18

# Rows of a panel. Its weights lie source unit by source unit, so that all three products
# (forward, backward, gradients) read or write it from beginning to end.
PANEL_ROWS = 48
