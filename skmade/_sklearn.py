"""The one door to scikit-learn's private parts."""

from dataclasses import dataclass

import numpy as np
from sklearn.utils._indexing import _get_column_indices
from sklearn.utils.validation import _get_feature_names


@dataclass
class _NamedColumns:
    """Names of columns, by the interchange protocol of frames."""

    names: list
    shape: tuple

    def __dataframe__(self):
        return self

    def column_names(self):
        """Names of the columns."""
        return self.names


def with_names(frame, names):
    """What scikit-learn reads the names of a frame from.

    It is the frame itself, but for versions of scikit-learn that do not know its library.
    """
    return frame if _get_feature_names(frame) is not None else _NamedColumns(names, frame.shape)


def column_mask(n_features, names, key):
    """Which columns a mask, names or positions stand for.

    Raises
    ------
    ValueError
        For names that no column has, and positions out of range.
    """
    mask, key = np.zeros(n_features, bool), [] if key is None else np.asarray(key).tolist()
    if len(key) and all(isinstance(name, str) for name in key):
        unknown = set(key) - set(names)
        if unknown:
            raise ValueError(
                f"categorical_features names {sorted(unknown)}, which X does not have; its columns "
                f"are {list(names)}."
            )
        mask[[names.index(name) for name in key]] = True
    elif len(key):
        try:
            if len(key) != n_features and all(isinstance(x, bool) for x in key):
                raise ValueError(f"a mask of {len(key)}")
            mask[_get_column_indices(np.empty((1, n_features)), key)] = True
        except ValueError as error:
            raise ValueError(
                f"categorical_features must be names, positions, or a mask, of the {n_features} "
                f"columns of X; got {key} ({error})."
            ) from None
    return mask
