"""Orderings of the features: in which order the model generates them."""

import numpy as np


def make_ordering(ordering, n_features, rng):
    """Permutation of the features, the first to be generated first.

    Parameters
    ----------
    ordering : {"random", "natural"}, dict, or array-like of shape (n_features,)
        An explicit permutation is returned as it is. A dict has the features that come last, in
        random order as the others, as "last".
    n_features : int
    rng : numpy.random.Generator
        Drawn from for random orderings only.

    Returns
    -------
    ndarray of shape (n_features,), int64

    Raises
    ------
    ValueError
        If `ordering` is not a permutation of ``range(n_features)``.
    """
    if isinstance(ordering, dict):
        others = np.setdiff1d(np.arange(n_features), ordering["last"])
        return np.concatenate([rng.permutation(part) for part in (others, ordering["last"])])
    if isinstance(ordering, str):
        if ordering == "natural":
            return np.arange(n_features)
        return rng.permutation(n_features)
    permutation = np.asarray(ordering)
    if permutation.shape != (n_features,) or not np.array_equal(
        np.sort(permutation), np.arange(n_features)
    ):
        raise ValueError(
            f"ordering must be 'random', 'natural' or a permutation of the {n_features} features "
            f"0..{n_features - 1}, each once; got {ordering!r}."
        )
    return permutation.astype(np.int64)
