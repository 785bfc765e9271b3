"""Every dtype of NumPy, pandas, polars and Arrow: it works, or fit ends in one clear error.

Each entry of `DTYPES` is a column and what it is to be taken for:

label   "categorical"; draws are among the levels of the dtype, else those seen
flag    "bernoulli"; draws are among the two values seen
two     labels that are two: either of these families
number  any other family; draws are of the same sort, and none is absurd
error   fit raises before training, and names the column

A mark "?" allows the error as well.
"""

import datetime
import decimal
import functools
import numbers
import re

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from conftest import quick, sizes

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N = sizes(60, 30)
NAME = "odd"
RNG = np.random.default_rng(0)
REAL = RNG.normal(size=N)
CODE = np.digitize(REAL + 0.5 * RNG.normal(size=N), [-0.5, 0.5])
TEXT = np.array(["b", "1", "01"])[CODE]
COUNT = RNG.poisson(1.5, N) + CODE
FLAG = REAL + RNG.normal(size=N) > 0
BIG = 2**53 + 1 + COUNT  # no double tells these from each other
MOMENT = np.datetime64("2024-03-01", "s") + RNG.integers(0, 8_000_000, N)
SPAN = RNG.integers(1, 8_000_000, N).astype("m8[s]")
DAY = MOMENT.astype("M8[D]").astype(object)
DECIMAL = [decimal.Decimal(int(i)) / 4 for i in COUNT]
INTEGERS = [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]


def objects(cells):
    """A 1-D array of these objects."""
    column = np.empty(len(cells), dtype=object)
    column[:] = cells
    return column


# What cells of an object column may be.
OBJECTS = {
    "text": ("label", objects(TEXT.tolist())),
    "integers": ("number", objects(COUNT.tolist())),
    "floats": ("number", objects(REAL.tolist())),
    "integers and floats": ("number", objects([int(i) if i % 2 else i + 0.5 for i in COUNT])),
    "bools": ("flag", objects(FLAG.tolist())),
    "decimals": ("number?", objects(DECIMAL)),
    "numbers and text": ("error", objects([1, "N/A", 2.5] * (N // 3))),
    "numbers as text, and numbers": ("error", objects(["1", 1, 2] * (N // 3))),
    "bools and text": ("error", objects([True, "yes", False] * (N // 3))),
    "dates": ("error", objects(DAY.tolist())),
    "dicts": ("error", objects([{"a": i} for i in range(N)])),
    "lists": ("error", objects([[int(i)] for i in COUNT])),
    "complex": ("error", objects([complex(i, 1) for i in COUNT])),
}

NUMPY = {
    "bool": ("flag", FLAG),
    **{name: ("number", COUNT.astype(name)) for name in INTEGERS},
    **{name: ("number", REAL.astype(name)) for name in ("float16", "float32", "float64")},
    "longdouble": ("number?", REAL.astype(np.longdouble)),
    "complex64": ("error", REAL.astype(np.complex64)),
    "complex128": ("error", REAL + 1j),
    "U": ("label", TEXT),
    "S": ("label?", TEXT.astype("S")),
    "StringDType": ("label", TEXT.astype(np.dtypes.StringDType())),
    "StringDType, na": ("label", TEXT.astype(np.dtypes.StringDType(na_object=np.nan))),
    **{f"datetime64[{u}]": ("number", MOMENT.astype(f"M8[{u}]")) for u in ("D", "h", "s")},
    **{f"datetime64[{u}]": ("number", MOMENT.astype(f"M8[{u}]")) for u in ("ms", "us", "ns")},
    **{f"timedelta64[{u}]": ("number", SPAN.astype(f"m8[{u}]")) for u in ("D", "s", "ms", "ns")},
    **{f"object, {name}": entry for name, entry in OBJECTS.items()},
}

LEVELS = pd.Index(["b", 1, 2.5], dtype=object)
ARROW_TEXT = pd.ArrowDtype(pa.string())
CATEGORIES = {
    "text": pd.Categorical(TEXT),
    "ordered": pd.Categorical(TEXT, ["b", "01", "1"], ordered=True),
    "declared": pd.Categorical(TEXT, ["b", "01", "z", "1"]),
    "string": pd.Categorical(pd.array(TEXT, dtype="string")),
    "Arrow text": pd.Categorical(pd.array(TEXT, dtype=ARROW_TEXT)),
    "int8": pd.Categorical(CODE.astype(np.int8)),
    "int64": pd.Categorical(2**53 + CODE),
    "uint8": pd.Categorical(CODE.astype(np.uint8)),
    "Int64": pd.Categorical(pd.array(CODE, dtype="Int64")),
    "float64": pd.Categorical(CODE / 3),
    "bool": pd.Categorical(FLAG),
    "datetime64": pd.Categorical(pd.to_datetime(MOMENT[CODE])),
    "datetime64, zone": pd.Categorical(pd.to_datetime(MOMENT[CODE], utc=True)),
    "timedelta64": pd.Categorical(pd.to_timedelta(SPAN[CODE])),
    "interval": pd.cut(REAL, 3),
    "period": pd.Categorical(pd.PeriodIndex(MOMENT[CODE], freq="D")),
    "objects": pd.Categorical.from_codes(CODE, LEVELS),
}

PANDAS = {
    "bool": ("flag", FLAG),
    "boolean": ("flag", pd.array(FLAG, dtype="boolean")),
    **{name: ("number", COUNT.astype(name)) for name in INTEGERS},
    **{
        name: ("number", pd.array(COUNT, dtype=name))
        for name in (integer.replace("i", "I").replace("u", "U") for integer in INTEGERS)
    },
    "int64, big": ("number", BIG),
    "Int64, big": ("number", pd.array(BIG, dtype="Int64")),
    "float16": ("number?", REAL.astype("float16")),
    "float32": ("number", REAL.astype("float32")),
    "float64": ("number", REAL),
    "Float32": ("number", pd.array(REAL, dtype="Float32")),
    "Float64": ("number", pd.array(REAL, dtype="Float64")),
    "complex128": ("error", REAL + 1j),
    "str": ("label", pd.array(TEXT, dtype="str")),
    "string[python]": ("label", pd.array(TEXT, dtype="string[python]")),
    "string[pyarrow]": ("label", pd.array(TEXT, dtype="string[pyarrow]")),
    **{
        f"category, {name}": ("two" if name == "bool" else "label", column)
        for name, column in CATEGORIES.items()
    },
    **{f"object, {name}": entry for name, entry in OBJECTS.items()},
    **{
        f"datetime64[{unit}{zone}]": (
            "number",
            pd.to_datetime(MOMENT).as_unit(unit).tz_localize(zone[2:] or None),
        )
        for unit in ("s", "ms", "us", "ns")
        for zone in ("", ", UTC", ", Asia/Kolkata")
    },
    **{
        f"timedelta64[{unit}]": ("number", pd.to_timedelta(SPAN).as_unit(unit))
        for unit in ("s", "ms", "us", "ns")
    },
    "period": ("error", pd.PeriodIndex(MOMENT, freq="D")),
    "interval": ("label?", pd.arrays.IntervalArray(pd.cut(REAL, 3))),
    "Sparse[float64]": ("number?", pd.arrays.SparseArray(COUNT.astype(float), fill_value=0.0)),
    "Sparse[int64]": ("number?", pd.arrays.SparseArray(COUNT, fill_value=0)),
    "Sparse[bool]": ("flag?", pd.arrays.SparseArray(FLAG, fill_value=False)),
}

POLARS = {
    "Boolean": ("flag", pl.Series(FLAG)),
    **{
        f"{name}": ("number", pl.Series(COUNT).cast(getattr(pl, name)))
        for name in ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64")
    },
    "Int64, big": ("number", pl.Series(BIG)),
    "Float32": ("number", pl.Series(REAL, dtype=pl.Float32)),
    "Float64": ("number", pl.Series(REAL)),
    "String": ("label", pl.Series(TEXT)),
    "Categorical": ("label", pl.Series(TEXT, dtype=pl.Categorical)),
    "Enum": ("label", pl.Series(TEXT, dtype=pl.Enum(["b", "01", "1"]))),
    "Enum, declared": ("label", pl.Series(TEXT, dtype=pl.Enum(["b", "01", "z", "1"]))),
    "Date": ("number", pl.Series(DAY.tolist(), dtype=pl.Date)),
    **{
        f"Datetime({unit}, {zone})": (
            "number",
            pl.Series(MOMENT.astype("M8[us]")).cast(pl.Datetime(unit)).dt.replace_time_zone(zone),
        )
        for unit in ("ms", "us", "ns")
        for zone in (None, "UTC", "Asia/Kolkata")
    },
    **{
        f"Duration({unit})": ("number", pl.Series(SPAN.astype("m8[us]")).cast(pl.Duration(unit)))
        for unit in ("ms", "us", "ns")
    },
    "Decimal": ("number?", pl.Series(DECIMAL, dtype=pl.Decimal(10, 2))),
    "Time": ("error", pl.Series([datetime.time(i % 24) for i in range(N)])),
    "Binary": ("error", pl.Series(TEXT.astype("S").tolist(), dtype=pl.Binary)),
    "List": ("error", pl.Series([[int(i)] for i in COUNT])),
    "Array": ("error", pl.Series([[int(i)] * 2 for i in COUNT], dtype=pl.Array(pl.Int64, 2))),
    "Struct": ("error", pl.Series([{"a": int(i)} for i in COUNT])),
    "Object": ("error", pl.Series([object()] * N, dtype=pl.Object)),
    "Null": ("error", pl.Series([None] * N, dtype=pl.Null)),
}
POLARS |= {
    name: ("number?", pl.Series(COUNT.tolist(), dtype=getattr(pl, name)))
    for name in ("Int128", "UInt128", "Float16")
    if hasattr(pl, name)  # of newer releases
}
if hasattr(pl, "Categories"):
    named = pl.Series(TEXT, dtype=pl.Categorical(pl.Categories("colours")))
    POLARS["Categorical, named"] = ("label?", named)

ARROW = {
    "bool": ("flag", pa.array(FLAG)),
    **{name: ("number", pa.array(COUNT.astype(name))) for name in INTEGERS},
    "int64, big": ("number", pa.array(BIG)),
    "float16": ("number?", pa.array(REAL.astype("float16"))),
    "float32": ("number", pa.array(REAL.astype("float32"))),
    "float64": ("number", pa.array(REAL)),
    "string": ("label", pa.array(TEXT.tolist())),
    "large_string": ("label", pa.array(TEXT.tolist(), pa.large_string())),
    "string_view": ("label?", pa.array(TEXT.tolist(), pa.string_view())),
    "dictionary": ("label?", pa.array(TEXT.tolist()).dictionary_encode()),
    "dictionary of integers": ("label?", pa.array(CODE).dictionary_encode()),
    **{
        f"timestamp({unit}, {zone})": ("number", pa.array(MOMENT).cast(pa.timestamp(unit, zone)))
        for unit in ("s", "ms", "us", "ns")
        for zone in (None, "Asia/Kolkata")
    },
    **{
        f"duration({unit})": ("number", pa.array(SPAN.astype(f"m8[{unit}]")))
        for unit in ("s", "ms", "us", "ns")
    },
    "date32": ("number?", pa.array(DAY.tolist(), pa.date32())),
    "date64": ("number?", pa.array(DAY.tolist(), pa.date64())),
    "decimal128": ("number?", pa.array(DECIMAL, pa.decimal128(10, 2))),
    "decimal128, of hundreds": (
        "error",
        pa.array([100 * int(i) for i in COUNT], pa.int64())
        .cast(pa.decimal128(19, 0))
        .cast(pa.decimal128(19, -2)),
    ),
    "decimal256": ("number?", pa.array(DECIMAL, pa.decimal256(50, 2))),
    "time64": ("error", pa.array(np.arange(N), pa.time64("us"))),
    "binary": ("error", pa.array(TEXT.astype("S").tolist())),
    "list": ("error", pa.array([[int(i)] for i in COUNT])),
    "struct": ("error", pa.array([{"a": int(i)} for i in COUNT])),
}

# pandas holds Arrow's dtypes as its own.
PANDAS |= {
    f"Arrow {name}": (kind, pd.array(column.to_pylist(), dtype=pd.ArrowDtype(column.type)))
    for name, (kind, column) in ARROW.items()
}

DTYPES = {
    **{f"numpy: {name}": entry for name, entry in NUMPY.items()},
    **{f"pandas: {name}": (kind, pd.Series(column)) for name, (kind, column) in PANDAS.items()},
    **{f"polars: {name}": entry for name, entry in POLARS.items()},
    **{f"Arrow: {name}": entry for name, entry in ARROW.items()},
}
ERRORS = [name for name, (kind, _) in DTYPES.items() if kind == "error"]
GOOD = [name for name in DTYPES if name not in ERRORS]
FAMILIES = {"label": {"categorical"}, "flag": {"bernoulli"}, "two": {"categorical", "bernoulli"}}


def neighboured(column):
    """A table of the column between text of another variant and ordinary numbers."""
    if isinstance(column, np.ndarray):
        return np.column_stack([column[::-1], column])
    if isinstance(column, pl.Series):
        text = pl.Series(TEXT, dtype=pl.Categorical if column.dtype == pl.String else pl.String)
        return pl.DataFrame({"text": text, NAME: column, "real": REAL})
    if isinstance(column, pa.Array):
        text = pa.array(TEXT.tolist(), pa.large_string() if column.type == "string" else None)
        return pa.table({"text": text, NAME: column, "real": REAL})
    text = pd.Series(TEXT, dtype="str" if column.dtype == object else object)
    table = pd.DataFrame({"text": text, NAME: column, "real": REAL})
    return table.set_axis(np.arange(N) // 2 + 7)  # an index with repetitions


def alone(column):
    """A table of this column."""
    if isinstance(column, np.ndarray):
        return column[:, None]
    if isinstance(column, pd.Series):
        return column.to_frame(NAME)
    return (pl.DataFrame if isinstance(column, pl.Series) else pa.table)({NAME: column})


def rows(table, start, stop):
    return getattr(table, "iloc", table)[start:stop]


def cells(table):
    """The columns of a table as lists of cells."""
    if isinstance(table, np.ndarray):
        return [list(x) if x.dtype.kind in "mM" else x.tolist() for x in table.T]
    if isinstance(table, pa.Table):
        return [column.to_pylist() for column in table.columns]
    return [table[name].to_list() for name in table.columns]


def odd_cells(table):
    return cells(table)[-1 if isinstance(table, np.ndarray) else 1]


def form(table):
    """Type of a table, names and dtypes of its columns, with all that `==` leaves out."""
    if isinstance(table, np.ndarray):
        return type(table), table.dtype
    if isinstance(table, pa.Table):
        return type(table), table.column_names, [field.type for field in table.schema]
    levels = [getattr(dtype, "categories", None) for dtype in table.dtypes]
    levels = [
        (level.dtype, level.tolist()) if isinstance(level, pd.Index) else None for level in levels
    ]
    return type(table), list(table.columns), list(table.dtypes), levels


def hide(table, gone):
    """The table without the numbers at `gone`, nor the cells there of dtypes that can lack some."""
    if isinstance(table, np.ndarray):
        table = table.copy()
        if table.dtype.kind in "fOmM" or hasattr(table.dtype, "na_object"):
            table[gone, -1] = np.array("NaT", table.dtype) if table.dtype.kind in "mM" else np.nan
        return table
    if isinstance(table, pl.DataFrame):
        return table.with_columns(pl.when(pl.Series(~gone)).then(pl.col(NAME, "real")))
    if isinstance(table, pa.Table):
        for j in (1, 2):
            left = [None if no else cell for cell, no in zip(table[j].to_pylist(), gone)]
            table = table.set_column(j, table.field(j), pa.array(left, table[j].type))
        return table
    column = table[NAME]
    if column.dtype != "Sparse[bool]":  # which cannot even be asked
        hidden = column.mask(gone)
        column = hidden if hidden.dtype == column.dtype else column
    return table.assign(**{NAME: column, "real": table["real"].mask(gone)})


def levels_of(column):
    """What labels may be drawn."""
    declared = getattr(column.dtype if not isinstance(column, pa.Array) else None, "categories", ())
    declared = () if isinstance(declared, getattr(pl, "Categories", ())) else declared
    return set(declared) or set(cells(alone(column))[0])


def sort_of(cell):
    """Of which sort a cell of an object column is: True is no 1, and 1 is no 1.0."""
    sorts = (bool, np.bool_), numbers.Integral, numbers.Real, str, object
    return next(sort for sort in sorts if isinstance(cell, sort))


def assert_plausible(drawn, kind, column):
    """Cells that a column of this kind can have."""
    seen = cells(alone(column))[0]
    assert not any(pd.isna(cell) for cell in drawn)
    assert {sort_of(cell) for cell in drawn} <= {sort_of(cell) for cell in seen}
    if kind == "number":
        far = 20 * (max(seen) - min(seen))
        assert min(seen) - far <= min(drawn)
        assert max(drawn) <= max(seen) + far
    else:
        assert set(drawn) <= levels_of(column)


def small(**parameters):
    # first columns first: those that are known are then the first of the ordering
    return quick(hidden_layer_sizes=(8,), max_iter=1, ordering="natural", **parameters)


def assert_clear_error(call, column=NAME):
    """The call raises what names the column and says what to do."""
    with pytest.raises((TypeError, ValueError)) as raised:
        call()
    message = str(raised.value)
    # of arrays of complex numbers scikit-learn says that they are
    assert re.search(rf"(?i)\b{re.escape(column)}\b|Complex data not supported", message)
    advice = "convert|cast|use|drop|leave out|turn|encode|pass|make|give|write"
    assert re.search(rf"(?i)\b({advice})\b", message)


def assert_fit_refuses(column, capsys):
    model = small(verbose=True)
    name = r"column 0" if isinstance(column, np.ndarray) else NAME
    assert_clear_error(lambda: model.fit(neighboured(column)), name)
    assert capsys.readouterr().out == ""  # nothing was trained
    assert not hasattr(model, "n_iter_")


@functools.cache
def fitted(name):
    """A model of the column with neighbours; None where the error may be, and is, raised."""
    kind, column = DTYPES[name]
    try:
        return small().fit(neighboured(column))
    except (TypeError, ValueError):
        if kind.endswith("?"):
            return None
        raise


def model_and_table(name):
    kind, column = DTYPES[name]
    model = fitted(name)
    if model is None:
        pytest.skip("fit refuses this dtype")  # test_fit asserts that it does so clearly
    return model, kind.rstrip("?"), column, neighboured(column)


@pytest.mark.parametrize("name", ERRORS)
def test_refused(name, capsys):
    assert_fit_refuses(DTYPES[name][1], capsys)


@pytest.mark.parametrize("name", [name for name in ERRORS if "Null" not in name])
def test_refused_where_fit_saw_numbers(name):
    library, column = name.split(":")[0], DTYPES[name][1]
    model = fitted(f"{library}: {'Float64' if library == 'polars' else 'float64'}")
    named = "column 0" if library == "numpy" else NAME
    for call in (model.score_samples, model.sample_conditional):
        assert_clear_error(lambda call=call: call(neighboured(column)), named)


@pytest.mark.parametrize("name", GOOD)
def test_fit(name, capsys):
    kind, column = DTYPES[name]
    if fitted(name) is None:
        return assert_fit_refuses(column, capsys)
    by_itself = small().fit(alone(column)).conditionals_
    beside = fitted(name).conditionals_[-1 if isinstance(column, np.ndarray) else 1]
    assert by_itself == [beside]
    if kind.startswith("number"):
        assert beside not in FAMILIES["two"]
    else:
        assert beside in FAMILIES[kind.rstrip("?")]


@pytest.mark.parametrize("name", GOOD)
def test_score(name):
    model, kind, column, table = model_and_table(name)
    scores = model.score_samples(table)
    assert scores.dtype == np.float64
    assert scores.shape == (N,)
    assert np.all(np.isfinite(scores))
    for row in (0, 7):  # what a cell is does not depend on the rows it comes with
        one = model.score_samples(rows(table, row, row + 1))
        np.testing.assert_allclose(one, scores[row : row + 1], rtol=1e-12)
    if kind != "number" and levels_of(column) == set(cells(alone(column))[0]):
        probabilities = np.exp(small().fit(alone(column)).score_samples(alone(column)))
        of_levels = dict(zip(cells(alone(column))[0], probabilities))
        assert sum(of_levels.values()) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("name", GOOD)
def test_sample(name):
    model, kind, column, table = model_and_table(name)
    drawn = model.sample(sizes(300, 30), random_state=0)
    assert form(drawn) == form(table)
    assert len(drawn) == sizes(300, 30)
    assert_plausible(odd_cells(drawn), kind, column)
    assert np.all(np.isfinite(model.score_samples(drawn)))


@pytest.mark.parametrize("share", [0.3, 1.0])
@pytest.mark.parametrize("name", GOOD)
def test_sample_conditional(name, share):
    model, kind, column, table = model_and_table(name)
    hidden = hide(table, np.arange(N) < share * N)
    before = cells(hidden)
    filled = model.sample_conditional(hidden, random_state=0)
    assert form(filled) == form(hidden)
    if isinstance(table, pd.DataFrame):
        pd.testing.assert_index_equal(filled.index, table.index)
    for given, known, now in zip(before, cells(hidden), cells(filled)):
        there = [i for i, cell in enumerate(given) if not pd.isna(cell)]
        assert [given[i] for i in there] == [known[i] for i in there] == [now[i] for i in there]
        assert not any(pd.isna(cell) for cell in now)
    assert_plausible(odd_cells(filled), kind, column)


@pytest.mark.parametrize("library", ["pyarrow", "polars"])
def test_draws_of_decimals_are_within_what_their_digits_can_say(library):
    largest = decimal.Decimal("9.99")
    cells = [largest if i % 2 else largest - decimal.Decimal(i) / 100 for i in range(60)]
    column = pa.array(cells, pa.decimal128(3, 2))
    table = pa.table({"a": column, "b": np.arange(60) % 7})
    table = pl.from_arrow(table) if library == "polars" else table
    model = quick(max_iter=1, conditionals=["gaussian_mixture", "auto"]).fit(table)
    drawn = model.sample(300, random_state=0)
    drawn = drawn.to_arrow() if library == "polars" else drawn
    drawn = drawn["a"].cast(pa.decimal128(3, 2)).to_pylist()
    assert max(drawn) == largest and len(set(drawn)) > 10
