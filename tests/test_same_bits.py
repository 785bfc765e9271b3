"""A row's score is the same bits in any batch, order, layout and number of threads."""

import threading

import numpy as np
import pytest
from conftest import correlated_flags, mixed_table, network_of, quick, sizes

from skmade import _sampling, _threads, _training
from skmade._kernels._constants import SCORE_TILE

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N = sizes(3 * SCORE_TILE + 5, 10)


def tables():
    X, families = mixed_table(N)
    real = np.random.default_rng(0).normal(size=(N, 7)) ** 3
    return {
        "mixed": (X, {"conditionals": families}),
        "real": (real, {"hidden_layer_sizes": (65, 33)}),
        "float64": (real, {"hidden_layer_sizes": (65, 33), "dtype": "float64"}),
        "flags": (correlated_flags(N, 37), {"hidden_layer_sizes": (300,)}),
        "one column": (real[:, :1], {}),
    }


@pytest.fixture(params=list(tables()), scope="module")
def fitted(request):
    X, parameters = tables()[request.param]
    model = quick(max_iter=1, **parameters)
    with pytest.warns(UserWarning):
        model.fit(X)
    return model, X, model.score_samples(X)


def test_in_any_batch(fitted):
    model, X, expected = fitted
    for size in (1, 2, 3, SCORE_TILE - 1, SCORE_TILE, SCORE_TILE + 1, 101):
        parts = [model.score_samples(X[i : i + size]) for i in range(0, len(X), size)]
        np.testing.assert_array_equal(np.concatenate(parts), expected)
        parts = [model.score_features(X[i : i + size]) for i in range(0, len(X), size)]
        np.testing.assert_array_equal(np.concatenate(parts), model.score_features(X))


def test_in_any_order(fitted, rng):
    model, X, expected = fitted
    for _ in range(3):
        order = rng.permutation(len(X))
        np.testing.assert_array_equal(model.score_samples(X[order]), expected[order])


def test_on_any_number_of_threads(fitted, monkeypatch):
    model, X, expected = fitted
    monkeypatch.setattr(_threads, "_FLOPS_WORTH_THREAD", 1)
    monkeypatch.setattr(_threads, "_CHUNK_CELLS", 1)
    for n_jobs in (None, 1, 2, 3, -1):
        model.set_params(n_jobs=n_jobs)
        np.testing.assert_array_equal(model.score_samples(X), expected)
    model.set_params(n_jobs=None)


def test_in_any_layout(fitted, tmp_path):
    model, X, expected = fitted
    wide = np.zeros((2 * len(X), 3 * X.shape[1]))
    wide[::2, ::3] = X
    read_only = X.copy()
    read_only.flags.writeable = False
    np.save(tmp_path / "X.npy", X)
    for same in (np.asfortranarray(X), wide[::2, ::3], read_only, X[::-1][::-1], X.tolist()):
        np.testing.assert_array_equal(model.score_samples(same), expected)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    np.testing.assert_array_equal(model.score_samples(mapped), expected)


def test_of_float32(fitted):
    model, X, _ = fitted
    single = X.astype(np.float32)
    np.testing.assert_array_equal(
        model.score_samples(single), model.score_samples(single.astype(np.float64))
    )


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_fits_on_any_number_of_threads(solver, monkeypatch):
    monkeypatch.setattr(_training, "_FLOPS_WORTH_THREADS", 0)
    X = np.random.default_rng(0).normal(size=(sizes(700, 70), 5))
    fitted = [
        quick(
            hidden_layer_sizes=(70, 60), batch_size=sizes(250, 40), n_jobs=n_jobs, alpha=0.01,
            solver=solver, dropout=0.1, input_noise=0.1,
        ).fit(X)
        for n_jobs in (1, 2, 3, -1)
    ]  # fmt: skip
    for other in fitted[1:]:
        np.testing.assert_array_equal(network_of(other).theta, network_of(fitted[0]).theta)
        assert other.loss_curve_ == fitted[0].loss_curve_


def test_input_is_never_changed(fitted):
    model, X, _ = fitted
    before = X.copy()
    model.score_samples(X)
    with pytest.warns(UserWarning):
        quick(max_iter=1, conditionals=model.conditionals_).fit(X)
    np.testing.assert_array_equal(X, before)


def test_from_many_threads_at_once(fitted):
    model, X, expected = fitted
    results = [None] * 8

    def score(i):
        results[i] = model.score_samples(X)

    threads = [threading.Thread(target=score, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for scores in results:
        np.testing.assert_array_equal(scores, expected)


def test_fits_are_reproducible(rng):
    X = rng.normal(size=(sizes(300, 30), 4))
    first, second = (quick(random_state=3, dropout=0.1, input_noise=0.1).fit(X) for _ in range(2))
    np.testing.assert_array_equal(first.score_samples(X), second.score_samples(X))
    np.testing.assert_array_equal(first.orderings_, second.orderings_)
    other = quick(random_state=4).fit(X)
    assert not np.array_equal(first.score_samples(X), other.score_samples(X))


def test_samples_on_any_number_of_threads(fitted, monkeypatch):
    model, _, _ = fitted
    monkeypatch.setattr(_threads, "_FLOPS_WORTH_THREAD", 1)
    monkeypatch.setattr(_sampling, "_CELLS", 1)
    n, drawn = sizes(1100, 5), []
    for n_jobs in (1, 2, 3):
        model.set_params(n_jobs=n_jobs)
        drawn.append(model.sample(n, random_state=0))
    model.set_params(n_jobs=None)
    np.testing.assert_array_equal(drawn[0], drawn[1])
    np.testing.assert_array_equal(drawn[0], drawn[2])
