"""DataFrames in, DataFrames out: what narwhals reads, none of which is needed.

What is remembered of a frame is plain values: its library, the names of its columns, and a
record of each dtype from which the library makes the same dtype again.
"""

import sys
from dataclasses import replace

import narwhals.stable.v2 as nw
import numpy as np

from skmade._columns._cells import Cells, cells_of_array, cells_of_labels, some

_LIBRARIES = ("pandas", "polars", "pyarrow")


def as_frame(X):
    """X as a DataFrame of pandas or polars or a table of pyarrow; None if it is no frame.

    Raises
    ------
    TypeError
        For frames that are not computed yet.
    """
    frame = X
    if isinstance(X, (np.ndarray, list, tuple)):
        return None
    if not _is_pandas(X):
        frame = nw.from_native(X, pass_through=True)
        if isinstance(frame, nw.LazyFrame):
            raise TypeError(
                f"{type(X).__module__.partition('.')[0]}'s {type(X).__name__} is not computed yet: "
                "call its collect() or compute() first, and pass what it returns."
            )
        if not isinstance(frame, nw.DataFrame):
            return None
        frame = frame.to_native()
    return frame if library_of(frame) in _LIBRARIES else nw.from_native(frame).to_pandas()


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
    if library_of(frame) == "pandas":
        is_plain = all(
            isinstance(dtype, np.dtype) and dtype.kind in "biuf" for dtype in frame.dtypes
        )
    else:
        dtypes = set(nw.from_native(frame).schema.values())
        is_plain = dtypes <= {nw.Float32(), nw.Float64()} and len(dtypes) == 1
    block = frame.to_numpy() if is_plain and library_of(frame) != "pyarrow" else None
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
    dtype = column.dtype if hasattr(column, "dtype") else column.type
    try:
        if hasattr(column, "sparse") and type(dtype).__name__ == "SparseDtype":
            return cells_of_array(label, np.asarray(column))
        if type(dtype).__name__ == "CategoricalDtype":
            return _read_categories(label, column)
        series = nw.from_native(column, series_only=True)
        return _read_series(label, series)
    except (NotImplementedError, AttributeError) as error:
        raise _unsupported(label, dtype) from error


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
    return Cells(label, np.maximum(codes, 0), missing, levels, declared=True)


def plain_label(level):
    """A label as a plain value; what is neither text nor number by how it is printed."""
    level = level.item() if isinstance(level, np.generic) else level
    return level if isinstance(level, (str, bytes, bool, int, float)) else str(level)


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
        is_zoned = dtype == nw.Datetime and dtype.time_zone is not None
        return replace(cells_of_array(label, _times(series, missing)), is_zoned=is_zoned)
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
    raise NotImplementedError


def _filled(series, value):
    return series.fill_null(value) if series.is_null().any() else series


def _integers(label, series):
    if series.dtype in (nw.Int128, nw.UInt128):
        native = series.to_native()
        raise _unsupported(label, getattr(native, "dtype", "int128"))
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
        "dtypes": [_RECORDS[library](column) for column in _native_columns(frame)],
    }
    if library == "pandas":
        record["index"] = {
            "names": list(frame.columns.names),
            "dtype": str(frame.columns.dtype),
            "nested": frame.columns.nlevels > 1,
        }
    return record


def make_frame(record, columns):
    """A frame as described, from one array of values (of labels for text and categories) for
    each column."""
    library, names = record["library"], record["names"]
    made = [_MAKERS[library](*parts) for parts in zip(record["dtypes"], columns)]
    if library == "pandas":
        import pandas

        frame = pandas.concat(made, axis=1)
        frame.columns = _pandas_names(record)
        return frame
    if library == "polars":
        import polars

        return polars.DataFrame([column.alias(name) for name, column in zip(names, made)])
    import pyarrow

    return pyarrow.table(made, names=names)


def _pandas_names(record):
    import pandas

    index = record["index"]
    if index["nested"]:
        return pandas.MultiIndex.from_tuples(record["names"], names=index["names"])
    return pandas.Index(record["names"], dtype=index["dtype"], name=index["names"][0])


def fill_frame(frame, record, columns, missing):
    """A copy of a frame with missing cells taken from one array for each column.

    A column keeps its dtype, where that can hold what is drawn; else it gets the one that it
    had in `record`, the frame of `fit`.
    """
    library, natives = library_of(frame), _native_columns(frame)
    filled = []
    for j, (native, values) in enumerate(zip(natives, columns)):
        if missing[:, j].any():
            native = _fill_column(native, library, record, j, values, missing[:, j])
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


def _fill_column(native, library, record, j, values, missing):
    fitted = record["dtypes"][j] if record and record["library"] == library else None
    own = _RECORDS[library](native)
    if missing.all() and fitted is not None:
        own = fitted
    try:
        drawn = _MAKERS[library](own, values)
    except (TypeError, ValueError):
        drawn = _MAKERS[library](fitted, values)
        native = _cast(native, drawn)
    if missing.all():
        return _with_index(drawn, native)
    known = nw.from_native(native, series_only=True)
    drawn = nw.from_native(_with_index(drawn, native), series_only=True)
    keep = nw.new_series("keep", ~missing, nw.Boolean, backend=known.implementation)
    keep = nw.from_native(_with_index(keep.to_native(), native), series_only=True)
    try:
        return known.zip_with(keep, drawn).to_native()
    except NotImplementedError:  # of pyarrow, for views of strings
        cells = zip(native.to_pylist(), drawn.to_native().to_pylist(), missing)
        made = [new if gone else old for old, new, gone in cells]
        return _arrow_column(made, native.type)


def _arrow_column(cells, dtype):
    import pyarrow

    return pyarrow.chunked_array([pyarrow.array(cells, dtype)])


def _cast(native, like):
    """A column in the dtype of another."""
    if hasattr(native, "astype"):
        return native.astype(like.dtype)
    return native.cast(like.dtype if hasattr(like, "dtype") else like.type)


def _with_index(series, like):
    if hasattr(like, "index") and hasattr(like, "iloc"):
        import pandas

        return pandas.Series(series, dtype=series.dtype).set_axis(like.index).rename(like.name)
    return series.alias(like.name) if hasattr(like, "name") else series


# ---- dtypes as records, and back ------------------------------------------------------


def _arrow_record(dtype):
    import pyarrow

    schema = pyarrow.schema([pyarrow.field("", dtype)]).serialize()
    return {"arrow": np.frombuffer(schema.to_pybytes(), np.uint8).copy()}


def _arrow_dtype(record):
    import pyarrow

    return pyarrow.ipc.read_schema(pyarrow.py_buffer(record["arrow"].tobytes())).field(0).type


def _pandas_record(column):
    return _pandas_dtype_record(column.dtype)


def _pandas_dtype_record(dtype):
    import pandas

    if isinstance(dtype, pandas.CategoricalDtype):
        return {"levels": _levels_record(dtype.categories), "ordered": bool(dtype.ordered)}
    if isinstance(dtype, pandas.ArrowDtype):
        return _arrow_record(dtype.pyarrow_dtype)
    if isinstance(dtype, pandas.StringDtype):
        return {"storage": dtype.storage, "na": "NA" if dtype.na_value is pandas.NA else "nan"}
    if isinstance(dtype, pandas.SparseDtype):
        return {"sparse": str(dtype.subtype), "fill": np.array(dtype.fill_value)}
    return {"name": str(dtype)}


def _levels_record(levels):
    import pandas

    if isinstance(levels, pandas.IntervalIndex):
        ends = [_levels_record(end) for end in (levels.left, levels.right)]
        return {"closed": levels.closed, "ends": ends}
    if isinstance(levels.dtype, pandas.DatetimeTZDtype):
        values = levels.tz_convert("UTC").tz_localize(None).to_numpy()
    else:
        values = levels.to_numpy()
    return {"dtype": _pandas_dtype_record(levels.dtype), "values": np.array(values)}


def _levels(record):
    import pandas

    if "ends" in record:
        left, right = map(_levels, record["ends"])
        return pandas.IntervalIndex.from_arrays(left, right, closed=record["closed"])
    levels = _make_pandas(record["dtype"], record["values"])
    return pandas.Index(levels, dtype=levels.dtype)


def _pandas_dtype(record):
    import pandas

    if "levels" in record:
        return pandas.CategoricalDtype(_levels(record["levels"]), record["ordered"])
    if "arrow" in record:
        return pandas.ArrowDtype(_arrow_dtype(record))
    if "storage" in record:
        na = pandas.NA if record["na"] == "NA" else np.nan
        return pandas.StringDtype(record["storage"], na)
    if "sparse" in record:
        return pandas.SparseDtype(record["sparse"], record["fill"].item())
    return pandas.api.types.pandas_dtype(record["name"])


def _make_pandas(record, values):
    """A column of pandas of the dtype recorded, from plain values."""
    import pandas

    # (dtypes are said again: of objects that are text, pandas would infer one)
    dtype = _pandas_dtype(record)
    return pandas.Series(_pandas_array(record, dtype, values), dtype=dtype)


def _pandas_array(record, dtype, values):
    import pandas

    if "arrow" in record:
        return pandas.arrays.ArrowExtensionArray(_arrow_array(record, values))
    if "levels" in record:
        index = {plain_label(level): code for code, level in enumerate(dtype.categories)}
        codes = np.array([index.get(label, -2) for label in values.tolist()], np.int64)
        return pandas.Categorical.from_codes(codes, dtype=dtype)  # refuses what is no level
    if isinstance(dtype, pandas.DatetimeTZDtype):
        return pandas.DatetimeIndex(values).tz_localize("UTC").tz_convert(dtype.tz)
    return values


def _arrow_array(record, values):
    """An array of pyarrow of the dtype recorded, from plain values."""
    import pyarrow

    dtype = _arrow_dtype(record)
    if pyarrow.types.is_decimal(dtype):
        values = _within_decimals(values, dtype)
    made = pyarrow.array(values.tolist() if values.dtype.kind == "O" else values)
    if pyarrow.types.is_dictionary(dtype):
        made = made.cast(dtype.value_type).dictionary_encode()
    return pyarrow.chunked_array([made.cast(dtype)])


def _within_decimals(values, dtype):
    most = 10.0 ** (dtype.precision - dtype.scale) - 10.0**-dtype.scale
    return np.clip(np.round(values, dtype.scale), -most, most)


def _polars_record(column):
    dtype = column.dtype
    name, arguments = type(dtype).__name__, []
    if name == "Datetime":
        arguments = [dtype.time_unit, dtype.time_zone]
    elif name == "Duration":
        arguments = [dtype.time_unit]
    elif name == "Decimal":
        arguments = [dtype.precision, dtype.scale]
    elif name == "Enum":
        arguments = [dtype.categories.to_list()]
    elif name == "Categorical" and hasattr(dtype, "categories"):
        categories = dtype.categories
        if not categories.is_global():
            arguments = [[categories.name(), categories.namespace()]]
    return {"name": name, "arguments": arguments}


def _polars_dtype(record):
    import polars

    kind, arguments = getattr(polars, record["name"]), record["arguments"]
    if record["name"] == "Categorical":
        name, *rest = arguments[0] if arguments else [None]
        return kind(polars.Categories(name, namespace=rest[0])) if arguments else kind()
    return kind(*arguments)


def _make_polars(record, values):
    import polars

    dtype = _polars_dtype(record)
    if values.dtype.kind == "O":
        return polars.Series(values.tolist(), dtype=polars.String).cast(dtype)
    series = polars.Series(values)
    if record["name"] == "Decimal":
        series = polars.Series(_within_decimals(values, dtype))
    if record["name"] == "Datetime" and record["arguments"][1]:
        zone = record["arguments"][1]
        series = series.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    return series.cast(dtype)


_RECORDS = {
    "pandas": _pandas_record,
    "polars": _polars_record,
    "pyarrow": lambda column: _arrow_record(column.type),
}
_MAKERS = {"pandas": _make_pandas, "polars": _make_polars, "pyarrow": _arrow_array}
