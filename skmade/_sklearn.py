"""The one door to scikit-learn's validation: what counts as rows of X."""

import numpy as np
from sklearn.utils._missing import is_pandas_na, is_scalar_nan
from sklearn.utils.validation import validate_data


def validate_rows(estimator, X, *, reset, categorical, **checks):
    """X as a two-dimensional array, float where all columns are numbers.

    Text is let through only where `categorical` says that some column may hold it.

    Raises
    ------
    ValueError, TypeError
        As `sklearn.utils.validation.validate_data`.
    """
    dtype = None if categorical else [np.float64, np.float32]
    X = validate_data(estimator, X, reset=reset, dtype=dtype, **checks)
    if X.dtype.kind in "biu":
        return X.astype(np.float64)
    if X.dtype.kind == "O":
        try:
            return X.astype(np.float64)
        except (TypeError, ValueError):
            return X
    return X


def is_missing(X):
    """Where an array has NaN, None or pandas' NA."""
    if X.dtype.kind == "f":
        return np.isnan(X)
    if X.dtype.kind != "O":
        return np.zeros(X.shape, bool)
    return np.vectorize(lambda x: x is None or is_scalar_nan(x) or is_pandas_na(x), [bool])(X)


def feature_labels(estimator):
    """What to call the columns in messages: their names, or else their numbers."""
    names = getattr(estimator, "feature_names_in_", None)
    return range(estimator.n_features_in_) if names is None else [repr(name) for name in names]
