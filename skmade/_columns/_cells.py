"""The cells of one column, whatever library they come from: plain arrays.

Numbers, booleans, moments and spans of time stay what they are. Labels (text, categories)
are codes into a list of levels: they are compared as labels, and never read as numbers.
"""

from collections.abc import Hashable
from dataclasses import dataclass, replace

import numpy as np

_TEXT = (str, bytes)
_NUMBERS = (int, float, np.integer, np.floating)
_BOOLEANS = (bool, np.bool_)
_MISSING_NAMES = ("NoneType", "NAType", "NaTType")


@dataclass(frozen=True)
class Cells:
    """The cells of one column.

    Parameters
    ----------
    label : object
        What the column is called in messages.
    values : ndarray of shape (n,)
        Of bool, integers, floats, datetime64 or timedelta64; for labels, codes.
    missing : ndarray of bool of shape (n,), or None
        Which cells are missing; None where none are.
    levels : list or None
        Of labels: what the codes stand for, plain values.
    declared : bool
        Whether the levels are those of the column's dtype, in its order, seen or not.
    is_zoned : bool
        Whether moments are of a time zone; their values are then those of UTC.
    mixture : str
        Of labels: why they can be those of no column of `fit`, as numbers beside text. (In a
        query they are labels that were not seen.)
    places : ndarray of int of shape (n,), or None
        Where the cells were before some were left out.
    """

    label: object
    values: np.ndarray
    missing: np.ndarray | None = None
    levels: list | None = None
    declared: bool = False
    is_zoned: bool = False
    mixture: str = ""
    places: np.ndarray | None = None

    def place(self, row):
        """Where a cell was before some were left out."""
        return int(row if self.places is None else self.places[row])

    @property
    def kind(self):
        """NumPy's letter for the kind of the values, "L" for labels, "" if all are missing."""
        if self.missing is not None and self.missing.all():
            return ""
        return self.values.dtype.kind if self.levels is None else "L"

    def rows(self, index):
        """Some of the cells; of levels that are not declared those that are left."""
        missing = None if self.missing is None else some(self.missing[index])
        places = np.arange(len(self.values)) if self.places is None else self.places
        part = replace(self, values=self.values[index], missing=missing, places=places[index])
        if self.levels is None or self.declared:
            return part
        used = np.unique(part.known())
        codes = np.zeros(len(self.levels), np.int64)
        codes[used] = np.arange(len(used))
        return replace(part, values=codes[part.values], levels=[self.levels[k] for k in used])

    def known(self):
        """The values of the cells that are not missing."""
        return self.values if self.missing is None else self.values[~self.missing]

    def describe(self):
        """What the cells hold, in a word or two, for messages."""
        if self.levels is None:
            return {"b": "flags", "M": "moments", "m": "spans of time"}.get(self.kind, "numbers")
        known = self.known()
        example = f" ({self.levels[known[0]]!r})" if len(known) else ""
        is_text = all(isinstance(level, _TEXT) for level in self.levels)
        return f"{'text' if is_text else 'labels'}{example}"


def plain_label(level):
    """A label as a plain value; what is neither text nor number by how it is printed."""
    level = level.item() if isinstance(level, np.generic) else level
    if isinstance(level, str):
        return str.__str__(level)  # of a class of its own, as those of enum.StrEnum
    return level if isinstance(level, (str, bytes, bool, int, float)) else str(level)


def some(mask):
    """`mask`, or None where it marks nothing."""
    return mask if mask is not None and mask.any() else None


def cells_of_array(label, column):
    """Cells of a one-dimensional NumPy array.

    Raises
    ------
    TypeError
        If the array holds what is neither number, flag, moment nor label.
    """
    kind = column.dtype.kind
    if kind in "biu":
        return Cells(label, column)
    if kind == "f":
        return Cells(label, column, some(np.isnan(column)))
    if kind in "Mm":
        return _cells_of_times(label, column)
    if kind in "US":
        levels, codes = np.unique(column, return_inverse=True)
        return Cells(label, codes.ravel(), levels=levels.tolist())
    if kind in "OT":
        return _cells_of_objects(label, column.astype(object))
    raise ValueError(
        f"Column {label} has dtype {column.dtype}, which cannot be a feature: give numbers, flags, "
        "text, categories, moments or spans of time. (Complex data not supported.)"
    )


def _cells_of_times(label, column):
    if np.datetime_data(column.dtype)[0] == "generic":
        raise TypeError(
            f"Column {label} has dtype {column.dtype} without a unit; convert it, for example "
            f"with astype('{column.dtype}[s]')."
        )
    return Cells(label, column, some(np.isnat(column)))


def cells_of_labels(label, column, missing):
    """Cells of an array of labels (objects); sorted levels, else in order of first occurrence."""
    known = column if missing is None else column[~missing]
    try:
        levels = list(dict.fromkeys(known.tolist()))
        if any(isinstance(level, str) and type(level) is not str for level in levels):
            plain = {level: plain_label(level) for level in levels}
            return cells_of_labels(label, _renamed(column, plain), missing)
    except TypeError:
        raise _wrong_type(label, next(x for x in known if not isinstance(x, Hashable))) from None
    try:
        levels = sorted(levels)
    except TypeError:
        pass
    index = {level: code for code, level in enumerate(levels)}
    codes = np.zeros(len(column), np.int64)
    codes[... if missing is None else ~missing] = np.fromiter(
        map(index.__getitem__, known.tolist()), np.int64, len(known)
    )
    return Cells(label, codes, missing, levels)


def _renamed(column, names):
    """Objects of an array by other names, where there are some."""
    renamed = np.empty(len(column), object)
    renamed[:] = [names.get(x, x) for x in column.tolist()]
    return renamed


def _cells_of_objects(label, column):
    """What an array of objects holds: nothing but bools, numbers or text, or else a mixture."""
    types = set(map(type, column.tolist()))
    known = (*_TEXT, *_NUMBERS, *_BOOLEANS)
    wrong = tuple(t for t in types if not issubclass(t, known) and t.__name__ not in _MISSING_NAMES)
    if wrong:
        error = _wrong_type(label, next(x for x in column if isinstance(x, wrong)))
        if not all(isinstance(x, Hashable) for x in column):
            raise error
    missing = _missing_objects(column, types)
    if wrong:
        return replace(cells_of_labels(label, column, missing), mixture=str(error))
    types = {t for t in types if t.__name__ not in _MISSING_NAMES}
    if missing is not None and missing.all():
        return Cells(label, np.zeros(len(column)), missing)
    if missing is not None:
        types = set(map(type, column[~missing].tolist()))
    if all(issubclass(t, _TEXT) for t in types):
        return cells_of_labels(label, column, missing)
    if all(issubclass(t, _BOOLEANS) for t in types):
        return Cells(label, _filled(column, missing, False).astype(bool), missing)
    if all(issubclass(t, (*_NUMBERS, *_BOOLEANS)) for t in types):
        if any(issubclass(t, (float, np.floating)) for t in types):
            return cells_of_array(label, _filled(column, missing, np.nan).astype(np.float64))
        return Cells(label, _as_integers(label, _filled(column, missing, 0)), missing)
    text = next(x for x in column if isinstance(x, _TEXT))
    number = next(x for x in column if isinstance(x, (*_NUMBERS, *_BOOLEANS)) and x == x)
    mixture = (
        f"Column {label} mixes numbers and text ({number!r} and {text!r}); make all of its cells "
        "numbers (text that stands for a gap: NaN), or all of them text."
    )
    return replace(cells_of_labels(label, column, missing), mixture=mixture)


def check_one_kind(cells):
    """Raise TypeError for a mixture."""
    if cells.mixture:
        raise TypeError(cells.mixture)


def _as_integers(label, column):
    for dtype in (np.int64, np.uint64):
        try:
            return column.astype(dtype)
        except OverflowError:
            continue
    raise ValueError(
        f"Column {label} has integers beyond 64 bits; make them floats, or text if they are names."
    )


def _missing_objects(column, types):
    """Which objects are None, NaN, pandas' NA or NaT; None where none are."""
    mask = None
    if any(issubclass(t, (float, np.floating)) or t.__name__ in _MISSING_NAMES for t in types):
        # (NaN alone differs from itself; what pandas' NA says of itself is no bool)
        marks = {x: np.nan for x in _marks(column, types)}
        plain = np.array(list(map(marks.get, column.tolist(), column.tolist())), object)
        mask = some(np.asarray(plain != plain, bool))
    return mask


def _marks(column, types):
    """One object of each type that stands for a missing cell."""
    names = {t for t in types if t.__name__ in _MISSING_NAMES}
    return [next(x for x in column if type(x) is t) for t in names]


def _filled(column, missing, value):
    if missing is None:
        return column
    filled = column.copy()
    filled[missing] = value
    return filled


def _wrong_type(label, value):
    return TypeError(
        f"Column {label} holds {value!r}, of type {type(value).__name__}: every argument must be "
        "a string or a real number or a flag. Convert the column (dates: to datetime64), or "
        "leave it out."
    )
