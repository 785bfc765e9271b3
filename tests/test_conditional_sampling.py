"""Missing cells drawn given the others."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from conftest import JIT, binary_states, correlated_flags, encoded, quick, sizes
from scipy.stats import chisquare

from skmade import _agnostic, _combination
from skmade._combination import log_mean_exp
from skmade._scoring import log_densities
from skmade._shared import SharedNetwork

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

D = 5


@pytest.fixture(autouse=True)
def few_draws_where_kernels_are_interpreted(monkeypatch):
    monkeypatch.setattr(_combination, "_NORMALIZER_BATCH", sizes(4000, 50))
    monkeypatch.setattr(_combination, "_NORMALIZER_ROWS", sizes(60_000, 50))


def fitted(n_samples=400, **parameters):
    model = quick(max_iter=sizes(20, 1), learning_rate_init=0.01, **parameters)
    return model.fit(correlated_flags(n_samples, D))


def conditional_frequencies(model, row, n, score=None):
    """Observed and expected numbers of the states of the missing cells.

    `score` gives log-densities of states that agree in the known cells; by default the model's.
    """
    missing, states = np.isnan(row), binary_states(D)
    filled = model.sample_conditional(np.tile(row, (n, 1)), random_state=0)
    np.testing.assert_array_equal(filled[:, ~missing], np.tile(row[~missing], (n, 1)))
    places = 2 ** np.arange(missing.sum())[::-1]
    observed = np.bincount((filled[:, missing] @ places).astype(int), minlength=2 ** len(places))
    possible = np.all(states[:, ~missing] == row[~missing], axis=1)
    expected = np.exp((score or model.score_samples)(states[possible]))
    return observed, n * expected / expected.sum()


def assert_follows(observed, expected):
    common = expected > 5
    assert observed[~common].sum() <= 2 * expected[~common].sum() + 20
    ratio = expected[common] / expected[common].sum()
    assert chisquare(observed[common], ratio * observed[common].sum()).pvalue > 1e-3


ROW = np.array([1.0, np.nan, 0.0, np.nan, 1.0])


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"n_estimators": 3},
        {"n_estimators": 3, "combination": "weighted"},
        {"n_masks": 3, "mask_sampling": "connectivity"},
    ],
    ids=str,
)
def test_exact_where_the_known_features_come_first(parameters):
    model = fitted(ordering=[4, 0, 2, 3, 1], **parameters)
    assert_follows(*conditional_frequencies(model, ROW, sizes(20_000, 100)))


@pytest.mark.parametrize("n_masks", [1, 3, None])
@pytest.mark.parametrize("n_estimators", [1, 2])
@pytest.mark.parametrize("combination", ["mixture", "weighted"])
def test_rows_without_known_cells_follow_the_density(n_masks, n_estimators, combination):
    model = fitted(n_masks=n_masks, n_estimators=n_estimators, combination=combination)
    assert_follows(*conditional_frequencies(model, np.full(D, np.nan), sizes(20_000, 300)))


@pytest.mark.parametrize("n_estimators", [1, 2])
@pytest.mark.parametrize("combination", ["mixture", "weighted", "product"])
@pytest.mark.parametrize("row", [ROW, [np.nan, 1, np.nan, np.nan, 0]], ids=["two", "three"])
def test_close_elsewhere(row, combination, n_estimators):
    model = fitted(n_estimators=n_estimators, combination=combination, ordering=[1, 3, 0, 2, 4])
    n = sizes(8_000, 60)
    observed, expected = conditional_frequencies(model, np.array(row), n)
    np.testing.assert_allclose(observed / n, expected / n, atol=sizes(0.02, 0.3))


@pytest.mark.parametrize("row", [ROW, np.full(D, np.nan)], ids=["two", "all"])
def test_a_product_is_close_where_the_known_features_come_first(row):
    model = fitted(60, n_estimators=3, combination="product", ordering=[4, 0, 2, 3, 1])
    n = sizes(20_000, 60)
    observed, expected = conditional_frequencies(model, row, n)
    np.testing.assert_allclose(observed / n, expected / n, atol=sizes(0.02, 0.3))


@pytest.mark.parametrize("n_estimators", [1, 2])
def test_order_agnostic_networks_are_exact_in_orderings_that_are_made(n_estimators, monkeypatch):
    model, made = fitted(n_masks=None, n_estimators=n_estimators), []
    make = SharedNetwork.networks_for
    monkeypatch.setattr(_agnostic, "_COMMON", 100)
    monkeypatch.setattr(
        SharedNetwork, "networks_for", lambda *these: made.extend(make(*these)) or made[-8:]
    )

    def score(states):  # each row is drawn under one of the networks
        logs = log_densities(made, encoded(model, states))
        return log_mean_exp(logs - log_mean_exp(logs.T, np.zeros(len(states)))[:, None])

    assert_follows(*conditional_frequencies(model, ROW, sizes(20_000, 300), score))
    assert len(made) == _agnostic._DRAWS * n_estimators
    for network in made:
        assert set(network.ordering[:3]) == {0, 2, 4}


@pytest.mark.skipif(not JIT, reason="needs networks that are trained for long")
def test_a_mixture_of_which_one_ordering_is_exact():
    model = fitted(60, n_estimators=3, random_state=4)
    row = np.array([np.nan, 1, 1, 1, 1])
    assert np.sum(model.orderings_[:, -1] == 0) == 1
    n = 20_000
    observed, expected = conditional_frequencies(model, row, n)
    np.testing.assert_allclose(observed / n, expected / n, atol=0.05)


def test_networks_without_weight_are_left_out():
    model = fitted(n_estimators=3, combination="weighted", random_state=4)
    is_exact = model.orderings_[:, -1] == 0
    assert is_exact.sum() == 1
    model._density.ensemble.weights = np.where(is_exact, 0, 0.5)
    with np.errstate(invalid="raise"):
        model.sample_conditional([[np.nan, 1, 1, 1, 1]])


def test_order_agnostic_networks_follow_the_data():
    X = np.repeat(np.random.default_rng(0).integers(0, 2, (500, 1)), 3, axis=1).astype(float)
    model = quick(n_masks=None, max_iter=sizes(60, 10), learning_rate_init=0.01).fit(X)
    filled = model.sample_conditional(np.tile([np.nan, np.nan, 1.0], (500, 1)), random_state=0)
    assert filled.mean() > sizes(0.95, 0.5)


GAUSSIAN = np.array([[2.0, 0.9, -1.1], [0.9, 1.0, 0.2], [-1.1, 0.2, 1.5]])


@pytest.mark.parametrize(
    "parameters",
    [
        {"ordering": [1, 0, 2]},
        {"ordering": [2, 0, 1]},
        {"n_estimators": 2},
    ],
    ids=str,
)
def test_mean_and_covariance_of_gaussian_cells(parameters):
    rng, center = np.random.default_rng(0), np.array([10.0, 0.0, -5.0])
    X = rng.multivariate_normal(center, GAUSSIAN, sizes(4000, 200))
    model = quick(
        max_iter=sizes(30, 1), learning_rate_init=0.003, conditionals="gaussian", **parameters
    ).fit(X)
    rows = np.tile([np.nan, 1.0, np.nan], (sizes(5000, 300), 1))
    drawn = model.sample_conditional(rows, random_state=0)[:, [0, 2]]
    slope = GAUSSIAN[[0, 2], 1] / GAUSSIAN[1, 1]
    mean = center[[0, 2]] + slope * (1.0 - center[1])
    covariance = GAUSSIAN[np.ix_([0, 2], [0, 2])] - np.outer(slope, slope) * GAUSSIAN[1, 1]
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=sizes(0.12, 2))
    np.testing.assert_allclose(np.cov(drawn.T), covariance, atol=sizes(0.15, 3))


def test_a_gaussian():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(sizes(4000, 200), 1))
    X = np.hstack([x, 2 * x + rng.normal(size=x.shape)])
    model = quick(max_iter=sizes(40, 1), learning_rate_init=0.003, ordering=[1, 0]).fit(X)
    rows = np.column_stack([np.full(5000, np.nan), np.full(5000, 3.0)])
    drawn = model.sample_conditional(rows, random_state=0)[:, 0]
    assert drawn.mean() == pytest.approx(6 / 5, abs=sizes(0.1, 2))
    assert drawn.std() == pytest.approx(np.sqrt(1 / 5), abs=sizes(0.1, 2))


def test_cells_that_are_known_stay():
    model, X = fitted(), correlated_flags(30, D, seed=2)
    before = X.copy()
    np.testing.assert_array_equal(model.sample_conditional(X), X)
    X[np.random.default_rng(0).random(X.shape) < 0.4] = np.nan
    X[0] = np.nan
    kept = X.copy()
    filled = model.sample_conditional(X, random_state=3)
    np.testing.assert_array_equal(X, kept)
    assert not np.isnan(filled).any()
    known = ~np.isnan(X)
    np.testing.assert_array_equal(filled[known], before[known])
    np.testing.assert_array_equal(filled, model.sample_conditional(X, random_state=3))
    with pytest.raises(ValueError, match="features"):
        model.sample_conditional(X[:, :3])


def test_real_cells_stay_bit_for_bit():
    X = np.random.default_rng(0).lognormal(size=(sizes(200, 30), 3)) * [1e-7, 1, 1e6]
    rows = X.copy()
    rows[::2, 1] = np.nan
    filled = quick().fit(X).sample_conditional(rows, random_state=0)
    known = ~np.isnan(rows)
    assert filled[known].tobytes() == rows[known].tobytes()


def test_a_single_column_is_drawn_from_its_density():
    X = np.random.default_rng(0).normal(5, 2, size=(400, 1))
    model = quick(max_iter=sizes(20, 1), n_estimators=2).fit(X)
    rows = np.full((sizes(4000, 300), 1), np.nan)
    rows[3] = 7.25
    filled = model.sample_conditional(rows, random_state=0)
    assert filled[3, 0] == 7.25
    assert filled.mean() == pytest.approx(X.mean(), abs=sizes(0.3, 1))
    assert filled.std() == pytest.approx(X.std(), abs=sizes(0.4, 1))


def object_table():
    """Text, numbers and flags that depend on each other."""
    n_samples = sizes(200, 40)
    rng, X = np.random.default_rng(0), np.empty((n_samples, 3), object)
    kind = rng.integers(0, 3, n_samples)
    X[:, 0], X[:, 1] = np.array(["red", "green", "blue"])[kind], kind + rng.normal(size=n_samples)
    X[:, 2] = rng.integers(0, 2, n_samples)
    return X


def test_none_marks_missing_cells_of_object_arrays():
    X = object_table()
    model = quick().fit(X)
    assert model.conditionals_ == ["categorical", "gaussian_mixture", "bernoulli"]
    holes = X.copy()
    holes[::3, 0], holes[1::3, 1], holes[2::5, 2], holes[7] = None, np.nan, None, None
    missing, kept = pd.isna(holes), holes.copy()
    filled = model.sample_conditional(holes, random_state=0)
    assert filled.dtype == object
    assert not pd.isna(filled).any()
    np.testing.assert_array_equal(pd.isna(holes), missing)
    np.testing.assert_array_equal(holes[~missing], kept[~missing])
    for before, after in zip(holes[~missing], filled[~missing]):
        assert type(before) is type(after)
        assert before == after
    assert set(filled[:, 0]) <= {"red", "green", "blue"}
    assert set(filled[:, 2]) <= {0, 1}
    assert np.all(np.isfinite(model.score_samples(filled)))
    np.testing.assert_array_equal(filled, model.sample_conditional(holes, random_state=0))


@pytest.mark.parametrize("row", [[None, 0.5, 1], [None, None, None]], ids=["one", "all"])
def test_a_column_of_text_may_be_missing_in_every_row(row):
    filled = quick().fit(object_table()).sample_conditional(np.array([row], object))
    assert filled[0, 0] in {"red", "green", "blue"}


def test_rows_that_cannot_be_filled_in_are_refused():
    model = quick().fit(object_table())
    with pytest.raises(ValueError, match="unknown categories"):
        model.sample_conditional(np.array([["pink", None, 1]], object))
    with pytest.raises(ValueError, match="had 0 and 1 only"):
        model.sample_conditional(np.array([["red", None, 0.5]], object))
    with pytest.raises(ValueError, match="infinity"):
        fitted().sample_conditional([[np.inf, np.nan, 1, 1, 1]])
    with pytest.raises(ValueError, match="features"):
        fitted().sample_conditional(np.full((2, D + 1), np.nan))


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_keep_their_dtypes(library):
    rng = np.random.default_rng(0)
    x = rng.normal(size=300)
    kind = np.where(x > 0, "left", "right")
    columns = {"x": x, "kind": kind, "flag": x > 1, "age": np.round(10 * x + 50).astype(int)}
    if library == "pandas":
        frame = pd.DataFrame(columns).astype({"kind": "category"})
        holes = frame.copy()
        holes.loc[:9, "kind"] = None
        holes.loc[5:20, "x"] = np.nan
        same = frame.dtypes
    else:
        frame = pl.DataFrame(columns).cast({"kind": pl.Categorical})
        row = pl.int_range(pl.len())
        holes = frame.with_columns(
            kind=pl.when(row > 9).then("kind"), x=pl.when(row > 20).then("x")
        )
        same = frame.schema
    model = quick().fit(frame)
    assert model.conditionals_ == [
        "gaussian_mixture", "categorical", "bernoulli", "logistic_mixture"
    ]  # fmt: skip
    for made in (model.sample(7, random_state=0), model.sample_conditional(holes, random_state=0)):
        assert type(made) is type(frame)
        assert made.dtypes.equals(same) if library == "pandas" else made.schema == same
        assert set(made["kind"].to_list() if library == "polars" else made["kind"]) <= set(kind)
    np.testing.assert_array_equal(np.asarray(made["x"])[21:], np.asarray(frame["x"])[21:])
