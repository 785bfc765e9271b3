"""Statistics over repetitions, on known densities: no score is too good, no level is missed."""

import numpy as np
import pytest
from conftest import binary_states, correlated_flags, quick, sizes
from scipy.stats import chisquare, kstest, multivariate_normal, nbinom, norm, poisson, t

from skmade import MADEOutlierDetector

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def gaussian(n, rng):
    covariance = [[1, 0.8, 0], [0.8, 1, -0.3], [0, -0.3, 0.5]]
    density = multivariate_normal([1, 0, -3], covariance)
    X = density.rvs(n, random_state=rng)
    return X, density.logpdf(X)


def two_clusters(n, rng):
    X = rng.normal(size=(n, 2)) + 3 * rng.choice([-1, 1], (n, 1))
    logs = norm.logpdf(X[:, None], [[-3], [3]]).sum(axis=2)
    return X, np.logaddexp(*logs.T) - np.log(2)


def heavy_tails(n, rng):
    """Student's, with three degrees of freedom, and Gaussian given that."""
    x = rng.standard_t(3, n)
    y = 2 * x + 0.5 * rng.normal(size=n)
    return np.column_stack([x, y]), t.logpdf(x, 3) + norm.logpdf(y, 2 * x, 0.5)


def chain_of_flags(n, rng):
    X = np.cumsum(rng.random((n, 6)) < 0.2, axis=1) % 2
    changes = np.diff(X, axis=1, prepend=0) != 0
    return X.astype(float), np.where(changes, np.log(0.2), np.log(0.8)).sum(axis=1)


def counts(n, rng):
    """A Poisson number, and a negative binomial one that grows with it."""
    x = rng.poisson(4, n)
    y = rng.negative_binomial(x + 1, 0.5)
    return np.column_stack([x, y]), poisson.logpmf(x, 4) + nbinom.logpmf(y, x + 1, 0.5)


KNOWN = [gaussian, two_clusters, heavy_tails, chain_of_flags, counts]


@pytest.mark.parametrize("density", KNOWN)
def test_held_out_rows_are_no_more_likely_than_in_truth(density, rng):
    X, _ = density(sizes(500, 40), rng)
    model = quick(max_iter=sizes(40, 1), learning_rate_init=0.01, n_components=5).fit(X)
    test, logs = density(sizes(5000, 100), rng)
    gain = model.score_samples(test) - logs
    assert gain.mean() < 3 * gain.std() / np.sqrt(len(gain))
    if sizes(True, False):
        assert gain.mean() > -1  # nor far from it


def levels_are_met(p_values, n):
    """p-values of fresh rows beside n held-out ones: 1 / (n + 1), ..., 1 with equal probability."""
    counts = np.bincount(np.rint(p_values * (n + 1)).astype(int) - 1, minlength=n + 1)
    assert len(counts) == n + 1
    return chisquare(counts).pvalue > 1e-3


def test_p_values_are_right_at_every_level(rng):
    n, n_repetitions = 19, sizes(1000, 100)
    detector = MADEOutlierDetector((8,), n_estimators=1, max_iter=1, random_state=0)
    detector.fit(rng.normal(size=(60, 3)))
    table = rng.normal(size=(n_repetitions, n + 1, 3))
    p_values = []
    for rows in table:  # of which one is fresh
        detector._hold_out(detector.score_samples(rows[1:]), np.ones(n))
        p_values += list(detector.p_values(rows[:1]))
    assert levels_are_met(np.array(p_values), n)


@pytest.mark.slow
def test_p_values_are_right_at_every_level_over_fits(rng):
    n, p_values = 9, []
    detector = MADEOutlierDetector(
        (8,), n_estimators=1, max_iter=2, validation_fraction=0.3, n_components=2
    )
    for seed in range(sizes(1000, 20)):
        detector.set_params(random_state=seed).fit(rng.normal(size=(60, 3)))
        assert len(detector.held_out_scores_) == n
        p_values += list(detector.p_values(rng.normal(size=(1, 3))))
    assert levels_are_met(np.array(p_values), n)


def test_draws_of_a_number_pass_a_test_as_often_as_they_should(rng):
    X = np.where(rng.random(300) < 0.3, -4, 4) + rng.normal(size=300)
    model = quick(n_estimators=2, max_iter=sizes(20, 1)).fit(X[:, None])
    grid = np.linspace(-40, 40, 20_001)
    mass = np.cumsum(np.exp(model.score_samples(grid[:, None]))) * (grid[1] - grid[0])
    p_values = [
        kstest(
            model.sample(200, random_state=seed)[:, 0], lambda x: np.interp(x, grid, mass)
        ).pvalue
        for seed in range(sizes(300, 30))
    ]
    assert kstest(p_values, "uniform").pvalue > 1e-3


@pytest.mark.parametrize("combination", ["mixture", "product"])
def test_draws_of_flags_pass_a_test_as_often_as_they_should(combination):
    model = quick(n_estimators=2, combination=combination).fit(correlated_flags(300, 3))
    n, shares = 1000, np.exp(model.score_samples(binary_states(3)))
    p_values = []
    for seed in range(sizes(200, 10)):
        drawn = model.sample(n, random_state=seed) @ [4, 2, 1]
        observed = np.bincount(drawn.astype(int), minlength=8)
        p_values.append(chisquare(observed, n * shares / shares.sum()).pvalue)
    assert kstest(p_values, "uniform").pvalue > 1e-3
