"""A table, read: numbers in arrays stay whole, all others are cells, column by column."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.validation import check_array, validate_data

from skmade._columns._cells import cells_of_array
from skmade._columns._frames import as_frame, block_of_frame, describe, names_of, read_frame
from skmade._sklearn import with_names
from skmade._sparse import DENSE_CELLS, SparseRows, columns_of


@dataclass
class Table:
    """Rows to be trained on, scored or filled in.

    Parameters
    ----------
    given : array, sparse matrix or DataFrame
        The rows as they came, but lists as arrays, and what is sparse as CSR.
    block : ndarray or SparseRows of shape (n, n_features), or None
        All columns, if the table is an array of numbers or flags.
    columns : list of Cells, or None
        Each column, where it was read.
    is_frame : bool
        Whether it is a DataFrame.
    positions : ndarray of int of shape (n,), or None
        Which rows of X these are, where some were left out.
    """

    given: object
    block: np.ndarray | SparseRows | None
    columns: list | None
    is_frame: bool
    positions: np.ndarray | None = None

    @classmethod
    def read(cls, estimator, X, *, reset, n_least=1, accept_sparse="csr"):
        """Read X, which must have the features of `fit`.

        Raises
        ------
        ValueError, TypeError
            As `sklearn.utils.validation.validate_data`; for columns of dtypes that cannot be
            features, naming them.
        """
        frame = as_frame(X)
        if frame is not None:
            names = names_of(frame)
            _check_names(names)
            validate_data(estimator, with_names(frame, names), reset=reset, skip_check_array=True)
            if min(frame.shape) == 0 or frame.shape[0] < n_least:  # for scikit-learn's own words
                check_array(np.zeros(frame.shape), estimator=estimator, ensure_min_samples=n_least)
            return cls(frame, block_of_frame(frame), None, True)
        _check_layout(X)
        if isinstance(X, np.ma.MaskedArray) and X.dtype.kind in "biuf":
            X = X.astype(float).filled(np.nan)  # what is masked is missing
        if isinstance(X, (list, tuple)) and _array_of(X).dtype.kind in "US":
            X = np.array(X, object)  # whose numbers are no text
        if getattr(getattr(X, "dtype", None), "kind", "") == "c":
            raise ValueError(
                f"Complex data not supported: X has dtype {X.dtype}; convert it to numbers, such "
                "as real and imaginary parts in columns of their own."
            )
        X = validate_data(
            estimator, X, accept_sparse=accept_sparse, reset=reset, dtype=None,
            ensure_all_finite=False, ensure_min_samples=n_least,
        )  # fmt: skip
        if issparse(X):
            return cls(X, SparseRows.of(X), None, False)
        X = np.asarray(X)  # (with array_api_dispatch, it may be of another library)
        if X.dtype.kind in "biuf":
            return cls(X, X, None, False)
        return cls(X, None, [cells_of_array(j, column) for j, column in enumerate(X.T)], False)

    def __len__(self):
        return self.shape[0]

    @property
    def shape(self):
        """Rows and columns."""
        if self.block is not None:
            return self.block.shape
        cells = self.cells()
        return len(cells[0].values), len(cells)

    @property
    def is_sparse(self):
        """Whether it is never to be made dense as a whole."""
        return isinstance(self.block, SparseRows)

    def stretches(self):
        """Slices of the rows of a sparse table, each with the dense table of these rows."""
        n_rows, n_columns = self.shape
        positions = np.arange(n_rows) if self.positions is None else self.positions
        size = max(1, DENSE_CELLS // n_columns)
        for begin in range(0, n_rows, size):
            rows = slice(begin, min(begin + size, n_rows))
            dense = self.block[rows].toarray()
            yield rows, Table(self.given, dense, None, False, positions[rows])

    def names(self):
        """Names of the columns of a frame; none of an array's."""
        return names_of(self.given) if self.is_frame else []

    def cells(self):
        """Cells of each column; of a sparse table one after the other, which nobody keeps."""
        if self.columns is not None:
            return self.columns
        if self.is_frame:
            self.columns = read_frame(self.given)
            return self.columns
        cells = (
            replace(cells_of_array(j, column), positions=self.positions)
            for j, column in enumerate(columns_of(self.block))
        )
        if self.is_sparse:
            return cells
        self.columns = list(cells)
        return self.columns

    def rows(self, kept):
        """The rows that a mask keeps."""
        if np.all(kept):
            return self
        positions = np.flatnonzero(kept) if self.positions is None else self.positions[kept]
        block, columns = None if self.block is None else self.block[kept], None
        if not self.is_sparse:
            columns = [replace(cells.rows(kept), positions=positions) for cells in self.cells()]
        return Table(self.given, block, columns, self.is_frame, positions)

    def container(self):
        """A record of what the rows came in: a frame, or an array of a dtype."""
        if self.is_frame:
            return describe(self.given)
        return _array_record(self.given.dtype)

    @cached_property
    def may_have_gaps(self):
        """Whether cells may be missing; whether, besides, some may be infinite, for a block."""
        if self.block is None:
            return any(cells.missing is not None for cells in self.cells())
        with np.errstate(all="ignore"):
            is_float = self.block.dtype.kind == "f"
            return is_float and not np.isfinite(self.block.sum(dtype=np.float64))

    def missing_by_column(self):
        """How many cells of each column are missing: (n_features,)."""
        if self.is_sparse:
            return self.block.missing_by_column()
        if not self.may_have_gaps:
            return np.zeros(self.shape[1], int)
        return np.count_nonzero(self.missing(), axis=0)

    def missing(self):
        """Which cells are missing: (n, n_features)."""
        if self.is_sparse:
            return np.concatenate([stretch.missing() for _, stretch in self.stretches()])
        missing = np.zeros(self.shape, bool)
        if self.block is not None:
            if self.block.dtype.kind == "f":
                np.isnan(self.block, out=missing)
            return missing
        for j, cells in enumerate(self.cells()):
            if cells.missing is not None:
                missing[:, j] = cells.missing
        return missing


def _check_layout(X):
    """Raise TypeError for columns in what is neither an array nor a frame, and ValueError for what
    is sparse and has no rows and columns."""
    is_records = getattr(getattr(X, "dtype", None), "names", None) is not None
    is_mapping = isinstance(X, Mapping) and not issparse(X)  # (as some of scipy.sparse are)
    if is_mapping or is_records:
        what = "an array of records" if is_records else f"a {type(X).__name__}"
        raise TypeError(f"X is {what}: make a DataFrame of it, such as pandas.DataFrame(X).")
    if issparse(X) and X.ndim != 2:  # (which an older SciPy cannot convert)
        raise ValueError(
            f"Expected 2D array, got a sparse array of {X.ndim} dimension(s): reshape it to rows "
            "and columns, such as X.reshape(1, -1) for one row."
        )


def _check_names(names):
    """Raise ValueError for names that several columns have."""
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(
            f"Column {twice!r} occurs {names.count(twice)} times; rename columns, so that errors "
            "and draws can tell them apart, or pass an array."
        )


def _array_of(X):
    """What NumPy makes of a list; of objects where rows differ in length, for checks to refuse."""
    try:
        return np.asarray(X)
    except (ValueError, TypeError):
        return np.empty(0, object)


def _array_record(dtype):
    """A record of an array's dtype: plain values."""
    record = {"library": "numpy", "dtype": dtype.str}
    if dtype.kind == "T":
        record["dtype"] = "T"
        if hasattr(dtype, "na_object"):
            record["na"] = dtype.na_object
    return record


def array_dtype(record):
    """The dtype recorded."""
    if "na" in record:
        return np.dtypes.StringDType(na_object=record["na"])
    return np.dtype(record["dtype"])


def missing_value(dtype):
    """What stands for a missing cell in an array."""
    if dtype.kind in "Mm":
        return np.array("NaT", dtype)
    return getattr(dtype, "na_object", None) if dtype.kind in "OT" else np.nan
