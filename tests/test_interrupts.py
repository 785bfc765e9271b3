"""Interrupts of training: at any moment, on any number of threads."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from conftest import JIT, correlated_flags, network_of, quick

import skmade
from skmade import MADEOutlierDetector, _threads, _training

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

# Fits are interrupted at random moments; each must come back soon, whole or as it was.
INTERRUPTED = """
import signal, sys, time, warnings
import numpy as np
import skmade
from skmade import _training

warnings.simplefilter("ignore")
_training._FLOPS_WORTH_THREADS = 0
rng = np.random.default_rng(int(sys.argv[2]))
X = (rng.random((2000, 40)) < 0.5).astype(float)
parameters = dict(n_estimators=1, random_state=0, max_iter=2)
parameters |= [dict(), dict(n_masks=3), dict(n_estimators=3)][int(sys.argv[3])]
model = skmade.MADEDensity((64,), n_jobs=2, **parameters)
model.fit(X)  # compiles
model.set_params(max_iter=10**6, n_iter_no_change=10**6)  # until it is interrupted

def interrupt(*_):
    global interrupted
    interrupted = time.perf_counter()
    raise KeyboardInterrupt

def once_more(_):
    # (Python itself drops what is raised where a reference ends: only a second one can tell)
    signal.setitimer(signal.ITIMER_REAL, 1e-3)

signal.signal(signal.SIGALRM, interrupt)
sys.unraisablehook = once_more
waits, kept = [], 0
for _ in range(int(sys.argv[1])):
    try:
        signal.setitimer(signal.ITIMER_REAL, rng.uniform(1e-3, 0.3))
        model.fit(X)
        kept += 1
    except KeyboardInterrupt:
        pass
    waits.append(time.perf_counter() - interrupted)
    assert np.isfinite(model.score(X[:10]))
print(kept)
assert max(waits) < 1, waits
"""


# (Shells let what they run in the background ignore Ctrl-C.)
_HEEDS_CTRL_C = signal.getsignal(signal.SIGINT) is signal.default_int_handler
with_signals = pytest.mark.skipif(
    not (JIT and hasattr(signal, "setitimer") and _HEEDS_CTRL_C),
    reason="needs compiled kernels, POSIX signals, and a process that heeds Ctrl-C",
)


@with_signals
@pytest.mark.parametrize("kind", range(3), ids=["one mask", "masks", "networks"])
@pytest.mark.parametrize("n", [10, pytest.param(100, marks=pytest.mark.slow)])
def test_interrupted_fits_return_at_once_and_the_process_can_end(n, kind):
    arguments = [sys.executable, "-c", INTERRUPTED, *map(str, (n, 0, kind))]
    environment = {**os.environ, "PYTHONPATH": str(Path(skmade.__file__).parents[1])}
    done = subprocess.run(arguments, timeout=200, text=True, capture_output=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= (n >= 100)  # of many fits some had a network to keep


def press_ctrl_c(monkeypatch, in_epoch, press):
    """Do so before an epoch, counted over all networks; returns what lists their numbers."""
    original, epochs, in_turn = _training.run_epoch, [], threading.Lock()

    def interrupted(network, progress, *arguments):
        with in_turn:
            epochs.append(progress.number)
            is_last = len(epochs) == in_epoch
        if is_last:
            press()
        return original(network, progress, *arguments)

    monkeypatch.setattr(_training, "run_epoch", interrupted)
    return epochs


def raise_interrupt():
    raise KeyboardInterrupt


def test_networks_that_finished_no_epoch_are_dropped(monkeypatch):
    epochs = press_ctrl_c(monkeypatch, 6, raise_interrupt)
    with pytest.warns(UserWarning, match="interrupted by user"):
        model = quick(n_estimators=4, max_iter=4).fit(correlated_flags(100, 5))
    assert epochs == [1, 1, 1, 1, 2, 2]
    assert [len(curve) for curve in model._loss_curves] == [4, 1]
    assert (
        len(model._density.networks)
        == len(model.combination_weights_)
        == len(model.orderings_)
        == 2
    )
    monkeypatch.undo()
    whole = quick(n_estimators=4, max_iter=4).fit(correlated_flags(100, 5))
    np.testing.assert_array_equal(network_of(model).theta, network_of(whole).theta)


def test_ctrl_c_ends_all_rounds_of_a_detector(monkeypatch):
    epochs = press_ctrl_c(monkeypatch, 3, raise_interrupt)
    model = MADEOutlierDetector((8,), n_estimators=1, max_iter=5, trim=0.2, random_state=0)
    with pytest.warns(UserWarning, match="interrupted by user"):
        model.fit(correlated_flags(100, 5))
    assert len(epochs) == 3
    assert np.isfinite(model.offset_)


@pytest.mark.parametrize("n_jobs", [None, pytest.param(2, marks=with_signals)])
@pytest.mark.parametrize("was_fitted", [False, True])
def test_an_interrupt_before_any_epoch_leaves_the_estimator_as_it_was(
    n_jobs, was_fitted, monkeypatch
):
    X = correlated_flags(100, 5)
    model = quick(n_estimators=2, n_jobs=n_jobs)
    if was_fitted:
        model.fit(X)
    before = dict(vars(model))
    press_ctrl_c(monkeypatch, 1, raise_interrupt)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X)
    assert vars(model) == before


@with_signals
def test_ctrl_c_stops_networks_that_train_side_by_side(monkeypatch):
    epochs = press_ctrl_c(monkeypatch, 11, lambda: signal.raise_signal(signal.SIGINT))
    n_before = threading.active_count()
    with pytest.warns(UserWarning, match="interrupted by user"):
        model = quick(n_estimators=3, max_iter=10**6, n_iter_no_change=10**6, n_jobs=2).fit(
            correlated_flags(100, 5)
        )
    assert set(epochs) == {1, 2}  # the third was waiting
    assert 1 <= len(model._density.networks) <= 2
    assert threading.active_count() == n_before


@with_signals
def test_an_interrupted_pass_is_undone(monkeypatch):
    monkeypatch.setattr(_training, "_FLOPS_WORTH_THREADS", 0)
    X = correlated_flags(100, 20)
    model = quick(n_estimators=2, n_jobs=2).partial_fit(X)
    before = model.score_samples(X)
    press_ctrl_c(monkeypatch, 2, lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        model.partial_fit(X)
    np.testing.assert_array_equal(model.score_samples(X), before)


def test_what_is_out_of_reach_returns_and_fails_as_if_called_here():
    assert _threads.out_of_reach(lambda heed: (heed(), threading.current_thread())[0]) is None
    assert _threads.out_of_reach(lambda heed: threading.current_thread()) is not (
        threading.current_thread()
    )
    with pytest.raises(ZeroDivisionError):
        _threads.out_of_reach(lambda heed: 1 / 0)


@with_signals
@pytest.mark.parametrize("heeds", [True, False])
def test_an_interrupt_waits_for_no_thread_that_does_not_heed_it(heeds, monkeypatch):
    monkeypatch.setattr(_threads, "_PATIENCE", 30 if heeds else 0.01)
    may_end, ended = threading.Event(), []

    def work(heed):
        try:
            signal.raise_signal(signal.SIGINT)
            while not may_end.wait(1e-3):
                if heeds:
                    heed()
        except KeyboardInterrupt:
            ended.append("heeded")
            raise

    with pytest.raises(KeyboardInterrupt):
        _threads.out_of_reach(work)
    assert ended == (["heeded"] if heeds else [])
    may_end.set()


def test_where_a_thread_fails_nothing_is_left_for_the_others():
    taken = []

    def worker(item):
        taken.append(item)
        raise MemoryError

    with pytest.raises(MemoryError):
        _threads.take_in_turn(lambda: worker, range(1000), 2)
    assert len(taken) <= 2
