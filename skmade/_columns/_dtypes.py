"""Dtypes as records of plain values, from which their library makes the same dtype again."""

import numpy as np

from skmade._columns._cells import plain_label

# Names of columns that are plain values.
_PLAIN = (str, bytes, bool, int, float, tuple, np.generic)


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
    elif isinstance(levels.dtype, pandas.PeriodDtype):
        values = levels.asi8  # (objects of pandas are no plain values)
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


def pandas_index_record(index):
    """A record of an index of names, without these."""
    import pandas

    record = {"names": list(index.names), "nested": index.nlevels > 1}
    if isinstance(index, pandas.RangeIndex):
        record["range"] = [index.start, index.stop, index.step]
    return record | {"dtype": _pandas_dtype_record(index.dtype)}


def make_pandas_index(record, names):
    """The index recorded, of these names."""
    import pandas

    if record["nested"]:
        return pandas.MultiIndex.from_tuples(names, names=record["names"])
    (name,) = record["names"]
    if "range" in record:
        return pandas.RangeIndex(*record["range"], name=name)
    dtype = _pandas_dtype(record["dtype"])
    return pandas.Index(names, dtype=dtype, name=name, tupleize_cols=False)


def plain_container(record):
    """A record of a frame in which names that are moments, spans or the like are plain values."""
    index = record.get("index")
    if index is None:
        return record
    own = {"index": index | {"names": [_plain_name(name) for name in index["names"]]}}
    if not index["nested"] and not all(isinstance(x, _PLAIN) for x in record["names"]):
        own["names"] = _levels_record(make_pandas_index(index, record["names"]))
    return record | own


def _plain_name(name):
    """The name of an index; a record where it is a moment, a span or the like."""
    import pandas

    is_plain = name is None or isinstance(name, _PLAIN)
    return name if is_plain else _levels_record(pandas.Index([name]))


def container_of(record):
    """The record of a frame from what `plain_container` made of it."""
    own, index = {}, record.get("index")
    if index is not None:
        names = [_levels(x)[0] if isinstance(x, dict) else x for x in index["names"]]
        own["index"] = index | {"names": names}
    if isinstance(record.get("names"), dict):
        own["names"] = list(_levels(record["names"]))
    return record | own


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
    if isinstance(dtype, pandas.PeriodDtype) and values.dtype.kind == "i":
        return pandas.arrays.PeriodArray(values, dtype=dtype)
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

    kind, arguments = getattr(polars, record["name"], None), record["arguments"]
    if not (isinstance(kind, type) and issubclass(kind, polars.DataType)):
        # (what a file names is called: it must not be a function of polars)
        raise ValueError(
            f"polars has no dtype {record['name']!r}: the file of the model is damaged."
        )
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


#: Of each library, what makes a record of a column's dtype.
RECORDS = {
    "pandas": _pandas_record,
    "polars": _polars_record,
    "pyarrow": lambda column: _arrow_record(column.type),
}
#: Of each library, what makes a column of a recorded dtype from an array of plain values.
MAKERS = {"pandas": _make_pandas, "polars": _make_polars, "pyarrow": _arrow_array}
