"""Weights of components of mixtures, refitted when training has ended."""

import numpy as np
import pytest
from conftest import JIT, encoded, network_of, quick
from naive import LOG_PROB, DenseNetwork, atoms_of, log_prob
from scipy.special import log_softmax, softmax
from test_kernels import fitted

from skmade import MADEDensity
from skmade._components import refitted
from skmade._families import FAMILY_NAMES
from skmade._scoring import Scorer, log_densities
from skmade._threads import never
from skmade._training import Rows

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def share_of_rest(feature, value, outputs, constants):
    """The probability that a value was drawn from the family, and is no atom."""
    cell, n = constants[feature.first_atom - 3], feature.n_states
    if np.isnan(value) or (cell == 0 and value in atoms_of(feature, constants)):
        return 0.0
    if n == 0:
        return 1.0
    density = LOG_PROB[FAMILY_NAMES[feature.family]](value, outputs[n:], constants)
    joint = log_softmax(outputs[:n])[0] + density
    return np.exp(joint - log_prob(feature, value, outputs, constants))


def naive_sums(network, table, weights):
    """What components weigh before values are known, and then, row by row and one by one."""
    features, dense = network.plan.features, DenseNetwork(network)
    sums = np.zeros((2, len(features), features["n_components"].max()))
    for row, weight in zip(table, weights):
        for feature, outputs, constants in dense.parameters(row):
            n, value, own = feature.n_components, row[feature.column], outputs[feature.n_states :]
            share = weight * share_of_rest(feature, value, outputs, constants)
            if n == 0 or share == 0:
                continue
            density = LOG_PROB[FAMILY_NAMES[feature.family]]
            alone = [density(value, own[c::n], constants) for c in range(n)]
            sums[0, feature.column, :n] += share * softmax(own[:n])
            sums[1, feature.column, :n] += share * softmax(own[:n] + alone)
    return sums


def test_sums_over_rows_are_those_of_naive_twins(rng):
    _, network, table = fitted(n_samples=40)
    weights, features = rng.random(len(table)), network.plan.features
    sums = np.zeros((2, len(features), features["n_components"].max()))
    total = Scorer(network, len(table)).add_components(table, weights, sums)
    expected = naive_sums(network, table, weights)
    assert np.count_nonzero(expected.sum(axis=(0, 2))) > len(features) // 2
    np.testing.assert_allclose(sums, expected, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(total, weights @ log_densities([network], table)[0])


def skewed():
    """A network whose mixtures weigh their components wrongly, and rows it was trained on."""
    X, _ = np.random.default_rng(0).normal(size=(2, 400, 3))
    X[:, 1] += 2 * X[:, 0]
    model = quick(n_components=4, max_iter=15, dtype="float64", alpha=0.0).fit(X)
    network, table = model._density.networks[0], encoded(model, X)
    for place in network.component_biases().values():
        network.theta[place] += [2.0, -1.0, 0.5, 0.0]
    return network, Rows(table, np.ones(len(table)))


@pytest.mark.skipif(not JIT, reason="of hundreds of rounds")
def test_what_components_explain_is_what_they_weigh_in_the_end(monkeypatch):
    monkeypatch.setattr("skmade._components._ROUNDS", 200)
    network, rows = skewed()
    before = network.theta.copy()
    theta = refitted(network, network.theta, rows, np.random.default_rng(0), never)
    np.testing.assert_array_equal(network.theta, before)
    sums = np.zeros((2, 3, 4))
    (fitted_anew,) = network.networks(theta)
    Scorer(fitted_anew, 400).add_components(rows.table, rows.weights, sums)
    np.testing.assert_allclose(*sums, rtol=0.02, atol=0.5)
    np.testing.assert_allclose(sums.sum(axis=2), sums[0].sum(axis=1)[None].repeat(2, axis=0))
    biases = np.concatenate(list(network.component_biases().values()))
    assert len(biases) == 12
    np.testing.assert_array_equal(np.delete(theta, biases), np.delete(before, biases))


def test_the_likelihood_of_the_rows_never_falls(monkeypatch):
    network, rows = skewed()
    scores = []
    for n in range(1, 8):
        monkeypatch.setattr("skmade._components._ROUNDS", n)
        theta = refitted(network, network.theta, rows, np.random.default_rng(0), never)
        scores.append(log_densities(network.networks(theta), rows.table).mean())
    assert np.all(np.diff(scores) > 0)
    assert scores[-1] > scores[0] + 0.05


@pytest.mark.parametrize("parameters", [{"conditionals": "gaussian"}, {"n_masks": None}])
def test_networks_without_mixtures_of_their_own_stay_as_they_are(parameters):
    model = quick(**parameters).fit(np.random.default_rng(0).normal(size=(60, 2)))
    network = network_of(model)
    rows = Rows(np.zeros((5, 2), network.theta.dtype), np.ones(5))
    assert refitted(network, network.theta, rows, np.random.default_rng(0), never) is network.theta


@pytest.mark.skipif(not JIT, reason="slow")
@pytest.mark.parametrize("ordering", [[0, 1], [1, 0]])
def test_two_columns_that_are_nearly_one_are_drawn_as_closely(ordering, rng):
    x, noise = rng.normal(size=(2, 4000))
    X = np.column_stack([x, x + 0.01 * noise])
    model = MADEDensity(random_state=0, ordering=ordering, n_estimators=1).fit(X)
    drawn = model.sample(20_000, random_state=0)
    known = np.column_stack([np.full(500, np.nan), np.linspace(-2, 2, 500)])
    filled = model.sample_conditional(known, random_state=0)
    for rows in (drawn, filled):
        apart = rows[:, 1] - rows[:, 0]
        assert np.mean(np.abs(apart) > 0.05) < 0.002
        assert np.sqrt(np.mean(apart[np.abs(apart) < 0.05] ** 2)) < 0.015
    assert np.sqrt(np.mean((filled[:, 1] - filled[:, 0]) ** 2)) < 0.015


def test_held_out_rows_may_speak_against_it(rng, monkeypatch):
    X, X_val = rng.normal(size=(2, 300, 2))
    models = []
    for worse in (0.0, 3.0):

        def spoilt(network, theta, *_, worse=worse):
            theta = theta.copy()
            theta[next(iter(network.component_biases().values()))[0]] += worse
            return theta

        monkeypatch.setattr("skmade._training.refitted", spoilt)
        models.append(quick().fit(X, X_val=X_val))
    np.testing.assert_array_equal(*(model.score_samples(X) for model in models))
