"""Several orderings and networks, and the one density they are combined to."""

import pickle

import numpy as np
import pytest
from conftest import (
    JIT,
    binary_states,
    correlated_flags,
    encoded,
    is_plain,
    network_of,
    quick,
    sizes,
)
from scipy.special import logsumexp
from scipy.stats import chisquare
from sklearn.base import clone

from skmade import _auto, _combination, _threads
from skmade._combination import learn_weights, log_acceptance, log_mean_exp
from skmade._ensemble import Ensemble

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

COMBINATIONS = ["mixture", "weighted", "product"]
D = 5


def fitted(X=None, **parameters):
    model = quick(max_iter=sizes(15, 1), learning_rate_init=0.01, **parameters)
    return model.fit(correlated_flags(300, D) if X is None else X)


@pytest.fixture(scope="module", autouse=True)
def few_draws_where_kernels_are_interpreted():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_combination, "_NORMALIZER_BATCH", sizes(4000, 50))
        patch.setattr(_combination, "_NORMALIZER_ROWS", sizes(60_000, 50))
        yield


@pytest.fixture(scope="module", params=COMBINATIONS)
def ensemble(request):
    return fitted(n_estimators=3, combination=request.param)


def members(model):
    """Log-probabilities of all states under each of the model's draws and networks."""
    networks, states = model._density.ensemble.networks, encoded(model, binary_states(D))
    return [Ensemble.equal([network], "mixture").score(states) for network in networks]


@pytest.mark.parametrize("n_masks", [1, 3, None])
@pytest.mark.parametrize("n_estimators", [1, 2])
@pytest.mark.parametrize("combination", ["mixture", "weighted"])
def test_probabilities_of_all_states_sum_to_one(n_masks, n_estimators, combination):
    model = fitted(n_masks=n_masks, n_estimators=n_estimators, combination=combination)
    assert np.exp(model.score_samples(binary_states(D))).sum() == pytest.approx(1, abs=1e-5)
    assert model.combination_weights_.sum() == pytest.approx(1)
    assert len(model.orderings_) == n_estimators * {1: 1, 3: 3, None: 32}[n_masks]


@pytest.mark.parametrize("n_masks", [1, 3, None])
@pytest.mark.parametrize("n_estimators", [1, 2])
def test_the_constant_of_a_product_is_within_its_error(n_masks, n_estimators):
    model = fitted(n_masks=n_masks, n_estimators=n_estimators, combination="product")
    exact = logsumexp(np.mean(members(model), axis=0))
    error = sizes(5, 50) * model.log_normalizer_se_ + 1e-5
    assert exact < 1e-5  # a geometric mean is below the arithmetic one
    assert abs(model.log_normalizer_ - exact) <= error
    assert abs(logsumexp(model.score_samples(binary_states(D)))) <= error
    if n_masks == n_estimators == 1:
        assert model.log_normalizer_ == model.log_normalizer_se_ == 0


@pytest.mark.parametrize("parameters", [{"n_estimators": 3}, {"n_masks": 4}, {"n_masks": None}])
def test_a_mixture_is_the_mean_of_the_densities(parameters):
    model = fitted(**parameters)
    logs = members(model)
    np.testing.assert_allclose(
        model.score_samples(binary_states(D)), logsumexp(logs, axis=0) - np.log(len(logs)),
        rtol=1e-12,
    )  # fmt: skip


def test_how_the_densities_are_combined(ensemble):
    logs, weights = np.array(members(ensemble)), ensemble.combination_weights_
    if ensemble.combination == "product":
        expected = logs.mean(axis=0) - ensemble.log_normalizer_
    else:
        expected = logsumexp(logs, axis=0, b=weights[:, None])
    np.testing.assert_allclose(ensemble.score_samples(binary_states(D)), expected, rtol=1e-12)
    if ensemble.combination != "weighted":
        np.testing.assert_array_equal(weights, np.full(3, 1 / 3))


def test_a_product_of_mixtures_on_the_line_integrates_to_one():
    rng = np.random.default_rng(0)
    X = np.where(rng.random(300) < 0.3, -4.0, 8.0)[:, None] + rng.normal(size=(300, 1))
    model = fitted(X, n_estimators=3, combination="product", conditionals="gaussian_mixture")
    grid = np.linspace(-150, 150, sizes(30_001, 2001))
    total = np.trapezoid(np.exp(model.score_samples(grid[:, None])), grid)
    assert total == pytest.approx(1, abs=5 * model.log_normalizer_se_ + sizes(1e-3, 0.05))


def test_a_product_of_real_densities_integrates_to_one():
    x = np.random.default_rng(0).normal(size=(300, 1))
    X = np.hstack([x, x**2 + 0.5 * np.random.default_rng(1).normal(size=(300, 1))])
    model = fitted(X, n_estimators=2, combination="product")
    n = sizes(500, 60)
    first, second = np.linspace(-12, 12, n), np.linspace(-12, 20, n)
    grid = np.array(np.meshgrid(first, second, indexing="ij")).reshape(2, -1).T
    density = np.exp(model.score_samples(grid)).reshape(n, n)
    total = np.trapezoid(np.trapezoid(density, second, axis=1), first)
    assert total == pytest.approx(1, abs=5 * model.log_normalizer_se_ + sizes(2e-3, 0.05))


def test_samples_follow_the_density(ensemble):
    n = sizes(20_000, 500)
    drawn = ensemble.sample(n, random_state=0)
    assert drawn.shape == (n, D)
    observed = np.bincount((drawn @ 2 ** np.arange(D)[::-1]).astype(int), minlength=2**D)
    expected = np.exp(ensemble.score_samples(binary_states(D)))
    common = expected * n > 5
    ratio = expected[common] / expected[common].sum()
    assert chisquare(observed[common], ratio * observed[common].sum()).pvalue > 1e-3


@pytest.mark.parametrize("n", [1, 63, 64, 257])
def test_samples_are_as_many_as_asked_for(ensemble, n):
    drawn = ensemble.sample(n, random_state=1)
    assert drawn.shape == (n, D)
    assert np.isin(drawn, [0, 1]).all()
    np.testing.assert_array_equal(drawn, ensemble.sample(n, random_state=1))


def test_shares_of_features_sum_to_the_score(ensemble):
    X = correlated_flags(50, D, seed=1)
    np.testing.assert_allclose(
        ensemble.score_features(X).sum(axis=1), ensemble.score_samples(X), rtol=1e-10
    )


def test_a_row_has_the_same_bits_in_any_batch(ensemble):
    X = correlated_flags(200, D, seed=1)
    expected = ensemble.score_samples(X)
    for size in (1, 7, 64):
        parts = [ensemble.score_samples(X[i : i + size]) for i in range(0, len(X), size)]
        np.testing.assert_array_equal(np.concatenate(parts), expected)
        parts = [ensemble.score_features(X[i : i + size]) for i in range(0, len(X), size)]
        np.testing.assert_array_equal(np.concatenate(parts), ensemble.score_features(X))


def test_a_row_has_the_same_bits_on_any_number_of_threads(ensemble, monkeypatch):
    X = correlated_flags(sizes(500, 120), D, seed=1)
    scores, shares = ensemble.score_samples(X), ensemble.score_features(X)
    monkeypatch.setattr(_threads, "_FLOPS_WORTH_THREAD", 1)
    monkeypatch.setattr(_threads, "_CHUNK_CELLS", 1)
    for n_jobs in (1, 2, 3, -1):
        ensemble.set_params(n_jobs=n_jobs)
        np.testing.assert_array_equal(ensemble.score_samples(X), scores)
        np.testing.assert_array_equal(ensemble.score_features(X), shares)
    ensemble.set_params(n_jobs=None)


@pytest.mark.parametrize("n_masks", [1, 2])
@pytest.mark.parametrize("combination", COMBINATIONS)
def test_networks_are_the_same_on_any_number_of_threads(n_masks, combination):
    one, two = (
        fitted(n_estimators=3, n_masks=n_masks, combination=combination, n_jobs=n_jobs)
        for n_jobs in (1, 2)
    )
    for first, second in zip(one._density.networks, two._density.networks):
        np.testing.assert_array_equal(first.theta, second.theta)
    np.testing.assert_array_equal(one.combination_weights_, two.combination_weights_)
    assert one.loss_curve_ == two.loss_curve_
    X = correlated_flags(50, D)
    np.testing.assert_array_equal(one.score_samples(X), two.score_samples(X))


@pytest.mark.parametrize("mask_sampling", ["both", "ordering", "connectivity"])
def test_what_a_draw_of_masks_changes(mask_sampling):
    model = fitted(n_masks=4, mask_sampling=mask_sampling)
    assert model.orderings_.shape == (4, D)
    np.testing.assert_array_equal(np.sort(model.orderings_), [np.arange(D)] * 4)
    draws = network_of(model).draws
    orderings = {tuple(draw.ordering) for draw in draws}
    degrees = {tuple(draw.degrees[0]) for draw in draws}
    assert len(orderings) == (1 if mask_sampling == "connectivity" else 4)
    assert len(degrees) == (1 if mask_sampling == "ordering" else 4)
    assert {tuple(row) for row in model.orderings_} == orderings


def test_orderings_cannot_be_drawn_where_one_is_given():
    with pytest.raises(ValueError, match="mask_sampling='ordering' draws orderings"):
        fitted(n_masks=2, mask_sampling="ordering", ordering="natural")
    model = fitted(n_masks=2, ordering="natural")
    np.testing.assert_array_equal(model.orderings_, [np.arange(D)] * 2)


def test_learning_weights_never_lowers_the_likelihood(rng):
    logs = rng.normal(size=(6, 200))
    weights, curve = learn_weights(logs, np.ones(200))
    assert np.all(np.diff(curve) >= 0)
    assert len(curve) > 2
    assert weights.sum() == pytest.approx(1)
    assert curve[0] == pytest.approx(np.mean(log_mean_exp(logs)))


def test_learnt_weights_are_at_least_as_likely_as_equal_ones(rng):
    logs, row_weights = 3 * rng.normal(size=(6, 200)), rng.uniform(0.1, 5, 200)
    weights, curve = learn_weights(logs, row_weights)
    learnt, equal = (
        np.average(logsumexp(logs, axis=0, b=w[:, None]), weights=row_weights)
        for w in (weights, np.full(6, 1 / 6))
    )
    assert learnt >= equal
    assert (curve[0], curve[-1]) == pytest.approx((equal, learnt))


def test_weights_are_the_shares_of_rows_that_networks_explain():
    logs = np.where(np.arange(500) < 400, [[0.0], [-50.0]], [[-50.0], [0.0]])
    weights, _ = learn_weights(logs, np.ones(500))
    np.testing.assert_allclose(weights, [0.8, 0.2], atol=2e-3)
    weights, _ = learn_weights(logs, np.repeat([0.5, 1.0], [400, 100]))
    np.testing.assert_allclose(weights, [2 / 3, 1 / 3], atol=2e-3)


def test_weights_are_learnt_from_the_held_out_rows():
    X, X_val = correlated_flags(100, D), correlated_flags(80, D, seed=1)
    equal, learnt = (
        quick(max_iter=sizes(15, 1), n_estimators=4, combination=combination).fit(X, X_val=X_val)
        for combination in ("mixture", "weighted")
    )
    for first, second in zip(equal._density.networks, learnt._density.networks):
        np.testing.assert_array_equal(first.theta, second.theta)
    assert learnt.score(X_val) >= equal.score(X_val)
    assert not np.array_equal(learnt.combination_weights_, equal.combination_weights_)


@pytest.mark.parametrize("worse", [1.0, 30.0])
def test_a_useless_network_gets_no_weight(worse, rng):
    logs = rng.normal(size=(2, 100))
    logs = np.vstack([logs, logs.min(axis=0) - worse])
    weights, _ = learn_weights(logs, np.ones(100))
    assert weights[2] == 0
    assert np.all(weights[:2] > 0)


def test_learning_weights_needs_held_out_rows():
    with pytest.raises(ValueError, match="held-out rows"):
        fitted(n_estimators=2, combination="weighted", early_stopping=False)


def test_the_acceptance_is_a_probability(rng):
    logs = 100 * rng.normal(size=(5, 1000))
    assert np.all(log_acceptance(logs) <= 0)


def test_networks_that_disagree_have_no_product_to_draw_from(monkeypatch):
    monkeypatch.setattr(_combination, "LEAST_ACCEPTANCE", 1.0)  # as if any product were too rare
    model = quick(n_estimators=2, combination="product")
    with pytest.warns(UserWarning, match="Use combination='mixture'"):
        model.fit(correlated_flags(100, D))
    with pytest.raises(ValueError, match="too few to sample"):
        model.sample(5)


@pytest.mark.skipif(not JIT, reason="needs networks that are trained for long")
def test_networks_that_learnt_the_noise_by_heart_have_no_product_to_draw_from():
    X = np.random.default_rng(0).normal(size=(60, 40))
    model = quick(
        n_estimators=4, combination="product", max_iter=60, learning_rate_init=0.02,
        early_stopping=False,
    )  # fmt: skip
    with pytest.warns(UserWarning, match="The networks agree so little"):
        model.fit(X)
    assert np.exp(model.log_normalizer_) < _combination.LEAST_ACCEPTANCE
    assert np.all(np.isfinite(model.score_samples(X)))
    with pytest.raises(ValueError, match="too few to sample"):
        model.sample(5)


def test_warm_start_adds_networks():
    X = correlated_flags(200, D)
    model = quick(n_estimators=2, warm_start=True).fit(X)
    first = [network.ordering.copy() for network in model._density.networks]
    model.set_params(n_estimators=3).fit(X)
    assert len(model._density.networks) == 3
    for ordering, network in zip(first, model._density.networks):
        np.testing.assert_array_equal(ordering, network.ordering)
    with pytest.raises(ValueError, match="n_estimators=1 is below the 3 networks"):
        model.set_params(n_estimators=1).fit(X)


@pytest.mark.parametrize(
    "parameters",
    [{"n_estimators": 2}, {"n_masks": 2}, {"n_masks": None}, {"n_estimators": 2, "n_masks": 2}],
    ids=str,
)
@pytest.mark.parametrize("combination", COMBINATIONS)
def test_passes_improve_the_score(parameters, combination):
    X = correlated_flags(200, D)
    model = quick(learning_rate_init=0.01, combination=combination, **parameters).partial_fit(X)
    first = model.score(X)
    for _ in range(sizes(10, 2)):
        model.partial_fit(X)
    assert model.score(X) > first + sizes(0.05, 0)


@pytest.mark.parametrize("n_masks", [2, None])
def test_pickles_give_the_same_scores(n_masks):
    X = correlated_flags(100, D)
    model = fitted(X, n_masks=n_masks, n_estimators=2, combination="product")
    dumped = pickle.dumps(model)
    assert b"numba" not in dumped
    assert b"skmade._shared" not in dumped
    copy = pickle.loads(dumped)
    np.testing.assert_array_equal(copy.score_samples(X), model.score_samples(X))
    np.testing.assert_array_equal(copy.sample(9, 0), model.sample(9, 0))
    for other in (copy, model):
        other.partial_fit(X)
    np.testing.assert_array_equal(copy.score_samples(X), model.score_samples(X))


@pytest.mark.parametrize("n_masks", [1, 2, None])
def test_clones_are_fitted_to_the_same_bits(n_masks):
    X = correlated_flags(100, D)
    model = fitted(X, n_masks=n_masks, n_estimators=2, combination="weighted")
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert not hasattr(copy, "combination_weights_")
    np.testing.assert_array_equal(copy.fit(X).score_samples(X), model.score_samples(X))


@pytest.mark.parametrize("combination", COMBINATIONS)
@pytest.mark.parametrize("n_masks", [1, 2, None])
def test_fitted_state_is_arrays_and_plain_values(n_masks, combination):
    X = correlated_flags(60, D)
    model = quick(n_masks=n_masks, n_estimators=2, combination=combination)
    for fitted_model in (model.fit(X), model.partial_fit(X)):
        for name, value in fitted_model.__getstate__().items():
            assert is_plain(value), name


def test_one_column():
    X = np.random.default_rng(0).normal(size=(200, 1))
    for parameters in ({"n_masks": None}, {"n_estimators": 2, "combination": "product"}):
        model = fitted(X, **parameters)
        grid = np.linspace(-30, 30, sizes(5001, 501))
        total = np.trapezoid(np.exp(model.score_samples(grid[:, None])), grid)
        assert total == pytest.approx(1, abs=0.01)
        assert model.sample(3).shape == (3, 1)


def test_networks_of_one_ordering_have_conditionals_in_it():
    ordering = [3, 0, 4, 1, 2]
    model, X = fitted(n_estimators=3, ordering=ordering), correlated_flags(20, D, seed=1)
    shares = model.score_features(X)
    for position, column in enumerate(ordering):
        changed = X.copy()
        changed[:, column] = 1 - changed[:, column]
        before, after = ordering[:position], ordering[position + 1 :]
        moved = model.score_features(changed)
        np.testing.assert_array_equal(moved[:, before], shares[:, before])
        if sizes(True, False):
            assert np.all(np.abs(moved[:, after] - shares[:, after]).max(axis=0, initial=1) > 0)
        states = np.exp(shares[:, column]) + np.exp(moved[:, column])
        np.testing.assert_allclose(states, 1, atol=1e-5)


def test_few_rows_get_many_networks():
    for n, expected in ((100, 5), (8000, 4), (16_000, 2), (20_000, 1)):
        assert _auto.n_networks(n, D, 1000) == expected
    model = quick(n_estimators="auto", max_iter=1, early_stopping=False)
    assert len(model.fit(correlated_flags(50, D))._density.networks) == 5
    model = quick(n_estimators="auto", n_masks=2, max_iter=1).fit(correlated_flags(50, D))
    assert len(model._density.networks) == 1
