"""What a column is, by its own dtype and values: labels, flags, integers, moments, constants."""

import datetime
import enum
import pickle
import re
import warnings

import dateutil.tz
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from conftest import JIT, quick, sizes
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.preprocessing import StandardScaler

from skmade import MADEDensity, MADEImputer, MADEOutlierDetector
from skmade._columns._cells import cells_of_array
from skmade._columns._learn_number import learn_number
from skmade._columns._zones import from_the_wall, named_zone, on_the_wall

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N = sizes(300, 60)
RNG = np.random.default_rng(0)
X = RNG.normal(size=N)
CODE = np.arange(N) % 3
SMALL = {"random_state": 0, "max_iter": 3, "n_estimators": 1, "hidden_layer_sizes": (16,)}


def a_pandas(dtype):
    return lambda labels: pd.DataFrame({"odd": pd.Series(labels, dtype=dtype)})


def a_polars(dtype):
    return lambda labels: pl.DataFrame({"odd": pl.Series(labels, dtype=dtype)})


def an_enum(labels):
    return a_polars(pl.Enum(sorted(set(labels))))(labels)


# How a table of one column of text is made of a list of str.
TEXT = {
    "U": lambda labels: np.array(labels)[:, None],
    "StringDType": lambda labels: np.array(labels, dtype=np.dtypes.StringDType())[:, None],
    "object array": lambda labels: np.array(labels, dtype=object)[:, None],
    "object": a_pandas(object),
    "str": a_pandas("str"),
    "string[python]": a_pandas("string[python]"),
    "string[pyarrow]": a_pandas("string[pyarrow]"),
    "Arrow string": a_pandas(pd.ArrowDtype(pa.string())),
    "category": a_pandas("category"),
    "String": a_polars(pl.String),
    "Categorical": a_polars(pl.Categorical),
    "Enum": an_enum,
    "Arrow": lambda labels: pa.table({"odd": labels}),
}
NOT_DECLARED = [name for name in TEXT if name not in ("category", "Enum")]


def first(table):
    """Cells of the first column, as a list."""
    if isinstance(table, np.ndarray):
        return table[:, 0].tolist()
    if isinstance(table, pa.Table):
        return table.column(0).to_pylist()
    return table[table.columns[0]].to_list()


def name_of(table):
    return r"column 0\b" if isinstance(table, np.ndarray) else r"\bodd\b"


def probabilities(model, table):
    """The probability of each value in a table of one column."""
    return dict(zip(first(table), np.exp(model.score_samples(table))))


# ---------------------------------------------------------------------------------------
# Labels

LOOKALIKES = {
    "padded": ["01", "1", "2", "1.0"],
    "exponents": ["1e5", "100000", "1E5"],
    "identifiers": [str(2**53), str(2**53 + 1), str(2**53 + 2)],
    "missing": ["nan", "NaN", "None", "NA", "<NA>", "null", "inf"],
    "bools": ["True", "true", "1", "False"],
    "blanks": ["", " ", "a", "a ", "\n"],
    "two numbers": ["0", "1"],
    "unicode": ["é", "e\u0301", "ß", "日"],
}


@pytest.mark.parametrize("labels", LOOKALIKES)
@pytest.mark.parametrize("text", TEXT)
def test_text_is_never_parsed(text, labels):
    table = TEXT[text](LOOKALIKES[labels] * 12)
    model = quick(max_iter=1).fit(table)
    given = probabilities(model, table)
    assert set(given) == set(LOOKALIKES[labels])  # no two labels became one
    assert sum(given.values()) == pytest.approx(1, abs=1e-5)
    drawn = model.sample(sizes(200, 50), random_state=0)
    assert set(first(drawn)) <= set(LOOKALIKES[labels])


@pytest.mark.parametrize("dtype", [object, "str", "string", "category"])
@pytest.mark.parametrize("other", ["other text", "a category", "flags", None])
def test_labels_do_not_depend_on_neighbours(dtype, other):
    neighbours = {
        "other text": np.array(["u", "v", "u"])[CODE].astype(object),
        "a category": pd.Categorical(CODE),
        "flags": X > 0,
    }
    labels = ["01", "1", "2"]
    frame = pd.DataFrame({"w": pd.Series(labels * (N // 3), dtype=dtype), "x": X})
    if other is not None:
        frame["other"] = neighbours[other]
    model = MADEDensity(ordering=np.arange(frame.shape[1]), **SMALL).fit(frame)
    of_labels = model.score_features(frame)[:3, 0]  # the first of the ordering
    assert np.exp(of_labels).sum() == pytest.approx(1, abs=1e-5)
    drawn = model.sample(100, random_state=0)["w"]
    assert drawn.dtype == frame["w"].dtype
    assert set(drawn) <= set(labels)


@pytest.mark.parametrize("step", [1, 0.5])
@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_numbers_said_to_be_labels(frame, step):
    start = 2**53 if step == 1 else 0  # identifiers that are one number as doubles
    ids = start + CODE * step
    table = frame({"odd": ids.astype(int if step == 1 else float), "x": X})
    model = quick(categorical_features=["odd"], ordering=[0, 1]).fit(table)
    assert model.conditionals_[0] == "categorical"
    assert np.exp(model.score_features(table)[:3, 0]).sum() == pytest.approx(1, abs=1e-5)
    drawn = model.sample(100, random_state=0)
    assert drawn["odd"].dtype == table["odd"].dtype
    assert set(drawn["odd"].to_list()) <= set(table["odd"].to_list())


DECLARED = {
    "category": pd.DataFrame({"odd": pd.Categorical(list("abd") * 20, list("dbca"))}),
    "ordered": pd.DataFrame({"odd": pd.Categorical(list("abd") * 20, list("dbca"), ordered=True)}),
    "integers": pd.DataFrame({"odd": pd.Categorical([1, 2, 7] * 20, [7, 2, 1, 5])}),
    "Enum": pl.DataFrame({"odd": pl.Series(list("abd") * 20, dtype=pl.Enum(list("dbca")))}),
}


@pytest.mark.parametrize("name", DECLARED)
def test_levels_that_no_row_has_are_of_the_dtype(name):
    table = DECLARED[name]
    dtype = table["odd"].dtype
    every = type(table)({"odd": type(table["odd"])(list(dtype.categories), dtype=dtype)})
    model = quick().fit(table)
    given = probabilities(model, every)
    assert len(given) == 4
    assert min(given.values()) > 0
    assert sum(given.values()) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("name", ["category", "ordered", "integers"])
def test_a_query_may_declare_fewer_levels(name):
    table = DECLARED[name]
    model = quick().fit(table)
    some = table.iloc[[0, 0, 1]].copy()
    some["odd"] = some["odd"].cat.remove_unused_categories()
    np.testing.assert_array_equal(model.score_samples(some), model.score_samples(table)[[0, 0, 1]])
    some.iloc[1, 0] = np.nan
    filled = model.sample_conditional(some, random_state=0)["odd"]
    assert filled.notna().all()
    assert filled.iloc[[0, 2]].tolist() == table["odd"].iloc[:2].tolist()
    assert filled.iloc[1] in table["odd"].cat.categories


def test_categories_of_bools_are_drawn():
    frame = pd.DataFrame({"x": X, "b": pd.Categorical(X > 0)})
    drawn = (
        quick(max_iter=sizes(60, 3), learning_rate_init=0.01)
        .fit(frame)
        .sample(sizes(2000, 50), 0)["b"]
    )
    assert drawn.dtype == frame["b"].dtype
    assert drawn.isna().sum() == 0
    if JIT:
        assert drawn.astype(bool).mean() == pytest.approx((X > 0).mean(), abs=0.1)


def a_category(levels):
    return pd.DataFrame({"x": X, "odd": pd.Categorical.from_codes(CODE % len(levels), levels)})


@pytest.mark.parametrize("parameters", [
    {"conditionals": ["auto", "gaussian"]},
    {"conditionals": ["auto", "logistic_mixture"]},
    {"conditionals": ["auto", "negative_binomial"]},
    {"categorical_features": None},
])  # fmt: skip
def test_categories_cannot_hold_draws_of_numbers(parameters):
    with pytest.raises(
        ValueError, match=r"Column 'odd' has a category dtype.*convert it to numbers"
    ):
        quick(**parameters).fit(a_category([1, 2, 7]))
    with pytest.raises(ValueError, match=r"Column 'odd' has a category dtype, but a 'bern"):
        quick(conditionals=["auto", "bernoulli"]).fit(a_category([1]))


@pytest.mark.parametrize("levels", [[3, 7], [0, 1], [False, True], [0.1, 0.7], [2**60, 2**60 + 1]])
@pytest.mark.parametrize(
    "parameters", [{"conditionals": ["auto", "bernoulli"]}, {"categorical_features": None}]
)
def test_categories_of_two_numbers_hold_draws_of_flags(levels, parameters):
    frame = a_category(levels)
    model = quick(**parameters).fit(frame)
    assert model.conditionals_[1] == "bernoulli"
    drawn = model.sample(50, random_state=0)["odd"]
    assert drawn.dtype == frame["odd"].dtype
    assert set(drawn) == set(levels)


def with_a_rare_label(kind):
    labels = np.where(X > 0, "u", "v").astype(object)
    labels[7] = "rare"
    if kind == "Enum":
        return pl.DataFrame({"x": X, "c": pl.Series(labels, dtype=pl.Enum(["u", "v", "rare"]))})
    return pd.DataFrame({"x": X, "c": pd.Categorical(labels) if kind == "category" else labels})


@pytest.mark.parametrize("kind", ["category", "Enum"])
def test_declared_levels_that_a_fold_does_not_see(kind):
    table = with_a_rare_label(kind)
    assert np.all(np.isfinite(cross_val_score(MADEDensity(**SMALL), table, cv=5)))
    search = GridSearchCV(MADEDensity(**SMALL), {"alpha": [0.0, 0.1]}, cv=5, error_score="raise")
    assert np.all(np.isfinite(search.fit(table).cv_results_["mean_test_score"]))


@pytest.mark.parametrize("kind", ["category", "object"])
def test_rare_labels_that_a_fold_does_not_see(kind):
    model = MADEDensity(handle_unknown="rare", **SMALL)
    assert np.all(np.isfinite(cross_val_score(model, with_a_rare_label(kind), cv=5)))


def test_levels_of_the_first_call_hold():
    labels = pd.Series(list("abc") * 20, dtype=object)
    table = pd.DataFrame({"c": labels, "n": [0, 1, 5] * 20, "x": X[:60]})
    model = quick().partial_fit(table)
    families = list(model.conditionals_)
    few = table[(labels == "a")]  # here c is constant, and n too
    model.partial_fit(few)
    assert model.conditionals_ == families
    assert np.all(np.isfinite(model.score_samples(table)))
    assert quick().fit(table, X_val=few).conditionals_ == families
    assert set(model.sample(200, 0)["c"]) == set("abc")


@pytest.mark.parametrize("dtype", [object, "category"])
def test_as_many_labels_as_rows_are_warned_of_by_name(dtype):
    keys = pd.Series([f"u{i}" for i in range(N)], dtype=dtype)
    frame = pd.DataFrame({"x": X, "user_key": keys})
    with pytest.warns(UserWarning, match="user_key"):
        quick(max_iter=1).fit(frame[:50])
    with warnings.catch_warnings():  # (of fewer rows nobody can say)
        warnings.simplefilter("error", UserWarning)
        warnings.filterwarnings("ignore", message="Training stopped")
        quick(max_iter=1).fit(frame[:49])


# ---------------------------------------------------------------------------------------
# Labels that fit did not see


def test_defaults_for_unseen_labels():
    assert MADEDensity().get_params()["handle_unknown"] == "error"
    assert MADEOutlierDetector().get_params()["handle_unknown"] == "rare"
    with pytest.raises(ValueError, match="handle_unknown"):
        quick(handle_unknown="ignore").fit(X[:, None])


@pytest.mark.parametrize("text", TEXT)
def test_unseen_labels_are_named(text):
    model = quick(max_iter=1).fit(TEXT[text](["a", "b", "c"] * 20))
    query = TEXT[text](["a", "violet"])
    for call in (model.score_samples, model.score_features, model.score, model.partial_fit):
        with pytest.raises(ValueError, match="violet") as raised:
            call(query)
        assert re.search(name_of(query), str(raised.value), re.IGNORECASE)


COUNTS = {  # how often each label occurs
    "no label once": [30, 20, 10],
    "one once": [40, 19, 1],
    "many once": [30, 20, *[1] * 10],
    "two labels": [59, 1],
    "one label": [60],
    "all but one once": [20, *[1] * 10],
}


@pytest.mark.parametrize("estimator", [MADEDensity, MADEOutlierDetector])
@pytest.mark.parametrize("counts", COUNTS)
@pytest.mark.parametrize("text", TEXT)
def test_mass_of_unseen_labels(text, counts, estimator):
    counts = COUNTS[counts]
    labels = [f"l{i}" for i, count in enumerate(counts) for _ in range(count)]
    table = TEXT[text](labels)
    model = estimator(handle_unknown="rare", **SMALL).fit(table)
    mass = (counts.count(1) + 0.5) / (len(labels) + 1)
    known = probabilities(model, table)
    assert sum(known.values()) == pytest.approx(1 - mass, abs=1e-5)
    new = model.score_samples(TEXT[text](["new", "newer", "l0"]))
    assert new[:2] == pytest.approx(np.log(mass), abs=1e-4)
    assert np.exp(new[2]) == pytest.approx(known["l0"])
    assert set(first(model.sample(sizes(200, 50), random_state=0))) <= set(labels)


def test_unseen_labels_beside_other_columns():
    frame = pd.DataFrame({"x": X, "c": np.array(["a", "b", "c"])[CODE], "y": X**2})
    model = quick(handle_unknown="rare", ordering=[1, 0, 2]).fit(frame)
    other = frame.assign(c=["new", *frame["c"][1:]])
    parts, expected = model.score_features(other), model.score_features(frame)
    assert parts[0, 1] == pytest.approx(np.log(0.5 / (N + 1)), abs=1e-4)
    assert np.all(np.isfinite(parts))
    np.testing.assert_allclose(parts.sum(axis=1), model.score_samples(other), rtol=1e-10)
    np.testing.assert_array_equal(parts[1:], expected[1:])  # a batch goes on


@pytest.mark.parametrize("kind", ["category", "object"])
def test_a_new_label_does_not_stop_a_batch(kind):
    frame = with_a_rare_label("object")
    frame.loc[7, "c"] = "u"
    frame["c"] = frame["c"].astype("category" if kind == "category" else object)
    detector = MADEOutlierDetector(**SMALL).fit(frame)
    query = pd.DataFrame({"x": [0.5, 0.5], "c": pd.Series(["u", "new"], dtype=object)})
    assert detector.predict(query).tolist() == [1, -1]
    assert detector.p_values(query)[1] < detector.p_values(query)[0]


def of_objects(*cells):
    """A frame of a column of these objects."""
    return pd.DataFrame({"odd": pd.Series(list(cells), dtype=object)})


DAY = datetime.date(2024, 3, 1)
OTHER_THAN_TEXT = {
    "numbers and text": of_objects("a", 3, "3", 4.0),
    "dates": of_objects("a", DAY, pd.Timestamp(DAY)),
    "lists": of_objects("a", [1], {"a": 1}, "[1]"),
    "numbers": pd.DataFrame({"odd": [3, 4]}),
    "float32": pd.DataFrame({"odd": np.array([3, 4], np.float32)}),
    "flags": pd.DataFrame({"odd": [True, False]}),
    "moments": pd.DataFrame({"odd": pd.to_datetime([DAY])}),
    "zoned moments": pd.DataFrame({"odd": pd.to_datetime([DAY]).tz_localize("UTC")}),
    "spans": pd.DataFrame({"odd": pd.to_timedelta(["3D"])}),
    "an array of objects": np.array([["a"], [3], ["3"], [DAY]], object),
}


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.parametrize("dtype", ["category", object, "str"])
@pytest.mark.parametrize("name", OTHER_THAN_TEXT)
def test_what_is_no_level_is_an_unseen_label(name, dtype):
    query = OTHER_THAN_TEXT[name]
    table = pd.DataFrame({"odd": pd.Series(["a", "b", "2024-03-01"] * 20, dtype=dtype)})
    is_known = np.array([cell == "a" for cell in first(query)])
    detector = MADEOutlierDetector(**SMALL).fit(table)
    scores = detector.score_samples(query)
    assert scores[~is_known] == pytest.approx(np.log(0.5 / 61), abs=1e-4)
    assert scores[is_known] == pytest.approx(detector.score_samples(table[:1])[0])
    with pytest.raises(ValueError, match="Found unknown categories .* in column 'odd'"):
        quick().fit(table).score_samples(query)


@pytest.mark.parametrize("cells", [["a", 1.0], ["a", DAY], [DAY, DAY]])
def test_objects_of_several_types_are_refused_in_fit(cells):
    for parameters in ({}, {"categorical_features": [0]}, {"conditionals": "categorical"}):
        with pytest.raises(TypeError, match="Column 'odd' (mixes|holds)"):
            MADEOutlierDetector(**SMALL, **parameters).fit(of_objects(*cells * 20))


@pytest.mark.parametrize("kind", ["category", "numbers"])
@pytest.mark.parametrize("dtypes", [("float64", "float32"), ("float32", "float64")])
def test_labels_that_are_floats_match_in_the_coarser_precision(kind, dtypes):
    tenths = pd.DataFrame({"odd": np.array([0.1, 0.2, 0.7])[CODE]})
    of_fit, of_query = (tenths.astype(dtype) for dtype in dtypes)
    if kind == "category":
        of_fit = of_fit.astype("category")
    model = quick(categorical_features=["odd"]).fit(of_fit)
    np.testing.assert_array_equal(model.score_samples(of_query), model.score_samples(of_fit))
    with pytest.raises(ValueError, match="unknown categories"):
        model.score_samples(of_query + 0.001)


MOMENTS = pd.DatetimeIndex(
    np.array(["2024-03-01T00", "2024-03-01T12", "2024-03-02T00:00:00.5"], "M8[ns]")
)
TIMES = {
    "moments": (MOMENTS, MOMENTS.as_unit("ms")),
    "zoned moments": (MOMENTS.tz_localize("UTC"), MOMENTS.tz_localize("UTC").as_unit("ms")),
    "spans": (MOMENTS - MOMENTS[0], (MOMENTS - MOMENTS[0]).as_unit("ms")),
    "dates": (
        [DAY, DAY.replace(day=2), DAY.replace(day=3)],
        pd.date_range("2024-03-01", periods=3),
    ),
    "datetimes": (pd.Index(MOMENTS.to_pydatetime(), dtype=object), MOMENTS.as_unit("us")),
}


@pytest.mark.parametrize("name", TIMES)
def test_categories_of_times_are_matched_by_columns_of_times(name):
    levels, column = TIMES[name]
    frame = pd.DataFrame({"odd": pd.Categorical.from_codes(CODE, levels)})
    model = quick().fit(frame)
    expected = model.score_samples(frame)[:3]
    assert len(set(expected)) == 3
    objects = of_objects(*levels)
    for query in (pd.DataFrame({"odd": column}), objects):
        np.testing.assert_array_equal(model.score_samples(query), expected)
    drawn = model.sample(50, random_state=0)["odd"]
    assert drawn.dtype == frame["odd"].dtype
    objects.loc[0] = None
    filled = model.sample_conditional(objects, random_state=0)["odd"].tolist()
    assert filled[1:] == list(levels)[1:]
    assert filled[0] in list(levels)


def test_levels_that_print_alike():
    class Odd:
        def __repr__(self):
            return "odd"

    frame = pd.DataFrame({"odd": pd.Categorical.from_codes(CODE % 2, [Odd(), Odd()])})
    with pytest.raises(ValueError, match="Column 'odd' has levels that print alike"):
        quick().fit(frame)
    apart = pd.Categorical.from_codes(CODE, [(1, 2), "(1, 2)", pd.Interval(1, 2)])
    given = probabilities(quick().fit(pd.DataFrame({"odd": apart})), pd.DataFrame({"odd": apart}))
    assert len(given) == 3


class Colour(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


@pytest.mark.parametrize("dtype", [object, "category"])
def test_labels_of_an_enumeration_are_stored_as_text(dtype):
    frame = pd.DataFrame({"odd": pd.Series([Colour.RED, Colour.BLUE] * 20, dtype=dtype)})
    model = quick().fit(frame)
    levels = model._density.columns.columns[0].levels
    assert [type(level) for level in levels] == [str, str]
    text = frame.astype(str).astype(object)
    np.testing.assert_array_equal(model.score_samples(text), model.score_samples(frame))
    assert set(model.sample(50, random_state=0)["odd"]) == {"red", "blue"}


@pytest.mark.parametrize("kind", ["category", "object"])
def test_trimming_does_not_forget_labels(kind):
    frame = with_a_rare_label(kind)
    parameters = {**SMALL, "max_iter": sizes(100, 3)}
    labels = MADEOutlierDetector(trim=0.1, **parameters).fit_predict(frame)
    assert labels.shape == (N,)
    if JIT:
        assert labels[7] == -1


# ---------------------------------------------------------------------------------------
# Flags

PAIRS = {
    "floats": [-1.3, 0.7],
    "integers": [3, 9],
    "0 and 1": [0, 1],
    "far apart": [-1e6, 1e6],
    "close": [1.0, 1.0 + 1e-9],
    "uint8": np.array([0, 255], np.uint8),
    "int64": [2**53, 2**53 + 1],
    "bool": [False, True],
}


@pytest.mark.parametrize("make", [np.array, pd.Series, pl.Series])
@pytest.mark.parametrize("pair", PAIRS)
def test_two_values_are_a_flag(pair, make):
    pair = np.asarray(PAIRS[pair])
    column = pair[(X[:60] > 0).astype(int)]
    table = column[:, None]
    if make is not np.array:
        frame = pd.DataFrame if make is pd.Series else pl.DataFrame
        table = frame({"odd": make(column)})
    model = quick().fit(table)
    assert model.conditionals_ == ["bernoulli"]
    given = probabilities(model, table)
    assert sum(given.values()) == pytest.approx(1, abs=1e-5)
    drawn = first(model.sample(100, random_state=0))
    assert set(drawn) == set(pair.tolist())
    if make is np.array:
        assert model.sample(2).dtype == table.dtype


def test_a_standardised_flag_is_a_flag():
    table = StandardScaler().fit_transform(np.column_stack([X, X > 0.5]))
    assert quick(max_iter=1).fit(table).conditionals_[1] == "bernoulli"


def test_a_third_value_of_a_number_that_hardly_changes_is_rare():
    """A fold may see another than the others do."""
    column = np.zeros(N)
    column[7] = 3.7
    model = quick(max_iter=1).fit(column[:, None])
    log_p = model.score_samples([[0.0], [3.7], [5.2]])
    assert np.exp(log_p).sum() == pytest.approx(1, abs=1e-5)
    assert log_p[2] == pytest.approx(np.log(1.5 / (N + 1)))
    column[-1] = 5.2
    table = np.column_stack([X, column])
    assert np.all(np.isfinite(cross_val_score(quick(max_iter=1), table, error_score="raise")))
    flag = quick(max_iter=1).fit(np.arange(N)[:, None] == 7.0)
    with pytest.raises(ValueError, match="handle_unknown"):
        flag.score_samples([[2.0]])


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_another_value_in_a_flag_is_named(make):
    model = quick(max_iter=1).fit(make({"x": X, "odd": np.where(X > 0, 3.0, 9.0)}))
    with pytest.raises(ValueError, match=r"\bodd\b.*4\.5"):
        model.score_samples(make({"x": [0.0], "odd": [4.5]}))


def test_flags_in_object_columns_are_filled_with_bools():
    frame = pd.DataFrame({"x": X, "b": (X > 0).tolist()}).astype({"b": object})
    model = quick(max_iter=1, ordering=[0, 1]).fit(frame)
    query = pd.DataFrame({"x": X[:3], "b": pd.Series([True, None, False], dtype=object)})
    filled = model.sample_conditional(query, random_state=0)["b"].tolist()
    assert filled[::2] == [True, False]
    assert all(isinstance(cell, (bool, np.bool_)) for cell in filled)


# ---------------------------------------------------------------------------------------
# Integers

INTEGERS = [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]


@pytest.mark.parametrize("end", ["min", "max"])
@pytest.mark.parametrize("library", ["numpy", "pandas", "nullable", "polars"])
@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers_at_an_end_of_their_range_do_not_wrap(dtype, library, end):
    limit = int(getattr(np.iinfo(dtype), end))
    counts = RNG.poisson(1.5, (N, 2))
    values = [[limit + (-c if end == "max" else c) for c in row] for row in counts.tolist()]
    table = np.array(values, dtype=dtype)
    if library == "polars":
        table = pl.DataFrame(table, schema=["a", "b"])
    elif library != "numpy":
        table = pd.DataFrame(table, columns=["a", "b"])
        if library == "nullable":
            table = table.astype(dtype.replace("i", "I").replace("u", "U"))
    drawn = quick().fit(table).sample(sizes(5000, 50), random_state=0)
    if library == "numpy":
        assert drawn.dtype == dtype
    else:
        assert list(drawn.dtypes) == list(table.dtypes)
    assert all(abs(value - limit) <= 60 for value in first(drawn))  # (6 away at most in fit)


LARGE = [("int64", 2**60), ("int64", -(2**62)), ("int64", -(2**63)), ("uint64", 2**64 - 6)]


@pytest.mark.parametrize("make", [np.array, pd.Series, pl.Series])
@pytest.mark.parametrize(("dtype", "lowest"), LARGE)
def test_integers_that_floats_merge_are_told_apart(dtype, lowest, make):
    """Scores and draws are those of the same integers less the lowest."""

    def table(integers):
        column = np.array(integers, dtype)
        frame = pd.DataFrame if make is pd.Series else pl.DataFrame
        return column[:, None] if make is np.array else frame({"odd": make(column)})

    counts = RNG.choice(6, N, p=[0.3, 0.25, 0.2, 0.1, 0.1, 0.05]).tolist()
    model = quick(max_iter=sizes(30, 3)).fit(table([lowest + k for k in counts]))
    less = quick(max_iter=sizes(30, 3)).fit(np.array(counts)[:, None] - 2)
    scores = model.score_samples(table([lowest + k for k in range(6)]))
    np.testing.assert_allclose(scores, less.score_samples(np.arange(6)[:, None] - 2), atol=0.3)
    assert len(set(scores)) == 6
    drawn = model.sample(100, random_state=0)
    assert {type(value) for value in first(drawn)} == {int}
    assert set(first(drawn)) <= set(range(lowest - 60, lowest + 66))
    far = model.score_samples(np.zeros((1, 1), np.int8) if make is np.array else table([0]))
    assert -np.inf < far[0] < scores.min() - 1000


@pytest.mark.parametrize(
    "query", [pl.Series([2**60 + 1, None, 2**60 + 4]), pd.array([2**60 + 1, None, 2**60 + 4])]
)
def test_large_integers_are_filled_beside_known_ones(query):
    frame = pd.DataFrame if not isinstance(query, pl.Series) else pl.DataFrame
    cells = pd.array if frame is pd.DataFrame else pl.Series
    counts = [2**60 + int(k) for k in CODE + RNG.poisson(2, N)]
    model = quick().fit(frame({"x": X, "i": cells(counts)}))
    filled = model.sample_conditional(frame({"x": X[:3], "i": query}), random_state=0)["i"]
    assert filled.to_list()[::2] == [2**60 + 1, 2**60 + 4]
    assert 0 <= filled.to_list()[1] - 2**60 + 30 <= 90
    assert filled.dtype == query.dtype


def test_a_large_integer_that_is_constant():
    model = quick().fit(np.full((N, 1), 2**60 + 1))
    scores = model.score_samples(np.array([2**60 + 1, 2**60 + 2, 2**60, 2**61, 0])[:, None])
    assert scores[0] > -0.01
    assert scores[1] == scores[2] > scores[3]
    assert np.all(np.isfinite(scores))
    assert model.sample(3, random_state=0)[:, 0].tolist() == [2**60 + 1] * 3


def test_moments_further_apart_than_64_bits():
    days = np.array(["2250-01-01", "2250-01-02", "2250-01-05"], "M8[ns]")[CODE[:60], None]
    days[::2] += np.timedelta64(1, "h")
    model = quick().fit(days)
    far = model.score_samples(np.array([["1700-01-01"]], "M8[ns]"))
    assert -np.inf < far[0] < model.score_samples(days).min() - 100


def test_moments_one_tick_apart():
    table = np.array(["2024-01-01", "2024-01-02"], "M8[D]")[CODE[:60] % 2, None]
    assert set(first(quick().fit(table).sample(50, random_state=0))) == set(first(table))


@pytest.mark.parametrize("make", [np.int64, np.float64, "M8[s]"])
@pytest.mark.parametrize("low", [0, 10**7 + 1])
def test_numbers_near_one_of_two_are_neither(make, low):
    numbers = np.array([low, low + 2 * 10**7, low + 5, low + 2 * 10**7 + 9], make)[:, None]
    model = quick(handle_unknown="rare").fit(numbers[CODE % 2])
    scores = model.score_samples(numbers)
    assert max(scores[2:]) < np.log(0.01) < min(scores[:2])
    assert np.exp(scores).sum() < 1.02
    with pytest.raises(ValueError, match="Column 0 has the value"):
        quick(handle_unknown="error").fit(numbers[CODE % 2]).score_samples(numbers[3:])


@pytest.mark.parametrize("values", [(100.1, 100.2), (0.1, 1e5 + 0.1), (-3.3, 7e8)])
def test_two_numbers_are_known_in_single_precision(values):
    table = np.array(values)[CODE % 2][:, None]
    model = quick().fit(table)
    single = model.score_samples(table.astype(np.float32))
    np.testing.assert_array_equal(single, model.score_samples(table))


def test_a_third_value_of_large_flags():
    model = quick().fit(np.array([2**60, 2**60 + 1])[CODE % 2, None])
    with pytest.raises(ValueError, match=f"value {2**60 + 2}, but had {2**60} and {2**60 + 1} on"):
        model.score_samples([[2**60 + 2]])


def test_missing_cells_of_large_flags():
    flags = pd.array(np.array([2**60, 2**60 + 1])[CODE % 2], "Int64")
    flags[::3] = pd.NA
    frame = pd.DataFrame({"flag": flags})
    model = quick().fit(frame)
    scores = model.score_samples(frame)
    assert np.all(scores[::3] == 0)
    assert np.exp(np.unique(scores[scores < 0])).sum() == pytest.approx(1, abs=1e-5)
    assert set(model.sample(50, random_state=0)["flag"]) == {2**60, 2**60 + 1}


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_integers_without_ties_are_drawn_as_integers(make):
    table = make({"x": X, "i": np.arange(N)})
    drawn = quick().fit(table).sample(500, random_state=0)
    assert list(drawn.dtypes) == list(table.dtypes)
    assert len(set(drawn["i"].to_list())) > N // 3


@pytest.mark.parametrize("unit", [1, 1000])
def test_floats_that_are_whole_without_ties_are_drawn_whole(unit):
    """As pandas has integers with gaps: what they are does not depend on the dtype."""
    prices = unit * RNG.permutation(20 * N)[:N]
    frame = pd.DataFrame({"x": X, "price": prices.astype(float)})
    model, twin = (quick().fit(f) for f in (frame, frame.astype({"price": int})))
    drawn, of_twin = (m.sample(500, random_state=0)["price"] for m in (model, twin))
    assert drawn.dtype == float
    np.testing.assert_array_equal(drawn, of_twin)
    np.testing.assert_array_equal(model.score_samples(frame), twin.score_samples(frame))
    imputer = MADEImputer(quick(), random_state=0)
    filled = imputer.fit_transform(frame.mask(RNG.random(frame.shape) < 0.2))["price"]
    np.testing.assert_array_equal(filled, np.round(filled))


@pytest.mark.parametrize("n_decimals", [1, 2, 3])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_draws_have_the_decimals_of_a_column(dtype, n_decimals):
    """Whether on a lattice (1), or on one too fine for ties to mean anything."""
    prices = RNG.lognormal(4, 1, size=N).round(n_decimals).astype(dtype)
    model = quick().fit(pd.DataFrame({"x": X.astype(dtype), "price": prices}))
    drawn = model.sample(500, random_state=0)
    assert set(drawn.dtypes) == {np.dtype(dtype)}
    rounded = drawn["price"].to_numpy(float).round(n_decimals).astype(dtype)
    np.testing.assert_array_equal(drawn["price"], rounded)
    assert not np.signbit(rounded).any()
    assert np.mean(drawn["x"] == drawn["x"].round(n_decimals)) < 0.1


@pytest.mark.parametrize(("share", "are_whole"), [(0.02, True), (0.05, False)])
def test_draws_are_whole_where_nearly_all_numbers_are(share, are_whole):
    """Where numbers with more decimals leave no lattice."""
    days = np.ceil(np.random.default_rng(0).lognormal(5, 1, size=N))
    days[: round(share * N)] /= 365.25
    drawn = quick().fit(np.column_stack([X, days])).sample(500, random_state=0)[:, 1]
    assert np.mean(drawn == np.round(drawn)) == (1.0 if are_whole else pytest.approx(0, abs=0.1))


@pytest.mark.parametrize("atom", [0.5, 0.05, 1 / 3])
def test_decimals_of_an_atom_are_its_own(atom):
    """Where the rest is of whole numbers, too many of which are one to be a lattice's."""
    rng = np.random.default_rng(0)
    prices = np.where(rng.random(600) < 0.15, atom, np.round(rng.lognormal(8, 1, size=600)) + 1)
    prices[:5] += 1 / 7
    model = quick().fit(np.column_stack([rng.normal(size=600), prices]))
    assert model.atoms_[1].tolist() == [atom]
    drawn = model.sample(1000, random_state=0)[:, 1]
    assert set(np.unique(drawn[drawn % 1 != 0])) == {atom}


def test_what_is_beside_a_spike_has_its_decimals_however_few_have_them():
    gains = np.zeros(N)
    gains[: round(0.02 * N)] = np.random.default_rng(0).lognormal(5, 1, size=round(0.02 * N))
    drawn = quick().fit(np.column_stack([X, gains])).sample(5000, random_state=0)[:, 1]
    others = drawn[drawn != 0]
    assert len(others) > 10 and np.mean(others == np.round(others)) < 0.1


def test_decimals_of_atoms_and_of_known_cells_are_kept():
    prices = RNG.lognormal(4, 1, size=N).round(2)
    model = quick(atoms={1: [0.125]}).fit(np.column_stack([X, prices]))
    drawn = model.sample(500, random_state=0)[:, 1]
    np.testing.assert_array_equal(drawn, drawn.round(3))
    filled = model.sample_conditional([[np.nan, 3.14159]], random_state=0)
    assert filled[0, 1] == 3.14159


ROUNDED, POISSON = RNG.integers(0, 40, size=N) / 10, np.random.default_rng(0).poisson(5, N)
#: Numbers on a lattice, but for rounding, and how they are made of tenths.
BESIDE_LATTICES = {
    "single precision": np.float32(ROUNDED),
    "single precision once": np.float32(ROUNDED).astype(float),
    "none of which is 0": np.float32((POISSON + 1) / 10).astype(float),
    "distances from a mean": ROUNDED - ROUNDED.mean(),
    "sums": np.cumsum(np.full(40, 0.1))[np.rint(10 * ROUNDED).astype(int)] - 0.1,
    "with an atom": np.float32(np.where(CODE > 0, ROUNDED, 1.2)).astype(float),
}


@pytest.mark.parametrize("name", BESIDE_LATTICES)
def test_values_beside_a_lattice_are_drawn_as_they_are(name):
    column = BESIDE_LATTICES[name]
    model = quick(max_iter=sizes(20, 2)).fit(pd.DataFrame({"x": X, "k": column}))
    assert model.conditionals_[1] == "logistic_mixture"
    drawn = model.sample(1000, random_state=0)["k"].to_numpy()
    assert drawn.dtype == column.dtype
    near = abs(drawn[:, None] - np.unique(column)).min(axis=1)
    assert np.all((near == 0) | (near > 0.05))  # (others are points between or beyond them)
    assert np.mean(near == 0) > 0.8
    assert column.min() < 0 or drawn.min() >= 0


@pytest.mark.parametrize("dtype", ["float64", "float32", "Int64", object])
def test_integers_are_filled_with_integers(dtype):
    """Other columns of a query than fit had, as holes turn integers into floats in pandas."""
    model = quick(max_iter=1, ordering=[0, 1]).fit(
        pd.DataFrame({"x": X, "i": RNG.poisson(4, N) + CODE})
    )
    query = pd.DataFrame({"x": X[:4], "i": [3, np.nan, 5, np.nan]}).astype({"i": dtype})
    filled = model.sample_conditional(query, random_state=0)["i"]
    assert filled.dtype == query["i"].dtype
    assert filled.tolist()[::2] == [3, 5]
    assert all(value == int(value) for value in filled)


def test_object_columns_of_numbers_are_numbers():
    frame = pd.DataFrame(
        {"i": RNG.poisson(4, N).tolist(), "x": X.tolist(), "k": ["a", "b", "c"] * (N // 3)}
    )
    typed, untyped = (quick().fit(table) for table in (frame, frame.astype(object)))
    assert untyped.conditionals_ == typed.conditionals_
    np.testing.assert_array_equal(
        untyped.score_samples(frame.astype(object)), typed.score_samples(frame)
    )
    drawn = untyped.sample(50, random_state=0)
    assert set(drawn.dtypes) == {np.dtype(object)}
    pd.testing.assert_frame_equal(
        drawn.infer_objects(), typed.sample(50, random_state=0).infer_objects(), check_dtype=False
    )


# ---------------------------------------------------------------------------------------
# Constants

CONSTANTS = {
    "5": np.full(N, 5.0),
    "0": np.zeros(N),
    "1": np.ones(N),
    "tenth": np.full(N, 0.1, np.float32),
    "far": np.full(N, 1e12),
    "int64": np.full(N, 7),
    "uint8": np.zeros(N, np.uint8),
    "one day": np.full(N, np.datetime64("2024-03-01", "ns")),
}


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
@pytest.mark.parametrize("name", CONSTANTS)
def test_constant_columns_add_nothing(name, make):
    table = make({"x": X, "odd": CONSTANTS[name], "y": X**2})
    model = quick().fit(table)
    assert model.conditionals_[1] != "bernoulli"
    assert np.abs(model.score_features(table)[:, 1]).max() < 0.01
    drawn = model.sample(20, random_state=0)["odd"]
    assert drawn.dtype == table["odd"].dtype
    assert sum(value == table["odd"][0] for value in drawn) >= 15  # of 20


@pytest.mark.parametrize("column", [np.ones(N, bool), np.zeros(N, bool)])
def test_constant_bools_are_flags_that_add_nothing(column):
    table = pd.DataFrame({"x": X, "odd": column})
    model = quick(max_iter=sizes(50, 3)).fit(table)
    assert model.conditionals_[1] == "bernoulli"
    if JIT:
        assert np.abs(model.score_features(table)[:, 1]).max() < 0.01
    other = model.score_samples(table.assign(odd=~column))
    assert np.all(np.isfinite(other))
    assert np.all(other < model.score_samples(table))


@pytest.mark.parametrize("value", [3.0, -1e9, 1e-3, 1e300])
@pytest.mark.parametrize("constant", [0.0, 5.0])
def test_other_values_of_a_constant_column_are_outliers(constant, value):
    detector = MADEOutlierDetector(**SMALL).fit(np.c_[X, np.full(N, constant)])
    rows = [[0, constant], [0, constant + value]]
    assert np.all(np.isfinite(detector.score_samples(rows)))
    assert detector.predict(rows).tolist() == [1, -1]


@pytest.mark.parametrize("value", [3.0, -1e9, 1e-3])
def test_other_values_of_a_constant_column_have_the_same_density_in_single_precision(value):
    table = np.c_[np.arange(N) % 2, np.full(N, 5.0)]
    model = quick(max_iter=sizes(50, 3)).fit(table.astype(np.float32))
    rows = np.float32([[0, 5], [0, 5 + value]])
    single, double = (model.score_features(rows.astype(dtype))[:, 1] for dtype in ("f4", "f8"))
    np.testing.assert_array_equal(single, double)


# ---------------------------------------------------------------------------------------
# Moments and spans

SECONDS = np.round(40_000_000 * X).astype("m8[s]")  # all but free of ties


def moments(library, unit, zone=None):
    days = np.datetime64("2024-03-01", "s") + SECONDS
    if library == "numpy":
        return days.astype(f"M8[{unit}]")[:, None]
    if library == "pandas":
        return pd.DataFrame({"odd": pd.to_datetime(days).as_unit(unit).tz_localize(zone)})
    column = pl.Series(days.astype("M8[ms]")).cast(pl.Datetime(unit)).dt.replace_time_zone(zone)
    return pl.DataFrame({"odd": column})


@pytest.mark.parametrize(
    ("library", "coarse", "fine", "ratio"),
    [
        ("numpy", "s", "ms", 1e3),
        ("numpy", "s", "ns", 1e9),
        ("pandas", "s", "us", 1e6),
        ("pandas", "ms", "ns", 1e6),
        ("polars", "ms", "us", 1e3),
        ("polars", "us", "ns", 1e3),
    ],
)
@pytest.mark.parametrize("zone", [None, "UTC"])
def test_densities_of_moments_are_in_their_own_unit(library, coarse, fine, ratio, zone):
    tables = [moments(library, unit, zone) for unit in (coarse, fine)]
    scores = [quick(dtype="float64").fit(table).score_samples(table) for table in tables]
    np.testing.assert_allclose(scores[0] - np.log(ratio), scores[1], atol=1e-3)


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_moments_are_drawn_about_where_they_were(library, unit, zone):
    if zone is not None:  # hours that do not exist, or exist twice, are none of these moments
        table = moments(library, unit, "UTC")
        column = table["odd"]
        column = column.dt.tz_convert(zone) if library == "pandas" else column
        column = column.dt.convert_time_zone(zone) if library == "polars" else column
        table = type(table)({"odd": column})
    else:
        table = moments(library, unit)
    model = quick(max_iter=sizes(30, 1)).fit(table)
    drawn = model.sample(500, random_state=0)["odd"]
    assert drawn.dtype == table["odd"].dtype
    far = table["odd"].max() - table["odd"].min()
    assert abs(drawn.median() - table["odd"].median()) < far / 4
    assert drawn.max() - drawn.min() > far / 20


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize(
    "zone", ["Asia/Kolkata", "Europe/Berlin", "US/Eastern", "America/Sao_Paulo"]
)
def test_days_of_a_time_zone_are_drawn_as_days(library, zone):
    """In Berlin and New York, clocks change at night; in Sao Paulo they did so at midnight, so that
    a day began at one."""
    days = pd.date_range("2016-03-01", periods=900, freq="D")
    days = days.tz_localize(zone, nonexistent="shift_forward", ambiguous=np.ones(900, bool))
    table = pd.DataFrame({"day": days, "x": np.arange(900) % 7.0})
    if library == "polars":
        table = pl.from_pandas(table)
    model = quick().fit(table)
    drawn = model.sample(500, random_state=0)["day"]
    assert drawn.dtype == table["day"].dtype
    drawn = pd.Series(drawn.to_pandas() if library == "polars" else drawn)
    minutes = drawn.dt.tz_localize(None) - drawn.dt.tz_localize(None).dt.normalize()
    assert minutes.isin([pd.Timedelta(0), pd.Timedelta(hours=1)]).all()
    assert (drawn.dt.hour == 0).mean() > 0.98
    scores = model.score_samples(table)
    other = pd.DataFrame({"day": days.tz_convert("UTC"), "x": np.arange(900) % 7.0})
    np.testing.assert_array_equal(model.score_samples(other), scores)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).score_samples(table), scores)


def test_clocks_of_a_zone_and_back():
    moments = np.arange("2019-01-01", "2019-12-31", 900, dtype="M8[s]")
    shown = on_the_wall(moments, "Europe/Berlin")
    back = from_the_wall(shown, "Europe/Berlin")
    is_second = moments != back  # (the hour that clocks show twice is the first of two)
    assert is_second.sum() == 4 and np.all(moments[is_second] - back[is_second] == 3600)
    assert (
        shown[0] - moments[0] == 3600 and shown[len(shown) // 2] - moments[len(shown) // 2] == 7200
    )
    skipped = np.array(["2019-03-31T02:30"], "M8[s]")
    assert (
        on_the_wall(from_the_wall(skipped, "Europe/Berlin"), "Europe/Berlin")[0] == skipped + 3600
    )
    ends = np.array(["0001-01-03", "9999-12-29"], "M8[s]")
    back = from_the_wall(on_the_wall(ends, "Asia/Kolkata"), "Asia/Kolkata")
    np.testing.assert_array_equal(back, ends)
    last = np.array(["2262-04-11T23:00"], "M8[ns]")
    assert abs(on_the_wall(last, "Asia/Kolkata") - last) < np.timedelta64(3, "D")


def test_days_are_found_in_rows_of_winter_and_beside_gaps_and_repeats():
    days = pd.date_range("2016-01-01", periods=200, freq="D", tz="Europe/Berlin")
    winter = pd.DataFrame({"day": days[:60], "x": np.arange(60.0)})
    model = quick().fit(winter)
    column = model._density.columns.columns[0]
    assert column.zone == "Europe/Berlin"
    frame = pd.concat([pd.DataFrame({"day": days, "x": np.arange(200.0)})] * 2, ignore_index=True)
    frame.loc[::10, "day"] = pd.NaT
    imputer = MADEImputer(quick(max_iter=20), random_state=0).fit(frame)
    assert (imputer.transform(frame)["day"].dt.hour == 0).all()
    mean = imputer.set_params(strategy="mean").transform(frame)["day"]
    far = abs(mean - imputer.transform(frame.assign(day=frame["day"].dt.tz_convert("UTC")))["day"])
    assert far.max() == pd.Timedelta(0)


def test_moments_that_are_finer_are_those_of_utc():
    hours = pd.date_range("2016-01-01", periods=3000, freq="h", tz="Europe/Berlin")
    model = quick().fit(pd.DataFrame({"t": hours, "x": np.arange(3000) % 24.0}))
    assert model._density.columns.columns[0].zone is None


def test_atoms_of_a_zoned_column_are_moments_of_utc():
    days = pd.date_range("2016-05-01", periods=100, freq="D", tz="Europe/Berlin")
    frame = pd.DataFrame({"day": days.append(days[:1].repeat(50))})
    model = quick(atoms={"day": [np.datetime64("2016-04-30T22:00")]}).fit(frame)
    assert model.atoms_["day"].tolist() == [
        np.datetime64("2016-04-30T22:00:00.000000", "us").item()
    ]
    with pytest.raises(ValueError, match="atoms of column 'day' must be moments of NumPy, of UTC"):
        quick(atoms={"day": [1.0]}).fit(frame)
    with pytest.raises(ValueError, match="atoms of column 'x' must be numbers; got"):
        quick(atoms={"x": ["a"]}).fit(pd.DataFrame({"x": np.arange(50.0)}))


def test_a_zone_that_this_machine_does_not_know_is_named():
    with pytest.raises(ValueError, match="time zone 'Europe/Nowhere' in fit.*install tzdata"):
        on_the_wall(np.array(["2020-01-01"], "M8[s]"), "Europe/Nowhere")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "numbers",
    [np.linspace(-1, 1, 40) * 1.7e308, np.r_[np.zeros(50), 10.0 ** np.linspace(-40, 40, 400)]],
)
def test_extents_beyond_what_floats_and_integers_hold_are_no_warning(numbers):
    cells = cells_of_array("x", numbers)
    column = learn_number(cells, "auto", np.ones(len(numbers)), "auto", True)
    assert column.spacing == 0 and np.isfinite(column.scale)


def test_zones_whose_clocks_are_not_known_have_no_name():
    assert named_zone("Europe/Berlin") == "Europe/Berlin"
    for name in (None, "", "+01:00", "UTC+01:00", "/etc", ".."):
        assert named_zone(name) is None


@pytest.mark.parametrize("kind", ["M8[s]", "m8[s]"])
def test_moments_and_spans_of_the_other_byte_order_are_what_they_are(kind):
    native = np.repeat(SECONDS, 2)[:N].astype("m8[s]").view(kind)[:, None]
    swapped = native.astype(native.dtype.newbyteorder())
    models = [quick().fit(table) for table in (native, swapped)]
    scores = [model.score_samples(table) for model in models for table in (native, swapped)]
    for others in scores[1:]:
        np.testing.assert_array_equal(scores[0], others)
    drawn = [model.sample(20, random_state=0) for model in models]
    np.testing.assert_array_equal(*drawn)
    assert drawn[1].dtype == swapped.dtype


@pytest.mark.parametrize("kind", ["M8[ns]", "m8[ns]"])
@pytest.mark.parametrize("handle_unknown", ["error", "rare"])
@pytest.mark.parametrize("days", [50, 400])
def test_two_moments_are_flags_however_far_apart(kind, handle_unknown, days):
    day = np.timedelta64(1, "D").astype("m8[ns]")
    both = np.array([50 * day, (50 + days) * day], "m8[ns]").view(kind)
    table = both[np.arange(N) % 3 // 2][:, None]
    model = quick(handle_unknown=handle_unknown, max_iter=sizes(50, 3)).fit(table)
    if JIT:
        found = np.exp(model.score_samples(both[:, None]))
        np.testing.assert_allclose(found, [2 / 3, 1 / 3], atol=0.02)
    drawn = model.sample(100, random_state=0)
    assert set(drawn.ravel().tolist()) == set(both.tolist())
    third = (both[:1] + day)[:, None]
    if handle_unknown == "rare":
        assert model.score_samples(third) < np.log(0.01)
    else:
        with pytest.raises(ValueError, match=f"Column 0 has the value {third[0, 0]}, but had"):
            model.score_samples(third)


@pytest.mark.parametrize("kind", ["M8[s]", "m8[D]"])
def test_gaps_in_arrays_of_moments_are_drawn(kind):
    table = np.round(1e4 * X).astype("m8[s]").astype("m8" + kind[2:]).view(kind)
    table = np.column_stack([table, table[::-1]])
    table[::4, 0] = "NaT"
    drawn = quick(missing="informative", max_iter=sizes(50, 3)).fit(table).sample(400, 0)
    assert drawn.dtype == table.dtype
    assert 0.1 < np.isnat(drawn[:, 0]).mean() < 0.4
    assert not np.isnat(drawn[:, 1]).any()


def test_spans_have_the_density_of_their_numbers():
    spans = SECONDS.astype("m8[ms]")[:, None]
    tables = spans, spans.astype(float)
    scores = [quick(dtype="float64").fit(table).score_samples(table) for table in tables]
    np.testing.assert_allclose(*scores, atol=1e-3)


# ---------------------------------------------------------------------------------------
# Names, layouts, and what comes back


def plain_columns():
    return {"count": RNG.poisson(3, 60).astype(float), "x": X[:60], "flag": (X[:60] > 0) * 1.0}


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_numbers_score_alike_as_frame_and_as_array(make):
    columns = plain_columns()
    array = np.column_stack(list(columns.values()))
    model, plain = quick().fit(make(columns)), quick().fit(array)
    assert model.conditionals_ == plain.conditionals_
    np.testing.assert_array_equal(model.score_samples(make(columns)), plain.score_samples(array))


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


LAYOUTS = {
    "Fortran": np.asfortranarray,
    "strided": lambda array: np.repeat(np.repeat(array, 2, axis=0), 3, axis=1)[::2, ::3],
    "backwards": lambda array: array[::-1].copy()[::-1],
    "read-only": read_only,
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["bool", "uint8", "float32", "U", "object", "M8[s]"])
def test_layouts_of_arrays_do_not_matter(dtype, layout):
    array = RNG.poisson(2, (60, 3)).astype(dtype if dtype != "M8[s]" else "int64").astype(dtype)
    model, other = quick().fit(array), quick().fit(LAYOUTS[layout](array))
    scores = model.score_samples(array)
    np.testing.assert_array_equal(other.score_samples(LAYOUTS[layout](array)), scores)


NAMES = {
    "integers": [1, 0, 7],
    "negative": [-1, -2, -3],
    "levels": pd.MultiIndex.from_tuples([("a", "x"), ("a", "y"), ("b", "x")], names=["p", "q"]),
    "named": pd.Index(["a", "b", "c"], name="what"),
    "moments": pd.date_range("2024-03-01", periods=3),
}


@pytest.mark.parametrize("names", NAMES)
def test_names_of_columns_come_back(names):
    frame = pd.DataFrame(plain_columns()).set_axis(NAMES[names], axis=1)
    drawn = quick(max_iter=1).fit(frame).sample(5, random_state=0)
    assert drawn.columns.equals(frame.columns)
    assert drawn.columns.names == frame.columns.names
    gap = frame.copy()
    gap.iloc[::2, 1] = np.nan
    model = quick(max_iter=1, ordering=[0, 2, 1]).fit(frame)
    filled = model.sample_conditional(gap, random_state=0)
    assert filled.columns.equals(frame.columns)
    pd.testing.assert_frame_equal(filled.iloc[1::2], frame.iloc[1::2])


WRONG = {
    "all missing": [np.nan] * 60,
    "all missing labels": pd.Series([None] * 60, dtype="str"),
    "infinite": [1.0, np.inf] * 30,
    "mixed": pd.Series([1.0, "N/A"] * 30, dtype=object),
    "complex": [1.0, 1j] * 30,
    "lists": [[1.0]] * 60,
    "period": pd.period_range("2024-03-01", periods=60),
}


@pytest.mark.parametrize("name", ["odd", 1, ("a", "y")], ids=str)
@pytest.mark.parametrize("what", WRONG)
def test_errors_give_the_name_of_the_column(what, name):
    column = WRONG[what]
    if isinstance(name, tuple):
        others = [("a", "x"), ("b", "z")]
    else:
        others = [2, 0] if name == 1 else ["p", "q"]
    frame = pd.DataFrame({name: column, others[0]: X[:60], others[1]: X[:60]})
    with pytest.raises((TypeError, ValueError)) as raised:
        quick(max_iter=1).fit(frame)
    message = str(raised.value)
    assert re.search(rf"(?i)columns? \[?{re.escape(repr(name))}", message)
    assert not re.search(r"(?i)column 0\b", message)  # its position


@pytest.mark.parametrize("name", [1, "odd"])
def test_errors_of_queries_give_the_name_of_the_column(name):
    frame = pd.DataFrame({name: ["a", "b", "c"] * 20, 0 if name == 1 else "x": X[:60]})
    model = quick(max_iter=1).fit(frame)
    query = frame.copy()
    query.iloc[3, 0] = "violet"
    with pytest.raises(ValueError, match=rf"(?i)column {name!r}.*violet|violet.*column {name!r}"):
        model.score_samples(query)


def test_a_lazy_frame_is_told_to_be_collected():
    frame = pl.DataFrame(plain_columns()).lazy()
    with pytest.raises((TypeError, ValueError), match="collect"):
        quick(max_iter=1).fit(frame)


def test_an_index_stays():
    frame = pd.DataFrame(plain_columns(), index=pd.date_range("2024-03-01", periods=60, name="day"))
    gap = frame.copy()
    gap.iloc[::2, 2] = np.nan
    filled = quick(max_iter=1, ordering=[0, 1, 2]).fit(frame).sample_conditional(gap)
    assert filled.index.equals(frame.index)
    assert filled.index.name == "day"
    assert set(filled["flag"]) <= {0.0, 1.0}


@pytest.mark.skipif(not JIT, reason="tables of one and of many networks take many rows")
def test_the_number_of_networks_does_not_depend_on_chunks():
    table = np.random.default_rng(0).normal(size=(6000, 2))
    model, whole = quick(n_estimators="auto"), quick(n_estimators="auto")
    for start in range(0, len(table), 100):
        model.partial_fit(table[start : start + 100])
    whole.partial_fit(table)
    assert len(model.orderings_) == len(whole.orderings_)


@pytest.mark.parametrize("zone", ["America/New_York", "America/St_Johns", "Etc/GMT+5", "EST5EDT"])
def test_time_zones_have_all_kinds_of_names(zone):
    moments = pd.Series(pd.date_range("2024-03-01", periods=N, freq="37min", tz="UTC"))
    universal = pd.DataFrame({"x": X, "t": moments})
    zoned = universal.assign(t=moments.dt.tz_convert(zone))
    model = quick(max_iter=1).fit(zoned)
    np.testing.assert_array_equal(model.score_samples(zoned), model.score_samples(universal))
    loaded = pickle.loads(pickle.dumps(model))
    assert loaded.sample(3, random_state=0)["t"].dtype == zoned["t"].dtype
    gaps = zoned.assign(t=zoned["t"].mask(np.arange(N) % 3 == 0))
    filled = model.sample_conditional(gaps, random_state=0)["t"]
    assert filled.dtype == zoned["t"].dtype
    assert filled.notna().all()
    assert (filled == zoned["t"])[np.arange(N) % 3 > 0].all()


def test_a_time_zone_without_a_name_is_refused_by_the_name_of_its_column():
    zone = dateutil.tz.tzoffset(None, 4711)
    moments = pd.Series(pd.date_range("2024-03-01", periods=N, freq="h", tz=zone))
    with pytest.raises(TypeError, match="Column 't' has dtype .*tz_convert"):
        quick().fit(pd.DataFrame({"x": X, "t": moments}))


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
def test_moments_of_a_zone_and_of_none_are_not_mixed(zone):
    local = pd.DataFrame({"x": X, "t": pd.date_range("2024-03-01", periods=N, freq="h")})
    zoned = local.assign(t=local["t"].dt.tz_localize(zone))
    for fitted, other in ((local, zoned), (zoned, local)):
        model = quick(max_iter=1).fit(fitted)
        with pytest.raises(ValueError, match="Column 't' holds moments of .* time zone, but had"):
            model.score_samples(other)
    elsewhere = zoned.assign(t=zoned["t"].dt.tz_convert("America/Lima"))  # the same moments
    np.testing.assert_array_equal(model.score_samples(elsewhere), model.score_samples(zoned))


def test_large_integers_as_labels_are_drawn_as_they_are():
    ids = np.array([2**60 + 1, 2**60 + 2, 2**60 + 3])
    model = quick(conditionals="categorical").fit(ids[np.arange(N) % 3][:, None])
    assert set(model.sample(50, random_state=0).ravel().tolist()) <= set(ids.tolist())


def test_cells_beside_a_new_label_are_filled_in():
    frame = pd.DataFrame({"x": X, "c": pd.Series(np.array(["u", "v"])[CODE % 2], dtype=object)})
    model = quick(handle_unknown="rare").fit(frame)
    query = pd.DataFrame({"x": [np.nan, 0.5], "c": ["new", "u"]}).astype({"c": object})
    filled = model.sample_conditional(query, random_state=0)
    assert filled["c"].tolist() == ["new", "u"]
    assert np.isfinite(filled["x"]).all()
    with pytest.raises(ValueError, match="unknown categories"):
        quick().fit(frame).score_samples(frame.assign(c=pd.Timestamp("2020")))


def test_gaps_in_rows_of_weight_zero_are_absent():
    frame = pd.DataFrame({"x": X, "t": pd.array(np.arange(N) % 5, dtype="Int64")})
    frame.loc[0, "t"] = pd.NA
    weights = np.r_[0.0, np.ones(N - 1)]
    assert np.isfinite(quick().fit(frame, sample_weight=weights).score(frame.iloc[1:]))


@pytest.mark.parametrize(
    ("constant", "others"),
    [(5, [6, 2**62]), (20240101, [20240115, 2**60]), (1.5e308, [-1.5e308]), (5e-324, [1.0, 1e308])],
)
def test_no_other_value_is_a_constant_or_impossible(constant, others):
    column = np.full(N, constant)
    model = quick(max_iter=1).fit(pd.DataFrame({"x": X, "c": column}))
    query = pd.DataFrame({"x": 0.0, "c": np.array([constant, *others], column.dtype)})
    contributions = model.score_features(query)[:, 1]
    assert contributions[0] > -0.01
    assert np.all(np.isfinite(contributions))
    assert np.all(np.diff(contributions) < 0)


def test_draws_stay_where_their_dtype_has_numbers():
    X = np.linspace(-65000, 65000, N).astype(np.float16)[:, None]
    model = quick().fit(X)
    assert np.all(np.isfinite(model.score_samples(model.sample(500, random_state=0))))
    flags = pd.DataFrame({"b": X[:, 0] > 0, "x": X[:, 0].astype(float)})
    drawn = quick(conditionals=["gaussian", "auto"]).fit(flags).sample(500, random_state=0)
    assert 0.05 < drawn["b"].mean() < 0.7  # -1 and 2 are no True
    ticks = np.random.default_rng(0).integers(-(2**62), 2**62, N).view("m8[ns]")
    assert len(quick().fit(pd.DataFrame({"t": ticks})).sample(500, random_state=0)) == 500


@pytest.mark.parametrize("constant", [0, 5, -3])
def test_the_mass_of_all_integers_beside_a_constant_is_the_rare_one(constant):
    n = 40
    model = quick(max_iter=1).fit(np.full((n, 1), constant))
    others = constant + np.arange(-200_000, 200_001)[:, None]
    total = np.exp(model.score_samples(others)).sum()
    tail = 2 * max(abs(constant), 1) / np.pi / 200_000  # of a Cauchy distribution
    assert total == pytest.approx(1 - tail * 0.5 / (n + 1), abs=1e-6)


@pytest.mark.parametrize("names", [[5, 3], [("a", 1), ("b", 2)]])
def test_names_that_are_no_text_keep_their_order(names):
    columns = pd.MultiIndex.from_tuples(names) if isinstance(names[0], tuple) else names
    frame = pd.DataFrame(np.c_[X, 10 + X**2], columns=columns)
    model = quick(max_iter=1).fit(frame)
    np.testing.assert_array_equal(model.score_samples(frame), model.score_samples(frame.to_numpy()))
    with pytest.raises(ValueError, match="names should match .* in their order"):
        model.score_samples(frame[names[::-1]])


@pytest.mark.parametrize("unit", ["s", "us"])
def test_moments_beyond_the_unit_of_fit_are_refused(unit):
    days = pd.date_range("2000", periods=N).astype("datetime64[ns]")
    frame = pd.DataFrame({"x": X, "t": days})
    model = quick(max_iter=1).fit(frame)
    coarser = frame.assign(t=days.astype(f"datetime64[{unit}]"))
    np.testing.assert_array_equal(model.score_samples(coarser), model.score_samples(frame))
    coarser.loc[7, "t"] = pd.Timestamp("2584-08-21").as_unit(unit)
    with pytest.raises(ValueError, match="Column 't' holds 2584-08-21.* beyond datetime64"):
        model.score_samples(coarser)


def test_subclasses_of_frames_are_frames():
    class Mine(pd.DataFrame):
        @property
        def _constructor(self):
            return Mine

    class Ours(pl.DataFrame):
        pass

    frame = pd.DataFrame({"x": X, "c": np.array(["u", "v", "w"])[CODE]})
    for made, drawn in ((Mine(frame), pd.DataFrame), (Ours(frame.to_dict("list")), pl.DataFrame)):
        assert isinstance(quick(max_iter=1).fit(made).sample(3), drawn)


HOLES = np.arange(6) % 2 == 0


def queries():
    """Columns with holes that may not be able to hold what is drawn, by the column of fit."""
    far = np.where(HOLES, None, 3).tolist()
    words = np.where(HOLES, None, "u").tolist()
    return {
        "polars null": ("c", lambda x: pl.DataFrame({"x": x, "c": [None] * 6, "k": [300] * 6})),
        "arrow null": ("c", lambda x: pa.table({"x": x, "c": pa.nulls(6), "k": [300] * 6})),
        "pandas all NaN": ("c", lambda x: pd.DataFrame({"x": x, "c": np.nan, "k": [300] * 6})),
        "polars Int8": (
            "k",
            lambda x: pl.DataFrame({"x": x, "c": ["u"] * 6, "k": pl.Series(far, dtype=pl.Int8)}),
        ),
        "pandas Int8": (
            "k",
            lambda x: pd.DataFrame({"x": x, "c": ["u"] * 6, "k": pd.array(far, dtype="Int8")}),
        ),
        "arrow int8": (
            "k",
            lambda x: pa.table({"x": x, "c": ["u"] * 6, "k": pa.array(far, pa.int8())}),
        ),
        "polars Enum": (
            "c",
            lambda x: pl.DataFrame(
                {"x": x, "c": pl.Series(words, dtype=pl.Enum(["u"])), "k": [300] * 6}
            ),
        ),
        "pandas category": (
            "c",
            lambda x: pd.DataFrame({"x": x, "c": pd.Categorical(words), "k": [300] * 6}),
        ),
    }


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
@pytest.mark.parametrize("name", queries())
def test_what_cannot_hold_its_draws_is_filled_or_named(name, make):
    words, far = np.array(["u", "v", "w"])[CODE], np.where(CODE, 300, 400) + CODE
    model = quick().fit(make({"x": X, "c": words, "k": far}))
    column, query = queries()[name]
    query = query(np.linspace(-1, 1, 6))
    try:
        filled = model.sample_conditional(query, random_state=0)
    except TypeError as error:
        assert f"Column '{column}' has dtype" in str(error)
        assert "convert it to the dtype that it had in fit" in str(error)
    else:
        assert type(filled) is type(query)
        assert np.all(np.isfinite(model.score_samples(filled)))


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_a_dtype_that_is_too_narrow_for_what_is_drawn_is_that_of_fit(make):
    large = 1e60 * np.random.default_rng(0).lognormal(0, 2, 200)
    model = quick(max_iter=2).fit(make({"a": large, "b": large}))
    query = make({"a": np.array([np.nan, 1], "f4"), "b": np.array([1.0, 2.0])})
    filled = model.sample_conditional(query, random_state=0)
    cells = np.asarray(filled["a"])
    assert cells.dtype == np.float64 and np.all(np.isfinite(cells)) and cells[1] == 1


@pytest.mark.parametrize(
    "narrow",
    [
        lambda cells: pd.DataFrame({"k": pd.array(cells, "Int8")}, index=[3, 3, 4, 1]),
        lambda cells: pd.DataFrame({"k": pd.array(cells, "int8[pyarrow]")}),
        lambda cells: pl.DataFrame({"k": pl.Series(cells, dtype=pl.Int8)}),
        lambda cells: pa.table({"k": pa.array(cells, pa.int8())}),
    ],
    ids=["pandas", "pandas, arrow", "polars", "pyarrow"],
)
def test_narrow_integers_become_those_of_fit(narrow):
    query = narrow([5, None, -7, None])
    as_fitted = np.where(CODE, 300, 400) + CODE
    make = type(query) if isinstance(query, (pd.DataFrame, pl.DataFrame)) else pa.table
    filled = quick(max_iter=2).fit(make({"k": as_fitted})).sample_conditional(query, random_state=0)
    cells = np.asarray(filled["k"])
    assert cells.dtype == np.int64 and cells[[0, 2]].tolist() == [5, -7] and cells[1] > 100


def test_known_cells_are_not_changed_by_the_dtype_of_fit():
    model = quick(max_iter=2).fit(pd.DataFrame({"k": 100_000 * (1 + np.arange(60) % 7)}))
    query = pd.DataFrame({"k": np.array([5.5, np.nan], "f2")})  # up to 65,504
    with pytest.raises(TypeError, match="'k' has dtype float16, which cannot"):
        model.sample_conditional(query, random_state=0)


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
@pytest.mark.parametrize("base", [2**60, 2**63 - 70])
def test_large_integers_close_together_stay_apart(dtype, base):
    steps = np.random.default_rng(0).integers(0, 60, 300)
    table = pd.DataFrame({"k": np.array(base + steps.astype(object), dtype), "x": steps % 7 + 0.5})
    model = quick(max_iter=2).fit(table)
    cells = table["k"].unique()
    scores = model.score_samples(pd.DataFrame({"k": np.sort(cells), "x": 0.5}))
    assert len(np.unique(scores)) == len(cells)
    drawn = model.sample(300, random_state=0)
    assert drawn.dtypes.equals(table.dtypes)
    assert drawn["k"].nunique() > 20
    assert (drawn["k"] >= base).all() and (drawn["k"].astype(float) <= float(base + 200)).all()
    gaps = table.assign(x=np.where(steps > 30, np.nan, table["x"]))
    filled = model.sample_conditional(gaps, random_state=0)
    np.testing.assert_array_equal(filled["k"], table["k"])
    far = model.score_samples(pd.DataFrame({"k": np.array([0], dtype), "x": 0.5}))
    assert np.all(np.isfinite(far)) and far < scores.min()


ODD_QUERIES = {
    "mixed": ["u", 4.0, "3"],
    "numbers": [1.0, 2.0, 3.0],
    "flags": [True, False, True],
    "dates": [datetime.date(2024, 3, 1)] * 2 + ["u"],
    "moments": np.array(["2024-03-01"] * 3, "datetime64[s]"),
}


@pytest.mark.parametrize("what", ODD_QUERIES)
@pytest.mark.parametrize("as_array", [False, True])
def test_what_is_no_label_of_a_column_is_an_unseen_one(what, as_array):
    frame = pd.DataFrame({"c": ["u", "v", "w"] * 20, "x": X[:60]})
    cells = ODD_QUERIES[what]
    dtype = object if isinstance(cells, list) and what != "numbers" else None
    query = pd.DataFrame({"c": pd.Series(cells, dtype=dtype), "x": X[:3]})
    if as_array:
        frame, query = frame.to_numpy(object), query.to_numpy(object)
    model = quick(max_iter=1, handle_unknown="rare").fit(frame)
    rare = np.log(model._density.columns.columns[0].rare)
    found = model.score_features(query)[:, 0]
    is_known = np.array([cell == "u" for cell in list(cells)])
    np.testing.assert_allclose(found[~is_known], rare)
    assert np.all(found[is_known] != rare)
    with pytest.raises(ValueError, match="unknown categories"):
        quick(max_iter=1).fit(frame).score_samples(query)


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame, np.asarray])
def test_levels_that_are_floats_are_known_in_single_precision(kind):
    levels = np.array([0.1, 0.2, 0.7])[np.arange(60) % 3]
    model = quick(max_iter=1, categorical_features=[0]).fit(np.column_stack([levels, X[:60]]))
    single = np.column_stack([levels, X[:60]]).astype(np.float32)
    query = single if kind is np.asarray else kind({"0": single[:, 0], "1": single[:, 1]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # (names)
        scores = model.score_samples(query)
    assert np.isfinite(scores).all()


CODES_FAR_AWAY = {
    "ages": [999_999_999, *range(18, 80)], "2**31": [2**31, *range(18, 80)],
    "2**60": [2**60, *range(18, 80)], "counts": [-(2**31), 0, 1, 2, 3],
    "two codes": [10**9 - 1, 10**9, 0, 1, 2], "largest": [2**63 - 1, 0, 1],
    "fractions": [1e9, 0.1, -3.3],
}  # fmt: skip


@pytest.mark.skipif(not JIT, reason="is about tables, not kernels")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("values", CODES_FAR_AWAY.values(), ids=CODES_FAR_AWAY)
def test_a_code_far_from_all_values_merges_none_of_them(values, dtype, rng):
    column = np.where(rng.random(1000) < 0.1, values[0], rng.choice(values[1:], 1000))
    model = quick(dtype=dtype, max_iter=20).fit(column[:, None])
    states = np.array(values)[:, None]
    assert np.exp(model.score_samples(states)).sum() == pytest.approx(1, abs=0.01)
    drawn = model.sample(2000, random_state=0)
    assert set(values) <= set(drawn.ravel().tolist())
    assert np.mean(np.isin(drawn, states)) > 0.99


@pytest.mark.skipif(not JIT, reason="is about tables, not kernels")
def test_a_code_far_from_all_values_hides_no_relation(rng):
    age = rng.integers(18, 80, 2000)
    table = pd.DataFrame(
        {"age": np.where(rng.random(2000) < 0.1, 999_999_999, age), "old": age > 49}
    )
    model = quick(max_iter=60, ordering="natural").fit(table)
    known = table[table.age < 100][:200]
    assert np.exp(model.score_samples(known, given="age")).mean() > 0.9


def test_text_that_categorical_features_does_not_name_is_to_be_named():
    table = pd.DataFrame({"zip": CODE, "town": np.where(CODE, "a", "b")})
    message = "Column 'town' holds text .* name it there, too"
    with pytest.raises(ValueError, match=message):
        MADEDensity(categorical_features=["zip"], **SMALL).fit(table)
    model = MADEDensity(categorical_features=["zip", "town"], **SMALL).fit(table)
    assert model.conditionals_ == ["categorical"] * 2


def test_names_may_be_tuples():
    names = pd.MultiIndex.from_tuples([("a", "x"), ("b", "y")])
    table = pd.DataFrame({0: X, 1: CODE}).set_axis(names, axis=1)
    model = MADEDensity(categorical_features=[("b", "y")], **SMALL).fit(table)
    assert model.conditionals_[1] == "categorical"
    with pytest.raises(ValueError, match="which X does not have"):
        MADEDensity(categorical_features=[("b", "z")], **SMALL).fit(table)


@pytest.mark.parametrize("wanted, found", [("12", [1, 2]), ([1, 2], "12")])
def test_unknown_labels_are_shown_as_what_they_are(wanted, found):
    table = pd.DataFrame({"c": pd.Series(list(wanted), dtype=object).repeat(30), "x": 0.5})
    model = MADEDensity(categorical_features=["c"], **SMALL).fit(table)
    other = pd.DataFrame({"c": pd.Series(list(found), dtype=object), "x": 0.5})
    with pytest.raises(ValueError, match=re.escape(f"unknown categories {list(found)}")):
        model.score_samples(other)


SPACED = {
    "quarters of years": (1960 + 0.25 * np.arange(84), 0.25),
    "thousands": (1000.0 * np.random.default_rng(0).permutation(5000)[:60], 1000),
    "odd years": (1901 + 2 * np.arange(40), 2),
    "halves, with ties": (np.round(np.random.default_rng(0).normal(0, 2e4, 500)) / 2, 0.5),
    "integers": (np.random.default_rng(0).permutation(10**6)[:100], 1),
    "ends of prices": (0.99 + np.random.default_rng(0).permutation(400)[:200], 1),
    "ends of prices of many sizes": (
        0.99 + np.unique(np.floor(np.random.default_rng(0).lognormal(3, 2, 300))), 1
    ),
    "uint16": (np.random.default_rng(0).permutation(np.arange(300, 65_300, 1000, np.uint16)), 1000),
}  # fmt: skip


@pytest.mark.parametrize("name", SPACED)
def test_draws_are_multiples_of_what_all_numbers_are(name):
    numbers, spacing = SPACED[name]
    model = quick().fit(numbers[:, None])
    drawn = model.sample(200, random_state=0)[:, 0]
    assert drawn.dtype == numbers.dtype and len(np.unique(drawn)) > 20
    places = (drawn.astype(float) - numbers[0]) / spacing
    np.testing.assert_allclose(places, np.round(places), atol=1e-9)
    assert np.any(np.round(places) % 2)
    assert drawn.min() >= min(0, 2 * numbers.min())
    stored = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(stored.sample(200, random_state=0)[:, 0], drawn)


def test_a_few_numbers_may_be_even_by_chance():
    model = quick().fit(np.array([[2.0], [14], [8], [30], [22], [46], [12], [10], [60], [4]]))
    assert np.any(model.sample(200, random_state=0) % 2)
