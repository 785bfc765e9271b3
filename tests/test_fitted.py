"""What a fitted model stores, and that it is read by what comes later."""

import copy
import pickle
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from conftest import JIT, correlated_flags, is_plain, network_of, quick
from files.make import holes, table

import skmade
from skmade import _layout
from skmade._fitted import FORMAT

ALL_FILES = sorted((Path(__file__).parent / "files").glob("*.pickle"))
IMPUTERS = [path for path in ALL_FILES if path.stem.endswith("-imputer")]
FILES = [path for path in ALL_FILES if path not in IMPUTERS]
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.InconsistentVersionWarning")
def test_files_of_every_release_are_read(path):
    stored, X = pickle.loads(path.read_bytes()), table()
    model, tolerance = stored["model"], 1e-4 if JIT else 1e-3
    np.testing.assert_allclose(model.score_samples(X), stored["scores"], rtol=tolerance, atol=1e-3)
    drawn = model.sample(5, random_state=0)
    assert list(drawn.dtypes) == list(X.dtypes)
    assert is_plain(model.__getstate__())


@pytest.mark.parametrize("path", IMPUTERS, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.InconsistentVersionWarning")
def test_imputers_of_every_release_are_read(path):
    stored, X = pickle.loads(path.read_bytes()), holes()
    imputer, tolerance = stored["model"], 1e-4 if JIT else 1e-3
    both = pd.concat([X, X], ignore_index=True)
    scores = imputer.estimator_.score_samples(both)
    np.testing.assert_allclose(scores, stored["scores"], rtol=tolerance, atol=1e-3)
    filled, is_known = imputer.transform(X)[[*X]], X.notna()
    assert list(filled.dtypes) == list(X.dtypes) and filled.notna().all(axis=None)
    for name in X:
        known = is_known[name]
        assert filled.loc[known, name].tolist() == X.loc[known, name].tolist(), name


def test_there_are_files_of_this_release():
    for paths in (FILES, IMPUTERS):
        assert any(path.name.startswith(f"{skmade.__version__}-") for path in paths)


MODELS = [
    {"hidden_layer_sizes": (70, 50), "n_estimators": 2},
    {"hidden_layer_sizes": (60, 60), "residual": True},
    {"hidden_layer_sizes": ()},
    {"hidden_layer_sizes": (), "direct_connections": False},
    {"n_masks": 3},
]


@pytest.mark.parametrize("parameters", MODELS, ids=str)
@pytest.mark.parametrize("rows", [16, 80])
def test_what_is_stored_says_nothing_of_the_layout(parameters, rows, monkeypatch):
    X = correlated_flags(60, 9)
    model = quick(**parameters).partial_fit(X)
    stored, scores, theta = pickle.dumps(model), model.score_samples(X), network_of(model).theta
    monkeypatch.setattr(_layout, "PANEL_ROWS", rows)  # panels of another height
    state = pickle.loads(stored).__getstate__()["_density"]
    for network, other in zip(model._density.networks, state["networks"]):
        same = network.state()
        np.testing.assert_array_equal(other["theta"], same["theta"])
        np.testing.assert_array_equal(other["moments"], same["moments"])
    monkeypatch.undo()
    again = pickle.loads(stored)
    np.testing.assert_array_equal(network_of(again).theta, theta)
    np.testing.assert_array_equal(again.score_samples(X), scores)


def test_another_format_is_refused():
    model = quick().fit(correlated_flags(40, 3))
    state = model.__getstate__()
    state["_density"]["format"] = FORMAT + 1
    with pytest.raises(ValueError, match=f"format {FORMAT + 1}; this release .* {FORMAT}"):
        type(model).__new__(type(model)).__setstate__(state)


@pytest.mark.parametrize("n_masks", [1, None])
def test_passes_go_on_from_a_file_as_from_memory(n_masks):
    X = correlated_flags(60, 4)
    model = quick(n_masks=n_masks).partial_fit(X)
    stored = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(
        stored.partial_fit(X).score_samples(X), model.partial_fit(X).score_samples(X)
    )


def test_copies_are_apart():
    X = correlated_flags(60, 4)
    model = quick().partial_fit(X)
    other, before = copy.deepcopy(model), model.score_samples(X)
    other.partial_fit(X)
    np.testing.assert_array_equal(model.score_samples(X), before)


def test_files_that_are_mapped_into_memory(tmp_path):
    X = correlated_flags(60, 4)
    for n_masks in (1, None):
        model = quick(n_masks=n_masks).partial_fit(X)
        joblib.dump(model, tmp_path / "model")
        mapped = joblib.load(tmp_path / "model", mmap_mode="r")
        np.testing.assert_array_equal(mapped.score_samples(X), model.score_samples(X))
        np.testing.assert_array_equal(
            mapped.partial_fit(X).score_samples(X), model.partial_fit(X).score_samples(X)
        )


def test_a_pickle_names_the_estimator_alone():
    dumped = pickle.dumps(quick().fit(table()))
    for name in (b"numba", b"skmade._kernels", b"skmade._network", b"skmade._fitted", b"_columns."):
        assert name not in dumped


def test_a_file_does_not_grow_with_the_training_rows():
    X = correlated_flags(3000, 6)
    few, many = (len(pickle.dumps(quick().fit(rows))) for rows in (X[:300], X))
    assert many < few + 100
