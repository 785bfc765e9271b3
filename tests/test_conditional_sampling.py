"""Missing cells drawn given the others."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from conftest import binary_states, correlated_flags, quick, sizes
from scipy.stats import chisquare

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

D = 5


def fitted(**parameters):
    model = quick(max_iter=sizes(20, 1), learning_rate_init=0.01, **parameters)
    return model.fit(correlated_flags(400, D))


def conditional_frequencies(model, row, n):
    """Observed and expected numbers of the states of the missing cells."""
    missing, states = np.isnan(row), binary_states(D)
    filled = model.sample_conditional(np.tile(row, (n, 1)), random_state=0)
    np.testing.assert_array_equal(filled[:, ~missing], np.tile(row[~missing], (n, 1)))
    places = 2 ** np.arange(missing.sum())[::-1]
    observed = np.bincount((filled[:, missing] @ places).astype(int), minlength=2 ** len(places))
    possible = np.all(states[:, ~missing] == row[~missing], axis=1)
    expected = np.exp(model.score_samples(states[possible]))
    return observed, n * expected / expected.sum()


ROW = np.array([1.0, np.nan, 0.0, np.nan, 1.0])


def test_exact_where_the_known_features_come_first():
    model = fitted(ordering=[4, 0, 2, 3, 1])
    observed, expected = conditional_frequencies(model, ROW, sizes(20_000, 500))
    assert chisquare(observed, expected).pvalue > 1e-3


@pytest.mark.parametrize("combination", ["mixture", "product"])
def test_close_elsewhere(combination):
    model = fitted(n_estimators=2, combination=combination, ordering=[1, 3, 0, 2, 4])
    n = sizes(20_000, 300)
    observed, expected = conditional_frequencies(model, ROW, n)
    np.testing.assert_allclose(observed / n, expected / n, atol=sizes(0.02, 0.15))


def test_order_agnostic_networks_follow_the_data():
    X = np.repeat(np.random.default_rng(0).integers(0, 2, (500, 1)), 3, axis=1).astype(float)
    model = quick(n_masks=None, max_iter=sizes(60, 10), learning_rate_init=0.01).fit(X)
    filled = model.sample_conditional(np.tile([np.nan, np.nan, 1.0], (500, 1)), random_state=0)
    assert filled.mean() > sizes(0.95, 0.5)


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
    X = np.random.default_rng(0).lognormal(size=(200, 3)) * [1e-7, 1, 1e6]
    rows = X.copy()
    rows[::2, 1] = np.nan
    filled = quick().fit(X).sample_conditional(rows, random_state=0)
    known = ~np.isnan(rows)
    assert filled[known].tobytes() == rows[known].tobytes()


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
