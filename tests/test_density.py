"""A density: it sums or integrates to one, and samples follow it."""

import itertools

import numpy as np
import pytest
from conftest import JIT, binary_states, correlated_flags, mixed_table, network_of, quick, sizes
from scipy.stats import chisquare, kstest

from skmade._kernels._constants import ACTIVATIONS, SOLVERS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SETTINGS = [
    {},
    {"hidden_layer_sizes": ()},
    {"hidden_layer_sizes": (12, 20, 8)},
    {"hidden_layer_sizes": (12, 12), "residual": True},
    {"direct_connections": False},
    {"ordering": "natural"},
    {"ordering": [5, 3, 0, 1, 4, 2]},
    {"dropout": 0.3},
    {"alpha": 0.1},
    {"dtype": "float64"},
    {"early_stopping": False},
    *({"activation": activation} for activation in ACTIVATIONS),
    *({"solver": solver} for solver in SOLVERS),
]


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
@pytest.mark.parametrize("conditionals", ["bernoulli", "categorical"])
def test_probabilities_of_all_states_sum_to_one(setting, conditionals):
    model = quick(conditionals=conditionals, learning_rate_init=0.01, **setting)
    model.fit(correlated_flags(200, 6))
    assert np.exp(model.score_samples(binary_states(6))).sum() == pytest.approx(1, abs=1e-5)


def test_probabilities_of_all_combinations_of_categories_sum_to_one():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.integers(0, k, 300) for k in (2, 3, 4)])
    X[:, 2] = (X[:, 0] + X[:, 1]) % 4
    model = quick(conditionals="categorical", max_iter=20).fit(X)
    states = np.array(list(itertools.product(range(2), range(3), np.unique(X[:, 2]))))
    assert np.exp(model.score_samples(states)).sum() == pytest.approx(1, abs=1e-5)


def bimodal(n_samples, seed=0):
    rng = np.random.default_rng(seed)
    return np.where(rng.random(n_samples) < 0.3, -40.0, 80.0) + 10 * rng.normal(size=n_samples)


@pytest.mark.parametrize("conditionals", ["gaussian", "gaussian_mixture", "logistic_mixture"])
def test_densities_of_one_column_integrate_to_one(conditionals):
    model = quick(conditionals=conditionals, max_iter=sizes(50, 2)).fit(bimodal(500)[:, None])
    grid = np.linspace(-1000, 1000, sizes(200_001, 4001))
    density = np.exp(model.score_samples(grid[:, None]))
    assert np.trapezoid(density, grid) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("conditionals", ["gaussian", "gaussian_mixture", "logistic_mixture"])
@pytest.mark.parametrize("setting", [{}, {"hidden_layer_sizes": ()}, {"input_noise": 0.1}])
def test_densities_of_two_columns_integrate_to_one(conditionals, setting):
    x = bimodal(400)
    X = np.column_stack([x, 0.01 * x + np.random.default_rng(1).normal(size=400)])
    n = sizes(1200, 60)
    model = quick(conditionals=conditionals, max_iter=sizes(30, 1), **setting).fit(X)
    first, second = np.linspace(-500, 500, n), np.linspace(-12, 12, n)
    grid = np.array(np.meshgrid(first, second, indexing="ij")).reshape(2, -1).T
    density = np.exp(model.score_samples(grid)).reshape(n, n)
    total = np.trapezoid(np.trapezoid(density, second, axis=1), first)
    assert total == pytest.approx(1, abs=sizes(1e-3, 0.05))


def test_a_mixed_density_sums_and_integrates_to_one():
    X, families = mixed_table(
        400, families=["bernoulli", "categorical", "gaussian", "gaussian_mixture"]
    )
    model = quick(conditionals=families, max_iter=sizes(20, 1)).fit(X)
    n = sizes(201, 41)
    third, fourth = np.linspace(-25, 25, n), np.linspace(-12, 14, n)
    states = itertools.product([0, 1], np.unique(X[:, 1]), third, fourth)
    density = np.exp(model.score_samples(np.array(list(states)))).reshape(6, n, n)
    total = np.trapezoid(np.trapezoid(density.sum(axis=0), fourth, axis=1), third)
    assert total == pytest.approx(1, abs=sizes(5e-3, 0.05))


@pytest.mark.parametrize("setting", [{}, {"hidden_layer_sizes": (8, 8), "residual": True}])
def test_sampled_frequencies_agree_with_the_probabilities(setting):
    X, n = correlated_flags(500, 4), sizes(20_000, 1000)
    model = quick(max_iter=20, learning_rate_init=0.01, **setting).fit(X)
    drawn = model.sample(n, random_state=0) @ [8, 4, 2, 1]
    observed = np.bincount(drawn.astype(int), minlength=16)
    expected = np.exp(model.score_samples(binary_states(4)))
    common = expected * n > 5
    ratio = expected[common] / expected[common].sum()
    assert chisquare(observed[common], ratio * observed[common].sum()).pvalue > 1e-3


def test_sampled_categories_agree_with_the_probabilities():
    rng = np.random.default_rng(0)
    X = rng.choice([1.0, 5.0, 7.0], p=[0.2, 0.5, 0.3], size=(400, 1))
    model = quick(conditionals="categorical", max_iter=30).fit(X)
    n = sizes(20_000, 1000)
    values, observed = np.unique(model.sample(n, random_state=1), return_counts=True)
    expected = np.exp(model.score_samples(values[:, None]))
    assert expected.sum() == pytest.approx(1, abs=1e-5)
    assert chisquare(observed, n * expected / expected.sum()).pvalue > 1e-3


@pytest.mark.parametrize("conditionals", ["gaussian", "gaussian_mixture", "logistic_mixture"])
def test_samples_of_one_column_follow_the_integral_of_the_density(conditionals):
    model = quick(conditionals=conditionals, max_iter=sizes(50, 2)).fit(bimodal(500)[:, None])
    grid = np.linspace(-500, 500, 20_001)
    density = np.exp(model.score_samples(grid[:, None]))
    steps = np.cumsum((density[1:] + density[:-1]) / 2 * np.diff(grid))
    drawn = model.sample(sizes(20_000, 1000), random_state=0)[:, 0]
    assert kstest(drawn, lambda x: np.interp(x, grid[1:], steps)).pvalue > 1e-3


def test_the_log_density_of_samples_is_that_of_training_rows():
    X, families = mixed_table(sizes(2000, 200))
    model = quick(conditionals=families, max_iter=sizes(30, 1)).fit(X)
    own = model.score_samples(model.sample(sizes(4000, 100), random_state=0))
    seen = model.score_samples(X)
    error = np.hypot(own.std() / np.sqrt(len(own)), seen.std() / np.sqrt(len(seen)))
    assert abs(own.mean() - seen.mean()) < sizes(0.1, 1.0) + 3 * error


def test_two_modes_are_told_from_one_gaussian():
    X = bimodal(sizes(1400, 300))[:, None]
    model = quick(max_iter=sizes(200, 20), learning_rate_init=0.01).fit(X)
    test = bimodal(2000, seed=1)[:, None]
    single = -0.5 * np.log(2 * np.pi * X.var()) - 0.5 * ((test - X.mean()) ** 2 / X.var()).mean()
    assert model.score(test) > single + 0.3


@pytest.mark.parametrize("scale", [1e-8, 1e-3, 1e8])
def test_densities_are_in_the_units_of_X(scale):
    X = np.random.default_rng(0).normal(size=(200, 3)) @ np.diag([1.0, 2.0, 5.0])
    model, other = quick(dtype="float64").fit(X), quick(dtype="float64").fit(scale * X + 7 * scale)
    scores = other.score_samples(scale * X + 7 * scale)
    np.testing.assert_allclose(scores, model.score_samples(X) - 3 * np.log(scale), atol=1e-5)
    np.testing.assert_allclose(
        other.sample(5, 0), scale * model.sample(5, 0) + 7 * scale, rtol=1e-4, atol=1e-4 * scale
    )


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [(bool, bool), (np.uint8, np.uint8), (np.float32, np.float32), (float, float)],
)
def test_samples_have_the_dtype_of_discrete_tables(dtype, expected):
    model = quick().fit(correlated_flags(60, 3).astype(dtype))
    assert model.sample(4).dtype == expected


def test_samples_of_text_are_categories_that_occurred():
    X = np.array([["red", 1.5], ["green", 2.5], ["blue", 0.5]] * 20, dtype=object)
    model = quick(conditionals=["categorical", "gaussian"]).fit(X)
    drawn = model.sample(50, random_state=0)
    assert drawn.shape == (50, 2)
    assert set(drawn[:, 0]) <= {"red", "green", "blue"}
    assert np.all(np.isfinite(model.score_samples(drawn)))


def test_sample_is_reproducible_and_independent():
    model = quick().fit(np.random.default_rng(0).normal(size=(100, 3)))
    first = model.sample(300, random_state=1)
    np.testing.assert_array_equal(first, model.sample(300, random_state=1))
    assert not np.any(first == model.sample(300, random_state=2))
    assert len(np.unique(first, axis=0)) == 300
    assert not np.array_equal(model.sample(3), model.sample(3))
    for make in (np.random.RandomState, np.random.default_rng):
        state, same = make(0), make(0)
        first, second = model.sample(3, state), model.sample(3, state)
        assert not np.array_equal(first, second)
        np.testing.assert_array_equal([first, second], [model.sample(3, same) for _ in range(2)])
        gap, again = np.array([[np.nan, 0, 0]]), make(1)
        drawn = [model.sample_conditional(gap, state)[0, 0] for state in (make(1), again, again)]
        assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize(
    "shape, real, expected",
    [
        ((90, 8), False, [500]),
        ((300, 8), False, [256, 256]),
        ((90, 8), True, [256, 256]),
        pytest.param((4000, 257), False, [500], marks=pytest.mark.skipif(not JIT, reason="large")),
    ],
)
def test_layers_follow_rows_columns_and_kinds(shape, real, expected):
    X = np.random.default_rng(0).integers(0, 2, shape).astype(float)
    if real:
        X[:, 0] += np.random.default_rng(1).normal(size=len(X))
    model = quick(hidden_layer_sizes="auto", max_iter=1, n_estimators=1).fit(X)
    assert [len(layer) for layer in network_of(model).degrees] == expected
