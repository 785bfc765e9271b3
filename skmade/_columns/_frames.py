"""DataFrames in, DataFrames out: what narwhals reads, none of which is needed.

What is remembered of a frame is plain values: its library, the names of its columns, and a
record of each dtype from which the library makes the same dtype again.
"""

import sys
from dataclasses import replace

import narwhals.stable.v2 as nw
import numpy as np

from skmade._columns._cells import Cells, cells_of_array, cells_of_labels, plain_label, some
from skmade._columns._dtypes import MAKERS, RECORDS, make_pandas_index, pandas_index_record
from skmade._columns._zones import named_zone

_LIBRARIES = ("pandas", "polars", "pyarrow")


def as_frame(X):
    """X as a DataFrame of pandas or polars or a Table of pyarrow; None if it is no frame.

    Raises
    ------
    TypeError
        For frames that are not computed yet.
    """
    frame = X
    if isinstance(X, (np.ndarray, list, tuple)):
        return None
    if library_of(X) == "pyarrow":
        return _as_arrow_table(X)
    if not _is_pandas(X):
        frame = nw.from_native(X, pass_through=True)
        if isinstance(frame, nw.LazyFrame):
            raise TypeError(
                f"{type(X).__module__.partition('.')[0]}'s {type(X).__name__} is not computed yet: "
                "call its collect() or compute() first, and pass what it returns, or see "
                "skmade.blocks for what does not fit into memory."
            )
        if not isinstance(frame, nw.DataFrame):
            return None
        frame = frame.to_native()
    return frame if library_of(frame) in _LIBRARIES else nw.from_native(frame).to_pandas()


def _as_arrow_table(X):
    import pyarrow

    if isinstance(X, pyarrow.RecordBatch):
        return pyarrow.Table.from_batches([X])
    return X if isinstance(X, pyarrow.Table) else None


def library_of(frame):
    """Name of the library that a frame, or what it is a subclass of, is from; else ""."""
    roots = [kind.__module__.partition(".")[0] for kind in type(frame).__mro__]
    return next((root for root in roots if root in _LIBRARIES), "")


def _is_pandas(X):
    return "pandas" in sys.modules and isinstance(X, sys.modules["pandas"].DataFrame)


def names_of(frame):
    """Names of the columns, as they are."""
    return list(frame.column_names if library_of(frame) == "pyarrow" else frame.columns)


def _native_columns(frame):
    if _is_pandas(frame):
        return [frame.iloc[:, j] for j in range(frame.shape[1])]
    return [column.to_native() for column in nw.from_native(frame).iter_columns()]


def block_of_frame(frame):
    """All cells as one array, if they are plain numbers or flags throughout; else None."""
    if library_of(frame) == "pyarrow":
        return None
    if library_of(frame) == "pandas":
        is_plain = all(
            isinstance(dtype, np.dtype) and dtype.kind in "biuf" for dtype in frame.dtypes
        )
    else:
        dtypes = set(nw.from_native(frame).schema.values())
        is_plain = dtypes <= {nw.Float32(), nw.Float64()} and len(dtypes) == 1
    block = frame.to_numpy() if is_plain else None
    return block if block is not None and block.dtype.kind in "biuf" else None


def read_frame(frame):
    """Cells of each column.

    Raises
    ------
    TypeError, ValueError
        For a column of a dtype that cannot be a feature.
    """
    return [
        _read(repr(name), column) for name, column in zip(names_of(frame), _native_columns(frame))
    ]


def _read(label, column):
    dtype = dtype_of(column)
    if getattr(getattr(dtype, "pyarrow_dtype", dtype), "scale", 0) < 0:  # (narwhals knows none)
        raise _unsupported(label, dtype)
    try:
        if hasattr(column, "sparse") and type(dtype).__name__ == "SparseDtype":
            return cells_of_array(label, np.asarray(column))
        if type(dtype).__name__ == "CategoricalDtype":
            return _read_categories(label, column)
        if type(dtype).__name__ == "DatetimeTZDtype":  # (narwhals knows not all names of zones)
            return _read_zoned(label, column)
        return _read_series(label, nw.from_native(column, series_only=True))
    except (NotImplementedError, AttributeError) as error:  # what the libraries cannot read
        raise _unsupported(label, dtype) from error


def dtype_of(column):
    """The dtype of a column of any library."""
    return column.dtype if hasattr(column, "dtype") else column.type  # (of pyarrow)


def _unsupported(label, dtype):
    return TypeError(
        f"Column {label} has dtype {dtype}, which cannot be a feature: convert it to numbers, "
        "flags, text, categories, moments or spans of time, or leave it out."
    )


def _read_categories(label, column):
    """Of pandas' categories, whose levels may be of any type."""
    codes = column.cat.codes.to_numpy().astype(np.int64)
    missing = some(codes < 0)
    levels = [plain_label(level) for level in column.cat.categories]
    if len(set(levels)) < len(levels):
        twice = next(level for level in levels if levels.count(level) > 1)
        raise ValueError(
            f"Column {label} has levels that print alike, as {twice!r}: rename them, or convert "
            "them to text."
        )
    return Cells(label, np.maximum(codes, 0), missing, levels, declared=True)


def _read_zoned(label, column):
    """Of pandas' moments of a time zone."""
    import pandas

    try:
        is_named = pandas.api.types.pandas_dtype(str(column.dtype)) == column.dtype
    except TypeError:
        is_named = False
    if not is_named:
        raise TypeError(
            f"Column {label} has dtype {column.dtype}, a time zone that draws cannot be given by "
            "its name: convert it to one that has a name, such as by dt.tz_convert('UTC')."
        )
    moments = column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
    return replace(
        cells_of_array(label, moments), is_zoned=True, zone=named_zone(str(column.dtype.tz))
    )


def _read_series(label, series):
    dtype, missing = series.dtype, some(series.is_null().to_numpy().astype(bool))
    if missing is not None and missing.all() and dtype != nw.Enum:
        return Cells(label, np.zeros(len(series)), missing)
    if dtype == nw.Boolean:
        return Cells(label, _filled(series, False).to_numpy().astype(bool), missing)
    if dtype.is_integer():
        return Cells(label, _integers(label, series), missing)
    if dtype.is_float():
        return cells_of_array(label, np.asarray(series.to_numpy()))
    if dtype.is_decimal():
        return cells_of_array(label, np.asarray(series.cast(nw.Float64).to_numpy(), np.float64))
    if dtype.is_temporal() and dtype != nw.Time:
        zone = dtype.time_zone if dtype == nw.Datetime else None
        return replace(
            cells_of_array(label, _times(series, missing)),
            is_zoned=zone is not None, zone=named_zone(zone),
        )  # fmt: skip
    if dtype == nw.Enum:
        codes = cells_of_labels(label, _objects(series), missing)
        index = {level: code for code, level in enumerate(dtype.categories)}
        own = np.array([index[level] for level in codes.levels] or [0], np.int64)
        return Cells(label, own[codes.values], missing, list(dtype.categories), declared=True)
    if dtype in (nw.String, nw.Categorical):
        return cells_of_labels(label, _objects(series), missing)
    if series.implementation.is_pandas() and str(series.to_native().dtype) == "object":
        return cells_of_array(label, series.to_numpy())
    if str(series.to_native().dtype).startswith("complex"):
        return cells_of_array(label, series.to_numpy())
    raise _unsupported(label, dtype_of(series.to_native()))


def _filled(series, value):
    return series.fill_null(value) if series.is_null().any() else series


def _integers(label, series):
    if series.dtype in (nw.Int128, nw.UInt128):
        raise _unsupported(label, dtype_of(series.to_native()))
    return np.asarray(_filled(series, 0).to_numpy())


def _objects(series):
    """Labels as an array of objects."""
    native = series.to_native()
    if "string_view" in str(getattr(native, "dtype", "")):
        native = native.astype(object)
    elif not hasattr(native, "dtype"):  # pyarrow, whose dictionaries hide what is missing
        native = native.to_pylist()
    else:
        native = series.to_numpy()
    made = np.empty(len(native), object)
    made[:] = native
    return made


def _times(series, missing):
    values = series.to_numpy()
    if values.dtype.kind in "Mm":
        return values
    made = np.full(len(values), "NaT", "datetime64[D]")  # dates as objects
    known = ... if missing is None else ~missing
    made[known] = values[known].astype("datetime64[D]")
    return made


def describe(frame):
    """A record of a frame: library, names and dtypes of its columns."""
    library = library_of(frame)
    record = {
        "library": library,
        "names": names_of(frame),
        "dtypes": [RECORDS[library](column) for column in _native_columns(frame)],
    }
    if library == "pandas":
        record["index"] = pandas_index_record(frame.columns)
    return record


def make_frame(record, columns, missing):
    """A frame as described, from one array of values (of labels for text and categories) for
    each column, and a mask of cells that are missing."""
    library, names = record["library"], record["names"]
    made = [MAKERS[library](*parts) for parts in zip(record["dtypes"], columns)]
    for j in np.flatnonzero(missing.any(axis=0)):
        made[j] = without(made[j], missing[:, j])
    if library == "pandas":
        import pandas

        frame = pandas.concat(made, axis=1)
        frame.columns = make_pandas_index(record["index"], names)
        return frame
    if library == "polars":
        import polars

        return polars.DataFrame([column.alias(name) for name, column in zip(names, made)])
    import pyarrow

    return pyarrow.table(made, names=names)


def fill_frame(frame, record, columns, missing):
    """A copy of a frame with missing cells taken from one array for each column.

    A column keeps its dtype, where that can hold what is drawn; else it gets the one that it
    had in `record`, the frame of `fit`.
    """
    library, names, filled = library_of(frame), names_of(frame), []
    for j, (name, native) in enumerate(zip(names, _native_columns(frame))):
        gone = missing[:, j]
        if gone.any():
            forms = _forms_to_try(native, library, record, j, columns[j], gone.all())
            native = _fill_column(repr(name), native, library, forms, gone)
        filled.append(native)
    if library == "pandas":
        copied = frame.copy()
        for j, column in enumerate(filled):
            copied.isetitem(j, column)
        return copied
    if library == "polars":
        import polars

        return polars.DataFrame(filled)
    import pyarrow

    return pyarrow.table(filled, names=frame.column_names)


def _forms_to_try(native, library, record, j, values, is_empty):
    """Records of a column's own dtype and of that in fit, each with what is drawn for it.

    That of fit comes first, if no cell is known. Where `fit` had another library, it is what this
    one makes of plain values.
    """
    own, fitted = RECORDS[library](native), None
    if record and record["library"] == library:
        fitted = record["dtypes"][j]
    if fitted is None:
        plain = [_plain_form(library, values)] if is_empty else []
        return [(own, values), *plain]
    own_values = values
    if "levels" in fitted and "levels" not in own:  # what labels stand for, moments for one
        own_values = np.asarray(MAKERS[library](fitted, values))
    forms = [(own, own_values), (fitted, values)]
    return forms[::-1] if is_empty else forms


def _plain_form(library, values):
    """The record of a column that a library makes of values, and these."""
    if values.dtype.kind in "Mm" and np.datetime_data(values.dtype)[0] not in ("ms", "us", "ns"):
        values = values.astype(f"{values.dtype.kind}8[us]")  # (polars has no others)
    column = nw.new_series("", values, backend=library).to_native()
    return RECORDS[library](column), values


def _fill_column(label, native, library, forms, missing):
    """A column with missing cells drawn, in the first of some dtypes that can hold it.

    Raises
    ------
    TypeError
        If none can.
    """
    for dtype, values in forms:
        try:
            with np.errstate(over="ignore"):
                drawn = _with_index(MAKERS[library](dtype, values), native)
            _check_finite(drawn)
            if missing.all():
                return drawn
            return _keep_known(native, drawn, ~missing)
        except Exception as error:  # each library has its own
            reason = error
    raise TypeError(
        f"Column {label} has dtype {dtype_of(native)}, which cannot hold what is drawn for it; "
        f"convert it to the dtype that it had in fit ({reason})."
    ) from reason


def _check_finite(drawn):
    """Raise OverflowError where a dtype is too narrow for numbers that were drawn."""
    cells = np.asarray(drawn)
    if cells.dtype.kind == "f" and np.isinf(cells).any():
        raise OverflowError("numbers would become infinite")


def without(column, missing):
    """A column of any library with some cells missing."""
    if hasattr(column, "mask"):
        return column.mask(missing)
    if "dictionary" in str(dtype_of(column)):  # (which narwhals makes text of)
        cells = [None if gone else cell for cell, gone in zip(column.to_pylist(), missing)]
        return _arrow_column(cells, column.type)
    series = nw.from_native(column, series_only=True)
    keep = nw.new_series("keep", ~missing, nw.Boolean, backend=series.implementation)
    nothing = nw.new_series("", [None] * len(series), series.dtype, backend=series.implementation)
    return series.zip_with(keep, nothing).to_native()


def _keep_known(native, drawn, keep):
    """Drawn cells, but for those of a column that are to be kept, in the dtype of the drawn."""
    if dtype_of(native) == dtype_of(drawn):
        return _zip(native, drawn, keep)
    if not hasattr(native, "iloc"):
        return _zip(native.cast(dtype_of(drawn)), drawn, keep)
    known = native[keep]  # (without missing cells, which another dtype of pandas may not have)
    cast = known.astype(drawn.dtype)
    if known.astype(object).tolist() != cast.astype(object).tolist():
        raise ValueError("known cells would change")
    made = drawn.copy()
    made.iloc[np.flatnonzero(keep)] = cast.array
    return made


def _zip(known, drawn, keep):
    """Cells of `known` where they are to be kept, else those drawn; both of one dtype."""
    known, drawn = (nw.from_native(column, series_only=True) for column in (known, drawn))
    keep_series = nw.new_series("keep", keep, nw.Boolean, backend=known.implementation)
    keep_native = _with_index(keep_series.to_native(), known.to_native())
    try:
        kept = nw.from_native(keep_native, series_only=True)
        return known.zip_with(kept, drawn).to_native()
    except NotImplementedError:  # of pyarrow, for views of strings
        cells = zip(known.to_native().to_pylist(), drawn.to_native().to_pylist(), keep)
        made = [old if stays else new for old, new, stays in cells]
        return _arrow_column(made, known.to_native().type)


def _arrow_column(cells, dtype):
    import pyarrow

    return pyarrow.chunked_array([pyarrow.array(cells, dtype)])


def _with_index(series, like):
    if hasattr(like, "index") and hasattr(like, "iloc"):
        import pandas

        return pandas.Series(series, dtype=series.dtype).set_axis(like.index).rename(like.name)
    return series.alias(like.name) if hasattr(like, "name") else series
