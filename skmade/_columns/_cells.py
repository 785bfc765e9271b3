"""The cells of one column, whatever library they come from: plain arrays.

Numbers, booleans, moments and spans of time stay what they are. Labels (text, categories)
are codes into a list of levels: they are compared as labels, and never read as numbers.
"""

import datetime
from collections.abc import Hashable
from dataclasses import dataclass, replace

import numpy as np

_TEXT = (str, bytes)
_NUMBERS = (int, float, np.integer, np.floating)
_BOOLEANS = (bool, np.bool_)
_MISSING_NAMES = ("NoneType", "NAType", "NaTType")
# From the coarsest on that all moments and spans have.
_UNITS = ("s", "ms", "us", "ns", "ps", "fs", "as")


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
    zone : str or None
        Its name, if clocks of it are known.
    problem : Exception or None
        Why cells can be nothing but labels, and these only of a column whose labels are known.
    positions : ndarray of int of shape (n,), or None
        Rows of X, counted from 0, where some were left out.
    """

    label: object
    values: np.ndarray
    missing: np.ndarray | None = None
    levels: list | None = None
    declared: bool = False
    is_zoned: bool = False
    zone: str | None = None
    problem: Exception | None = None
    positions: np.ndarray | None = None

    @property
    def kind(self):
        """NumPy's letter for the kind of the values, "L" for labels, "" if all are missing."""
        if self.missing is not None and self.missing.all():
            return ""
        return self.values.dtype.kind if self.levels is None else "L"

    @property
    def holds_text(self):
        """Whether some of the labels are text."""
        return any(isinstance(level, (str, bytes)) for level in self.levels or ())

    def rows(self, index):
        """Some of the cells; of levels that are not declared those that are left."""
        missing = None if self.missing is None else some(self.missing[index])
        part = replace(self, values=self.values[index], missing=missing)
        if self.levels is None or self.declared:
            return part
        used = np.unique(part.known())
        codes = np.zeros(len(self.levels), np.int64)
        codes[used] = np.arange(len(used))
        return replace(part, values=codes[part.values], levels=[self.levels[k] for k in used])

    def position(self, mask):
        """The row of X of the first cell that a mask marks."""
        row = np.argmax(mask)
        return int(row if self.positions is None else self.positions[row])

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
    """A label as a plain value; what is neither text nor number as text in angle brackets."""
    if isinstance(level, np.generic) and level.dtype.kind not in "Mm":
        level = level.item()
    if isinstance(level, str):
        return str.__str__(level)  # (enumerations have another str)
    for kind in (bool, bytes, int, float):
        if isinstance(level, kind):
            return kind(level)
    time, is_zoned = _numpy_time(level)
    return f"<{level}>" if time is None else time_label(time, is_zoned)


def time_label(time, is_zoned=False):
    """A moment or span of time of NumPy as text in angle brackets, the same in every unit."""
    casts = (time.astype(f"{time.dtype.kind}8[{unit}]") for unit in _UNITS)
    coarsest = next((cast for cast in casts if cast.astype(time.dtype) == time), time)
    return f"<{str(coarsest).replace('T', ' ')}{'+00:00' if is_zoned else ''}>"


def _numpy_time(level):
    """A moment (in UTC) or span of time as NumPy's, and whether it is of a time zone."""
    is_zoned = getattr(level, "tzinfo", None) is not None
    if isinstance(level, (np.datetime64, np.timedelta64)):
        return level, False
    for convert in ("to_datetime64", "to_timedelta64"):  # of pandas, to the nanosecond
        if hasattr(level, convert):
            return getattr(level, convert)(), is_zoned
    if isinstance(level, datetime.datetime) and is_zoned:
        level = level.astimezone(datetime.UTC).replace(tzinfo=None)
    if isinstance(level, datetime.date):
        return np.datetime64(level), is_zoned
    if isinstance(level, datetime.timedelta):
        return np.timedelta64(level), False
    return None, False


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
    native = column.astype(column.dtype.newbyteorder("="), copy=False)  # (ticks are its bytes)
    return Cells(label, native, some(np.isnat(native)))


def cells_of_labels(label, column, missing):
    """Cells of an array of labels (objects); sorted levels, else in order of first occurrence."""
    known = column if missing is None else column[~missing]
    try:
        plain = {level: plain_label(level) for level in dict.fromkeys(known.tolist())}
    except TypeError:
        raise _wrong_type(label, next(x for x in known if not isinstance(x, Hashable))) from None
    levels = list(dict.fromkeys(plain.values()))
    try:
        levels = sorted(levels)
    except TypeError:
        pass
    code_of = {level: code for code, level in enumerate(levels)}
    index = {level: code_of[label] for level, label in plain.items()}
    codes = np.zeros(len(column), np.int64)
    codes[... if missing is None else ~missing] = np.fromiter(
        map(index.__getitem__, known.tolist()), np.int64, len(known)
    )
    return Cells(label, codes, missing, levels)


def _cells_of_objects(label, column):
    """What an array of objects holds: nothing but bools, numbers or text, or else a problem."""
    types = set(map(type, column.tolist()))
    known = (*_TEXT, *_NUMBERS, *_BOOLEANS)
    wrong = tuple(t for t in types if not issubclass(t, known) and t.__name__ not in _MISSING_NAMES)
    if wrong:
        problem = _wrong_type(label, next(x for x in column if isinstance(x, wrong)))
        plain = _objects(plain_label(x) if isinstance(x, wrong) else x for x in column)
        cells = cells_of_labels(label, plain, _missing_objects(plain, types))
        return replace(cells, problem=problem)
    missing = _missing_objects(column, types)
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
    problem = TypeError(
        f"Column {label} mixes numbers and text ({number!r} and {text!r}); make all of its cells "
        "numbers (text that stands for a gap: NaN), or all of them text."
    )
    return replace(cells_of_labels(label, column, missing), problem=problem)


def _objects(cells):
    """An array of objects."""
    cells = list(cells)
    made = np.empty(len(cells), object)
    made[:] = cells
    return made


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
