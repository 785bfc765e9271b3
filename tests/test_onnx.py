"""Graphs of ONNX give the scores that models give.

Networks need not be trained for that: random weights do, and slow twins of the kernels, so that
nothing is compiled.
"""

import pickle

import naive
import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
from conftest import ALL_CONDITIONALS, mixed_table, quick
from files.make import table
from scipy.sparse import csr_array
from scipy.special import logsumexp
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from test_fitted import FILES

from skmade import MADEDensity, MADEImputer
from skmade._columns import Table
from skmade._columns._number import Warped
from skmade._fitted import FittedDensity
from skmade._kernels._constants import ACTIVATIONS
from skmade._onnx._densities import DENSITIES
from skmade.onnx import as_input, to_onnx

N = 40


def run(model, numbers):
    """What a runtime makes of the graph of a model."""
    session = onnxruntime.InferenceSession(to_onnx(model).SerializeToString())
    (scores,) = session.run(["score"], {"X": np.asarray(numbers, float)})
    return scores


def untrained(X, **parameters):
    """A model with random weights."""
    model = quick(**{"hidden_layer_sizes": (8, 8)} | parameters)
    rows, rng = Table.read(model, X, reset=True), np.random.default_rng(1)
    columns = model._learn_columns(rows, np.ones(len(rows)))
    encoded = model._encode(columns, rows, np.ones(len(rows)))
    architecture, networks = model._networks_to_train(None, columns, encoded, rng)
    for network in networks:
        network.theta += 0.3 * rng.normal(size=len(network.theta))
    density = FittedDensity(columns, architecture, networks, model.combination)
    model._density = FittedDensity.from_state(density.state())  # without what masks hide
    model.atoms_ = columns.atoms
    return model


def reference(model, X):
    """Scores by slow twins of the kernels, in double precision."""
    density = model._density
    numbers = density.columns.numbers(Table.read(model, X, reset=False))
    ensemble, encoded = density.ensemble, np.empty(numbers.shape)
    density.columns.encode(numbers, encoded)
    logs = [
        [naive.DenseNetwork(network).contributions(row).sum() for row in encoded]
        for network in ensemble.networks
    ]
    scores = logsumexp(np.array(logs) + ensemble.log_weights[:, None], axis=0)
    if ensemble.is_product:
        outcomes = [family.is_informative for family in density.architecture.families]
        share_observed = np.mean(~np.isnan(encoded) | outcomes, axis=1)
        scores = np.mean(logs, axis=0) - share_observed * ensemble.log_normalizer
    scores += density.columns.offset
    density.columns.add_extras(numbers, scores)
    return scores


ATOMS = {"spiky": [0.0], "heaped": [40.0], "alone": [0, 7, 100]}


def kinds(with_gaps=False):
    """A table with all kinds of columns: with atoms, bounds, lattices, labels and constants."""
    rng = np.random.default_rng(0)
    real = rng.normal(size=N)
    frame = pd.DataFrame(
        {
            "real": real,
            "spiky": np.where(np.arange(N) % 2, 0.0, real),
            "positive": np.exp(real),
            "rounded": np.round(real, 1) + 100,
            "heaped": np.where(np.arange(N) % 3, 40, np.round(9 * real) + 40),
            "alone": np.array([0, 7, 100])[rng.integers(0, 3, N)],
            "count": rng.poisson(np.exp(real)),
            "flag": real > 0,
            "pair": np.where(rng.random(N) > 0.5, 3.5, 1.2),
            "label": np.array(["a", "b", "c"])[rng.integers(0, 3, N)],
            "lonely": "x",
            "constant": 7.0,
            "day": pd.to_datetime(rng.integers(0, 300, N), unit="D"),
        }
    )
    return frame.mask(rng.random(frame.shape) < 0.2) if with_gaps else frame


def assert_as_reference(model, X, tolerance=1e-4):
    right = reference(model, X)
    assert np.all(np.isfinite(right))
    scores = run(model, as_input(model, X))
    np.testing.assert_allclose(scores, right, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.InconsistentVersionWarning")
def test_scores_of_trained_models(path):
    model, X = pickle.loads(path.read_bytes())["model"], table()
    onnx.checker.check_model(to_onnx(model), full_check=True)
    scores = run(model, as_input(model, X))
    np.testing.assert_allclose(scores, model.score_samples(X), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("missing", ["ignorable", "informative"])
@pytest.mark.parametrize("with_gaps", [False, True])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-3), ("float64", 1e-5)])
def test_all_kinds_of_columns(missing, with_gaps, dtype, tolerance):
    X = kinds(with_gaps)
    model = untrained(X, missing=missing, dtype=dtype, handle_unknown="rare", atoms=ATOMS)
    assert any(column.atoms_are_alone for column in model._density.columns.columns[1:6])
    assert_as_reference(model, X, tolerance)


@pytest.mark.parametrize("missing", ["ignorable", "informative"])
def test_what_fit_has_not_seen(missing):
    X = kinds(with_gaps=True)
    model = untrained(X, missing=missing, handle_unknown="rare", atoms=ATOMS)
    new = X[:4].copy()
    new.loc[0, "label"], new.loc[1, "pair"] = "new", 2.0
    new.loc[2, "positive"], new.loc[3, "rounded"] = -1.0, 103.0  # beyond a bound, and off
    assert_as_reference(model, new, 1e-3)


@pytest.mark.parametrize("far", [1.0, 1e30, 1e160, -1e160])
def test_maps_of_columns_lead_as_far(far):
    X = np.random.default_rng(0).lognormal(0, 2, (200, 1))
    model = untrained(X)
    assert isinstance(model._density.columns.columns[0], Warped)
    assert_as_reference(model, far * X[:5])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("family", ALL_CONDITIONALS)
def test_families(family, dtype):
    X, families = mixed_table(N, families=[family, "gaussian", family])
    model = untrained(X, conditionals=families, dtype=dtype)
    assert_as_reference(model, X, 1e-4 if dtype == "float32" else 1e-5)


NETWORKS = [
    *({"activation": activation} for activation in ACTIVATIONS),
    {"residual": True, "activation": "tanh"},
    {"direct_connections": False},
    {"hidden_layer_sizes": ()},
    {"hidden_layer_sizes": (), "direct_connections": False},
    {"n_estimators": 3, "combination": "mixture"},
    {"n_estimators": 3, "combination": "weighted"},
    {"n_estimators": 3, "combination": "product"},
    {"n_masks": 2, "n_estimators": 2},
]


@pytest.mark.parametrize("missing", ["ignorable", "informative"])
def test_gaps_in_rows_of_a_product(missing):
    X = kinds(with_gaps=True)
    parameters = {"n_estimators": 3, "combination": "product", "atoms": ATOMS}
    model = untrained(X, missing=missing, handle_unknown="rare", **parameters)
    model._density.log_normalizer = -0.5
    assert_as_reference(model, X)
    scores = model.score_samples(X)
    np.testing.assert_allclose(scores, reference(model, X), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("parameters", NETWORKS, ids=str)
def test_networks(parameters):
    X = kinds()[["real", "flag", "label", "count"]]
    model = untrained(X, **parameters)
    density = model._density
    if model.combination == "weighted":
        density.weights = np.array([0.25, 0.0, 0.75])
    if model.combination == "product":
        density.log_normalizer = -0.5
    assert_as_reference(model, X)


@pytest.mark.parametrize(
    ("column", "cell"),
    [("label", 3), ("label", 0.5), ("pair", 2.0), ("real", np.inf), ("constant", 8.0)],
)
def test_cells_without_a_probability_make_scores_nan(column, cell):
    X = kinds()
    model = untrained(X, atoms=ATOMS)
    numbers = as_input(model, X)
    numbers[1, X.columns.get_loc(column)] = cell
    np.testing.assert_array_equal(np.isnan(run(model, numbers)), np.arange(N) == 1)


@pytest.mark.parametrize("code", [-9999.0, 2.0**31])
@pytest.mark.parametrize("parameters", [{}, {"atoms": None, "conditionals": "gaussian_mixture"}])
def test_codes_are_beyond_bounds_and_others_near_them_are_none(code, parameters):
    """(2**31 + 1 is 2**31 in single precision.)"""
    x = np.random.default_rng(0).random(300)
    X = np.r_[x, 20 * [code]][:, None]
    model = untrained(X, **parameters)
    assert code in model.atoms_[0]
    if not parameters:
        np.testing.assert_allclose(model._density.columns.columns[0].bounds, [0, 1], atol=0.02)
    near = [[code + 1], [code - 1], [code / 2], [-0.5], [1.5]]
    assert_as_reference(model, np.r_[X, near])


@pytest.mark.parametrize("spike", [0.0, 0.2])
def test_values_between_the_points_of_lattices(spike):
    rng = np.random.default_rng(0)
    x = np.round(rng.normal(40, 12, (500, 2)))
    x += (rng.random(x.shape) < 0.06) * rng.choice([0.25, 0.5], x.shape)
    x[:, 1] *= 10  # (whose places are others)
    x[rng.random(500) < spike] = [40, 400]
    x[::50] = np.nan
    model = untrained(x)
    assert [column.fine for column in model._density.columns.columns] == [0.25, 2.5]
    assert_as_reference(model, np.vstack([x, [[40.1, 460.0], [-10.0, 402.4], [41.75, 407.5]]]))


def test_counts_are_whole():
    X, families = mixed_table(N, families=["negative_binomial", "gaussian"])
    model = untrained(X, conditionals=families)
    X[:2, 0] = 0.5, -1
    np.testing.assert_array_equal(np.isnan(run(model, X)), np.arange(N) < 2)


def test_columns_of_families_without_a_graph_are_named(monkeypatch):
    X, families = mixed_table(N, families=["gaussian", "bernoulli"])
    model = untrained(X, conditionals=families)
    monkeypatch.delitem(DENSITIES, "bernoulli")
    with pytest.raises(NotImplementedError, match="Column 1 has a 'bernoulli' conditional"):
        to_onnx(model)


def test_sparse_matrices_are_read_as_dense_ones():
    X = csr_array(np.random.default_rng(0).integers(0, 2, (N, 3)))
    np.testing.assert_array_equal(as_input(untrained(X), X), X.toarray())


def test_models_must_be_fitted():
    with pytest.raises(NotFittedError):
        to_onnx(MADEDensity())


@pytest.mark.parametrize("made", [make_pipeline(MADEDensity()), MADEImputer()])
def test_only_models_of_ours(made):
    with pytest.raises(TypeError, match="pipeline pass the last step.*its estimator_"):
        to_onnx(made)
    with pytest.raises(TypeError, match="pipeline pass the last step"):
        as_input(made, np.zeros((2, 2)))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_doubles_far_from_the_middle_of_a_component():
    rng = np.random.default_rng(0)
    group = rng.integers(0, 2, 300)
    X = np.column_stack([group, 1000 * group + rng.uniform(size=300)])  # which ends sharply
    model = quick(dtype="float64", max_iter=60, learning_rate_init=0.03).fit(X)
    np.testing.assert_allclose(run(model, X), model.score_samples(X), atol=1e-4)
    model = untrained(X, dtype="float64", activation="softplus")
    np.testing.assert_allclose(run(model, X), reference(model, X), atol=1e-4)
