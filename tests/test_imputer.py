"""The transformer that fills in missing cells."""

import copy

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from conftest import JIT, quick, sizes
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

from skmade import MADEDensity, MADEImputer
from skmade._summary import Summary

pytestmark = [
    pytest.mark.skipif(not JIT, reason="is about tables, not kernels"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:Draws of missing cells"),
]


def imputer(**parameters):
    return MADEImputer(quick(max_iter=sizes(10, 1)), random_state=0, **parameters)


def table(n=120):
    """Numbers, counts, flags and labels that depend on each other, with holes."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=n)
    columns = {
        "size": x,
        "count": pd.array(rng.poisson(np.exp(x)), dtype="Int64"),
        "flag": pd.array(x > 0.5, dtype="boolean"),
        "kind": pd.Categorical(np.where(x > 0, "left", "right")),
        "name": np.where(x > 1, "high", "low").astype(object),
    }
    whole = pd.DataFrame(columns, index=np.arange(n) + 5)
    return whole.mask(rng.random(whole.shape) < 0.2)


@pytest.mark.parametrize("strategy", ["draw", "mean", "quantile", "most_likely"])
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_keep_their_library_dtypes_and_known_cells(strategy, library):
    X = table()
    if library == "polars":
        X = pl.from_pandas(X)
    filled = imputer(strategy=strategy).fit(X).transform(X)
    assert type(filled) is type(X)
    if library == "pandas":
        pd.testing.assert_series_equal(filled.dtypes, X.dtypes)
        pd.testing.assert_index_equal(filled.index, X.index)
    else:
        assert filled.schema == X.schema
        X, filled = X.to_pandas(), filled.to_pandas()
    assert not filled.isna().any(axis=None)
    known = X.notna().to_numpy()
    assert np.all((filled.astype(object) == X.astype(object)).to_numpy()[known])


@pytest.mark.parametrize("dtype", ["float64", "float32", "Int64", "boolean", "int64[pyarrow]"])
def test_columns_that_were_empty_keep_their_dtype(dtype):
    frame = pd.DataFrame({"x": np.arange(60.0), "c": pd.array([None] * 60, dtype=dtype)})
    model = imputer(keep_empty_features=True).fit(frame)
    filled = model.transform(frame)["c"]
    assert filled.dtype == frame["c"].dtype
    assert (filled == 0).all()
    one = frame.assign(c=pd.array([1] + [None] * 59, dtype=dtype))
    filled = model.transform(one)["c"]
    assert filled.dtype == frame["c"].dtype
    assert filled.tolist() == [1] + [0] * 59


@pytest.mark.parametrize(
    "dtype", ["str", "datetime64[s]", "timedelta64[s]", pd.CategoricalDtype(["a", "b"])], ids=str
)
def test_columns_that_were_empty_and_cannot_hold_zeros_are_refused(dtype):
    frame = pd.DataFrame({"x": np.arange(60.0), "c": pd.array([None] * 60, dtype=dtype)})
    assert imputer().fit(frame).transform(frame).shape == (60, 1)
    with pytest.raises(ValueError, match="Column 'c' had no cells in fit, and cannot hold the 0"):
        imputer(keep_empty_features=True).fit(frame)
    unknown = imputer(keep_empty_features=True).fit(frame.astype({"c": object}))
    with pytest.raises(ValueError, match="Column 'c' had no cells in fit, and cannot hold the 0"):
        unknown.transform(frame)


def test_arrays_of_moments_have_no_place_for_flags():
    moments = np.arange(120).astype("M8[s]").reshape(60, 2)
    moments[::4, 0] = "NaT"
    assert not np.isnat(imputer().fit_transform(moments)).any()
    with pytest.raises(ValueError, match="no place for the flags of add_indicator"):
        imputer(add_indicator=True).fit(moments)


@pytest.mark.filterwarnings("ignore:Skipping features")
@pytest.mark.parametrize("add_indicator", [False, True])
@pytest.mark.parametrize("keep_empty_features", [False, True])
@pytest.mark.parametrize("names", [None, ["a", "b", "c"]])
def test_columns_are_those_of_the_simple_imputer(add_indicator, keep_empty_features, names):
    X = np.random.default_rng(0).normal(size=(60, 3))
    X[:5, 0], X[:, 1] = np.nan, np.nan
    later = np.where(np.arange(60)[:, None] % 7, X, 1.5)  # with cells of the empty column
    X, later = (x if names is None else pd.DataFrame(x, columns=names) for x in (X, later))
    parameters = {"add_indicator": add_indicator, "keep_empty_features": keep_empty_features}
    ours, simple = imputer(**parameters).fit(X), SimpleImputer(**parameters).fit(X)
    np.testing.assert_array_equal(ours.get_feature_names_out(), simple.get_feature_names_out())
    for X_new in (X, X[:4], X[5:9], later):
        got, expected = np.asarray(ours.transform(X_new)), simple.transform(X_new)
        assert got.shape == expected.shape
        missing = np.isnan(np.asarray(X_new, float))[:, 0]
        np.testing.assert_array_equal(got[:, 1:], expected[:, 1:])
        np.testing.assert_array_equal(got[~missing], expected[~missing])


@pytest.mark.parametrize("given", ["array", "pandas", "polars"])
@pytest.mark.parametrize("asked", ["pandas", "polars"])
def test_frames_that_are_asked_for(given, asked):
    X = table()[["size", "flag"]].astype({"flag": float}).reset_index(drop=True)
    X = {"array": X.to_numpy(), "pandas": X, "polars": pl.from_pandas(X)}[given]
    transformer = imputer(add_indicator=True).set_output(transform=asked)
    filled = transformer.fit_transform(X)
    assert isinstance(filled, pd.DataFrame if asked == "pandas" else pl.DataFrame)
    assert list(filled.columns) == list(transformer.get_feature_names_out())


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_empty_columns_of_frames_are_kept_in_their_places(library):
    X = table().assign(nothing=np.nan)[["size", "nothing", "kind"]]
    later = X.assign(nothing=np.where(np.arange(len(X)) % 2, 1.5, np.nan))
    if library == "polars":
        X, later = pl.from_pandas(X), pl.from_pandas(later)
    fitted = imputer(keep_empty_features=True, add_indicator=True).fit(X)
    for frame, expected in ((X, {0.0}), (later, {0.0, 1.5})):
        filled = fitted.transform(frame)
        assert list(filled.columns) == list(fitted.get_feature_names_out())
        assert set(filled["nothing"]) == expected


def test_in_pipelines_and_column_transformers():
    X, y = table(), np.arange(120.0)
    numbers = ColumnTransformer(
        [("fill", imputer(add_indicator=True), ["size", "count", "flag"])], remainder="drop"
    )
    model = make_pipeline(numbers, LinearRegression()).fit(X, y)
    assert np.all(np.isfinite(model.predict(X)))
    names = numbers.set_output(transform="pandas").fit_transform(X).columns
    assert list(names)[:3] == ["fill__size", "fill__count", "fill__flag"]


def test_the_same_seed_fills_in_the_same_and_another_one_does_not():
    X = table()
    fitted = imputer().fit(X)
    first, again = fitted.transform(X), fitted.transform(X)
    pd.testing.assert_frame_equal(first, again)
    other = fitted.set_params(random_state=1).transform(X)
    missing = X["size"].isna()
    assert np.mean(first["size"][missing] != other["size"][missing]) > 0.9


def test_the_default_density_has_the_seed_of_the_imputer(monkeypatch):
    monkeypatch.setattr(MADEDensity, "fit", lambda self, X: self)
    monkeypatch.setattr(MADEImputer, "_learn_repeats", lambda self, X: None)
    assert MADEImputer(random_state=3).fit(table()).estimator_.random_state == 3
    assert MADEImputer(quick(), random_state=3).fit(table()).estimator_.random_state == 0


@pytest.mark.parametrize("library", ["array", "pandas"])
def test_columns_without_missing_cells_come_first_by_default(library):
    X = np.random.default_rng(0).normal(size=(60, 5))
    X[:, 1], X[::3, 2], X[1::3, 4] = np.nan, np.nan, np.nan
    if library == "pandas":
        X = pd.DataFrame(X, columns=[3, 1, 4, 0, 2])  # names that might be taken for positions
    model = MADEImputer(random_state=0).fit(X).estimator_
    assert len(model.orderings_) == 10
    for ordering in model.orderings_:  # of the four columns that are not empty
        assert set(ordering[:2]) == {0, 2}
    if library == "array":
        X[5, [0, 3]] = np.nan
        assert MADEImputer(random_state=0).fit(X).estimator_.ordering == "random"


@pytest.fixture(scope="module")
def parabola():
    """The second column is the square of the first, with some noise; one more is rounded."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=sizes(4000, 60))
    X = np.column_stack([x, x**2 + 0.3 * rng.normal(size=len(x)), np.round(4 * x)])
    holes = np.where(rng.random(X.shape) < 0.15, np.nan, X)
    model = MADEDensity(
        n_estimators=1, hidden_layer_sizes=(64,), max_iter=sizes(150, 1), random_state=0,
        alpha=0.0,  # (fits closest)
    )  # fmt: skip
    return X, holes, MADEImputer(model, random_state=0).fit(holes)


@pytest.mark.skipif(not JIT, reason="needs networks that are trained for long")
def test_means_are_closest_and_draws_have_the_spread(parabola):
    X, holes, fitted = parabola
    gone = np.isnan(holes[:, 1]) & ~np.isnan(holes[:, 0])
    errors = {}
    for strategy in ("draw", "mean", "most_likely"):
        filled = fitted.set_params(strategy=strategy).transform(holes)
        errors[strategy] = np.sqrt(np.mean((filled[gone, 1] - X[gone, 1]) ** 2))
        if strategy == "draw":
            assert np.std(filled[gone, 1] - X[gone, 0] ** 2) == pytest.approx(0.3, abs=0.08)
    assert errors["mean"] < 0.36
    assert max(errors["mean"], errors["most_likely"]) < errors["draw"]


def test_means_lie_between_the_values_of_a_lattice_where_the_dtype_can_hold_them(parabola):
    _, holes, fitted = parabola
    gone = np.isnan(holes[:, 2])
    means = fitted.set_params(strategy="mean").transform(holes)[gone, 2]
    draws = fitted.set_params(strategy="draw").transform(holes)[gone, 2]
    assert np.mean(means % 1 != 0) > sizes(0.3, 0.1)
    assert np.all(draws % 1 == 0)


@pytest.mark.skipif(not JIT, reason="needs networks that are trained for long")
@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_so_many_of_what_is_missing_lie_below_a_quantile(quantile, parabola):
    X, holes, fitted = parabola
    fitted = copy.copy(fitted).set_params(strategy="quantile", quantile=quantile, n_draws=100)
    filled, gone = fitted.transform(holes), np.isnan(holes)
    assert np.mean((X < filled)[:, :2][gone[:, :2]]) == pytest.approx(quantile, abs=0.05)
    assert np.all(filled[gone[:, 2], 2] % 1 == 0)


def test_quantiles_of_flags_and_labels_are_the_most_frequent():
    X = table()
    fitted = imputer(strategy="quantile", quantile=0.9).fit(X)
    high, low = fitted.transform(X), fitted.set_params(quantile=0.1).transform(X)
    means = fitted.set_params(strategy="mean").transform(X)
    labels = ["flag", "kind", "name"]
    pd.testing.assert_frame_equal(high[labels], means[labels])
    pd.testing.assert_frame_equal(low[labels], means[labels])
    gone = X["size"].isna()
    assert np.all(low["size"][gone] < means["size"][gone])
    assert np.all(means["size"][gone] < high["size"][gone])


def test_the_error_of_a_mean_is_that_of_so_many_draws(parabola):
    _, _, fitted = parabola
    rows = np.full((sizes(400, 20), 3), np.nan)

    def spread(**parameters):
        return copy.copy(fitted).set_params(**parameters).transform(rows)[:, 0].std()

    draws = spread(strategy="draw")
    for n in (4, 64):
        assert spread(strategy="mean", n_draws=n) == pytest.approx(draws / n**0.5, rel=0.2)


@pytest.mark.skipif(not JIT, reason="needs networks that are trained for long")
def test_several_imputations_cover_the_truth(parabola):
    X, holes, fitted = parabola
    fitted.set_params(strategy="draw")
    tables = np.stack([fitted.set_params(random_state=k).transform(holes) for k in range(19)])
    gone = np.isnan(holes[:, :2])
    lowest, highest = tables.min(axis=0)[:, :2], tables.max(axis=0)[:, :2]
    covered = (lowest <= X[:, :2]) & (X[:, :2] <= highest)
    assert np.mean(covered[gone]) == pytest.approx(0.9, abs=0.05)


def test_what_cannot_be_filled_in_is_refused():
    with pytest.raises(ValueError, match="All cells of X are missing"):
        imputer().fit(np.full((5, 2), np.nan))
    with pytest.raises(ValueError, match="features"):
        imputer().fit(np.eye(4)).transform(np.eye(3))
    with pytest.raises(TypeError, match=r"Sparse data was passed.*toarray"):
        imputer().fit(sparse.csr_array(np.eye(4)))
    with pytest.raises(ValueError, match="infinity"):
        imputer().fit(np.eye(4)).transform([[np.inf, 0, 0, 0]])


def test_a_fit_that_fails_leaves_the_imputer_as_it_was():
    X = table()
    fitted = imputer().fit(X)
    before = fitted.transform(X)
    with pytest.raises(ValueError, match="contains infinity"):
        fitted.fit(pd.DataFrame({"q": [np.inf, 1, 2, np.nan] * 10}))
    pd.testing.assert_frame_equal(fitted.transform(X), before)
    never = imputer()
    with pytest.raises(ValueError, match="contains infinity"):
        never.fit(pd.DataFrame({"q": [np.inf, 1, 2, np.nan] * 10}))
    with pytest.raises(NotFittedError):
        never.transform(X)


OF_THREE = [
    {"categorical_features": [2]}, {"categorical_features": [-1]},
    {"categorical_features": [True, False, True]},
    {"conditionals": ["auto", "auto", "categorical"]},
]  # fmt: skip


@pytest.mark.parametrize("is_frame", [False, True])
@pytest.mark.parametrize("parameters", OF_THREE, ids=str)
def test_parameters_are_those_of_all_columns_where_some_are_empty(parameters, is_frame, rng):
    X = pd.DataFrame({"z": np.nan, "x": rng.normal(size=60), "n": rng.integers(0, 3, 60)})
    X = X if is_frame else X.to_numpy(float)
    fitted = MADEImputer(quick(max_iter=1, **parameters)).fit(X)
    assert fitted.estimator_.conditionals_[1] == "categorical"
    assert fitted.estimator_.conditionals_[0] != "categorical"


@pytest.mark.parametrize("name", [False, True])
def test_atoms_targets_and_orderings_are_of_columns_that_are_not_empty(name, rng):
    X = pd.DataFrame({"z": np.nan, "x": rng.normal(size=60), "n": rng.integers(0, 3, 60)})
    columns = list(X) if name else [0, 1, 2]
    X = X if name else X.to_numpy(float)
    density = quick(max_iter=1, ordering="auto", targets=columns[:2], atoms={columns[2]: [1]})
    fitted = MADEImputer(density).fit(X).estimator_
    assert fitted.orderings_.tolist() == [[1, 0]]
    assert fitted.atoms_["n" if name else 1].tolist() == [1]
    density = quick(max_iter=1, ordering="auto", targets=columns[0])
    assert sorted(MADEImputer(density).fit(X).estimator_.orderings_[0]) == [0, 1]
    density = quick(max_iter=1, ordering=[2, 0, 1])
    assert MADEImputer(density).fit(X).estimator_.orderings_.tolist() == [[1, 0]]
    density = quick(max_iter=1, categorical_features=["a"])
    with pytest.raises(ValueError, match="which X does not have"):
        MADEImputer(density).fit(X)


def test_frames_of_another_library_without_any_cell():
    empty = dict.fromkeys(table(), [None] * 4)
    for library in (pl.DataFrame, pa.table):
        filled = imputer().fit(table()).transform(library(empty))
        assert type(filled) is type(library(empty))
        assert not nw.from_native(filled).select(nw.all().is_null().any()).to_numpy().any()


def test_the_most_likely_is_of_the_most_frequent_origin(rng):
    columns = quick(max_iter=1).fit(rng.normal(size=(50, 1)))._density.columns
    draws = np.array([0.0, 1, 2, 3, 4]).reshape(5, 1, 1)
    summary = Summary("most_likely", 5)
    for origins, expected in (([7, 7, 7, 9, 9], 2), ([7, 9, 9, 9, 7], 3), (None, 4)):
        own = None if origins is None else np.array(origins)[:, None]
        assert summary.of(draws, lambda rows: rows[:, 0], columns, own).tolist() == [[expected]]
