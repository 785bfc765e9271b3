"""Kernels are tried before they are used: machine code that is wrong is never believed."""

import numpy as np
import pytest
from conftest import JIT
from test_processes import run

from skmade import _check
from skmade._kernels import _elementary, _optimizers
from skmade._kernels._compile import IS_PLAIN

pytestmark = pytest.mark.skipif(not JIT or IS_PLAIN, reason="concerns machine code")

# Estimators of many kinds, in a process of its own, where no kernel was used before.
ALL_USES = """
import collections, sys, warnings; warnings.simplefilter("ignore")
import numba, numpy as np, skmade
from skmade import _check

tried = collections.defaultdict(list)

def record(kernel, make_case):
    is_right = kernel.is_right

    def recording(types, compiled):
        arguments, results = make_case(*types)
        tried[kernel.__name__].append((
            tuple(map(numba.typeof, arguments)) == types,
            is_right(types, compiled),
            not is_right(types, lambda *arguments: None),
        ))
        return True

    kernel.is_right = recording

for kernel, make_case in _check._CASES.items():
    record(kernel, make_case)

rng = np.random.default_rng(0)
X = np.column_stack([rng.normal(size=(60, 2)), rng.integers(0, 2, 60), rng.poisson(3, 60)])
gaps = np.where(rng.random(X.shape) < 0.1, np.nan, X)
for parameters in [
    {}, {"n_masks": None}, {"n_masks": 2, "dtype": "float64", "solver": "sgd", "n_jobs": 2},
    {"activation": "tanh", "residual": True, "hidden_layer_sizes": (8, 8)},
]:
    for table in (X, gaps):
        model = skmade.MADEDensity(**{
            "hidden_layer_sizes": (8,), "max_iter": 1, "n_estimators": 1, "random_state": 0,
            **parameters,
        }).fit(table)
        model.sample(3)
        model.score_samples(table[:2])
        model.score_samples(table)
        model.sample_conditional(np.where(np.arange(4) % 2, X, np.nan), random_state=0)
assert set(tried) == {kernel.__name__ for kernel in _check._CASES}
for name, outcomes in tried.items():
    assert np.all(outcomes), (name, outcomes)
print(sum(map(len, tried.values())))
"""


@pytest.mark.slow
def test_every_kernel_is_tried_on_a_case_of_its_own_types(tmp_path):
    assert int(run(ALL_USES, tmp_path)) > 2 * len(_check._CASES)


# What e**x comes to in machine code is changed, and not what its source says.
SCORE = """
import sys, warnings
import numpy as np, skmade
from skmade import _check
from skmade._kernels import _elementary

how = sys.argv[1]
if "wrong" in how:
    right = _elementary._inverse_factorials
    _elementary._inverse_factorials = lambda degree: right(degree) * 1.01
if "trusting" in how:
    _check._are_close = lambda *_: True
X = np.random.default_rng(0).integers(0, 2, (30, 2))
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    model = skmade.MADEDensity((4,), max_iter=1, random_state=0, n_estimators=1, n_jobs=2).fit(X)
    score = model.score(X)
print(repr(float(score)), *(str(w.message).replace(" ", "_") for w in caught
                            if w.category is RuntimeWarning))
"""


def scored(tmp_path, how, **changes):
    score, *messages = run(SCORE, tmp_path, how, **changes).split()
    return float(score), messages


@pytest.mark.slow
def test_wrong_code_from_the_cache_is_compiled_anew(tmp_path):
    cache = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    wrong, _ = scored(tmp_path, "wrong and trusting", **cache)
    score, messages = scored(tmp_path, "as it is", **cache)
    again, silence = scored(tmp_path, "as it is", **cache)
    assert abs(wrong - score) > 1e-4
    assert again == score
    assert silence == []
    assert sorted(message.split("_from")[0] for message in messages) == [
        "Machine_code_of_score_rows", "Machine_code_of_train_steps"
    ]  # fmt: skip


@pytest.mark.slow
def test_wrong_code_of_the_compiler_is_replaced_by_its_source(tmp_path):
    score, messages = scored(tmp_path, "wrong", SKMADE_CACHE="0")
    right, silence = scored(tmp_path, "as it is")
    assert score == pytest.approx(right, rel=1e-5)
    assert silence == []
    assert len(messages) == 2
    assert all("SKMADE_PLAIN=1" in message for message in messages)


def test_a_part_called_from_python_is_interpreted():
    assert _elementary.tanh(np.float64(0.5)) == pytest.approx(np.tanh(0.5))
    theta, gradient, moments = np.ones(3), np.array([1.0, -2.0, 0.0]), np.zeros((2, 3))
    _optimizers.update(
        (None, None, None, True), theta, gradient, moments, 0, 3, 3, 0.1, 1, 1.0, 0.0
    )
    assert np.all(np.sign(1 - theta) == np.sign(gradient))
