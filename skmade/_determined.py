"""Columns that those before them determine, as a code does its label: draws are to keep to it.

Training ends before a network is as sure of a relation without exceptions as rows would let it be,
for the likelihood gains next to nothing by that. But of a dozen such columns each draw has another
chance to break a relation, and who knows the table sees at once that it was drawn.
"""

import numpy as np

from skmade._kernels._constants import SCORE_TILE
from skmade._kernels._memory import aligned_copy
from skmade._scoring import Scorer, add_all_scores
from skmade._sparse import dense

# The largest factor of logits, how many times the interval that it is in is halved, and at most
# how many rows say what it is.
_MOST, _ROUNDS, _ROWS = 16.0, 6, 2**14


def sharpened(network, theta, training, held_out, rng, heed):
    """The parameters of a network, surer of discrete columns that it predicts without exception.

    If each cell of a column has more than half of the probability, in training and in held-out
    rows, the logits of that column are multiplied by a factor. It is chosen so that what is left
    for other values is ``1 / (n + 2)`` in the mean over held-out rows: the rule of succession [1]_,
    for what n rows have not shown. No row that was seen becomes less likely.

    Parameters
    ----------
    network : Network or SharedNetwork
    theta : ndarray
        Its parameters, left as they are.
    training, held_out : Rows
    rng : numpy.random.Generator
        Chooses among many rows.
    heed : callable
        Called before each round; raises KeyboardInterrupt where training is to end.

    Returns
    -------
    ndarray
        `theta` itself where there is no such column.

    References
    ----------
    .. [1] Laplace (1774), Memoire sur la probabilite des causes par les evenements.
    """
    columns = np.array(network.discrete_columns(), int)
    if len(columns) == 0:
        return theta
    training, held_out = (rows.at_most(_ROWS, rng) for rows in (training, held_out))
    least, doubt, n = _doubts(network, theta, held_out, columns)
    if not (least > 0.5).any():
        return theta
    least_trained, _, n_trained = _doubts(network, theta, training, columns)
    wanted = n / (n + n_trained + 2)
    is_sure = (np.minimum(least, least_trained) > 0.5) & (n > 0) & (doubt > wanted)
    if not is_sure.any():
        return theta
    columns, wanted = columns[is_sure], wanted[is_sure]
    logits, low, high = network.logits(columns), np.ones(len(columns)), np.full(len(columns), _MOST)
    for _ in range(_ROUNDS):
        heed()
        middle = np.sqrt(low * high)
        _, doubt, _ = _doubts(network, _scaled(theta, logits, middle), held_out, columns)
        is_enough = doubt <= wanted
        low, high = np.where(is_enough, low, middle), np.where(is_enough, middle, high)
    return _scaled(theta, logits, high)


def _scaled(theta, logits, factors):
    """Parameters with other logits."""
    theta = aligned_copy(theta)
    for places, factor in zip(logits, factors):
        theta[places] *= factor
    return theta


def _doubts(network, theta, rows, columns):
    """The least probability of a cell, what others have besides all cells, and the cells' weight.

    Of each column; probabilities are those given the cells before it.
    """
    (network,) = network.networks(theta)
    least, (doubt, total) = np.ones(len(columns)), np.zeros((2, len(columns)))
    n_features, scorer = len(network.plan.features), Scorer(network, len(rows.table))
    widths, gaps_count = _widths(network.plan)[columns], _gaps_count(network.plan)[columns]
    for begin in range(0, len(rows.table), SCORE_TILE):
        part = slice(begin, begin + SCORE_TILE)
        table, weights = dense(rows.table[part]), rows.weights[part]
        logs = np.zeros((1, len(table), n_features))
        add_all_scores([scorer], table, np.zeros(logs.shape[:2]), logs)
        masses = np.exp(logs[0][:, columns]) * widths
        is_unknown = np.isnan(table[:, columns]) & ~gaps_count
        counted = np.where(is_unknown, 0.0, weights[:, None])
        least = np.minimum(least, np.where(counted > 0, masses, 1.0).min(axis=0))
        doubt += (counted * (1 - masses)).sum(axis=0)
        total += counted.sum(axis=0)
    return least, doubt, total


def _widths(plan):
    """What makes probabilities of the densities of atoms on a lattice, by column; else 1."""
    widths = np.ones(len(plan.features))
    for feature, constants in zip(plan.features, plan.constants):
        cell = constants[feature.first_atom - 3]
        if feature.is_alone and cell > 0:
            widths[feature.column] = cell
    return widths


def _gaps_count(plan):
    """Whether being missing is an outcome, by column."""
    return plan.features["draws_gaps"][np.argsort(plan.features["column"])] > 0
