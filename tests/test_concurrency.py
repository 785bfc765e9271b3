"""Threads and processes that share models and cores: no wrong result, and none waits for ever."""

import multiprocessing
import os
import signal
import threading
import time
import warnings

import numpy as np
import pytest
from conftest import JIT, correlated_flags, network_of, quick, sizes
from joblib import Parallel, delayed, parallel_backend
from test_processes import run

from skmade import _training

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    # (of newer releases of Python: that a process with threads is forked is what is tested)
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]

X = np.random.default_rng(0).normal(size=(sizes(60, 20), 3))


def work(model):
    """Scores and draws of a model, and the scores of one that is fitted here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = quick(n_jobs=2).fit(X)
    return model.score_samples(X), model.sample(20, random_state=0), fitted.score_samples(X)


@pytest.fixture(scope="module")
def model():
    """Fitted, scored and drawn from on several threads."""
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")
        patch.setattr(_training, "_FLOPS_WORTH_THREADS", 0)
        return quick(n_jobs=2).fit(X)


def check(results, model):
    expected = work(model)
    for result in results:
        for got, wanted in zip(result, expected, strict=True):
            np.testing.assert_array_equal(got, wanted)


START_METHODS = [
    pytest.param(method, marks=[] if method == "fork" else pytest.mark.slow)
    for method in multiprocessing.get_all_start_methods()
]


@pytest.mark.parametrize("method", START_METHODS)
def test_processes_of_every_start_method(method, model):
    with multiprocessing.get_context(method).Pool(2) as pool:
        check(pool.map(work, [model] * 3), model)


BACKENDS = ["threading", "multiprocessing", pytest.param("loky", marks=pytest.mark.slow)]


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_backend_of_joblib(backend, model):
    with parallel_backend(backend, n_jobs=2):
        check(Parallel()(delayed(work)(model) for _ in range(3)), model)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_children_forked_amid_a_fit_are_not_kept_waiting(model, monkeypatch):
    monkeypatch.setattr(_training, "_FLOPS_WORTH_THREADS", 0)
    expected, is_over = model.score_samples(X), threading.Event()

    def train():
        while not is_over.is_set():
            quick(n_jobs=2).fit(X)

    thread = threading.Thread(target=train)
    thread.start()
    try:
        for _ in range(sizes(10, 2)):
            time.sleep(0.003)
            child = os.fork()
            if child == 0:
                signal.alarm(30)
                same = np.array_equal(model.score_samples(X), expected)
                os._exit(0 if same else 1)
            assert os.waitpid(child, 0)[1] == 0
    finally:
        is_over.set()
        thread.join()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs the choice of cores")
def test_a_team_of_threads_on_one_core_ends(monkeypatch):
    monkeypatch.setattr(_training, "_FLOPS_WORTH_THREADS", 0)
    flags = correlated_flags(sizes(300, 20), 40)
    alone, cores = quick(n_jobs=1).fit(flags), os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})  # of this thread, and of those that it starts
    try:
        begin = time.perf_counter()
        together = quick(n_jobs=4).fit(flags)
        assert time.perf_counter() - begin < 20
    finally:
        os.sched_setaffinity(0, cores)
    np.testing.assert_array_equal(network_of(together).theta, network_of(alone).theta)


FIRST_CALLS = """
import threading, warnings; warnings.simplefilter("ignore")
import numpy as np, skmade
X = np.random.default_rng(0).normal(size=(30, 2))
results, errors = [], []
def work(n_jobs):
    try:
        model = skmade.MADEDensity((4,), conditionals="gaussian", max_iter=1, n_estimators=2,
                                   random_state=0, n_jobs=n_jobs).fit(X)
        results.append((model.score_samples(X).tobytes(), model.sample(5, 0).tobytes()))
    except BaseException as error:
        errors.append(repr(error))
threads = [threading.Thread(target=work, args=(1 + i % 2,)) for i in range(6)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(errors, len(results), len(set(results)))
"""


@pytest.mark.slow
@pytest.mark.skipif(not JIT, reason="concerns compilation")
def test_threads_that_all_call_first(tmp_path):
    assert run(FIRST_CALLS, tmp_path, SKMADE_CACHE="0") == "[] 6 1\n"


IMPORT = """
import sys
from numba.core import event
class Compilations(event.Listener):
    names = []
    def on_start(self, event): self.names.append(str(event.data))
    def on_end(self, event): pass
with event.install_listener("numba:compile", Compilations()):
    import skmade
print(len(Compilations.names), [name for name in sys.argv[1:] if name in sys.modules])
import warnings; warnings.simplefilter("ignore")
import numpy as np
X = np.random.default_rng(0).normal(size=(60, 3))
skmade.MADEDensity((16,), n_components=3, n_estimators=1, max_iter=1, n_jobs=2).fit(X).score(X)
layers = ["numba.np.ufunc." + name for name in ("workqueue", "omppool", "tbbpool")]
print([name for name in layers if name in sys.modules])
"""
# (scikit-learn imports pandas and rich, where there are any)
OPTIONAL = ["matplotlib", "polars", "onnx", "skops", "dask", "pyod", "torch"]


def test_nothing_is_compiled_at_import_and_no_threading_layer_is_ever_loaded(tmp_path):
    at_import, layers = run(IMPORT, tmp_path, *OPTIONAL).splitlines()
    assert at_import == "0 []"
    assert layers == "[]"


TORCH = """
import sys, warnings; warnings.simplefilter("ignore")
for name in sys.argv[1:]: __import__(name)
import numpy as np, skmade, torch
X = np.random.default_rng(0).normal(size=(60, 3))
(torch.ones(200, 200) @ torch.ones(200, 200)).sum()
model = skmade.MADEDensity((16,), n_components=3, n_estimators=1, max_iter=2, random_state=0,
                           n_jobs=2).fit(X)
(torch.ones(200, 200) @ torch.ones(200, 200)).sum()
print(model.score(X), model.sample(3, 0).sum())
"""


@pytest.mark.slow
def test_before_and_after_torch(tmp_path):
    pytest.importorskip("torch")
    assert run(TORCH, tmp_path, "torch", "skmade") == run(TORCH, tmp_path, "skmade", "torch")
