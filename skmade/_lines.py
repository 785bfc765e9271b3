"""A second beginning of training: at lines through columns, where these are likelier than what a
network has learnt.

Where columns of few rows are related by lines, closely and in all directions, networks are still on
their way to these when they begin to fit rows too closely. Least squares are there at once.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import RidgeCV

from skmade._families import FAMILIES
from skmade._kernels._memory import aligned_copy
from skmade._network import Network
from skmade._scoring import contributions
from skmade._sparse import SparseRows

# Penalties that are tried, in variances of the inputs.
_PENALTIES = 10.0 ** np.arange(-5, 2.5, 0.5)
# How many rows say what a line is, at most and at least.
_ROWS, _LEAST_ROWS = 2**10, 20
# Of more columns that are no categories there are no lines: they would take as long as many epochs.
_MOST_NUMBERS = 64


@dataclass(frozen=True)
class Line:
    """A regression of a column, at a position of the ordering, on the numbers before it."""

    position: int
    inputs: NDArray
    coefficients: NDArray
    intercept: float
    deviation: float
    """Of rows that were left out from what it says of them."""


def parameters_by_lines(network, theta, training, held_out, rng, heed):
    """Initial parameters with lines, if these predict held-out rows better than what was learnt.

    A line is a ridge regression [1]_ of a column on the numbers before it, in the ordering of the
    network, with the penalty by which rows that are left out, one at a time, are predicted best.
    All components of its conditional are about the line, with scales of what it leaves, and weights
    of its hidden units are zero. Held-out rows judge all columns that have lines together: where
    some are related otherwise, to begin anew is in vain.

    Parameters
    ----------
    network : Network or SharedNetwork
        With initial parameters. Lines are for networks of one ordering, with direct connections.
    theta : ndarray
        What was learnt.
    training, held_out : Rows
    rng : numpy.random.Generator
        Chooses among many rows.
    heed : callable
        Called before each line; raises KeyboardInterrupt where training is to end.

    Returns
    -------
    ndarray or None

    References
    ----------
    .. [1] Hoerl, Kennard (1970), Ridge Regression: Biased Estimation for Nonorthogonal Problems.
    """
    is_sparse = any(isinstance(rows.table, SparseRows) for rows in (training, held_out))
    if is_sparse or not (isinstance(network, Network) and network.has_direct_connections):
        return None
    training, held_out = (rows.at_most(_ROWS, rng) for rows in (training, held_out))
    lines = list(_lines(network, training, heed))
    if not lines:
        return None
    by_lines = _with_lines(network, lines)
    columns = network.plan.features["column"][[line.position for line in lines]]
    after, before = (
        contributions(replace(network, theta=own), held_out.table)[:, columns].sum(axis=1)
        for own in (by_lines, theta)
    )
    return by_lines if held_out.weights @ (after - before) > 0 else None


def _lines(network, rows, heed):
    """Lines of all columns that have densities and numbers before them."""
    plan, inputs, columns = network.plan, [], []
    if np.count_nonzero(plan.features["is_one_hot"] == 0) > _MOST_NUMBERS:
        return
    for d, feature in enumerate(plan.features):
        values, used = network.smooth_values(d, rows.table)
        has_density = FAMILIES[feature.family].support == "real" and not feature.is_alone
        used &= rows.weights > 0
        if has_density and columns and np.count_nonzero(used) >= _LEAST_ROWS:
            heed()
            found = _ridge(np.stack(columns, axis=1)[used], values[used], rows.weights[used])
            yield Line(d, np.array(inputs), *found)
        if not feature.is_one_hot:
            inputs.append(int(feature.first_input))
            columns.append(np.nan_to_num(values).clip(-plan.input_limit, plan.input_limit))


def _ridge(x, y, weights):
    """Coefficients and intercept of a line through rows of weights, and what it leaves."""
    weights = weights / weights.mean()  # (squares are summed by weights, and divided by rows)
    model = RidgeCV(_PENALTIES * len(weights)).fit(x, y, weights)
    return model.coef_, float(model.intercept_), np.sqrt(max(-model.best_score_, 0.0))


def _with_lines(network, lines):
    """The parameters of a network, with lines."""
    theta, plan = aligned_copy(network.theta), network.plan
    for line in lines:
        feature = plan.features[line.position]
        family = FAMILIES[feature.family].of_components(int(feature.n_components))
        first = feature.first_output + feature.n_states
        weights, biases = network.places_of_outputs(first, first + family.n_outputs)
        theta[weights] = 0
        theta[biases] = family.bias_about(line.intercept, line.deviation)
        means = first + np.arange(family.n_outputs)[family.means]
        theta[network.direct_weights(means)[:, line.inputs]] = line.coefficients
    return theta
