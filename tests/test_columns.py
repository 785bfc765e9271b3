"""Which family a column gets, its scale, and values on a lattice."""

import numpy as np
import pandas as pd
import pytest
from conftest import quick, sizes
from scipy.stats import chisquare

from skmade._columns._lattice import lattice_step
from skmade._columns._learn_number import standardisation

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def table(n=200):
    rng = np.random.default_rng(0)
    x = rng.normal(size=n)
    return pd.DataFrame(
        {
            "real": x,
            "rounded": np.round(x, 1),
            "fine": np.round(x, 5),
            "count": rng.poisson(4, n),
            "flag": x > 0,
            "zero_one": (x > 1).astype(float),
            "kind": pd.Categorical(np.where(x > 0, 3, 7)),
            "text": np.where(x > 0, "up", "down"),
        }
    )


AUTO = {
    "real": "gaussian_mixture", "rounded": "logistic_mixture", "fine": "gaussian_mixture",
    "count": "logistic_mixture", "flag": "bernoulli", "zero_one": "bernoulli",
    "kind": "categorical", "text": "categorical",
}  # fmt: skip


def test_families_follow_dtypes_and_values():
    model = quick(max_iter=1).fit(table())
    assert dict(zip(table().columns, model.conditionals_)) == AUTO


@pytest.mark.parametrize(
    "key", [["count", "flag"], [3, 4], [False, False, False, True, True, False, False, False]]
)
def test_columns_said_to_be_categorical(key):
    frame = table().drop(columns="text")
    key = key[:7] if isinstance(key[0], bool) else key
    model = quick(max_iter=1, categorical_features=key).fit(frame)
    assert model.conditionals_[3:5] == ["categorical", "categorical"]
    assert model.conditionals_[:3] == [AUTO[name] for name in frame.columns[:3]]


def test_no_column_is_categorical_if_none_is_to_be():
    with pytest.raises(ValueError, match="holds text"):
        quick(categorical_features=None).fit(table())
    model = quick(max_iter=1, categorical_features=None).fit(table().drop(columns="text"))
    assert "categorical" not in model.conditionals_


def test_arrays_of_text_are_categorical():
    X = np.array([["a", "x"], ["b", "y"], ["a", "y"]] * 20)
    model = quick(max_iter=sizes(30, 1)).fit(X)
    assert model.conditionals_ == ["categorical", "categorical"]
    states = np.array([[a, b] for a in "ab" for b in "xy"])
    assert np.exp(model.score_samples(states)).sum() == pytest.approx(1, abs=1e-5)
    assert set(model.sample(20, random_state=0).ravel()) <= {"a", "b", "x", "y"}


def test_probabilities_of_counts_sum_to_one_and_agree_with_draws():
    X = np.random.default_rng(0).poisson(3, (500, 1))
    model = quick(max_iter=sizes(40, 1)).fit(X)
    grid = np.arange(-200, 200)
    probabilities = np.exp(model.score_samples(grid[:, None]))
    assert probabilities[grid >= 0].sum() == pytest.approx(1, abs=1e-5)
    assert probabilities[grid < 0].sum() < 1e-4
    drawn = model.sample(sizes(20_000, 500), random_state=0)
    assert drawn.dtype == X.dtype
    observed = np.bincount(drawn[:, 0] + 200, minlength=400)[:400]
    expected = probabilities * len(drawn)
    common = expected > 5
    ratio = expected[common] / expected[common].sum() * observed[common].sum()
    assert chisquare(observed[common], ratio).pvalue > 1e-3


def test_no_density_is_above_that_of_a_cell():
    X = np.round(np.random.default_rng(0).normal(size=(400, 1)), 1)
    X[:300] = 0.5  # a value that most rows have
    model = quick(max_iter=sizes(100, 1), learning_rate_init=0.01).fit(X)
    assert model.score_samples(X).max() <= np.log(10) + 1e-4


@pytest.mark.parametrize(
    ("values", "step"),
    [
        ([0, 1, 5, 5], 1.0),
        ([0.25, 0.5, 0.5, 1.25], 0.25),
        ([1.0, 2.5, 7.1], 0.0),
        ([3, 3, 3], 0.0),
        ([0, 2, 6, 6, 4], 2.0),
        ([0.0, 0.3, np.pi, np.pi], 0.0),
        ([0.0, 3e-7, 5e-7, 5e-7], 0.0),  # no point of a lattice holds several values
        ([0.0, 3e-7, 1.0, 1.0], 0.0),
        ([0.0, 0.0, 1.0, 1.7e308], 0.0),
        ([-1.7e308, -1.7e308, 0.0, 1.7e308], 0.0),
    ],
)
def test_steps_of_lattices(values, step):
    assert lattice_step(np.array(values, float)) == pytest.approx(step)


@pytest.mark.parametrize("unit", [1.0, 1e-6])
@pytest.mark.parametrize("wild", [1e6, 1e36, 1e300])
def test_a_wild_value_spoils_no_scale(unit, wild):
    column, weights = unit * np.random.default_rng(0).normal(size=1000), np.ones(1000)
    center, scale = standardisation(column, weights)
    assert (center, scale) == (pytest.approx(0, abs=0.1 * unit), pytest.approx(unit, rel=0.1))
    column[0] = wild
    np.testing.assert_allclose(standardisation(column, weights), (center, scale), atol=0.1 * unit)


@pytest.mark.parametrize("value", [1e-6, -3.0, 1e6])
def test_where_nothing_but_rounding_varies_the_scale_is_one(value):
    column = np.append(np.full(50, value), np.nextafter(value, 0))
    assert standardisation(column, np.ones(51)) == (pytest.approx(value, rel=1e-12), 1.0)


@pytest.mark.parametrize("wild", [1e6, 1e36, 1e100])
def test_a_wild_value_of_hardly_any_weight_spoils_no_scale(wild, rng):
    few = rng.normal(size=8)
    among = standardisation(np.r_[wild, few], np.r_[1e-300, np.ones(8)])
    np.testing.assert_allclose(among, standardisation(few, np.ones(8)))


@pytest.mark.parametrize("a", [1e-6, 1e6])
def test_units_change_the_density_by_their_jacobian(a):
    X = np.random.default_rng(0).normal(size=(300, 2))
    X[:, 1] += X[:, 0]
    original, scaled = quick(dtype="float64").fit(X), quick(dtype="float64").fit(a * X + 3 * a)
    np.testing.assert_allclose(
        scaled.score_samples(a * X + 3 * a), original.score_samples(X) - 2 * np.log(a), atol=1e-4
    )


def test_draws_of_rounded_columns_are_the_same_numbers(rng):
    X = np.column_stack([np.round(rng.normal(20, 1, 400), n) for n in (0, 1, 2)])
    X = np.column_stack([X, 1e6 + np.round(rng.normal(size=400), 1), np.round(X[:, 0] / 5) * 0.25])
    drawn = quick(max_iter=sizes(30, 1)).fit(X).sample(200, random_state=0)
    for n, column in enumerate(drawn.T[:3]):
        np.testing.assert_array_equal(column, np.round(column, n))
    np.testing.assert_array_equal(drawn[:, 3], np.round(drawn[:, 3], 1))
    np.testing.assert_array_equal(drawn[:, 4], np.round(drawn[:, 4] * 4) / 4)


def counts(n_samples):
    rng = np.random.default_rng(0)
    rate = rng.gamma(2, size=n_samples)
    return np.column_stack([rng.poisson(5 * rate), rng.poisson(300 * rate)])


def test_counts_have_probabilities_and_are_drawn_as_counts():
    X = counts(sizes(400, 60))
    model = quick(conditionals="negative_binomial", ordering=[1, 0]).fit(X)
    drawn = model.sample(200, random_state=0)
    assert drawn.dtype == X.dtype and drawn.min() >= 0
    assert np.all(model.score_features(drawn) < 0)
    states = np.column_stack([np.arange(2000), np.full(2000, 300)])
    total = np.exp(model.score_features(states)[:, 0]).sum()
    assert total == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("value", [-1.0, 2.5])
def test_what_is_no_count_is_refused(value):
    X, spoilt = counts(40).astype(float), counts(40).astype(float)
    spoilt[7, 1] = value
    message = f"Column 1 has the value {value:g}, but a 'negative_binomial' conditional"
    with pytest.raises(ValueError, match=message):
        quick(conditionals="negative_binomial").fit(spoilt)
    model = quick(conditionals="negative_binomial").fit(X)
    with pytest.raises(ValueError, match=message):
        model.score_samples(spoilt)
