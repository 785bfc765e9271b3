"""One density out of several: mixtures, learned mixtures, and products of experts.

Log-densities of K networks come as arrays of shape (K, n), in nats.
"""

import numpy as np

# The normaliser of a product is estimated to this standard error of its logarithm, by at
# most so many rows, drawn so many at a time.
_NORMALIZER_ERROR = 0.01
_NORMALIZER_ROWS = 60_000
_NORMALIZER_BATCH = 4000
# A product of which less than this share of the mixture's draws is kept cannot be sampled.
LEAST_ACCEPTANCE = 1e-3
# Pseudo-counts that the prior takes from each network: less than one row's worth keeps
# networks that explain few rows out.
_SPARSITY = 0.5
_EM_STEPS = 1000
_EM_TOL = 1e-9


def log_mean_exp(logs, log_weights=None):
    """``log sum_k w_k exp(logs[k])``, for equal weights if none are given.

    Rows are summed one after the other, so that a column has the same bits among any others.
    """
    if log_weights is None:
        log_weights = np.full(len(logs), -np.log(len(logs)))
    if len(logs) == 1:
        return logs[0] + log_weights[0]
    terms = [row + w for row, w in zip(logs, log_weights) if w > -np.inf]
    top = np.maximum.reduce(terms)
    total = np.zeros_like(top)
    for term in terms:
        total += np.exp(term - top)
    return top + np.log(total)


def mean_log(logs):
    """``sum_k logs[k] / K``: the logarithm of the geometric mean."""
    total = np.zeros_like(logs[0])
    for row in logs:
        total += row
    return total / len(logs)


def learn_weights(logs, row_weights):
    """Weights of a mixture by EM, with a prior that favours few networks.

    A step maximises the likelihood plus the logarithm of a Dirichlet prior with all
    parameters below one; where that would lower the likelihood of the rows, the step
    leaves the prior out, so that the likelihood never falls.

    Parameters
    ----------
    logs : ndarray of shape (K, n)
        Log-densities of held-out rows.
    row_weights : ndarray of shape (n,)

    Returns
    -------
    weights : ndarray of shape (K,)
    curve : list of float
        Mean log-density of the rows, before each step and at the end.
    """
    weights = np.full(len(logs), 1 / len(logs))
    curve = [_mixture_score(logs, row_weights, weights)]
    for _ in range(_EM_STEPS):
        shares = responsibilities(logs, _log(weights))
        counts = shares @ row_weights
        sparse = np.maximum(counts - _SPARSITY, 0)
        candidates = [counts / counts.sum()]
        if sparse.any():
            candidates.insert(0, sparse / sparse.sum())
        for candidate in candidates:
            score = _mixture_score(logs, row_weights, candidate)
            if score >= curve[-1]:
                break
        if score < curve[-1] + _EM_TOL:
            break
        weights = candidate
        curve.append(score)
    return weights, curve


def responsibilities(logs, log_weights):
    """Posterior probability of each network, given each row: shape (K, n)."""
    total = log_mean_exp(logs, log_weights)
    return np.exp(logs + log_weights[:, None] - total)


def _mixture_score(logs, row_weights, weights):
    return float(np.average(log_mean_exp(logs, _log(weights)), weights=row_weights))


def _log(weights):
    with np.errstate(divide="ignore"):
        return np.log(weights)


def log_acceptance(logs):
    """``log(geometric mean / arithmetic mean)``, at most 0.

    Rows drawn from the mixture and kept with this probability are from the product.
    """
    return np.minimum(mean_log(logs) - log_mean_exp(logs), 0.0)


def estimate_normalizer(draw_logs):
    """The logarithm of a product's constant, ``Z = E[geometric / arithmetic mean]``.

    The expectation is over the mixture; what is averaged lies between 0 and 1.

    Parameters
    ----------
    draw_logs : callable
        ``draw_logs(n)`` returns log-densities (K, n) of rows drawn from the mixture.

    Returns
    -------
    log_normalizer, standard_error : float
    """
    ratios = np.zeros(0)
    while len(ratios) < _NORMALIZER_ROWS:
        ratios = np.append(ratios, np.exp(log_acceptance(draw_logs(_NORMALIZER_BATCH))))
        mean = max(ratios.mean(), np.finfo(float).tiny)
        error = ratios.std() / (mean * np.sqrt(len(ratios)))
        if error <= _NORMALIZER_ERROR:
            break
    return float(np.log(mean)), float(error)
