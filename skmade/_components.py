"""Weights of the components of mixtures, refitted when training has ended.

A component that explains next to nothing of the rows gives steps of training next to nothing to
go by, and keeps a weight that far too many draws come from: a wide one, where a column is all but
determined by those before it.
"""

import numpy as np

from skmade._kernels._memory import aligned_copy
from skmade._scoring import Scorer
from skmade._sparse import DENSE_CELLS, dense

# How many times weights are computed from at most so many rows, and what share of these each
# component is taken to explain besides.
_ROUNDS, _ROWS, _PRIOR = 11, 2**14, 1e-4


def refitted(network, theta, rows, rng, heed):
    """The parameters of a network, with other biases of the weights of its mixtures.

    Biases are factors of the weights, ``f_k w_k(x) / sum_j f_j w_j(x)``, the same for all rows. In
    each round they are multiplied by what the components weigh when values are known, over what
    they weigh before, as sums over rows. So the likelihood of the rows never falls: it is
    generalised iterative scaling [1]_ inside the EM algorithm. (But for a small share of the rows
    that is added to all sums, so that no component vanishes.)

    Parameters
    ----------
    network : Network or SharedNetwork
    theta : ndarray
        Its parameters, left as they are.
    rows : Rows
    rng : numpy.random.Generator
        Chooses among many rows.
    heed : callable
        Called before each round; raises KeyboardInterrupt where training is to end.

    Returns
    -------
    ndarray
        `theta` itself where there is nothing to refit.

    References
    ----------
    .. [1] Darroch and Ratcliff (1972), Generalized iterative scaling for log-linear models.
    """
    places = network.component_biases()
    if not places:
        return theta
    rows = rows.at_most(_ROWS, rng)
    best, best_score, least = theta, -np.inf, _PRIOR * rows.weights.sum()
    for _ in range(_ROUNDS):
        heed()
        (before, known), score = _sums(*network.networks(theta), rows)
        if not score > best_score:
            break
        best, best_score, theta = theta, score, aligned_copy(theta)
        for column, place in places.items():
            factors = (known[column] + least) / (before[column] + least)
            theta[place] += np.log(factors[: len(place)])
    return best


def _sums(network, rows):
    """What components weigh before values are known, and then; and the log-density of the rows.

    All are sums over rows, the former (2, n_features, n_components).
    """
    features, n_rows, score = network.plan.features, len(rows.table), 0.0
    sums = np.zeros((2, len(features), features["n_components"].max()))
    scorer, size = Scorer(network, n_rows), max(1, DENSE_CELLS // len(features))
    for begin in range(0, n_rows, size):
        part = slice(begin, begin + size)
        score += scorer.add_components(dense(rows.table[part]), rows.weights[part], sums)
    return sums, score
