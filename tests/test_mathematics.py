"""What training, weighing and combining compute, one statement each."""

import pickle

import numpy as np
import pandas as pd
import pytest
from conftest import called_by_kernel, correlated_flags, encoded, network_of, quick, sizes
from scipy.special import logsumexp, softmax
from sklearn.exceptions import ConvergenceWarning

from skmade import MADEOutlierDetector, _training
from skmade._combination import learn_weights
from skmade._conditional import fill
from skmade._ensemble import Ensemble
from skmade._families import logistic_mixture
from skmade._kernels._choice import in_use
from skmade._kernels._constants import SOLVERS
from skmade._kernels._memory import aligned
from skmade._kernels._steps import Batches, Descent, make_memory, train_steps
from skmade._teams import make_teams

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def step_of(network, table, max_norm, rate=1e-3):
    """By how much one step of plain descent (its first, of Nesterov's) moves the parameters."""
    theta, n = network.theta.copy(), len(table)
    memory = make_memory(network.plan, n, 1, theta.dtype)
    (team,) = make_teams(network.plan, len(theta), 1)
    nothing = np.zeros((0, 0), theta.dtype)
    weights, bounds = np.full(n, 1 / n, theta.dtype), np.array([0, n])
    batches = Batches(table, np.arange(n), weights, bounds, nothing)
    descent = Descent(in_use(["sgd"], SOLVERS), rate, 0, 0.0, 0.0, max_norm)
    train_steps(network.plan, team, theta, np.zeros((2, len(theta))), batches, descent, memory)
    return (network.theta - theta) / (1.9 * rate), memory.gradient


def test_gradients_are_cut_back_to_the_largest_norm(rng):
    X = rng.normal(size=(60, 3))
    model = quick(dtype="float64", max_iter=1).fit(X)
    network, table = network_of(model), encoded(model, X)
    free, gradient = step_of(network, table, 1e300)
    np.testing.assert_allclose(free, gradient, rtol=1e-6, atol=1e-12)
    norm = np.linalg.norm(gradient)
    cut, _ = step_of(network, table, norm / 7)
    np.testing.assert_allclose(cut, gradient / 7, rtol=1e-6, atol=1e-12)
    just, _ = step_of(network, table, norm * 1.01)
    np.testing.assert_allclose(just, gradient, rtol=1e-6, atol=1e-12)


def test_training_cuts_gradients(monkeypatch):
    X = np.random.default_rng(0).normal(size=(80, 2))
    scores = quick().fit(X).score_samples(X)
    monkeypatch.setattr(_training, "_MAX_NORM", 1e-3)
    assert not np.array_equal(quick().fit(X).score_samples(X), scores)


class Recorded:
    """Scores that training is told, in place of those of the network."""

    def __init__(self, scores):
        self.scores, self.rates, self.steps = iter(scores), [], []

    def __call__(self, network, progress, validation, *_):
        self.rates.append(progress.rate)
        self.steps.append(progress.step)
        return progress.theta, next(self.scores)


def test_training_ends_at_the_third_plateau_and_moments_go_on(monkeypatch, rng):
    # three epochs that improve and a plateau; one and half a plateau; half a plateau
    told = Recorded([1, 2, 3, 3, 3, 4, 4, 4, 5])
    monkeypatch.setattr(_training, "candidate", told)
    moments, run = [], _training.run_epoch

    def spied(network, progress, *rest):
        moments.append(np.abs(progress.moments).max())
        return run(network, progress, *rest)

    monkeypatch.setattr(_training, "run_epoch", spied)
    model = quick(
        max_iter=20, n_iter_no_change=2, learning_rate_init=0.01, alpha=0.0,
        direct_connections=False,  # (nor does it begin anew)
    )  # fmt: skip
    model.fit(rng.normal(size=(60, 2)))
    np.testing.assert_allclose(told.rates, [0.01] * 5 + [0.01 * 0.3] * 2 + [0.01 * 0.3**2])
    assert [moment == 0 for moment in moments] == [True] + [False] * 7
    np.testing.assert_array_equal(told.steps, told.steps[0] * np.arange(1, 9))  # and so do steps


def test_a_schedule_fits_in_max_iter(monkeypatch, rng):
    told = Recorded([1, 2, 2, 2, 2, 2])
    monkeypatch.setattr(_training, "candidate", told)
    with pytest.warns(ConvergenceWarning, match="max_iter=4"):
        quick(max_iter=4, n_iter_no_change=2).fit(rng.normal(size=(60, 2)))
    assert len(told.rates) == 4


@pytest.mark.parametrize(("rise", "epochs"), [(0.9e-3, 5), (1.1e-3, 9)])
def test_an_epoch_improves_by_tol_or_not_at_all(rise, epochs, monkeypatch, rng):
    told = Recorded(rise * np.arange(20))
    monkeypatch.setattr(_training, "candidate", told)
    quick(max_iter=9, n_iter_no_change=2, tol=1e-3, alpha=0.0).fit(rng.normal(size=(60, 2)))
    assert len(told.rates) == epochs


def test_noise_is_added_to_real_columns_but_not_to_atoms(rng):
    spiky = np.where(rng.random(80) < 0.4, 0.5, rng.normal(size=80))
    X = np.column_stack(
        [rng.normal(size=80), rng.integers(0, 2, 80), rng.integers(0, 3, 80), rng.poisson(4, 80),
         spiky]
    )  # fmt: skip
    families = ["gaussian", "bernoulli", "categorical", "negative_binomial", "gaussian_mixture"]
    parameters = {
        "conditionals": families, "early_stopping": False, "max_iter": 1, "atoms": {4: [0.5]},
    }  # fmt: skip
    model = quick(**parameters).fit(X)
    network, table = network_of(model), encoded(model, X)
    n, (team,) = len(table), make_teams(network.plan, len(network.theta), 1)
    memory = make_memory(network.plan, n, 1, table.dtype)
    weights, noise = np.full(n, 1 / n, table.dtype), np.full(table.shape, 7, table.dtype)
    batches = Batches(table, np.arange(n), weights, np.array([0, n]), noise)
    descent = Descent(in_use(["sgd"], SOLVERS), 0.0, 0, 0.0, 0.0, 1e300)
    train_steps(
        network.plan, team, network.theta.copy(), np.zeros((2, len(network.theta)), table.dtype),
        batches, descent, memory,
    )  # fmt: skip
    seen = np.array(memory.buffers.targets[0, :, :n])
    for d, feature in enumerate(network.plan.features):
        takes_noise = families[feature.column].startswith("gaussian")
        moved = np.where(X[:, feature.column] == 0.5, 0, 7) if takes_noise else 0
        np.testing.assert_allclose(seen[d], table[:, feature.column] + moved, rtol=1e-6)


def test_training_rows_keep_weights_of_mean_one(rng):
    X, weights = rng.normal(size=(100, 2)), rng.uniform(1, 9, 100)
    taken, train = [], _training.train

    def spied(network, training, validation, *rest):
        taken.append((training.weights, validation.weights))
        return train(network, training, validation, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_training, "train", spied)
        quick(max_iter=1).fit(X, sample_weight=weights)
    ((training, validation),) = taken
    assert training.mean() == pytest.approx(1)
    assert np.isin(np.round(validation, 6), np.round(weights / weights.mean(), 6)).all()


def test_passes_go_on_with_moments_and_fresh_random_numbers(monkeypatch):
    X, orders, run = correlated_flags(60, 4), [], _training.run_epoch
    before = []

    def spied(network, progress, training, settings, rng, *rest):
        before.append((np.abs(progress.moments).max() > 0, progress.step))
        orders.append(rng.bit_generator.state["state"]["state"])
        return run(network, progress, training, settings, rng, *rest)

    monkeypatch.setattr(_training, "run_epoch", spied)
    model = quick()
    for _ in range(3):
        model.partial_fit(X)
    assert [moved for moved, _ in before] == [False, True, True]
    assert [step for _, step in before] == [0, before[1][1], 2 * before[1][1]]
    assert len(set(orders)) == 3


@pytest.mark.parametrize("before, after", [("sgd", "adam"), ("adam", "sgd"), ("adam", "adadelta")])
def test_another_solver_begins_with_moments_of_its_own(before, after):
    X = correlated_flags(200, 4)
    model = quick(solver=before)
    for _ in range(3):
        model.partial_fit(X)
    copy = pickle.loads(pickle.dumps(model))
    fresh = pickle.loads(pickle.dumps(model))
    for network in fresh._density.networks:
        network.moments, network.step = np.zeros_like(network.moments), 0
        network.solver = after
    expected = fresh.set_params(solver=after).partial_fit(X).score_samples(X)
    found = copy.set_params(solver=after).partial_fit(X).score_samples(X)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("combination", ["mixture", "weighted"])
def test_passes_learn_weights_if_they_are_to_be_learnt(combination):
    X = correlated_flags(200, 4)
    model = quick(n_estimators=3, combination=combination).partial_fit(X).partial_fit(X)
    is_equal = np.allclose(model.combination_weights_, 1 / 3)
    assert is_equal == (combination == "mixture")


def test_contributions_of_a_mixture_are_weighed_by_the_posterior(rng):
    X = correlated_flags(100, 4)
    model = quick(n_estimators=3, learning_rate_init=0.05).fit(X)
    networks, table = model._density.ensemble.networks, encoded(model, X)
    own, logs = np.zeros((3, *X.shape)), np.zeros((3, len(X)))
    for k, network in enumerate(networks):
        logs[k] = Ensemble.equal([network], "mixture").score(table, own[k])
    posterior = softmax(logs, axis=0)
    expected = np.einsum("kn,knd->nd", posterior, own)
    rest = logsumexp(logs, axis=0) - np.log(3) - expected.sum(axis=1)
    np.testing.assert_allclose(model.score_features(X), expected + rest[:, None] / 4, atol=1e-9)
    assert not np.allclose(own.mean(axis=0), expected)


def test_ties_of_p_values_count_as_strange(rng):
    detector = MADEOutlierDetector((8,), n_estimators=1, max_iter=1, random_state=0)
    X = np.repeat(rng.integers(0, 2, (12, 3)), 10, axis=0).astype(float)
    detector.fit(X)
    held_out, scores = detector.held_out_scores_, detector.score_samples(X)
    assert np.isin(scores, held_out).any()
    expected = [(1 + np.sum(held_out <= s)) / (len(held_out) + 1) for s in scores]
    np.testing.assert_allclose(detector.p_values(X), expected)


@pytest.mark.parametrize("levels", [["low", "high", "mid"], ["high", "low", "mid"]])
def test_ordered_categories_keep_their_order(levels):
    labels = np.array(["low", "mid", "high"])[np.arange(60) % 3]
    dtype = pd.CategoricalDtype(levels, ordered=True)
    frame = pd.DataFrame({"x": np.arange(60.0), "c": pd.Series(labels, dtype=dtype)})
    drawn = quick(max_iter=1).fit(frame).sample(9, random_state=0)["c"]
    assert drawn.dtype == dtype
    assert drawn.cat.categories.tolist() == levels
    assert drawn.cat.ordered


def test_a_network_with_one_proposal_weighs_as_much_as_one_with_many(rng):
    # two equal densities of two flags, one of which has the known flag first and draws exactly
    X = correlated_flags(400, 2)
    model = quick(n_estimators=1, ordering=[0, 1], max_iter=sizes(20, 2)).fit(X)
    other = quick(n_estimators=1, ordering=[1, 0], max_iter=sizes(20, 2)).fit(X)
    networks = [network_of(model), network_of(other)]
    n = sizes(20_000, 400)
    table = np.column_stack([np.zeros(n), np.ones(n)]).astype(np.float32)
    known = np.tile([False, True], (n, 1))
    draws, _ = fill(Ensemble.equal(networks, "mixture"), table, known, 1, rng, None)
    drawn = draws[0, :, 0].mean()
    states = np.array([[0.0, 1], [1, 1]])
    joint = np.mean([np.exp(m.score_samples(states)) for m in (model, other)], axis=0)
    assert drawn == pytest.approx(joint[1] / joint.sum(), abs=sizes(0.015, 0.15))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_share_of_a_cell_meets_its_series(dtype):
    u = np.r_[1e-4, 1e-3, 0.01, 0.05, 0.0999, 0.1001, 0.5, 3.0].astype(dtype)
    in_cell = called_by_kernel(logistic_mixture._share)
    for x in u:
        expected = -np.expm1(-np.float64(x)) / np.float64(x)
        assert in_cell(x, np.exp(-x)) == pytest.approx(expected, rel=3e-6)


def test_memory_begins_where_a_line_of_the_cache_does():
    for n in (1, 3, 17, 100, 1000):
        for dtype in (np.float32, np.float64):
            made = [aligned((n, 3), np.dtype(dtype)) for _ in range(4)]
            assert all(x.__array_interface__["data"][0] % 64 == 0 for x in made)


def test_the_prior_of_weights_takes_half_a_row_from_each_network(rng):
    # rows that one network explains, and one row of three that another does
    logs = np.full((3, 100), -50.0)
    logs[0, :60], logs[1, 60:] = 0.0, 0.0
    weights, _ = learn_weights(logs, np.ones(100))
    np.testing.assert_allclose(weights, [59.5 / 99, 39.5 / 99, 0], atol=0.02)
    equal = np.zeros((4, 50))  # equal networks: the likelihood has no say, the prior does
    equal[1:] -= 1e-4
    weights, _ = learn_weights(equal, np.ones(50))
    np.testing.assert_allclose(weights, [1, 0, 0, 0], atol=1e-6)
