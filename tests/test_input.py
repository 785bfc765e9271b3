"""Bad input gets one clear error; hard input gets finite scores."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from conftest import ALL_CONDITIONALS, correlated_flags, mixed_table, network_of, quick
from scipy.sparse import coo_array, csr_array
from sklearn.utils.validation import _get_feature_names

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

GOOD = np.random.default_rng(0).normal(size=(30, 3))
TEXT = np.array([["a", "b", "c"]] * 30, dtype=object)


def with_cell(value):
    X = GOOD.copy()
    X[4, 1] = value
    return X


BAD = {
    "inf": (with_cell(np.inf), ValueError, "infinity"),
    "1-D": (GOOD[:, 0], ValueError, "Expected 2D array"),
    "3-D": (GOOD[None], ValueError, "dim"),
    "sparse, inf": (csr_array(with_cell(np.inf)), ValueError, r"infinity.*column 1, row 4"),
    "sparse, complex": (csr_array(GOOD + 1j), ValueError, "Complex data not supported"),
    "sparse, 1-D": (coo_array(GOOD[:, 0]), ValueError, "Expected 2D"),
    "sparse, no rows": (csr_array(GOOD[:0]), ValueError, "0 sample"),
    "complex": (GOOD + 1j, ValueError, "Complex data not supported"),
    "no rows": (GOOD[:0], ValueError, "0 sample"),
    "no columns": (GOOD[:, :0], ValueError, "0 feature"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_tables(name):
    X, error, message = BAD[name]
    model = quick(early_stopping=False).fit(GOOD)
    calls = (model.score_samples, model.score_features, model.score, model.partial_fit, model.fit)
    for call in calls:
        before = model.score_samples(GOOD)
        with pytest.raises(error, match=message):
            call(X)
        # nothing is lost
        np.testing.assert_array_equal(model.score_samples(GOOD), before)


@pytest.mark.parametrize("make", [np.asarray, pd.DataFrame, pl.DataFrame])
@pytest.mark.parametrize("call", ["fit", "partial_fit"])
def test_rows_are_named_by_their_place_beside_rows_of_weight_zero(make, call):
    weights = np.ones(30)
    weights[:3] = 0
    with pytest.raises(ValueError, match=r"column .*1.*, row 4\b"):
        getattr(quick(), call)(make(with_cell(np.inf)), sample_weight=weights)


NAMES = [
    pd.RangeIndex(2),
    pd.RangeIndex(10, 4, -3),
    pd.RangeIndex(5, 9, 2, name="n"),
    pd.Index([3, 1], dtype="int32"),
    pd.Index([1.5, 2.5]),
    pd.Index(["a", "b"], dtype=object, name="n"),
    pd.Index(["a", "b"], dtype="string[python]"),
    pd.Index(["a", "b"], dtype="string[pyarrow]"),
    pd.Index(["a", "b"], dtype=pd.ArrowDtype(pa.string())),
    pd.Index([("a", 1), ("b", 2)], tupleize_cols=False),
    pd.Index([("a",), ("b", 2)], tupleize_cols=False),
    pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["u", None]),
    pd.CategoricalIndex(["b", "a"], categories=["c", "b", "a"]),
    pd.DatetimeIndex(["2024-01-01", "2024-01-02"], tz="Asia/Kolkata"),
    pd.IntervalIndex.from_breaks([0, 1, 2]),
]


@pytest.mark.parametrize("names", NAMES, ids=repr)
def test_names_of_pandas_come_back(names):
    frame = pd.DataFrame(GOOD[:, :2])
    frame.columns = names
    model = pickle.loads(pickle.dumps(quick().fit(frame)))
    drawn = model.sample(3, random_state=0).columns
    pd.testing.assert_index_equal(drawn, names, exact=True)
    assert drawn.dtype == names.dtype
    hidden = frame.mask(np.eye(30, 2) > 0)
    filled = model.sample_conditional(hidden, random_state=0)
    pd.testing.assert_index_equal(filled.columns, names, exact=True)


@pytest.mark.parametrize(
    ("X", "what"),
    [
        (np.array([(1.0, 2)] * 30, dtype=[("a", "f8"), ("b", "i8")]), "an array of records"),
        (np.rec.fromarrays([GOOD[:, 0]], names="a"), "an array of records"),
        ({"a": GOOD[:, 0]}, "a dict"),
    ],
)
def test_columns_in_no_frame(X, what):
    model = quick().fit(GOOD)
    for call in (quick().fit, model.score_samples, model.sample_conditional):
        with pytest.raises(TypeError, match=f"X is {what}: make a DataFrame of it"):
            call(X)


@pytest.mark.parametrize("make", [pa.table, pa.RecordBatch.from_arrays, pd.DataFrame])
def test_names_that_occur_twice(make):
    arrays = [pa.array(GOOD[:, 0]), pa.array(GOOD[:, 1])]
    table = (
        make(arrays, names=["a", "a"])
        if make is not pd.DataFrame
        else pd.DataFrame(GOOD[:, :2], columns=["a", "a"])
    )
    with pytest.raises(ValueError, match="Column 'a' occurs 2 times"):
        quick().fit(table)


CATEGORICAL = {
    "short mask": ([True, False], "mask of 2 columns, but X has 3"),
    "long mask": (np.ones(4, bool), "mask of 4 columns, but X has 3"),
    "position": ([0, 3], r"positions \[3\], which X does not have; its columns are \[0, 1, 2\]"),
    "negative": ([-4], r"positions \[-4\], which X does not have"),
    "names": (["a"], r"names \['a'\], which X does not have; its columns are 3, without names"),
    "floats": ([1.5], r"must be a mask, or names or positions of columns; got \[1.5\]"),
    "mixed": (["a", 1], "must be a mask, or names or positions of columns"),
}


@pytest.mark.parametrize("name", CATEGORICAL)
def test_categorical_features_that_are_no_columns(name):
    features, message = CATEGORICAL[name]
    with pytest.raises(ValueError, match=f"categorical_features.*{message}"):
        quick(categorical_features=features).fit(GOOD)


@pytest.mark.parametrize(
    "features", [[0, 2], [-3, -1], np.array([0, 2], np.int8), [True, False, True], ["a", "c"]]
)
def test_categorical_features(features):
    frame = pd.DataFrame(np.round(GOOD), columns=list("abc"))
    for key in (features, pd.Series(features), np.array(features)):
        model = quick(categorical_features=key).fit(frame)
        assert [family == "categorical" for family in model.conditionals_] == [True, False, True]


def test_parameters_of_draws():
    model = quick().fit(GOOD)
    for n_samples in (True, 0, 2.0, "3"):
        with pytest.raises(ValueError, match="n_samples must be a positive integer"):
            model.sample(n_samples)
    for call in (model.sample, lambda **k: model.sample_conditional(GOOD, **k)):
        with pytest.raises(ValueError, match="random_state must not be negative; got -1"):
            call(random_state=-1)


def test_record_batches_come_back_as_tables():
    batch = pa.RecordBatch.from_pydict({"x": GOOD[:, 0], "c": ["a", "b", "a"] * 10})
    model = quick().fit(batch)
    table = pa.Table.from_batches([batch])
    drawn = model.sample(5, random_state=0)
    assert drawn.schema == table.schema
    np.testing.assert_array_equal(model.score_samples(batch), model.score_samples(table))
    assert model.sample_conditional(batch) == table


def test_one_row():
    with pytest.raises(ValueError, match="minimum of 2 is required"):
        quick().fit(GOOD[:1])


def test_wrong_number_of_columns():
    with pytest.raises(ValueError, match="X has 2 features, but MADEDensity is expecting 3"):
        quick().fit(GOOD).score_samples(GOOD[:, :2])


def test_values_that_are_not_binary():
    with pytest.raises(ValueError, match="Column 1 has the value .*takes 0 and 1 only"):
        X = correlated_flags(30, 3)
        X[7, 1] = 2
        quick(conditionals="bernoulli").fit(X)
    model = quick().fit(correlated_flags(30, 3))
    with pytest.raises(ValueError, match="Column 0 has the value 0.5"):
        model.score_samples([[0.5, 1, 0]])


def test_unseen_categories_are_named():
    X = np.array([["a", 1], ["b", 2], ["c", 1]] * 10, dtype=object)
    frame = pd.DataFrame(X, columns=["colour", "size"])
    model = quick(conditionals="categorical").fit(frame)
    frame.loc[2, "colour"] = "violet"
    with pytest.raises(ValueError, match=r"unknown categories \['violet'\] in column 'colour'"):
        model.score_samples(frame)
    with pytest.raises(ValueError, match="unknown categories"):
        quick(conditionals="categorical").fit(X).score_samples([[3.0, 1]])


def test_text_in_a_real_column():
    with pytest.raises(ValueError, match="is to be real-valued, but holds text"):
        quick(conditionals="gaussian").fit(TEXT)


@pytest.mark.parametrize(
    ("fitted", "word"), [([False, True] * 20, "flags"), (range(40), "numbers")]
)
def test_text_in_a_column_that_was_another_says_what_it_was(fitted, word):
    frame = pd.DataFrame({"x": np.linspace(0, 1, 40) ** 2, "b": fitted})
    match = (
        f"Column 'b' is to hold {word}, but holds text .'yes'.; convert it to what it was in fit"
    )
    with pytest.raises(ValueError, match=match):
        quick().fit(frame).score_samples(frame.assign(b="yes"))


def test_text_in_a_real_column_of_a_mixed_table():
    with pytest.raises(ValueError, match="Column 1 is to be real-valued, but holds text"):
        quick(conditionals=["categorical", "gaussian", "gaussian"]).fit(TEXT)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_data_frames_score_as_arrays(frame):
    X, families = mixed_table(
        60, families=["bernoulli", "categorical", "gaussian", "gaussian_mixture"]
    )
    table = frame({name: X[:, j] for j, name in enumerate("abcd")})
    model, plain = (quick(conditionals=families).fit(x) for x in (table, X))
    np.testing.assert_array_equal(model.score_samples(table), plain.score_samples(X))
    if _get_feature_names(table) is not None:  # old releases of scikit-learn read pandas only
        assert model.feature_names_in_.tolist() == list("abcd")
        with pytest.raises(ValueError, match="feature names"):
            model.score_samples(table[["b", "a", "c", "d"]])


BAD_PARAMETERS = [
    ({"ordering": [0, 1, 1]}, "a permutation of the 3 features"),
    ({"ordering": [0, 1]}, "a permutation of the 3 features"),
    ({"conditionals": ["gaussian", "gaussian"]}, "names 2 families, but X has 3 features"),
    ({"conditionals": ["gaussian", "gaussian", "cauchy"]}, "conditionals must be of"),
    ({"conditionals": "cauchy"}, "'conditionals' parameter"),
    ({"hidden_layer_sizes": (8, -1)}, "must be positive integers"),
    ({"hidden_layer_sizes": (8.5,)}, "must be positive integers"),
    ({"hidden_layer_sizes": (8, 9), "residual": True}, "same width"),
    ({"dropout": 1.0}, "'dropout' parameter"),
    ({"validation_fraction": 1.0}, "'validation_fraction' parameter"),
    ({"learning_rate_init": 0.0}, "'learning_rate_init' parameter"),
    ({"dtype": "float16"}, "'dtype' parameter"),
]


@pytest.mark.parametrize(("parameters", "message"), BAD_PARAMETERS, ids=str)
def test_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        quick(**parameters).fit(GOOD)


@pytest.mark.parametrize("n_samples", [0, -1, 2.5, "3"])
def test_bad_numbers_of_samples(n_samples):
    with pytest.raises(ValueError, match="n_samples must be a positive integer"):
        quick().fit(GOOD).sample(n_samples)


ONE_HEAVY = np.r_[1e308, np.full(29, 5e-324)]  # beside which all others vanish


@pytest.mark.parametrize(
    "weights", [-np.ones(30), np.zeros(30), np.ones(29), np.full(30, np.nan), ONE_HEAVY]
)
def test_bad_weights(weights):
    with pytest.raises(ValueError, match="(?i)weight"):
        quick().fit(GOOD, sample_weight=weights)


def hard_tables():
    rng = np.random.default_rng(0)
    normal = rng.normal(size=(100, 3))
    spike = normal.copy()
    spike[0, 0] = 1e6
    return {
        "constant": np.column_stack([normal[:, 0], np.full(100, 3.7)]),
        "all constant": np.full((20, 3), 2.5),
        "rounding noise": normal[:, :1] * 1e-17 + 1.0,
        "ties": np.round(normal),
        "duplicate rows": np.repeat(normal[:4], 25, axis=0),
        "equal columns": normal[:, [0, 0, 1]],
        "scales": normal * [1e-8, 1.0, 1e8],
        "far from zero": normal + 1e8,
        "tiny": normal * 1e-300,
        "huge": normal * 1e300,
        "cauchy": rng.standard_cauchy((100, 3)),
        "one wild value": spike,
        "two rows": normal[:2],
        "fewer rows than columns": rng.normal(size=(5, 12)),
        "one column": normal[:, :1],
        "constant flags": np.ones((20, 2)),
        "ties in small units": rng.choice([0.0, 3e-7, 5e-7], (100, 2)),
        "up to the largest": rng.choice([-8e307, 1.0, 2.0, 1.7e308], (50, 2)),
        "up to the largest of float32": (normal * 1e38).astype(np.float32),
    }


@pytest.mark.parametrize("early_stopping", [True, False])
@pytest.mark.parametrize("name", hard_tables())
def test_hard_tables_get_finite_scores(name, early_stopping):
    X = hard_tables()[name]
    model = quick(max_iter=10, learning_rate_init=0.01, early_stopping=early_stopping).fit(X)
    assert np.all(np.isfinite(model.score_samples(X)))
    assert np.all(np.isfinite(model.sample(20, random_state=0)))
    assert np.all(np.isfinite(network_of(model).theta))


@pytest.mark.parametrize("value", [1e6, -1e12, 1e30, 1e150, -1e308])
@pytest.mark.parametrize("conditionals", ["gaussian", "gaussian_mixture"])
def test_far_rows_have_low_finite_scores(value, conditionals):
    model = quick(conditionals=conditionals, max_iter=10).fit(GOOD)
    for column in range(3):
        row = np.zeros((1, 3))
        row[0, column] = value
        score = model.score_samples(row)[0]
        assert np.isfinite(score)
        assert score < model.score_samples(GOOD).min() - 1000


@pytest.mark.parametrize("conditionals", ["gaussian", "gaussian_mixture"])
def test_far_scores_are_log_densities_without_a_floor(conditionals):
    model = quick(conditionals=conditionals).fit(GOOD[:, :1])
    far = model.score_samples([[1e4], [1e6], [1e8], [-1e8]])
    np.testing.assert_allclose(far[1:3] / far[:2], 1e4, rtol=1e-2)  # squares of the distances
    assert far[3] == pytest.approx(far[2], rel=1e-2)


def test_every_family_in_one_column():
    rng = np.random.default_rng(0)
    for family in ALL_CONDITIONALS:
        X = rng.integers(0, 2, (40, 1)).astype(float)
        model = quick(conditionals=family).fit(X)
        assert model.sample(3).shape == (3, 1)
        np.testing.assert_array_equal(model.score_features(X)[:, 0], model.score_samples(X))


def test_columns_of_one_name_are_refused():
    frame = pd.DataFrame(GOOD, columns=["a", "b", "a"])
    with pytest.raises(ValueError, match="Column 'a' occurs 2 times; rename"):
        quick().fit(frame)


def test_masked_cells_are_missing():
    masked = np.ma.masked_array(GOOD, mask=GOOD > 1)
    model = quick().fit(masked)
    table = np.where(masked.mask, np.nan, GOOD)
    np.testing.assert_array_equal(model.score_samples(masked), model.score_samples(table))
    filled = model.sample_conditional(masked, random_state=0)
    np.testing.assert_array_equal(filled[~masked.mask], GOOD[~masked.mask])
    assert np.all(np.isfinite(filled))
