"""Tables taken apart by columns, and put together again."""

import narwhals.stable.v2 as nw
import numpy as np

from skmade._columns._frames import as_frame


def select(table, kept):
    """The array or frame of some columns of a table that was read."""
    if np.all(kept):
        return table.given
    if not table.is_frame:
        return table.given[:, kept]
    return nw.from_native(table.given)[:, np.flatnonzero(kept).tolist()].to_native()


def with_columns(filled, is_zero, indicators, names, library):
    """An array or frame with further columns.

    Parameters
    ----------
    filled : array or frame
    is_zero : ndarray of bool
        Which of the columns with those of `filled` are new ones of zeros.
    indicators : ndarray of bool of shape (n, n_indicators), or None
        Columns to come after all others.
    names : sequence of str
        Of all columns.
    library : {"default", "pandas", "polars"}
        What a frame becomes a frame of; by default it stays what it is.
    """
    frame = as_frame(filled)
    if frame is not None:
        return _frame_with_columns(nw.from_native(frame), is_zero, indicators, names, library)
    if is_zero.any():
        whole = np.zeros((len(filled), len(is_zero)), filled.dtype)
        whole[:, ~is_zero] = filled
        filled = whole
    return filled if indicators is None else np.hstack([filled, indicators])


def _frame_with_columns(frame, is_zero, indicators, names, library):
    series, backend, n_rows = iter(frame.iter_columns()), frame.implementation, len(frame)
    zeros, made = np.zeros(n_rows), []
    for name, is_new in zip(names, is_zero):
        made.append(_series(name, zeros, frame) if is_new else next(series))
    if indicators is not None:
        for name, column in zip(names[len(is_zero) :], indicators.T):
            made.append(_series(name, column, frame))
    whole = frame.select(*made) if made else frame
    if library == "default" or library == backend.value:
        return whole.to_native()
    return whole.to_pandas() if library == "pandas" else whole.to_polars()


def _series(name, values, frame):
    """A column for a frame, beside its other columns."""
    made = nw.new_series(name, values, backend=frame.implementation)
    native = frame.to_native()
    if hasattr(native, "index"):
        made = nw.from_native(made.to_native().set_axis(native.index), series_only=True)
    return made
