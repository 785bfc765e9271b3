"""The one door to scikit-learn's private parts."""

import numpy as np
from sklearn.utils._indexing import _get_column_indices


def column_mask(X, key):
    """Which columns of X a mask, names or indices stand for."""
    mask = np.zeros(X.shape[1], bool)
    if key is not None and len(key):
        mask[_get_column_indices(X, np.asarray(key).tolist())] = True
    return mask
