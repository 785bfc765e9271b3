"""Orderings of the features: in which order the model generates them.

Features with more missing cells come later, where orderings are drawn. What a feature is given
others is learnt from rows in which they are observed, and draws are complete: were a feature first
that is missing more often in some rows than in others, all that follow would be drawn as they are
in rows that have it. After what its gaps depend on, it has what it would have in all rows, if cells
are missing at random; with gaps that are nested in each other, as the observed likelihood has it
[1]_.

References
----------
.. [1] R. J. A. Little and D. B. Rubin. Statistical Analysis with Missing Data, chapter 7 (monotone
   patterns). Wiley, 2002.
"""

import numpy as np

# Features whose shares of missing cells differ by less may come in any order.
_ALIKE = 0.1


def make_ordering(ordering, n_features, rng, gaps=None):
    """Permutation of the features, the first to be generated first.

    Parameters
    ----------
    ordering : {"random", "natural"}, dict, or array-like of shape (n_features,)
        An explicit permutation is returned as it is. A dict has the features that come last, in
        random order as the others, as "last".
    n_features : int
    rng : numpy.random.Generator
        Drawn from for random orderings only.
    gaps : ndarray of shape (n_features,), optional
        Share of missing cells of each feature, by which random orderings are sorted.

    Returns
    -------
    ndarray of shape (n_features,), int64

    Raises
    ------
    ValueError
        If `ordering` is not a permutation of ``range(n_features)``.
    """
    gaps = np.zeros(n_features) if gaps is None else gaps
    if isinstance(ordering, dict):
        others = np.setdiff1d(np.arange(n_features), ordering["last"])
        parts = (others, ordering["last"])
        return np.concatenate([_by_gaps(rng.permutation(part), gaps) for part in parts])
    if isinstance(ordering, str):
        if ordering == "natural":
            return np.arange(n_features)
        return _by_gaps(rng.permutation(n_features), gaps)
    permutation = np.asarray(ordering)
    if permutation.shape != (n_features,) or not np.array_equal(
        np.sort(permutation), np.arange(n_features)
    ):
        raise ValueError(
            f"ordering must be 'random', 'natural' or a permutation of the {n_features} features "
            f"0..{n_features - 1}, each once; got {ordering!r}."
        )
    return permutation.astype(np.int64)


def _by_gaps(order, gaps):
    """Features in this order, but for those whose gaps differ."""
    place = np.arange(len(order)) / max(len(order), 1)
    return order[np.argsort(gaps[order] + _ALIKE * place, kind="stable")]
