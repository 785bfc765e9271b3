"""Training: what it minimises, when it stops, what it keeps."""

import itertools
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import JIT, correlated_flags, mixed_table, network_of, quick, sizes
from naive import DenseNetwork
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skmade import MADEDensity, _progress, _training
from skmade._kernels._choice import in_use
from skmade._kernels._compile import kernel
from skmade._kernels._constants import ACTIVATIONS, SOLVERS
from skmade._kernels._memory import make_buffers, of_tile
from skmade._kernels._optimizers import update
from skmade._kernels._passes import drop_out

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RATES = {"adam": 0.01, "adagrad": 0.05, "adadelta": 1.0, "sgd": 0.02}


def dependent(n_samples, seed=0):
    """Two columns, the second of which follows the first."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n_samples)
    return np.column_stack([x, 2 * x + 0.5 * rng.normal(size=n_samples)])


TRUE_ENTROPY = np.log(2 * np.pi * np.e) + np.log(0.5)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("conditionals", ["gaussian", "gaussian_mixture"])
def test_every_solver_comes_near_the_truth(solver, conditionals):
    model = quick(
        solver=solver, learning_rate_init=RATES[solver], max_iter=sizes(100, 3),
        conditionals=conditionals,
    ).fit(dependent(sizes(2000, 100)))  # fmt: skip
    assert model.score(dependent(1000, seed=1)) == pytest.approx(-TRUE_ENTROPY, abs=sizes(0.1, 3.0))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_learns_a_curve(activation):
    rng = np.random.default_rng(0)
    x = rng.normal(size=sizes(1500, 100))
    X = np.column_stack([x, x**2 + 0.3 * rng.normal(size=len(x))])
    model = quick(
        activation=activation, max_iter=sizes(150, 3), learning_rate_init=0.01,
        ordering="natural", hidden_layer_sizes=(32,), n_components=5, batch_size=100,
        conditionals="gaussian_mixture",
    ).fit(X)  # fmt: skip
    line = quick(
        hidden_layer_sizes=(), ordering="natural", max_iter=sizes(150, 3), batch_size=100,
        conditionals="gaussian_mixture",  # (of numbers as they are: a map may make a line of it)
    ).fit(X)  # fmt: skip
    assert model.score(X) > line.score(X) + sizes(0.3, -9)


def test_the_average_is_the_mean_at_first_and_of_a_quarter_in_the_end():
    progress = _training.Progress.start(np.zeros(1), 0.1)
    passed = np.random.default_rng(0).normal(size=400)
    means = [0.0]
    for value in passed:
        progress.theta[:] = value
        progress.take_average()
        means.append(progress.average[0])
    k, means = np.arange(1, 401), np.array(means)
    np.testing.assert_allclose(means[1:11], np.cumsum(passed[:10]) / k[:10])
    shares = np.diff(means) / (passed - means[:-1])
    np.testing.assert_allclose(shares[9:37], 0.1)
    np.testing.assert_allclose(shares[37:], 4 / (k[37:] + 3))


@pytest.mark.parametrize("n_before, n_of_the_best", [(1, 1), (3, 3), (40, 3)])
def test_the_best_network_counts_as_three_epochs_of_the_next_average(n_before, n_of_the_best):
    progress = _training.Progress.start(np.zeros(1), 0.1)
    for _ in range(n_before):
        progress.take_average()
    progress.best_theta = np.array([7.0])
    progress.return_to_best(0.03, 0.0)
    assert progress.theta[0] == progress.average[0] == 7.0
    progress.theta[:] = 8.0
    progress.take_average()
    assert progress.average[0] == pytest.approx(7 + 1 / (n_of_the_best + 1))


def test_moments_are_kept_but_for_those_of_steps_that_diverged():
    progress = _training.Progress.start(np.zeros(3), 0.1)
    progress.moments[:], progress.step = 2.0, 50
    progress.return_to_best(0.03, 0.0)
    assert progress.step == 50
    np.testing.assert_array_equal(progress.moments, 2.0)
    progress.return_to_best(0.009, 0.0, finite=False)
    assert progress.step == 0
    np.testing.assert_array_equal(progress.moments, 0.0)


def test_the_average_is_judged_and_in_the_last_epoch_the_network_too(monkeypatch):
    progress, settings = _training.Progress.start(np.zeros(1), 0.1), quick()
    monkeypatch.setattr(_training, "mean_score", lambda network, theta, *_: -abs(theta[0] - 3))
    judged = []
    for value, is_last in [(1.0, False), (3.0, False), (3.0, True)]:
        progress.theta[:] = value
        theta, score = _training.candidate(None, progress, None, settings, is_last)
        judged.append((theta[0], score))
    np.testing.assert_allclose(judged, [(1.0, -2.0), (2.0, -1.0), (3.0, 0.0)])


@pytest.mark.parametrize("first, later", [(10, 5), (5, 3), (1, 1)])
def test_all_stronger_priors_are_tried_then_shorter_steps(first, later):
    settings = SimpleNamespace(l1=(1.0, 4.0, 16.0), n_iter_no_change=first)
    progress = _training.Progress.start(np.zeros(1), 0.1)
    stages = _training.Stages(settings, progress, has_judge=True)
    assert progress.l1 == 1.0
    for theta, score, l1 in [(1.0, 0.5, 4.0), (1.0, 0.4, 16.0)]:  # (the second does not help)
        progress.keep_if_best(np.array([theta]), score)
        assert stages.advance(progress)
        assert (progress.l1, progress.rate, stages.wait) == (l1, 0.1, first)
        assert progress.theta[0] == theta
    progress.keep_if_best(np.array([3.0]), 0.609)
    assert progress.with_dropout
    for rate in (0.03, 0.009):
        assert stages.advance(progress)
        assert not progress.with_dropout
        assert (progress.l1, progress.rate) == (16.0, pytest.approx(rate))
        assert (progress.theta[0], stages.wait) == (3.0, later)
    assert not stages.advance(progress)


def test_numbers_that_are_not_finite_end_stronger_priors():
    progress = _training.Progress.start(np.zeros(1), 0.1)
    settings = SimpleNamespace(l1=(1.0, 4.0), n_iter_no_change=4)
    stages = _training.Stages(settings, progress, has_judge=True)
    progress.keep_if_best(np.array([1.0]), 0.5)
    assert stages.advance(progress, finite=False)
    assert (progress.l1, progress.rate) == (1.0, pytest.approx(0.03))


def test_curves_and_counts():
    X = dependent(200)
    model = quick(max_iter=4).fit(X)
    assert model.n_iter_ == len(model.loss_curve_) == len(model.validation_curve_) == 4
    assert model.best_validation_score_ == max(model.validation_curve_)
    assert model.loss_curve_[-1] < model.loss_curve_[0]
    alone = quick(early_stopping=False).fit(X)
    assert alone.validation_curve_ == []
    assert alone.best_validation_score_ is None


def test_a_loss_curve_is_in_the_units_of_X():
    X = dependent(400)
    model = quick(early_stopping=False, max_iter=sizes(100, 3), learning_rate_init=0.003).fit(X)
    assert -model.loss_curve_[-1] == pytest.approx(model.score(X), abs=sizes(0.05, 1.0))


def test_what_refitted_components_gain_is_counted():
    X = np.random.default_rng(0).normal(size=(2, sizes(2000, 200), 1))
    X[:, ::2] = 6 + 0.3 * X[:, ::2]  # two groups
    model = quick(n_components=3, max_iter=2, dtype="float64").fit(X[0], X_val=X[1])
    unchanged = quick(n_components=3, max_iter=2, dtype="float64")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_training, "_refit", lambda *_: None)
        unchanged.fit(X[0], X_val=X[1])
    assert model.best_validation_score_ > unchanged.best_validation_score_
    assert model.score(X[1]) == pytest.approx(model.best_validation_score_, rel=1e-6)
    assert model.best_validation_score_ == max(model.validation_curve_)


def test_the_best_validated_network_is_kept():
    X, X_val = dependent(60), dependent(500, seed=1)
    model = quick(
        hidden_layer_sizes=(64,), max_iter=sizes(200, 5), learning_rate_init=0.01, n_components=10
    ).fit(X, X_val=X_val)
    assert model.score(X_val) == pytest.approx(model.best_validation_score_, rel=1e-6)
    assert model.best_validation_score_ == max(model.validation_curve_)
    if sizes(True, False):
        assert model.validation_curve_[-1] <= model.best_validation_score_
        assert model.n_iter_ < 200


def test_held_out_rows_are_not_trained_on():
    X = dependent(300)
    calls = []
    original = _training.train

    def spy(network, training, validation, *rest):
        calls.append((training.table, validation.table))
        return original(network, training, validation, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_training, "train", spy)
        quick(validation_fraction=0.2).fit(X)
    training, held_out = calls[0]
    assert (len(training), len(held_out)) == (240, 60)
    assert not set(map(tuple, training)) & set(map(tuple, held_out))


def test_max_iter_that_ends_training_warns():
    with pytest.warns(ConvergenceWarning, match="max_iter=2"):
        quick(max_iter=2).fit(dependent(100))


def test_a_penalty_makes_weights_smaller():
    X = correlated_flags(300, 5)
    norms = []
    for alpha in (0.0, 0.1):
        model = quick(alpha=alpha, max_iter=20, learning_rate_init=0.01).fit(X)
        network = network_of(model)
        norms.append(np.linalg.norm(network.theta[: network.plan.biases]))
    assert norms[1] < 0.7 * norms[0]


@kernel
def _update(solver, theta, gradient, moments, rate, step):
    update(solver, theta, gradient, moments, 0, 6, 5, rate, step, 1.0, 0.25)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_laplace_prior_ends_at_the_lasso(solver):
    # minimises (w - a)**2 / 2 + l1 * |w| for each weight: a, moved towards zero by l1
    targets = np.array([-2.0, -0.3, 0.0, 0.2, 1.0, 0.2])
    theta, moments = np.full(6, 0.5), np.zeros((2, 6))
    used = in_use([solver], SOLVERS)
    rates = {"adam": 0.01, "adagrad": 0.1, "adadelta": 1.0, "sgd": 0.01}
    for step in range(1, 4001):
        _update(used, theta, theta - targets, moments, rates[solver], step)
    expected = [-1.75, -0.05, 0.0, 0.0, 0.75, 0.2]  # the last is a bias
    np.testing.assert_allclose(theta, expected, atol=0.02)
    assert np.all(theta[2:4] == 0)


def test_weights_that_no_row_speaks_for_are_shrunk_by_default():
    sums, counts = np.zeros((2, 2))
    for seed in range(5):
        flags = np.random.default_rng(seed).random((100, 6)) < 0.5  # independent of each other
        for k, alpha in enumerate(("auto", 0.0)):
            model = quick(alpha=alpha, max_iter=100, learning_rate_init=0.01)
            network = network_of(model.fit(flags))
            weights = np.abs(network.theta[: network.plan.biases])
            sums[k] += weights.sum()
            counts[k] += np.sum(weights > 0.01)
    assert sums[0] < 0.7 * sums[1]
    assert counts[0] < 0.7 * counts[1]
    assert quick(alpha="auto")._settings(400, is_validated=False).l1 == (0.0,)
    assert quick(alpha="auto", n_masks=2)._settings(400, is_validated=True).l1 == (0.0,)
    assert quick(alpha=0.1)._settings(400, is_validated=True).l1 == (0.0,)


@pytest.mark.parametrize("n, size", [(50, 16), (1000, 32), (10_000, 112)])
def test_batches_of_few_rows_are_smaller_by_default(n, size):
    assert quick(alpha=0.0)._settings(n, True).batch_size == size


def test_input_noise_smooths_real_columns_and_leaves_flags_alone():
    X, families = mixed_table(
        300, families=["bernoulli", "categorical", "gaussian", "gaussian_mixture"]
    )
    X[:, 2:] = np.round(X[:, 2:])  # spikes
    sharp = quick(conditionals=families, max_iter=sizes(40, 2), learning_rate_init=0.01).fit(X)
    smooth = sharp.set_params(input_noise=0.5)
    before = sharp.score_features(X).mean(axis=0)
    after = smooth.fit(X).score_features(X).mean(axis=0)
    assert after[2:].sum() < before[2:].sum()
    assert np.all(after[:2] > -1.2)


@kernel
def _drop_out(plan, buffers, share, bits, begin, n_rows, row, stop):
    drop_out(plan, buffers, share, bits, begin, n_rows, row, stop)


def test_dropout_leaves_units_out_and_keeps_their_mean(rng):
    model, n, width = quick(dropout=0.3).fit(dependent(50)), 5000, 16
    plan, settings = network_of(model).plan, model._settings(50, True)
    _, bits = _training.draw_noise(plan, settings, n, np.dtype("float32"), rng)
    assert bits.shape == (n, width)
    made = make_buffers(plan, 1, 2 * width, np.dtype("float32"), training=True)
    buffers, hidden = of_tile(made, 0), slice(*plan.layers[1])
    kept = []
    for begin in range(0, n, 20):
        buffers.units[:], buffers.slopes[:] = 1, 2
        _drop_out(plan, buffers, 0.3, bits, begin, 20, *map(int, plan.layers[1]))
        kept.append(buffers.units[hidden, :20].copy())
        np.testing.assert_array_equal(buffers.slopes[hidden, :20], 2 * kept[-1])
    assert set(np.unique(kept)) == {0, np.float32(1 / 0.7)}
    assert np.mean(kept) == pytest.approx(1, abs=0.02)
    assert np.std(np.mean(kept, axis=(0, 2))) < 0.03  # of each unit as often


@pytest.mark.parametrize("early_stopping", [True, False])
def test_the_last_steps_leave_no_units_out_where_held_out_rows_judge_them(
    early_stopping, monkeypatch
):
    rates, original = [], _training.draw_noise

    def spy(plan, settings, *rest):
        rates.append(settings.dropout)
        return original(plan, settings, *rest)

    monkeypatch.setattr(_training, "draw_noise", spy)
    model = quick(
        dropout=0.3, max_iter=100, n_iter_no_change=1, tol=10.0, alpha=0.0,
        early_stopping=early_stopping, direct_connections=False,  # (nor does it begin anew)
    ).fit(dependent(100))  # fmt: skip
    assert rates == sorted(rates, reverse=True)
    assert set(rates) == ({0.3, 0.0} if early_stopping else {0.3})
    assert model.n_iter_ == 4  # one that improves, and one in each of three stages


@pytest.mark.skipif(not JIT, reason="slow")
def test_dropout_does_not_blur_what_two_columns_say_of_each_other(rng):
    x, noise = rng.normal(size=(2, 6000))
    X = np.column_stack([x, x + 0.02 * noise])
    truth = np.mean(-(x[3000:] ** 2 + noise[3000:] ** 2) / 2) - np.log(2 * np.pi * 0.02)
    model = MADEDensity(hidden_layer_sizes=(64,), n_estimators=1, random_state=0).fit(X[:3000])
    assert truth - 0.05 < model.score(X[3000:]) < truth + 0.05


FULL_BATCH = {"batch_size": 10_000, "early_stopping": False, "dtype": "float64"}


def moves_of_passes(n, monkeypatch, **parameters):
    """How each of `n` passes over the same rows, in one step each, moves the parameters."""
    original, moves = _training.run_epoch, []

    def spy(network, progress, *rest):
        before = progress.theta.copy()
        loss = original(network, progress, *rest)
        moves.append(progress.theta - before)
        return loss

    monkeypatch.setattr(_training, "run_epoch", spy)
    model = quick(**FULL_BATCH, **parameters)
    for _ in range(n):
        model.partial_fit(dependent(40))
    return moves


def test_training_cuts_the_norm_of_gradients_to_ten(monkeypatch):
    rate = 1e-5
    (move,) = moves_of_passes(1, monkeypatch, solver="sgd", learning_rate_init=rate, alpha=1e4)
    # (the first step of Nesterov's descent is 1.9 times the gradient)
    assert np.linalg.norm(move) == pytest.approx(1.9 * rate * 10, rel=1e-6)


def test_passes_go_on_with_the_momentum_of_the_last(monkeypatch):
    first, second, third = moves_of_passes(
        3, monkeypatch, solver="sgd", learning_rate_init=1e-8, alpha=0.0
    )
    moved = np.abs(first) > 1e-3 * np.abs(first).max()
    # gradients as good as equal: m = 0.9 m - g, and a step is 0.9 m - g
    np.testing.assert_allclose(second[moved] / first[moved], 2.71 / 1.9, rtol=1e-4)
    np.testing.assert_allclose(third[moved] / first[moved], 3.439 / 1.9, rtol=1e-4)


def test_passes_go_on_counting_steps(monkeypatch):
    rate = 1e-8
    moves = moves_of_passes(3, monkeypatch, solver="adam", learning_rate_init=rate, alpha=0.0)
    moved = np.abs(moves[0]) > 0.999 * rate
    assert np.count_nonzero(moved) > 20
    for move in moves:  # gradients as good as equal: corrected means are the gradients
        np.testing.assert_allclose(np.abs(move[moved]), rate, rtol=1e-2)


def test_weights_of_the_training_rows_have_mean_one(rng, monkeypatch):
    original, given = _training.train, []

    def spy(network, training, *rest):
        given.append(training.weights)
        return original(network, training, *rest)

    monkeypatch.setattr(_training, "train", spy)
    quick().fit(dependent(50), sample_weight=rng.exponential(size=50))
    assert given[0].mean() == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize(("family", "wild"), [("auto", 1.0), ("gaussian_mixture", 1e4)])
def test_integer_weights_are_repeats_for_full_batches(family, wild):
    X = dependent(40)
    X[:2, 1] *= wild
    weights = np.random.default_rng(0).integers(0, 4, 40)
    model = quick(**FULL_BATCH, conditionals=family, max_iter=20)
    weighted = clone(model).fit(X, sample_weight=weights)
    repeated = clone(model).fit(np.repeat(X, weights, axis=0))
    np.testing.assert_allclose(weighted.score_samples(X), repeated.score_samples(X), rtol=1e-6)
    np.testing.assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=1e-8)


def test_only_ratios_of_weights_matter():
    X, weights = dependent(60), np.random.default_rng(0).uniform(1, 2, 60)
    first, second = (quick().fit(X, sample_weight=w) for w in (weights, 1e200 * weights))
    np.testing.assert_allclose(first.score_samples(X), second.score_samples(X), rtol=1e-4)


@pytest.mark.parametrize(("heavy", "nothing"), [(1.0, 0.0), (1e308, 5e-324), (1.0, 1e-31)])
def test_rows_of_weight_zero_are_as_if_absent(heavy, nothing):
    X = dependent(60)
    X[::3] = 1e6
    weights = np.where(np.arange(60) % 3 == 0, nothing, heavy)
    weighted, absent = quick().fit(X, sample_weight=weights), quick().fit(X[weights == heavy])
    np.testing.assert_array_equal(weighted.score_samples(X), absent.score_samples(X))


def test_weights_move_the_density():
    X = dependent(400)
    right = quick(max_iter=sizes(30, 3), learning_rate_init=0.01).fit(
        X, sample_weight=np.where(X[:, 0] > 0, 10.0, 0.1)
    )
    shares = right.score_samples(X)
    assert shares[X[:, 0] > 0].mean() > shares[X[:, 0] < 0].mean() + sizes(1, 0)


def test_partial_fit_comes_near_fit():
    X, test = dependent(sizes(1000, 100)), dependent(1000, seed=1)
    whole = quick(max_iter=sizes(60, 3), learning_rate_init=0.005).fit(X)
    parts = quick(learning_rate_init=0.005)
    for _ in range(sizes(60, 3)):
        for half in np.array_split(X, 2):
            parts.partial_fit(half)
    assert parts.n_iter_ == 2 * sizes(60, 3)
    assert parts.score(test) == pytest.approx(whole.score(test), abs=sizes(0.05, 1.0))


def test_partial_fit_keeps_scaling_and_goes_on():
    model = quick().partial_fit(dependent(100))
    center, first = model._density.columns.center.copy(), model.score(dependent(100))
    orderings = model.orderings_.copy()
    for _ in range(sizes(20, 3)):
        model.partial_fit(dependent(100, seed=2))
    np.testing.assert_array_equal(model._density.columns.center, center)
    np.testing.assert_array_equal(model.orderings_, orderings)
    assert model.score(dependent(100)) > first
    with pytest.raises(ValueError, match="features"):
        model.partial_fit(dependent(20)[:, :1])


def test_partial_fit_after_fit_goes_on_from_the_fit():
    X = dependent(300)
    model = quick(max_iter=sizes(40, 3), learning_rate_init=0.01).fit(X)
    before = model.score(X)
    model.set_params(learning_rate_init=1e-4).partial_fit(X)
    assert model.score(X) == pytest.approx(before, abs=0.1)


def test_a_refit_in_another_precision_is_as_the_first():
    X = np.random.default_rng(0).normal(size=(60, 2))
    fresh = quick(max_iter=2, dtype="float64").fit(X)
    again = quick(max_iter=2).fit(X).set_params(dtype="float64").fit(X)
    np.testing.assert_array_equal(again.score_samples(X), fresh.score_samples(X))


def test_warm_start_goes_on_and_a_cold_start_does_not():
    X = dependent(300)
    model = quick(max_iter=2, warm_start=True).fit(X)
    ordering, first = model.orderings_.copy(), model.score(X)
    for _ in range(5):
        model.fit(X)
    np.testing.assert_array_equal(model.orderings_, ordering)
    assert model.score(X) > first
    cold = quick(max_iter=2).fit(X).fit(X)
    assert cold.score(X) == pytest.approx(first)


def test_an_interrupt_keeps_the_best_network(monkeypatch):
    X, original, epochs = dependent(200), _training.run_epoch, []

    def interrupted(*arguments):
        epochs.append(1)
        if len(epochs) == 3:
            raise KeyboardInterrupt
        return original(*arguments)

    monkeypatch.setattr(_training, "run_epoch", interrupted)
    with pytest.warns(UserWarning, match="interrupted by user"):
        model = quick(max_iter=50).fit(X)
    assert model.n_iter_ == 2
    assert np.isfinite(model.score(X))


@pytest.mark.parametrize("n_masks", [1, 2])
@pytest.mark.parametrize("hidden", [(300,), (300, 200)])
def test_kinks_of_first_units_are_spread_about_the_mean(hidden, n_masks):
    X = dependent(100)
    model = quick(hidden_layer_sizes=hidden, n_masks=n_masks, learning_rate_init=1e-30, max_iter=1)
    network = network_of(model.fit(X))
    # of a draw that shares its weights, a unit sees half of the columns in the mean
    sees = X.shape[1] / 2
    if n_masks == 1:
        sees = DenseNetwork(network).masks[1, 0].sum(axis=1)
    biases = network.theta[network.plan.biases :] if n_masks == 1 else network.theta
    (_, n_inputs), *_, (first_output, n_units) = network.plan.layers
    first, *others = np.split(
        biases[len(biases) - (n_units - n_inputs) : len(biases) - (n_units - first_output)],
        np.cumsum(hidden)[:-1],
    )
    scaled = first * np.sqrt(sees)  # uniform between -1 and 1
    assert np.abs(scaled).max() < 1
    assert scaled.mean() == pytest.approx(0, abs=0.12)
    assert scaled.var() == pytest.approx(1 / 3, abs=0.06)
    np.testing.assert_allclose(np.concatenate([*others, []]), 0, atol=1e-20)


@pytest.mark.parametrize("max_iter", [1, 20])
@pytest.mark.parametrize("early_stopping", [True, False])
@pytest.mark.parametrize("solver", SOLVERS)
def test_steps_that_are_far_too_long_leave_the_initial_network(solver, early_stopping, max_iter):
    X = dependent(100)
    model = quick(solver=solver, early_stopping=early_stopping, max_iter=max_iter)
    with pytest.warns(ConvergenceWarning, match="diverged.*lower learning_rate_init"):
        model.set_params(learning_rate_init=1e30).fit(X)
    still = quick(learning_rate_init=1e-30, early_stopping=early_stopping, max_iter=1).fit(X)
    np.testing.assert_array_equal(model.score_samples(X), still.score_samples(X))


def test_training_that_diverges_goes_on_from_the_best_network(monkeypatch):
    run, epochs = _training.run_epoch, itertools.count(1)

    def run_epoch(network, progress, *arguments):
        loss = run(network, progress, *arguments)
        if next(epochs) == 4:
            progress.theta[:] = np.nan
        return loss

    monkeypatch.setattr(_training, "run_epoch", run_epoch)
    model = quick(max_iter=30, learning_rate_init=0.01)
    with pytest.warns(ConvergenceWarning, match="diverged: 1 of 30 epochs"):
        model.fit(dependent(200))
    curve = np.array(model.validation_curve_)
    assert np.flatnonzero(~np.isfinite(curve)).tolist() == [3]
    assert np.nanargmax(curve) > 3


@pytest.mark.parametrize("wild", [1e11, 1e13, 1e18, 1e300])
@pytest.mark.parametrize("early_stopping", [True, False])
def test_a_wild_value_makes_no_epoch_diverge(wild, early_stopping):
    X = dependent(40)
    X[::10, 0] = wild * np.arange(1, 5)  # (so that some of them are trained on)
    model = quick(early_stopping=early_stopping, max_iter=2).fit(X)
    assert np.all(np.isfinite(model.loss_curve_))
    assert np.all(np.isfinite(model.score_samples(X)))


def test_a_pass_that_is_not_finite_is_undone():
    X = dependent(100)
    model = quick().partial_fit(X)
    before = model.score_samples(X)
    model.set_params(learning_rate_init=1e300, solver="sgd")
    with pytest.raises(ValueError, match="which is undone"):
        for _ in range(3):
            model.partial_fit(X)
    np.testing.assert_array_equal(model.score_samples(X), before)


def test_verbose_prints_every_epoch(capsys):
    quick(verbose=True).fit(dependent(50))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Conditionals: 2 gaussian_mixture"
    assert len(lines) == 4
    assert lines[3].startswith("Epoch 3: loss ")
    assert "validation score" in lines[3]


def test_a_gaussian_is_met_closely():
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(4, 4))
    X, test = (rng.normal(size=(sizes(4000, 200), 4)) @ mixing for _ in range(2))
    truth = -0.5 * (4 * np.log(2 * np.pi * np.e) + 2 * np.linalg.slogdet(mixing)[1])
    parameters = sizes({"max_iter": 60}, {"max_iter": 1, "hidden_layer_sizes": (8,)})
    model = MADEDensity(random_state=0, **parameters)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X)
    assert truth - sizes(0.15, 9) < model.score(test) < truth + 0.1


def test_verbose_tells_of_long_epochs_in_between(capsys, monkeypatch):
    monkeypatch.setattr(_progress, "_SECONDS_UNTIL_SAID", 0.0)
    monkeypatch.setattr(_training, "_NOISE_CELLS", 1)
    quick(verbose=True, max_iter=1, dropout=0.1, early_stopping=False).fit(dependent(64))
    assert "Epoch 1: 25% of the rows\n" in capsys.readouterr().out


def test_ends_of_the_first_pass_bound_no_later_rows(rng):
    """But 0 and atoms do."""
    columns = [
        rng.uniform(1, 2, 300),
        np.minimum(rng.normal(size=300), 0.5),
        rng.exponential(size=300),
    ]
    first = np.column_stack(columns)
    bounds = [
        [column.bounds for column in model._density.columns.columns]
        for model in (quick(max_iter=1).fit(first), quick().partial_fit(first))
    ]
    assert [bound[0] for bound in bounds] == [(first[:, 0].min(), first[:, 0].max()), (None, None)]
    assert [bound[1][1] for bound in bounds] == [0.5, 0.5]
    assert [bound[2][0] for bound in bounds] == [0.0, 0.0]


def test_a_pass_may_be_over_one_row():
    X = dependent(60)
    model = quick().partial_fit(X)
    before = model.score_samples(X[:1])
    assert model.partial_fit(X[:1]).score_samples(X[:1]) != before
    with pytest.raises(ValueError, match="minimum of 2"):
        quick().partial_fit(X[:1])


def test_rows_to_judge_by_have_the_features_of_fit():
    X = dependent(60)
    for X_val in (X[:, :-1], np.c_[X, X[:, 0]]):
        model = quick(max_iter=2)
        with pytest.raises(ValueError, match=f"{X_val.shape[1]} features.*{X.shape[1]} features"):
            model.fit(X, X_val=X_val)
