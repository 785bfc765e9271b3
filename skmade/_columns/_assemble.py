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
        if is_zero[j]:
            zeros, known = (
                _series(old.name, x, frame) for x in (np.zeros(len(old)), ~missing[:, j])
            )
            old = zeros if missing[:, j].all() else old.zip_with(known, zeros.cast(old.dtype))
        series.append(old if is_zero[j] else next(made))
    return frame.select(*series)


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
