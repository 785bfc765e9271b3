"""Particles: weights, resampling, and how near draws of missing cells come to the conditional."""

import itertools

import numpy as np
import pytest
from conftest import JIT, binary_states, correlated_flags, encoded, mixed_table, network_of, quick

from skmade import MADEDensity, _conditional, _particles
from skmade._conditional import fill, log_evidence, n_inversions
from skmade._ensemble import Ensemble
from skmade._kernels._constants import PARTICLES
from skmade._particles import Particles
from skmade._sampling import complete

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.skipif(not JIT, reason="needs many draws"),
]


def flags_model(n_features=5, **parameters):
    return quick(max_iter=20, learning_rate_init=0.01, **parameters).fit(
        correlated_flags(400, n_features)
    )


def total_variation(model, row, n, score=None):
    """That of n draws of a row's missing flags from the model's conditional, and of n others."""
    missing, states = np.isnan(row), binary_states(len(row))
    filled = model.sample_conditional(np.tile(row, (n, 1)), random_state=0)
    places = 2 ** np.arange(missing.sum())[::-1]
    possible = np.all(states[:, ~missing] == row[~missing], axis=1)
    expected = np.exp((score or model.score_samples)(states[possible]))
    expected /= expected.sum()
    observed = np.bincount((filled[:, missing] @ places).astype(int), minlength=len(expected)) / n
    others = np.random.default_rng(0).multinomial(n, expected, size=50) / n
    return abs(observed - expected).sum() / 2, abs(others - expected).sum(axis=1).mean() / 2


def test_what_is_known_stays_and_weighs_what_it_contributes_to_the_score(rng):
    X, families = mixed_table(300)
    model = quick(conditionals=families).fit(X)
    network, table = network_of(model), encoded(model, X)
    known, before = rng.random(table.shape) < 0.5, table.copy()
    logs, _ = complete(network, network.plan, table, known, rng)
    np.testing.assert_array_equal(table[known], before[known])
    contributions = np.zeros(table.shape)
    Ensemble.equal([network], "mixture").score(table, contributions)
    np.testing.assert_allclose(logs, np.sum(contributions * known, axis=1), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("known", itertools.product([True, False], repeat=4), ids=str)
def test_mean_weights_are_the_density_of_what_is_known(known, rng):
    model, known = flags_model(4), np.array(known)
    network, states = network_of(model), binary_states(4)
    row = np.array([1.0, 0.0, 1.0, 1.0])
    n = 4000 * PARTICLES
    table, cells = np.tile(row.astype(np.float32), (n, 1)), np.tile(known, (n, 1))
    logs, origins = complete(network, network.plan, table, cells, rng, are_particles=True)
    means = np.exp(logs).reshape(-1, PARTICLES).mean(axis=1)
    same = np.all(states[:, known] == row[known], axis=1)
    exact = np.exp(model.score_samples(states[same])).sum()
    error = means.std() / np.sqrt(len(means))
    assert abs(means.mean() - exact) < 4 * error + 1e-5
    assert set(origins) <= set(range(PARTICLES))


def test_particles_are_resampled_with_all_that_was_computed_for_them(rng):
    # the second of four flags that hold each other, is known: particles without it die out
    X = np.repeat(rng.random((400, 1)) < 0.25, 4, axis=1) ^ (rng.random((400, 4)) < 0.02)
    model = quick(max_iter=60, learning_rate_init=0.01, ordering="natural", dropout=0.0).fit(
        X.astype(float)
    )
    network, n = network_of(model), 500 * PARTICLES
    table = np.tile(np.array([0, 1, 0, 0], np.float32), (n, 1))
    known = np.tile([False, True, False, False], (n, 1))
    logs, origins = complete(network, network.plan, table, known, rng, are_particles=True)
    groups = origins.reshape(-1, PARTICLES)
    assert np.median([len(set(group)) for group in groups]) < PARTICLES
    assert table[:, 2:].mean() > 0.7  # of 0.25, before
    states = binary_states(4)
    possible = states[states[:, 1] == 1]
    p = np.exp(model.score_samples(possible))
    weights = np.exp(logs)
    np.testing.assert_allclose(
        np.average(table, axis=0, weights=weights), p @ possible / p.sum(), atol=0.03
    )


def test_particles_double_until_they_are_worth_enough(rng):
    model = flags_model(6, ordering="natural")
    table = encoded(model, correlated_flags(50, 6, seed=1))
    known = np.tile([False, True] * 3, (50, 1))
    particles = Particles(network_of(model), table, known, 2, rng)
    particles.grow(lambda them: them.worth >= 40, 64)
    assert np.all((particles.worth >= 40) | (particles.n_groups == 64))
    assert set(particles.n_groups) <= {4, 8, 16, 32, 64}
    before = particles.n_groups.copy()
    particles.grow(lambda them: np.zeros(50, bool), 64)  # however little they are worth
    n_groups = particles.n_groups.copy()
    assert np.all(n_groups[before == 64] == 64)
    assert n_groups.min() == 64
    particles.grow(lambda them: np.zeros(50, bool), 64)
    np.testing.assert_array_equal(particles.n_groups, n_groups)
    np.testing.assert_array_equal(particles.chosen[:, known], table[known][None].repeat(2, axis=0))


@pytest.mark.parametrize(
    ("combination", "ordering"),
    [("mixture", "random"), ("mixture", "natural"), ("weighted", "random"), ("product", "random")],
)
def test_flags_follow_the_enumeration(combination, ordering, rng):
    model = flags_model(10, n_estimators=3, combination=combination, ordering=ordering)
    ratios = []
    for row in correlated_flags(4, 10, seed=3):
        row[rng.random(10) < 0.5] = np.nan
        distance, usual = total_variation(model, row, 4000)
        ratios.append(distance / usual)
    assert np.mean(ratios) < 1.6
    assert max(ratios) < 2


@pytest.mark.parametrize("n_features", [4, 12])
@pytest.mark.parametrize(
    ("n_estimators", "ordering", "n", "most"),
    [(1, "random", 4000, 0.08), (3, "random", 4000, 0.08), (1, "natural", 20_000, 0.05)],
)
def test_gaussians_follow_the_closed_form(n_features, n_estimators, ordering, n, most, rng):
    mixing = rng.normal(size=(n_features, n_features)) / np.sqrt(n_features)
    X = rng.normal(size=(50_000, n_features)) @ mixing
    X += 0.5 * rng.normal(size=X.shape)
    X /= X.std(axis=0)
    model = quick(
        hidden_layer_sizes=(), conditionals="gaussian", max_iter=30, n_estimators=n_estimators,
        learning_rate_init=0.01, batch_size=500, ordering=ordering,
    ).fit(X)  # fmt: skip
    drawn = model.sample(200_000, random_state=0)
    center, covariance = drawn.mean(axis=0), np.cov(drawn.T)
    for row in X[:4].copy():
        missing = rng.random(n_features) < 0.5
        missing[0], missing[-1] = True, False
        if ordering == "natural":
            missing.sort()  # then draws are exact
        known = ~missing
        slope = covariance[np.ix_(missing, known)] @ np.linalg.inv(covariance[np.ix_(known, known)])
        mean = center[missing] + slope @ (row[known] - center[known])
        spread = covariance[np.ix_(missing, missing)] - slope @ covariance[np.ix_(known, missing)]
        row[missing] = np.nan
        filled = model.sample_conditional(np.tile(row, (n, 1)), random_state=0)[:, missing]
        np.testing.assert_allclose(filled.mean(axis=0), mean, atol=most)
        np.testing.assert_allclose(np.atleast_2d(np.cov(filled.T)), spread, atol=most)


@pytest.fixture(scope="module")
def line():
    """Two columns that say nearly everything of each other."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=4000)
    return np.column_stack([x, x + 0.02 * rng.normal(size=4000)])


@pytest.mark.filterwarnings("ignore:Draws of missing cells")
@pytest.mark.parametrize("n_estimators", [1, 2])
def test_a_column_that_is_known_late_counts_as_much_as_one_known_first(line, n_estimators):
    errors = []
    for ordering in ([1, 0], [0, 1]):
        model = quick(
            hidden_layer_sizes=(32,), max_iter=40, learning_rate_init=0.01, ordering=ordering,
            n_estimators=n_estimators, batch_size=50, alpha=0.0,  # (fits closest, and alike)
        ).fit(line)  # fmt: skip
        rows = np.column_stack([np.full(500, np.nan), np.linspace(-2, 2, 500)])
        filled = model.sample_conditional(rows, random_state=0)
        errors.append(np.sqrt(np.mean((filled[:, 0] - filled[:, 1]) ** 2)))
    assert errors[1] < 1.5 * errors[0]


@pytest.mark.filterwarnings("ignore:Draws of missing cells")
def test_a_hedge_against_noise_does_not_take_over_where_no_particle_comes_near():
    """Trained with dropout, a conditional keeps a wide component of small weight. Where a column
    that is known late leaves little room, few particles come near it, and the wide component
    alone would explain the others, which all weigh alike, as if they were as good as any."""
    x, noise = np.random.default_rng(0).normal(size=(2, 4000))
    model = MADEDensity(n_estimators=1, ordering=[0, 1], random_state=0).fit(
        np.column_stack([x, x + 0.01 * noise])
    )
    drawn = model.sample(20_000, random_state=0)
    rows = np.column_stack([np.full(1000, np.nan), np.linspace(-2, 2, 1000)])
    filled = model.sample_conditional(rows, random_state=0)
    wild, wild_given = (np.mean(np.abs(X[:, 1] - X[:, 0]) > 0.05) for X in (drawn, filled))
    assert wild_given < 1.5 * wild + 0.01


def test_the_network_that_fits_best_proposes_and_all_of_them_correct():
    model = flags_model(5, n_estimators=3)
    ensemble, row = model._density.ensemble, np.full(5, np.nan)
    first = ensemble.networks[0].ordering[:3]
    row[first] = 1
    inversions = n_inversions(ensemble.networks, ~np.isnan(row)[None])
    assert inversions[0, 0] == 0
    assert inversions.max() > 0
    distance, usual = total_variation(model, row, 4000)
    assert distance < 2 * usual


def test_a_warning_says_how_little_particles_are_worth(line, monkeypatch):
    for name in ("_FLOPS", "_FLOPS_OF_UNUSUAL", "_MOST_FLOPS"):
        monkeypatch.setattr(_conditional, name, 1)
    model = quick(
        hidden_layer_sizes=(32,), max_iter=20, learning_rate_init=0.01, ordering=[0, 1]
    ).fit(line)
    rows = np.column_stack([np.full(20, np.nan), np.linspace(-2, 2, 20)])
    with pytest.warns(
        UserWarning, match=r"approximate in \d+ of 20 rows.* worth 1\.\d independent"
    ):
        model.sample_conditional(rows, random_state=0)


def test_patterns_are_worked_on_together(monkeypatch, rng):
    model, calls = flags_model(8, n_estimators=2), []
    for module in (_conditional, _particles):
        monkeypatch.setattr(
            module, "complete", lambda *a, **k: calls.append(1) or complete(*a, **k)
        )
    X = correlated_flags(300, 8, seed=2)
    X[rng.random(X.shape) < 0.5] = np.nan
    assert len(np.unique(np.isnan(X), axis=0)) > 150
    model.sample_conditional(X, random_state=0)
    assert len(calls) < 40


def test_draws_do_not_depend_on_the_number_of_threads(rng):
    model = flags_model(8, n_estimators=2)
    X = correlated_flags(300, 8, seed=2)
    X[rng.random(X.shape) < 0.5] = np.nan
    one, two = (model.set_params(n_jobs=n).sample_conditional(X, random_state=0) for n in (1, 2))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("combination", ["mixture", "product"])
def test_evidence_is_estimated_with_its_error(combination):
    model = flags_model(6, n_estimators=2, combination=combination, ordering="natural")
    states, known = binary_states(6), np.array([False, False, True, False, True, True])
    table, gaps = encoded(model, states), np.zeros(states.shape, bool)
    logs, errors = log_evidence(model._density.ensemble, table, known, gaps, None)
    p, place = np.exp(model.score_samples(states)), states[:, known] @ [4, 2, 1]
    exact = np.log(np.bincount(place.astype(int), p))[place.astype(int)]
    if combination == "product":
        exact += model.log_normalizer_
    assert np.all(errors > 0)
    assert np.all(errors < 0.06)
    assert np.mean(abs(logs - exact) < 3 * errors) > 0.9


@pytest.mark.parametrize("shift", [2000.0, -2000.0])  # nats, of which exp is no number
def test_evidence_of_networks_that_disagree_is_finite(shift, monkeypatch):
    model, original = flags_model(4, n_estimators=2, ordering="natural"), _conditional._log_ratios
    table, known = encoded(model, binary_states(4)), np.array([False, False, True, True])
    gaps = np.zeros(table.shape, bool)
    before, errors = log_evidence(model._density.ensemble, table, known, gaps, None)
    monkeypatch.setattr(_conditional, "_log_ratios", lambda *args: original(*args) + shift)
    after, same = log_evidence(model._density.ensemble, table, known, gaps, None)
    np.testing.assert_allclose(after - before, shift)
    np.testing.assert_allclose(same, errors)


def test_cells_of_no_probability_still_have_draws(rng):
    model = flags_model(4, ordering="natural", dropout=0.0)
    table = encoded(model, correlated_flags(20, 4))
    table[:, 1] = np.float32(1e30)  # the log-density of which is minus infinity, or no number
    known = np.tile([False, True, False, True], (20, 1))
    with np.errstate(all="ignore"):
        draws, _ = fill(model._density.ensemble, table, known, 1, rng, None)
    assert set(np.unique(draws[0][:, [0, 2]])) <= {0.0, 1.0}
