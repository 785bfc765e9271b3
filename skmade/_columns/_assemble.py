"""Tables taken apart by columns, and put together again."""

import narwhals.stable.v2 as nw
import numpy as np

from skmade._columns._frames import as_frame, dtype_of

# Of columns that hold nothing, and may be of anything.
_DTYPES_OF_NOTHING = ("object", "null", "Null")


def select(table, kept):
    """The array or frame of some columns of a table that was read."""
    if np.all(kept):
        return table.given
    if not table.is_frame:
        return table.given[:, kept]
    return nw.from_native(table.given)[:, np.flatnonzero(kept).tolist()].to_native()


def check_further_columns(table, is_zero, with_indicators):
    """Raise ValueError where `with_columns` could not add columns to those of a table."""
    if not table.is_frame:
        dtype = table.given.dtype
        if dtype.kind in "Mm" and (with_indicators or is_zero.any()):
            raise ValueError(
                f"An array of {dtype} has no place for the flags of add_indicator, nor for the 0 "
                "of keep_empty_features: pass X as a DataFrame, or set both to False."
            )
        return
    missing = table.missing()
    columns = list(nw.from_native(table.given).iter_columns())
    for j in np.flatnonzero(is_zero):
        takes_zeros = columns[j].dtype.is_numeric() or columns[j].dtype == nw.Boolean
        if not (takes_zeros or _may_be_of_anything(columns[j], missing[:, j])):
            raise ValueError(
                f"Column {columns[j].name!r} had no cells in fit, and cannot hold the 0 that "
                "keep_empty_features fills it with: leave it out of X, or set "
                "keep_empty_features=False."
            )


def with_columns(filled, table, is_zero, indicators, names, library):
    """An array or frame with further columns.

    Parameters
    ----------
    filled : array or frame
        Columns of a table, without missing cells.
    table : Table
    is_zero : ndarray of bool of shape (n_features,)
        Which columns of the table are to be added: with 0 where cells are missing.
    indicators : ndarray of bool of shape (n, n_indicators), or None
        Columns to come after all others.
    names : sequence of str
        Of all columns.
    library : {"default", "pandas", "polars"}
        What a frame becomes a frame of; by default it stays what it is.
    """
    missing, frame = table.missing(), as_frame(filled)
    if frame is not None:
        frame = _with_zeros(nw.from_native(frame), table, is_zero, missing)
        return _with_indicators(frame, indicators, names, library)
    if is_zero.any():
        whole = np.array(table.given)
        whole[missing] = 0
        whole[:, ~is_zero] = filled
        filled = whole
    return filled if indicators is None else np.hstack([filled, indicators])


def _with_zeros(frame, table, is_zero, missing):
    """A frame with some columns of a table, in their places."""
    if not is_zero.any():
        return frame
    made, series = frame.iter_columns(), []
    for j, old in enumerate(nw.from_native(table.given).iter_columns()):
        series.append(_zeros_in(old, missing[:, j], frame) if is_zero[j] else next(made))
    return frame.select(*series)


def _zeros_in(column, missing, frame):
    """A column that was empty in fit, with 0 where its cells are missing."""
    zeros, known = (_series(column.name, x, frame) for x in (np.zeros(len(column)), ~missing))
    if _may_be_of_anything(column, missing):
        return zeros
    return column.zip_with(known, zeros.cast(column.dtype))


def _may_be_of_anything(column, missing):
    return missing.all() and str(dtype_of(column.to_native())) in _DTYPES_OF_NOTHING


def _with_indicators(frame, indicators, names, library):
    if indicators is not None:
        names = names[frame.shape[1] :]
        frame = frame.with_columns(*(_series(*pair, frame) for pair in zip(names, indicators.T)))
    if library == "default" or library == frame.implementation.value:
        return frame.to_native()
    return frame.to_pandas() if library == "pandas" else frame.to_polars()


def _series(name, values, frame):
    """A column for a frame, beside its other columns."""
    made = nw.new_series(name, values, backend=frame.implementation)
    native = frame.to_native()
    if hasattr(native, "index"):
        made = nw.from_native(made.to_native().set_axis(native.index), series_only=True)
    return made
