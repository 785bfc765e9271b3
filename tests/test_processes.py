"""Compilation, caches, threads and processes."""

import os
import shutil
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import numba
import numpy as np
import pytest
from conftest import ALL_CONDITIONALS, JIT, mixed_table, quick
from numba.core import event

import skmade
from skmade._kernels import _elementary, _numba

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

FIT = """
import warnings; warnings.simplefilter("ignore")
import numpy as np, skmade
X = np.random.default_rng(0).normal(size=(30, 2))
model = skmade.MADEDensity((4,), max_iter=1, n_components=2, random_state=0).fit(X)
print(repr(float(model.score(X))), model.sample(2, random_state=0).shape)
"""


def run(code, tmp_path, **changes):
    """Output of a new process that starts in `tmp_path`."""
    environment = {**os.environ, **changes}
    for name in [name for name, value in changes.items() if value is None]:
        del environment[name]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, text=True, timeout=300,
        capture_output=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


class Compilations(event.Listener):
    """Names of the functions that were compiled while it listened."""

    def __init__(self):
        self.names = []

    def on_start(self, event):
        self.names.append(event.data["dispatcher"].py_func.__qualname__)

    def on_end(self, event):
        pass


@pytest.mark.skipif(not JIT, reason="counts compilations")
def test_a_second_fit_of_another_kind_compiles_nothing():
    def work(X, families, **parameters):
        model = quick(conditionals=families, early_stopping=True, **parameters).fit(X)
        model.partial_fit(X).score_features(X[:2])
        model.sample(3)

    X, families = mixed_table(150)
    work(X, families)
    listener = Compilations()
    with event.install_listener("numba:compile", listener):
        work(X[:70], families, hidden_layer_sizes=(), batch_size=7)
        work(X[:, 2:], "gaussian", hidden_layer_sizes=(5, 5, 5), residual=True, dropout=0.2)
        work(X[:, [0]], "bernoulli", solver="sgd", input_noise=0.1, batch_size=300)
        work(np.asfortranarray(X), ALL_CONDITIONALS, activation="elu", n_components=7)
    assert listener.names == []


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


@pytest.mark.slow
@pytest.mark.skipif(not JIT, reason="concerns compilation")
def test_plain_compilation_gives_the_same_bits(tmp_path):
    code = "import sys; sys.path.insert(0, 'TESTS')\nfrom conftest import *\n" + SEVERAL
    code = code.replace("TESTS", str(Path(__file__).parent))
    assert run(code, tmp_path, SKMADE_PLAIN="1") == run(code, tmp_path)


SEVERAL = """
import warnings; warnings.simplefilter("ignore")
X, families = mixed_table(60)
for parameters in ({}, {"n_masks": 2}):
    model = quick(conditionals=families, max_iter=1, dropout=0.1, **parameters).fit(X)
    print(repr(model.score_samples(X).sum()), repr(model.sample(5, random_state=0).tolist()))
    print(repr(model.score_features(X[:1]).tolist()))
"""


@pytest.mark.skipif(not JIT, reason="parts are functions of Python where nothing is compiled")
def test_a_part_cannot_be_called_from_python():
    with pytest.raises(TypeError, match="softplus can only be called by kernels"):
        _elementary.softplus(1.0)


def copied_package(folder):
    """The package, copied where its files can be changed; without what it has compiled."""
    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(skmade.__file__).parent, folder / "skmade", ignore=skip)
    return folder / "skmade"


@pytest.mark.slow
@pytest.mark.skipif(not JIT, reason="concerns the cache of compiled code")
@pytest.mark.parametrize("file", ["_families/gaussian_mixture.py", "_kernels/_activations.py"])
def test_an_edited_part_is_compiled_anew(file, tmp_path):
    package = copied_package(tmp_path)
    before = run(FIT, tmp_path, PYTHONPATH=str(tmp_path))
    assert run(FIT, tmp_path, PYTHONPATH=str(tmp_path)) == before
    edited = package / file
    text = edited.read_text()
    changed = text.replace("max(units[r, b], zero)", "max(units[r, b], zero) + one")
    changed = changed.replace("out, width)\n", "out, width)\n        out[0, 0] += 1\n", 1)
    assert changed != text
    edited.write_text(changed)
    assert run(FIT, tmp_path, PYTHONPATH=str(tmp_path)) != before


@pytest.mark.skipif(not JIT, reason="concerns the cache of compiled code")
def test_a_full_disk_ends_nothing(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_numba._StampedCache, "save_overload", full)
    monkeypatch.setattr(_numba._StampedCache, "load_overload", full)
    kernel = _numba.compile_kernel(lambda x: x + 1, True)
    assert kernel(1) == 2
