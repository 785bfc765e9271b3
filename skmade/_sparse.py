"""Tables of which most cells are not stored, and are made dense some rows or a column at a time."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, issparse

#: So many cells of a table are made dense at a time.
DENSE_CELLS = 2**19


@dataclass(frozen=True)
class SparseRows:
    """Rows of which some cells are stored; the others are the same in all rows of a column.

    Parameters
    ----------
    stored : csr_array of shape (n, n_features)
        Sorted, and no cell twice.
    others : ndarray of shape (n_features,)
        What cells that are not stored hold, by column.
    """

    stored: csr_array
    others: np.ndarray

    @classmethod
    def of(cls, X):
        """The rows of a matrix of SciPy in the CSR format, which is left as it is."""
        stored = csr_array(X)
        if not stored.has_canonical_format:
            stored = csr_array(X, copy=True)
            stored.sum_duplicates()
        return cls(stored, np.zeros(X.shape[1], X.dtype))

    @classmethod
    def like(cls, rows, dtype):
        """Rows that store the same cells in another dtype, to be written."""
        stored = rows.stored
        data = np.empty(stored.nnz, dtype)
        made = csr_array((data, stored.indices, stored.indptr), shape=stored.shape)
        return cls(made, np.zeros(len(rows.others), dtype))

    @property
    def shape(self):
        """Rows and columns."""
        return self.stored.shape

    @property
    def dtype(self):
        """Of the cells."""
        return self.others.dtype

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, index):
        """Some of the rows."""
        return SparseRows(self.stored[index], self.others)

    def write(self, rows, cells):
        """Write a slice of the rows from a dense table of them."""
        begin, end = self.stored.indptr[[rows.start, rows.stop]]
        places = self._places(rows)
        self.stored.data[begin:end] = cells[places]
        is_other = np.ones(cells.shape, bool)
        is_other[places] = False
        columns = np.flatnonzero(is_other.any(axis=0))
        self.others[columns] = cells[is_other.argmax(axis=0)[columns], columns]

    def toarray(self):
        """The rows as a dense table."""
        dense = np.empty(self.shape, self.dtype)
        dense[:] = self.others
        dense[self._places(slice(0, len(self)))] = self.stored.data
        return dense

    def _places(self, rows):
        """Row, counted from the first of them, and column of each cell that rows store."""
        ends = self.stored.indptr[rows.start : rows.stop + 1]
        numbers = np.repeat(np.arange(len(ends) - 1), np.diff(ends))
        return numbers, self.stored.indices[ends[0] : ends[-1]]

    def missing_by_column(self):
        """How many cells of each column are missing."""
        missing = self.stored.indices[np.isnan(self.stored.data)]
        return np.bincount(missing, minlength=len(self.others))

    def copy(self):
        """The same rows, to be changed."""
        return SparseRows(self.stored.copy(), self.others.copy())

    def hold_within(self, limit, j, is_far):
        """Make numbers of a column, in rows that a mask marks, no larger than this."""
        stored = self.stored
        own = np.flatnonzero(stored.indices == j)
        rows = np.searchsorted(stored.indptr, own, side="right") - 1
        far = own[is_far[rows]]
        stored.data[far] = np.copysign(limit, stored.data[far])
        if np.delete(is_far, rows).any():
            self.others[j] = np.copysign(limit, self.others[j])

    def n_missing(self, columns):
        """How many cells of each row are missing, in columns that a mask marks."""
        stored, counted = self.stored, columns[self.stored.indices] & np.isnan(self.stored.data)
        rows = np.repeat(np.arange(len(self)), np.diff(stored.indptr))
        return np.bincount(rows[counted], minlength=len(self))

    def columns(self):
        """Each column, dense."""
        stored = self.stored.tocsc()
        for other, begin, end in zip(self.others, stored.indptr, stored.indptr[1:]):
            column = np.full(len(self), other)
            column[stored.indices[begin:end]] = stored.data[begin:end]
            yield column

    def min(self):
        """The least of all that is held; NaN if a cell is missing."""
        return np.minimum(self.others.min(), self.stored.data.min(initial=self.others[0]))


def dense(X):
    """Sparse rows, or a matrix of SciPy, as an array; all else as it is."""
    return X.toarray() if isinstance(X, SparseRows) or issparse(X) else X


def n_missing(table, columns):
    """How many cells of each row of a table are missing, in columns that a mask marks."""
    if isinstance(table, SparseRows):
        return table.n_missing(columns)
    return np.isnan(table[:, columns]).sum(axis=1)


def columns_of(table):
    """Each column of a table, dense."""
    return table.columns() if isinstance(table, SparseRows) else table.T
