"""Discrete columns that those before them determine."""

import numpy as np
import pandas as pd
import pytest
from conftest import JIT, encoded, quick
from scipy import sparse

from skmade import _training
from skmade._determined import _doubts, sharpened
from skmade._scoring import log_densities
from skmade._threads import never
from skmade._training import Rows

pytestmark = [
    pytest.mark.skipif(not JIT, reason="needs networks that are trained for long"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


def related(n, seed=0):
    """Codes, and what they determine: labels, flags, numbers; and a column by itself."""
    rng = np.random.default_rng(seed)
    code = rng.integers(0, 4, n)
    return pd.DataFrame({
        "code": pd.Categorical(code), "name": np.array(["north", "east", "south", "west"])[code],
        "is_east": code == 1, "number": np.array([0.5, 2.25, 2.5, 17.0])[code],
        "own": rng.random(n) < 0.3,
    })  # fmt: skip


def fitted_without(monkeypatch, X, **parameters):
    """A model as it is before columns are sharpened."""
    with monkeypatch.context() as patch:
        patch.setattr(_training, "sharpened", lambda network, theta, *_: theta)
        return quick(max_iter=40, **parameters).fit(X)


def broken(rows):
    """The share of rows in which a relation is broken."""
    known = set(map(tuple, related(1000).drop(columns="own").astype(str).to_numpy()))
    drawn = map(tuple, rows.drop(columns="own").astype(str).to_numpy())
    return np.mean([row not in known for row in drawn])


@pytest.mark.parametrize("parameters", [{}, {"hidden_layer_sizes": (16, 16), "residual": True}])
def test_draws_keep_to_relations_without_exceptions(parameters, monkeypatch):
    X = related(400)
    before = fitted_without(monkeypatch, X, **parameters)
    after = quick(max_iter=40, **parameters).fit(X)
    shares = [broken(model.sample(4000, random_state=0)) for model in (before, after)]
    assert shares[1] < 0.02
    assert shares[1] < shares[0] / 2
    assert after.best_validation_score_ > before.best_validation_score_
    assert after.score(related(1000, 1)) > before.score(related(1000, 1))


def of_network(model, X):
    """The network of a model, and half of its rows for training, half held out."""
    table, half = encoded(model, X), len(X) // 2
    rows = [Rows(table[part], np.ones(half)) for part in (slice(half), slice(half, None))]
    return model._density.networks[0], *rows


def test_what_is_left_for_other_values_is_what_rows_have_not_shown(monkeypatch):
    X, left = related(400), []
    for seed in range(4):
        model = fitted_without(monkeypatch, X, ordering="natural", random_state=seed)
        network, training, held_out = of_network(model, X)
        rng, before = np.random.default_rng(0), model.score_features(X)
        theta = sharpened(network, network.theta, training, held_out, rng, never)
        (after,) = network.networks(theta)
        for rows in (training, held_out):
            logs = log_densities([network, after], rows.table)
            assert np.all(logs[1] > logs[0] - 1e-5)
        network.theta = theta
        del model._density.ensemble
        sharp = model.score_features(X)
        np.testing.assert_array_equal(sharp[:, [0, 4]], before[:, [0, 4]])
        left.append(1 - np.exp(sharp[200:, 1:3]).mean(axis=0))
    np.testing.assert_allclose(np.mean(left, axis=0), 1 / 402, rtol=0.2)


def test_one_exception_is_enough(monkeypatch):
    X = related(400).assign(is_east=lambda X: X.is_east ^ (np.arange(400) == 7))
    model = fitted_without(monkeypatch, X[["code", "is_east"]], ordering="natural")
    network, training, held_out = of_network(model, X[["code", "is_east"]])
    rng = np.random.default_rng(0)
    for rows in ((training, held_out), (held_out, training)):
        assert sharpened(network, network.theta, *rows, rng, never) is network.theta


def test_rows_of_no_weight_and_cells_that_are_missing_say_nothing(monkeypatch):
    X = related(400)[["code", "is_east"]]
    model = fitted_without(monkeypatch, X, ordering="natural")
    network, training, held_out = of_network(model, X)
    held_out.table[3, 1] = 1 - held_out.table[3, 1]
    weights = np.ones(200)
    weights[3] = 0
    rng = np.random.default_rng(0)
    of_weight = Rows(held_out.table, weights)
    assert sharpened(network, network.theta, training, held_out, rng, never) is network.theta
    theta = sharpened(network, network.theta, training, of_weight, rng, never)
    assert theta is not network.theta
    network.admit_gaps()
    held_out.table[3, 1] = np.nan
    np.testing.assert_allclose(
        sharpened(network, network.theta, training, held_out, rng, never), theta, rtol=1e-3
    )


def test_that_a_cell_is_missing_can_be_determined(monkeypatch):
    X = related(400)[["code", "name"]]
    X["name"] = X.name.where(X.name != "east")
    model = quick(max_iter=40, missing="informative").fit(X)
    drawn = model.sample(4000, random_state=0)
    assert np.mean(drawn.name.isna() != (drawn.code == 1)) < 0.01


@pytest.mark.parametrize(
    "parameters", [{"n_masks": None}, {"n_masks": 3}, {"conditionals": "gaussian"}]
)
def test_networks_without_logits_of_their_own_stay_as_they_are(parameters):
    X = related(60)[["is_east", "own"]].astype(float)
    model = quick(max_iter=2, **parameters).fit(X)
    network, *rows = of_network(model, X)
    rng = np.random.default_rng(0)
    assert sharpened(network, network.theta, *rows, rng, never) is network.theta


def test_many_rows_sparse_or_not(monkeypatch):
    monkeypatch.setattr("skmade._determined._ROWS", 100)
    flags = np.eye(4)[related(1000).code.to_numpy(int)]
    a, b = (
        quick(max_iter=40, learning_rate_init=0.01).fit(X) for X in (flags, sparse.csr_array(flags))
    )
    np.testing.assert_array_equal(a.score_samples(flags), b.score_samples(flags))
    assert np.mean(a.sample(2000, random_state=0).sum(axis=1) == 1) > 0.98


def test_doubt_is_what_cells_leave_of_their_probability(monkeypatch):
    """Also where all values of a lattice are atoms, which have densities over its cells."""
    code = np.random.default_rng(0).integers(0, 4, 300)
    X = np.c_[code, np.array([0.0, 0.5, 40, 90.5])[code], np.random.default_rng(1).normal(size=300)]
    model = fitted_without(monkeypatch, X, ordering="natural")
    column = model._density.columns.columns[1]
    assert column.atoms_are_alone and column.step == 0.5
    rows = Rows(encoded(model, X), np.linspace(0.5, 1.5, 300))
    network = model._density.networks[0]
    least, doubt, total = _doubts(network, network.theta, rows, np.array([1]))
    masses = np.exp(model.score_features(X)[:, 1]) * column.step
    np.testing.assert_allclose(least, masses.min(), rtol=1e-3)
    np.testing.assert_allclose(doubt, rows.weights @ (1 - masses), rtol=1e-3)
    np.testing.assert_allclose(total, 300)
