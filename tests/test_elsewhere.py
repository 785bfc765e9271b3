"""Networks that joblib's processes train, here or on a cluster."""

import operator
import os

import numpy as np
import pytest
from conftest import correlated_flags, quick, sizes
from joblib import Parallel, delayed, parallel_config
from sklearn.exceptions import ConvergenceWarning

from skmade import MADEDensity, MADEImputer, MADEOutlierDetector, _training, blocks
from skmade._processes import are_in_force, map_as_they_come
from skmade._progress import Bars, Watch

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    # (of newer releases of Python: that a process with threads is forked is what is tested)
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]

X = correlated_flags(sizes(100, 30), 5)
SMALL = {"n_estimators": 3, "max_iter": 3, "random_state": 0}


@pytest.fixture(params=["multiprocessing", pytest.param("loky", marks=pytest.mark.slow)])
def two_processes(request):
    with parallel_config(request.param, n_jobs=2):
        yield


@pytest.fixture
def nobody_here(monkeypatch):
    """No network may be trained in this process."""
    here = os.getpid()

    def train(*arguments):
        assert os.getpid() != here
        return original(*arguments)

    original = _training.train
    monkeypatch.setattr(_training, "train", train)


@pytest.fixture
def nobody_else(monkeypatch):
    """No network may be sent away."""
    monkeypatch.setattr(_training, "_train_elsewhere", None)


def densities():
    """A fitted density of each kind of networks, and of each estimator that trains some."""
    holes = np.where(np.arange(X.size).reshape(X.shape) % 7, X, np.nan)
    yield MADEDensity((8,), **SMALL).fit(X)
    yield MADEDensity((8,), n_masks=None, **SMALL).fit(X)
    yield MADEOutlierDetector((8,), trim=0.1, **SMALL).fit(X)
    yield MADEImputer(MADEDensity((8,), **SMALL)).fit(holes).estimator_


@pytest.fixture(scope="module")
def trained_here():
    return list(densities())


def assert_same(there, here):
    for one, other in zip(there, here, strict=True):
        np.testing.assert_array_equal(one.score_samples(X), other.score_samples(X))
        assert one.loss_curve_ == other.loss_curve_
        assert one.validation_curve_ == other.validation_curve_
        assert one.sample(5, random_state=0).tolist() == other.sample(5, random_state=0).tolist()


def test_networks_of_other_processes_are_the_same_bits(trained_here, two_processes, nobody_here):
    assert_same(densities(), trained_here)


@pytest.mark.slow
def test_networks_of_a_cluster_are_the_same_bits(trained_here, cluster, nobody_here):
    with parallel_config("dask"):
        assert_same(densities(), trained_here)


def test_processes_are_in_force_where_a_caller_says_so():
    assert not are_in_force(2)
    with parallel_config(n_jobs=2):
        assert not are_in_force(None)
    for backend in ("threading", "sequential"):
        with parallel_config(backend):
            assert not are_in_force(2)
    for backend in ("loky", "multiprocessing"):
        with parallel_config(backend, n_jobs=2):
            assert are_in_force(2) and are_in_force(None) and not are_in_force(1)


@pytest.mark.usefixtures("two_processes")
def test_processes_send_nothing_on():
    assert Parallel()(delayed(are_in_force)(2) for _ in range(2)) == [False, False]


@pytest.mark.slow
def test_workers_of_a_cluster_send_nothing_on(cluster):
    with parallel_config("dask"):
        assert are_in_force(2)
        assert Parallel()(delayed(are_in_force)(2) for _ in range(2)) == [False, False]


@pytest.mark.usefixtures("two_processes", "nobody_else")
def test_rows_in_a_file_stay_here(trained_here):
    assert_same([blocks.fit(MADEDensity((8,), **SMALL), [X[:20], X[20:]])], trained_here[:1])


@pytest.mark.usefixtures("two_processes")
def test_errors_and_warnings_are_those_of_a_fit_here():
    with pytest.raises(ZeroDivisionError):
        list(map_as_they_come(operator.truediv, (1,), [(2,), (0,)], 2))
    with pytest.warns(ConvergenceWarning, match="of 2 of 2 networks diverged"):
        quick(n_estimators=2, learning_rate_init=1e300).fit(X)


@pytest.mark.usefixtures("two_processes")
def test_lines_tell_of_the_last_epoch_of_each_network(capsys):
    model = quick(n_estimators=3, verbose=2).fit(X)
    _, *lines = sorted(capsys.readouterr().out.splitlines())
    losses = np.cumsum(model.n_epochs_) - 1
    assert [line.split(",")[:2] for line in lines] == [
        [f"Network {k + 1}", f" epoch 3: loss {model.loss_curve_[losses[k]]:.4f}"] for k in range(3)
    ]


@pytest.mark.usefixtures("two_processes")
def test_callbacks_are_told_of_the_last_epoch_of_each_network():
    pytest.importorskip("sklearn.callback", reason="scikit-learn before 1.9 has none")
    from test_callbacks import Recorder

    recorder = Recorder()
    quick(n_estimators=2).set_callbacks(recorder).fit(X)
    assert sorted(recorder.paths("end network")) == [(0,), (1,)]
    assert sorted(recorder.paths("end epoch")) == [(0, 0), (1, 0)]


def test_bars_say_how_long_networks_took_elsewhere():
    pytest.importorskip("rich")
    progress = _training.Progress.start(np.zeros(1), 0.1, number=1)
    progress.seconds, progress.loss_curve = 100.0, [1.0]
    bars = Bars(max_iter=5)
    Watch([bars]).hear_of(progress)
    (task,) = bars._display.tasks
    assert 100 <= task.finished_time < 110


def one_after_the_other(function, common, items, n_jobs):
    """In place of other processes: a network is sent when the one before it has come back."""
    return ((k, function(*common, *item)) for k, item in enumerate(items))


@pytest.mark.usefixtures("two_processes")
def test_a_callback_that_ends_training_ends_what_was_not_sent(monkeypatch):
    pytest.importorskip("sklearn.callback", reason="scikit-learn before 1.9 has none")
    from test_callbacks import Recorder

    monkeypatch.setattr(_training, "map_as_they_come", one_after_the_other)
    model = quick(n_estimators=5).set_callbacks(Recorder(lambda context: context.task_id == 1))
    assert len(model.fit(X).n_epochs_) == 2


@pytest.mark.usefixtures("two_processes")
def test_an_interrupt_keeps_networks_that_have_come_back(monkeypatch):
    def interrupted(watch, progress):
        raise KeyboardInterrupt

    whole = quick(n_estimators=3, n_jobs=1).fit(X)
    monkeypatch.setattr(Watch, "hear_of", interrupted)
    with pytest.warns(UserWarning, match="interrupted by user") as warned:
        model = quick(n_estimators=3).fit(X)
    assert not any("workers" in str(w.message) for w in warned)  # joblib has no advice to give
    assert len(model.n_epochs_) == 1
    curves = [whole.loss_curve_[3 * k : 3 * k + 3] for k in range(3)]
    assert model.loss_curve_ in curves
