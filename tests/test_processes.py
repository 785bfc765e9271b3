"""Compilation, caches, threads and processes."""

import errno
import importlib.util
import os
import shutil
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import numba
import numpy as np
import pandas as pd
import pytest
from conftest import ALL_CONDITIONALS, JIT, mixed_table, network_of, quick
from numba.core import caching, event

import skmade
from skmade._kernels import _numba
from skmade._kernels._compile import kernel
from skmade._kernels._conditionals import feature_log_prob
from skmade._kernels._memory import of_tile
from skmade._scoring import Scorer

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

FIT = """
import warnings; warnings.simplefilter("ignore")
import numpy as np, skmade
X = np.random.default_rng(0).normal(size=(30, 2))
model = skmade.MADEDensity((4,), max_iter=1, n_components=2, random_state=0).fit(X)
print(repr(float(model.score(X))), model.sample(2, random_state=0).shape)
"""


def start(code, tmp_path, *arguments, **changes):
    """A new process, which begins in `tmp_path` with changes to its environment."""
    environment = {**os.environ, "PYTHONPATH": str(Path(skmade.__file__).parents[1]), **changes}
    for name in [name for name, value in changes.items() if value is None]:
        del environment[name]
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], cwd=tmp_path, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def finished(process):
    """The output of a process that must end well."""
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return output


def run(code, tmp_path, *arguments, **changes):
    """Output of a new process that starts in `tmp_path`."""
    return finished(start(code, tmp_path, *arguments, **changes))


class Compilations(event.Listener):
    """Names of the functions that were compiled while it listened."""

    def __init__(self):
        self.names = []

    def on_start(self, event):
        self.names.append(event.data["dispatcher"].py_func.__qualname__)

    def on_end(self, event):
        pass


@pytest.mark.skipif(not JIT, reason="counts compilations")
def test_a_second_fit_of_another_shape_compiles_nothing():
    def work(X, families, **parameters):
        model = quick(conditionals=families, early_stopping=True, **parameters).fit(X)
        model.partial_fit(X).score_features(X[:2])
        model.sample(3)

    X, families = mixed_table(150)
    work(X, families)
    listener = Compilations()
    with event.install_listener("numba:compile", listener):
        work(X[:70], families, hidden_layer_sizes=(), batch_size=7)
        work(X, families, hidden_layer_sizes=(5, 5, 5), residual=True, dropout=0.2)
        work(X[:, ::-1], families[::-1], input_noise=0.1, batch_size=300)
        work(np.asfortranarray(X), ALL_CONDITIONALS, n_components=7)
    assert listener.names == []


@pytest.mark.skipif(not JIT, reason="counts compilations")
def test_no_layout_or_dtype_of_rows_compiles_anything(tmp_path):
    X = np.random.default_rng(0).normal(size=(60, 3))
    model = quick().fit(X)
    model.score_features(X)
    np.save(tmp_path / "X.npy", X)
    wide, read_only = np.zeros((120, 9)), X.copy()
    wide[::2, ::3], read_only.flags.writeable = X, False
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    layouts = [np.asfortranarray(X), wide[::2, ::3], read_only, X[::-1], mapped, pd.DataFrame(X)]
    dtypes = [X.astype(np.float32), X.astype(np.float16), X.astype(int), X > 0]
    listener = Compilations()
    with event.install_listener("numba:compile", listener):
        for rows in [*layouts, *dtypes]:
            model.score_samples(rows)
            model.score_features(rows)
        for rows in layouts:
            quick().fit(rows)
    assert listener.names == []


def score_first(plan, memory):
    buffers = of_tile(memory.buffers, np.int64(0))
    feature_log_prob(plan, np.int64(0), buffers, buffers.deltas, np.int64(16))


@pytest.mark.skipif(not JIT, reason="concerns compilation")
def test_kernels_hold_what_is_in_use_only():
    network = network_of(quick(conditionals="bernoulli").fit(np.eye(20)[:, :3]))
    compiling = kernel(score_first, is_cached=False)
    compiling(network.plan, Scorer(network, 9).memory)
    (compiled,) = compiling.overloads.values()
    parts = {library.name for library in compiled.library._linking_libraries}
    assert "Bernoulli.log_prob" in parts
    assert not {"softmax", "LogisticMixture.log_prob"} & parts


@pytest.mark.slow
@pytest.mark.skipif(not JIT, reason="concerns the cache of compiled code")
@pytest.mark.parametrize(
    "changes",
    [
        {"NUMBA_CACHE_DIR": "/dev/null/nowhere"},
        {"HOME": None, "NUMBA_CACHE_DIR": "/dev/null/nowhere"},
        {"SKMADE_CACHE": "0"},
    ],
    ids=["unwritable cache", "no home", "switched off"],
)
def test_without_a_cache(changes, tmp_path):
    assert run(FIT, tmp_path, **changes).endswith("(2, 2)\n")


KERNEL = """
from skmade._kernels._compile import kernel
from skmade._kernels._elementary import softplus

@kernel
def call(x, out):
    for i in range(x.shape[0]):
        out[i] = softplus(x[i])
"""
CALL = """
import numpy as np, skmade, own
out = np.empty(3)
own.call(np.arange(3.0), out)
print(sum(own.call.stats.cache_hits.values()), list(out))
"""


@pytest.mark.skipif(not JIT, reason="concerns the cache of compiled code")
def test_a_kernel_is_compiled_anew_when_any_file_of_kernels_has_changed(tmp_path):
    package = shutil.copytree(Path(skmade.__file__).parent, tmp_path / "skmade")
    (tmp_path / "own.py").write_text(KERNEL)
    cache = {"NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
    first, second = (run(CALL, tmp_path, **cache).split(" ", 1) for _ in range(2))
    assert (first[0], second[0]) == ("0", "1")
    file = package / "_kernels" / "_elementary.py"
    before = "return max(x, like(x, 0)) + log1p_unit"
    assert before in file.read_text()
    file.write_text(file.read_text().replace(before, before.replace("return", "return 7 +")))
    hits, values = run(CALL, tmp_path, **cache).split(" ", 1)
    assert hits == "0"
    assert eval(values) == pytest.approx(7 + np.array(eval(first[1])))


def own_module(folder, text=KERNEL):
    """A module with a kernel, as a new process would import it."""
    file = folder / "own.py"
    file.write_text(text)
    spec = importlib.util.spec_from_file_location("own", file)
    own = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(own)
    return own


def called(own):
    """What its kernel returns, and whether that came from the cache."""
    out = np.empty(3)
    own.call(np.arange(3.0), out)
    return out, sum(own.call.stats.cache_hits.values()) > 0


@pytest.mark.skipif(not JIT, reason="concerns the cache of compiled code")
@pytest.mark.parametrize("method", ["_save_data", "_load_data"])
def test_a_disk_that_fails_is_done_without(method, tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(caching.IndexDataCacheFile, method, fail)
    out, _ = called(own_module(tmp_path))
    np.testing.assert_allclose(out, np.logaddexp(0, np.arange(3)))


@pytest.mark.skipif(not JIT, reason="concerns the cache of compiled code")
def test_a_package_that_cannot_be_written_to_without_a_home(tmp_path, monkeypatch):
    (tmp_path / "__pycache__").touch()  # (folders that are read-only do not stop root)
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    for name in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, os.devnull)
    out, _ = called(own_module(tmp_path))
    np.testing.assert_allclose(out, np.logaddexp(0, np.arange(3)))


@pytest.mark.skipif(not JIT, reason="concerns the cache of compiled code")
@pytest.mark.parametrize("n_bytes", [0, 7, 1000])
def test_a_damaged_file_of_the_cache_is_done_without_and_written_anew(n_bytes, tmp_path):
    expected, _ = called(own_module(tmp_path))
    (file,) = tmp_path.glob("__pycache__/own.call*.nbc")
    file.write_bytes(file.read_bytes()[:n_bytes])
    for is_cached in (False, True):
        out, came_from_cache = called(own_module(tmp_path))
        np.testing.assert_array_equal(out, expected)
        assert came_from_cache == is_cached


@pytest.mark.skipif(not JIT, reason="concerns the cache of compiled code")
def test_code_that_has_changed_on_disk_is_never_run(tmp_path):
    expected, _ = called(own_module(tmp_path))
    (file,) = tmp_path.glob("__pycache__/own.call*.nbc")
    whole = file.read_bytes()
    for place in np.linspace(0, len(whole) - 1, 8).astype(int):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 16]) + whole[place + 1 :])
        out, came_from_cache = called(own_module(tmp_path))
        np.testing.assert_array_equal(out, expected)
        assert not came_from_cache


@pytest.mark.skipif(not JIT, reason="concerns the cache of compiled code")
def test_code_of_another_kernel_is_never_run(tmp_path):
    expected, _ = called(own_module(tmp_path))
    (file,) = tmp_path.glob("__pycache__/own.call*.nbc")
    file.rename(tmp_path / "softplus")
    # (of the same types, and by its bytecode, which has no names, the same)
    called(own_module(tmp_path, "\n" + KERNEL.replace("softplus", "tanh")))
    (other,) = tmp_path.glob("__pycache__/own.call*.nbc")
    other.rename(file)
    out, came_from_cache = called(own_module(tmp_path))
    np.testing.assert_array_equal(out, expected)
    assert not came_from_cache


@pytest.mark.skipif(not JIT, reason="concerns the cache of compiled code")
def test_a_release_never_takes_the_code_of_another(tmp_path, monkeypatch):
    def release(number):
        monkeypatch.setattr(_numba, "_stamp", lambda: f"release {number}")
        constant = KERNEL.replace("softplus(x[i])", f"softplus(x[i]) + {number}")
        return own_module(tmp_path, constant)

    def end(*_):
        raise KeyboardInterrupt

    called(release(1))
    with monkeypatch.context() as patch:  # killed when code is compiled, and not yet written
        patch.setattr(caching.IndexDataCacheFile, "_save_data", end)
        with pytest.raises(KeyboardInterrupt):
            called(release(2))
    for is_cached in (False, True):
        out, came_from_cache = called(release(2))
        np.testing.assert_allclose(out, np.logaddexp(0, np.arange(3)) + 2)
        assert came_from_cache == is_cached
    assert len(list(tmp_path.glob("__pycache__/own.call*"))) == 1  # no old one is left


# One kernel, for numbers of many types: each process compiles, or reads, the code for one.
RACE = """
import sys, numpy as np, skmade, own
for kind in sys.argv[1:]:
    x, out = np.arange(3).astype(kind), np.empty(3, kind)
    own.call(x, out)
    np.testing.assert_array_equal(out, np.arange(3, 6))
print(sum(own.call.stats.cache_hits.values()))
"""
ADD_THREE = """
from skmade._kernels._compile import kernel

@kernel
def call(x, out):
    for i in range(x.shape[0]):
        out[i] = x[i] + 3
"""


@pytest.mark.slow
@pytest.mark.skipif(not JIT, reason="concerns the cache of compiled code")
def test_cold_processes_that_share_a_cache_and_are_killed_leave_no_wrong_code(tmp_path):
    (tmp_path / "own.py").write_text(ADD_THREE)
    cache = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    kinds, rng = ["f4", "f8", "i2", "i4", "u2", "u4", "i8", "u8"], np.random.default_rng(0)
    processes = [start(RACE, tmp_path, kind, **cache) for kind in kinds]
    time.sleep(2)
    for process in processes[::2]:
        time.sleep(rng.uniform(0, 0.5))
        process.kill()
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode in (0, -9), errors
    hits = [int(finished(start(RACE, tmp_path, *kinds, **cache))) for _ in range(2)]
    assert hits[0] >= 4  # of those that were not killed
    assert hits[1] == 8


COMPARED = """
import hashlib, sys, warnings; warnings.simplefilter("ignore")
import numpy as np, skmade
rng = np.random.default_rng(0)
X = np.column_stack([rng.normal(size=(90, 3)), rng.integers(0, 2, 90), rng.poisson(3, 90)])
for n_masks in (1, 2):
    model = skmade.MADEDensity((30, 20), n_estimators=1, n_masks=n_masks, max_iter=2,
                               random_state=0, n_jobs=2).fit(X)
    for array in (model._density.networks[0].theta, model.score_samples(X), model.sample(50, 0)):
        print(hashlib.sha1(array.tobytes()).hexdigest())
print("skmade._kernels._numba" in sys.modules)
"""


@pytest.mark.slow
@pytest.mark.skipif(not JIT, reason="concerns compilation")
def test_plain_numba_gives_the_same_bits(tmp_path):
    *normal, leans = run(COMPARED, tmp_path).split()
    *plain, leans_not = run(COMPARED, tmp_path, SKMADE_PLAIN="1").split()
    assert plain == normal
    assert (leans, leans_not) == ("True", "False")


@pytest.mark.slow
def test_from_a_zipped_package(tmp_path):
    shutil.make_archive(tmp_path / "zipped", "zip", Path(skmade.__file__).parents[1], "skmade")
    code = "import sys; sys.path.insert(0, 'zipped.zip')" + FIT
    assert run(code + "assert 'zipped.zip' in skmade.__file__", tmp_path).endswith("(2, 2)\n")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_scores_and_fits():
    X = np.random.default_rng(0).normal(size=(100, 3))
    model = quick(n_jobs=2).fit(X)
    expected = model.score_samples(X)
    child = os.fork()
    if child == 0:
        same = np.array_equal(model.score_samples(X), expected)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            quick(n_jobs=2).fit(X)
        os._exit(0 if same else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_fits_in_many_threads_at_once():
    X = np.random.default_rng(0).normal(size=(100, 3))
    expected, fitted = quick().fit(X).score_samples(X), [None] * 6

    def work(i):
        fitted[i] = quick(n_jobs=1 + i % 2).fit(X).score_samples(X)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(fitted))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for scores in fitted:
        np.testing.assert_array_equal(scores, expected)


def test_thread_counts_of_the_process_are_left_alone():
    before = numba.get_num_threads(), threading.active_count()
    quick(n_jobs=2).fit(np.random.default_rng(0).normal(size=(60, 2)))
    assert (numba.get_num_threads(), threading.active_count()) == before
