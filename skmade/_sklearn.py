"""The one door to scikit-learn's validation: what counts as rows of X."""

import numpy as np
from sklearn.utils._indexing import _get_column_indices
from sklearn.utils._missing import is_pandas_na, is_scalar_nan
from sklearn.utils.validation import check_array, validate_data

from skmade._frames import as_objects, describe, is_categorical


def validate_rows(estimator, X, *, reset, **checks):
    """X as a two-dimensional array: of floats where all columns are numbers, else of objects.

    Raises
    ------
    ValueError, TypeError
        As `sklearn.utils.validation.validate_data`.
    """
    frame = describe(X)
    if (
        frame and is_categorical(frame).any()
    ):  # dtypes of categories with missing values are not for check_array
        X = validate_data(estimator, X, reset=reset, skip_check_array=True)
        X = check_array(as_objects(X), dtype=None, estimator=estimator, **checks)
    else:
        X = validate_data(estimator, X, reset=reset, dtype=None, **checks)
    if X.dtype.kind == "f" and X.dtype.itemsize in (4, 8):
        return X
    if X.dtype.kind in "biuf":
        return X.astype(np.float64)
    if X.dtype.kind not in "OUS":
        raise ValueError(
            f"Complex data not supported: X has dtype {X.dtype}; give numbers, flags or text."
        )
    X = X.astype(object)
    if "ensure_all_finite" in checks:
        X[is_missing(X)] = np.nan
    elif is_missing(X).any():
        raise ValueError(
            "Input X contains NaN or None; fill in missing values, or drop their rows."
        )
    try:
        return X.astype(np.float64)
    except ValueError:
        return X


def column_mask(X, key):
    """Which columns of X a mask, names or indices stand for."""
    mask = np.zeros(X.shape[1], bool)
    if key is not None and len(key):
        mask[_get_column_indices(X, np.asarray(key).tolist())] = True
    return mask


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
