"""What users pass beside tables: seeds, weights of rows, sizes of layers, and rows to judge by."""

from numbers import Integral

import numpy as np
from sklearn import get_config
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, _num_samples

# A weight below this share of the largest is zero.
_LEAST_WEIGHT = 1e-30
# What our random numbers of a seed differ by from others'.
_STREAM = 2015


def whole_table(X_val, X):
    """The rows to judge by, none of which cross-validation can have left out."""
    if callable(X_val):
        return X_val()
    is_routed = get_config()["enable_metadata_routing"]
    if X_val is not None and is_routed and _num_samples(X_val) == _num_samples(X):
        raise ValueError(
            f"X_val has as many rows as X, {_num_samples(X)}: where metadata is routed, "
            "cross-validation takes it for one value for each row of X, and cuts it. Pass a "
            "function that returns the table (X_val=lambda: table), which is handed on whole, or "
            "leave out a row of it."
        )
    return X_val


def checked_weights(sample_weight, n_rows):
    """Weights of rows, divided by the largest: sums of them cannot overflow.

    Those that no sum could tell from zero beside it are zero.
    """
    weights = _check_sample_weight(
        sample_weight, np.zeros(n_rows), dtype=np.float64, ensure_non_negative=True
    )
    if not weights.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")
    weights = weights / weights.max()
    return np.where(weights < _LEAST_WEIGHT, 0.0, weights)


def to_generator(random_state):
    """A NumPy generator from what scikit-learn accepts as random_state, or one that is given."""
    if isinstance(random_state, np.random.Generator):
        return random_state
    if isinstance(random_state, Integral):
        if random_state < 0:
            raise ValueError(
                f"random_state must not be negative; got {random_state}. Give None, a "
                "RandomState or an integer from 0 on."
            )
        # (A RandomState takes longer than a small sample. The second number keeps apart from
        # numbers that the caller draws with the same seed.)
        return np.random.default_rng([random_state, _STREAM])
    return np.random.default_rng(check_random_state(random_state).randint(2**31, size=4))


def checked_sizes(hidden_layer_sizes, residual):
    """Widths of the hidden layers as a list of int; None for "auto"."""
    if isinstance(hidden_layer_sizes, str):
        return None
    sizes = np.atleast_1d(hidden_layer_sizes).tolist()
    if not all(isinstance(size, int) and size > 0 for size in sizes):
        raise ValueError(
            f"hidden_layer_sizes must be positive integers; got {hidden_layer_sizes!r}."
        )
    if residual and len(set(sizes)) > 1:
        raise ValueError(
            "residual=True adds a hidden layer to the one before, so all must have the same "
            f"width; got hidden_layer_sizes={hidden_layer_sizes!r}."
        )
    return sizes
