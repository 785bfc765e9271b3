"""Categories: columns of labels."""

from dataclasses import dataclass, field

import numpy as np

from skmade._columns._cells import time_label
from skmade._columns._column import Column, exact_numbers, rare_share
from skmade._families import make_family
from skmade._warnings import warn

# A column of labels of which so many labels occur once is a name, not a category.
_SHARE_OF_NAMES, _FEWEST_NAMES = 0.9, 50


@dataclass(kw_only=True)
class Category(Column):
    """A column of labels: the network sees the code of a label, one-hot.

    With ``handle_unknown="rare"``, labels that were not seen have a probability together, `rare`.

    Parameters
    ----------
    levels : list
        The labels, in the order of their codes: those the dtype declares, else those seen.
    is_zoned : bool
        Whether labels that are moments are of a time zone.
    single : list of int
        In `fit` only: codes of labels that one row has, and that no dtype declares.
    """

    levels: list
    is_zoned: bool = False
    reads_numbers = False
    single: list = field(default_factory=list, repr=False, compare=False)
    _index: dict = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        self._index = {label: code for code, label in enumerate(self._labels())}

    def _labels(self):
        """The levels as they are looked up: moments and spans are so in every unit."""
        if np.dtype(self.dtype).kind not in "Mm":
            return self.levels
        ticks = np.array(self.levels, np.int64)
        return [time_label(time, self.is_zoned) for time in ticks.view(self.dtype)]

    def state(self):
        """The column as plain arrays and values."""
        kept = super().state()
        return {key: kept[key] for key in kept if key not in ("_index", "single")}

    @classmethod
    def learn(cls, cells, handle_unknown):
        """From cells of any kind: numbers are labels, too."""
        if cells.levels is None:
            dtype = cells.values.dtype.name
            levels, codes = np.unique(exact_numbers(cells, dtype), return_inverse=True)
            levels, codes = levels.tolist(), codes.ravel()
        else:
            levels, codes, dtype = cells.levels, cells.known(), "object"
        counts = np.bincount(codes, minlength=len(levels))
        _warn_of_names(cells, counts)
        rare = None
        if handle_unknown == "rare":
            rare = rare_share(np.sum(counts == 1), len(codes))
        return cls(
            label=cells.label, dtype=dtype, conditional="categorical", levels=levels, rare=rare,
            is_zoned=cells.is_zoned,
            single=[] if cells.declared else np.flatnonzero(counts == 1).tolist(),
        )  # fmt: skip

    def read(self, cells):
        """Codes; of labels that are not known one more than the last of them.

        Raises
        ------
        ValueError
            For these, if they have no probability.
        """
        if cells.levels is None:
            values, inverse = np.unique(cells.values, return_inverse=True)
            levels, inverse = _labels_of(values, cells.is_zoned), inverse.ravel()
        else:
            levels, inverse = cells.levels, cells.values
        unknown = len(self.levels)
        numbers = np.array(self._codes(levels, cells) or [0], float)[inverse]
        if cells.missing is not None:
            numbers[cells.missing] = np.nan
        if self.rare is None and np.any(numbers == unknown):
            self._refuse(inverse[numbers == unknown], levels)
        return numbers

    def _codes(self, labels, cells):
        """Codes of labels, one more than the last where they are not known.

        Floats are compared in the coarser precision of the column's and of the cells'.
        """
        index, unknown = self._index, len(self.levels)
        own = _precision(self.levels) if self.dtype == "object" else np.dtype(self.dtype)
        dtypes = [own, cells.values.dtype if cells.levels is None else _precision(labels)]
        floats = [dtype for dtype in dtypes if dtype is not None and dtype.kind == "f"]
        dtype = min(floats, key=lambda dtype: dtype.itemsize, default=None)
        if dtype in (np.float16, np.float32):
            index = {_rounded(label, dtype): code for label, code in index.items()}
            labels = [_rounded(label, dtype) for label in labels]
        return [index.get(label, unknown) for label in labels]

    def _refuse(self, wrong, levels):
        names = sorted({levels[k] for k in np.unique(wrong)[:5]}, key=str)
        raise ValueError(
            f"Found unknown categories {names} in column {self.label}: they did not occur in fit, "
            "and their probability is not defined. Set handle_unknown='rare' to give labels that "
            "were not seen a probability, drop these rows, or fit on rows with them."
        )

    def as_unseen(self, codes):
        """Codes, but of labels that no other row has that of labels that were not seen."""
        is_alone = np.isin(codes, self.single) & (self.rare is not None)
        return np.where(is_alone, len(self.levels), codes)

    def extras(self, numbers):
        """What is to be added to the log-probability of each cell, besides the offset."""
        return np.where(numbers == len(self.levels), np.log(self.rare) - self.offset, 0.0)

    def write(self, numbers):
        """Labels."""
        codes = np.minimum(numbers.astype(np.int64), len(self.levels) - 1)  # (unseen: kept as is)
        if self.dtype == "object":
            labels = np.empty(len(self.levels), object)
            labels[:] = self.levels
            return labels[codes]
        if np.dtype(self.dtype).kind in "Mm":
            return np.array(self.levels, np.int64).view(self.dtype)[codes]
        return np.array(self.levels, self.dtype)[codes]

    def family(self, n_components):
        """Of the conditional."""
        return make_family(self.conditional, n_categories=len(self.levels))


def _labels_of(values, is_zoned):
    """Numbers, moments and spans of time as labels."""
    if values.dtype.kind in "Mm":
        return [time_label(time, is_zoned) for time in values]
    return values.tolist()


def _precision(labels):
    """The dtype of floats among labels: of doubles, if they are not all of single precision.

    (Levels that a library declares have lost their dtype.)
    """
    floats = np.array([label for label in labels if isinstance(label, float)])
    with np.errstate(over="ignore"):
        is_short = np.any(floats % 1 != 0) and np.all(floats.astype(np.float32) == floats)
    return np.dtype(np.float32 if is_short else float)


def _rounded(label, dtype):
    """A label in the precision of `dtype`, if it is a float."""
    with np.errstate(over="ignore"):
        return float(dtype.type(label)) if isinstance(label, float) else label


def _warn_of_names(cells, counts):
    """Warn of a column of labels that names its rows."""
    n_rows = counts.sum()
    if cells.levels is None or n_rows < _FEWEST_NAMES:
        return
    if np.sum(counts == 1) > _SHARE_OF_NAMES * n_rows:
        warn(
            f"Column {cells.label} has {np.sum(counts > 0)} labels in {n_rows} rows: it looks "
            "like a name or an identifier, from which nothing can be learnt, and takes a parameter "
            "for each label and unit. Leave it out."
        )
