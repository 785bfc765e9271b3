"""The two ways in which training begins, and which network begins in which."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import JIT, encoded, mixed_table, network_of, quick
from sklearn.base import clone
from sklearn.datasets import make_blobs

from skmade import MADEDensity, _beginnings, _fitting, _training
from skmade._beginnings import begun_otherwise
from skmade._families._scales import SCALE_FLOOR
from skmade._layout import are_direct
from skmade._scoring import log_densities
from skmade._training import Rows

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def places_of_direct_weights(network):
    """Where in theta the weights from inputs to outputs are."""
    panels = network.plan.panels[are_direct(network.plan)]
    sizes = panels["extent"] * panels["height"]
    return np.concatenate([[], *map(np.arange, panels["offset"], panels["offset"] + sizes)])


@pytest.mark.parametrize("sizes", [(7,), (70, 60)])
def test_without_direct_connections_is_with_weights_of_zero(sizes):
    X, families = mixed_table(60)
    with pytest.warns(UserWarning):
        model = quick(
            conditionals=families, hidden_layer_sizes=sizes, direct_connections=True, max_iter=2
        ).fit(X)
    network, table = network_of(model), encoded(model, X)
    without, places = (
        network.without_direct_connections(),
        places_of_direct_weights(network).astype(int),
    )
    assert np.any(network.theta[places])
    assert not np.any(without.theta[places])
    assert not without.has_direct_connections
    by_zeros = replace(network, theta=without.theta)
    np.testing.assert_array_equal(log_densities([without], table), log_densities([by_zeros], table))
    others = np.setdiff1d(np.arange(len(network.theta)), places)
    np.testing.assert_array_equal(without.theta[others], network.theta[others])


@pytest.mark.parametrize(
    "parameters", [{"hidden_layer_sizes": ()}, {"direct_connections": False}], ids=str
)
def test_networks_that_have_nothing_to_learn_later(parameters, rng):
    network = network_of(quick(max_iter=1, **parameters).fit(rng.normal(size=(40, 3))))
    assert network.without_direct_connections() is network


def fitted_networks(monkeypatch, X, scores=None, **parameters):
    """A model, and of its networks in turn whether direct connections came later."""
    seen, train = {}, _training.train

    def watched(network, training, validation, settings, offset, own, progress, *rest):
        train(network, training, validation, settings, offset, own, progress, *rest)
        if scores:
            progress.best_score = scores[progress.number - 1]
        seen[progress.number] = progress.begins_otherwise

    monkeypatch.setattr(_training, "train", watched)
    model = quick(max_iter=2, **parameters).fit(X)
    monkeypatch.undo()
    return model, [seen[number] for number in sorted(seen)]


@pytest.mark.parametrize(
    ("scores", "later"),
    [
        ([1.0, 2.0, 0.0, 0.0], [False, True, True, True]),
        ([2.0, 1.0, 0.0, 0.0], [False, True, False, False]),
        ([1.0, 1.0, 3.0], [False, True, False]),
        ([1.0, -np.inf, 3.0], [False, True, False]),
        ([1.0, 2.0], [False, True]),
    ],
)
def test_networks_do_as_the_better_one_of_the_first_two(monkeypatch, rng, scores, later):
    X = rng.normal(size=(40, 3))
    _, seen = fitted_networks(monkeypatch, X, scores, n_estimators=len(scores))
    assert seen == later


def test_networks_that_go_on_do_so_with_all_connections(monkeypatch, rng):
    X = rng.normal(size=(40, 3))
    model = quick(max_iter=2, n_estimators=2, warm_start=True).fit(X)
    seen, train = [], _training.train

    def watched(*arguments):
        seen.append(arguments[6].begins_otherwise)
        return train(*arguments)

    monkeypatch.setattr(_training, "train", watched)
    model.set_params(n_estimators=4).fit(X)
    assert seen == [False] * 4


def test_direct_connections_are_left_out_until_the_first_plateau(rng):
    X = rng.normal(size=(80, 3))
    X[:, 2] = X[:, 0] * X[:, 1]  # (of which lines say nothing)
    early = quick(n_estimators=2, max_iter=3, direct_connections=True).fit(X)
    networks = early._density.networks
    weights = [network.theta[places_of_direct_weights(network).astype(int)] for network in networks]
    assert np.any(weights[0])
    assert not np.any(weights[1])
    late = clone(early).set_params(max_iter=80, n_iter_no_change=3).fit(X)
    network = late._density.networks[1]
    assert np.any(network.theta[places_of_direct_weights(network).astype(int)])


def one_column(rng, n=600):
    """Three quarters of a normal column, a quarter of which is 0, and some gaps."""
    X = rng.normal(size=(n, 1))
    X[rng.random(n) < 0.25] = 0
    X[rng.random(n) < 0.1] = np.nan
    return X


@pytest.mark.parametrize("conditionals", ["gaussian_mixture", "logistic_mixture"])
@pytest.mark.parametrize("weighted", [False, True])
def test_components_of_one_column_begin_at_parts_of_its_rows(conditionals, weighted, rng):
    X = one_column(rng)
    model = quick(conditionals=conditionals, n_components=8, dtype="float64", max_iter=1).fit(X)
    network, table = network_of(model), encoded(model, X)
    weights = rng.integers(0, 3, len(X)).astype(float) if weighted else np.ones(len(X))
    begun = begun_otherwise(network, Rows(table, weights))
    feature = network.plan.features[0]
    assert (feature.n_components, feature.n_atoms) == (8, 1)
    changed = np.flatnonzero(begun.theta != network.theta)
    _, own = network.places_of_outputs(
        feature.first_output + feature.n_states, feature.first_output + feature.n_outputs
    )
    assert set(changed) <= set(own)
    logits, means, scales = begun.theta[own].reshape(3, 8)
    values = np.repeat(table[:, 0], weights.astype(int))
    values = np.sort(values[~np.isnan(values) & (values != table[np.nanargmin(abs(X)), 0])])
    assert np.ptp(logits) == 0
    places = np.searchsorted(values, means, side="left") / len(values)
    np.testing.assert_allclose(places, (np.arange(8) + 0.5) / 8, atol=2 / len(values))
    ends = np.quantile(values, np.arange(9) / 8)
    expected = np.log(np.expm1(np.diff(ends) / 2 - SCALE_FLOOR))
    np.testing.assert_allclose(scales, expected, atol=0.3)


@pytest.mark.parametrize("conditionals", ["gaussian", "categorical", "negative_binomial"])
def test_one_column_without_components_has_one_beginning(conditionals, rng):
    X = rng.integers(0, 3, size=(60, 1)).astype(float) + (conditionals == "gaussian")
    model = quick(conditionals=conditionals, max_iter=1).fit(X)
    network = network_of(model)
    assert begun_otherwise(network, Rows(encoded(model, X), np.ones(60))) is network


def test_a_column_of_atoms_alone_has_one_beginning(rng):
    X = rng.choice([0.0, 0.1, 0.7], size=(90, 1))
    network = network_of(model := quick(max_iter=1, atoms={0: [0.0, 0.1, 0.7]}).fit(X))
    assert begun_otherwise(network, Rows(encoded(model, X), np.ones(90))) is network


def test_few_rows_of_one_column_have_one_beginning(rng):
    X = rng.normal(size=(250, 1))
    network = network_of(model := quick(max_iter=1, n_components=10).fit(X))
    table = encoded(model, X)
    assert begun_otherwise(network, Rows(table, np.ones(250))) is not network
    assert begun_otherwise(network, Rows(table[:249], np.ones(249))) is network


def pairs(ways, logs):
    scores = logs.mean(axis=1)
    return [
        (way, SimpleNamespace(begins_otherwise=way, best_score=score))
        for way, score in zip(ways, scores)
    ]


@pytest.mark.parametrize(
    ("ways", "left_out"),
    [
        ([0, 1, 1, 1], 0),
        ([0, 1, 0, 0], 1),
        ([0, 1], 0),
        ([0, 1], 1),
        ([0, 0, 0], None),
        ([0, 1, 1, 0], None),
    ],
)
@pytest.mark.parametrize("gap", [-3.0, 0.0, 3.0])
def test_the_worse_way_is_left_out_if_it_makes_rows_less_likely(
    monkeypatch, rng, ways, left_out, gap
):
    """Whether the only network of its way is `gap` nats below all others, or as good."""
    logs = np.tile(rng.normal(size=50), (len(ways), 1))
    if left_out is not None:
        logs[left_out] -= gap
    monkeypatch.setattr(_beginnings, "log_densities", lambda *_: logs)
    kept = pairs(ways, logs)
    after = _beginnings.without_the_worse(kept, Rows(np.zeros((50, 1)), np.ones(50)), None)
    if left_out is not None and gap > 0:
        del kept[left_out]
    elif len(ways) == 2 and gap < 0:  # then the other one is the worse
        del kept[1 - left_out]
    assert after == kept


@pytest.mark.parametrize(
    ("apart", "enough"), [(0.0, True), (0.6, True), (0.7, False), (5.0, False), (np.inf, False)]
)
@pytest.mark.parametrize("weighted", [False, True])
def test_two_networks_say_the_same_if_their_mean_gains_little(monkeypatch, apart, enough, weighted):
    """Log-densities that are 2 a apart have a mean of densities log(cosh(a)) above their own."""
    logs = np.where(np.arange(60) % 2, apart, -apart) * np.array([[0.5], [-0.5]])
    assert (np.log(np.cosh(apart / 2)) < _beginnings._LEAST_GAIN) == enough
    weights = np.tile([1.0, 1.0, 2.0, 0.0], 15) if weighted else np.ones(60)
    monkeypatch.setattr(_beginnings, "log_densities", lambda *_: logs)
    assert _beginnings.say_the_same([], Rows(np.zeros((60, 1)), weights), None) is enough


def test_what_networks_differ_in_has_to_be_small_by_a_standard_error(monkeypatch):
    apart = np.zeros(50)
    apart[0] = 10.0  # (which gains 4.3 nats for one row, and .086 for the mean row)
    for n, enough in ((1, False), (50, False), (1000, True)):
        logs = np.resize(apart, n) * (np.arange(n) < 50) * np.array([[0.5], [-0.5]])
        monkeypatch.setattr(_beginnings, "log_densities", lambda *_, logs=logs: logs)
        rows = Rows(np.zeros((n, 1)), np.ones(n))
        assert _beginnings.say_the_same([], rows, None) is enough
    monkeypatch.setattr(_beginnings, "log_densities", lambda *_: np.zeros((2, 1)))
    one = Rows(np.zeros((1, 1)), np.ones(1))
    assert not _beginnings.say_the_same([], one, None)  # (of which there is no error)


@pytest.mark.parametrize(
    ("parameters", "n"),
    [
        ({}, 2), ({"n_estimators": 4}, 4), ({"combination": "product"}, 5),
        ({"combination": "weighted"}, 5), ({"early_stopping": False}, 5),
    ],
    ids=str,
)  # fmt: skip
def test_two_networks_are_enough_where_they_say_the_same(monkeypatch, rng, parameters, n):
    asked = []

    def say_the_same(networks, held_out, n_jobs):
        logs = log_densities(networks, held_out.table, n_jobs)
        asked.append(np.average(logs, axis=1, weights=held_out.weights))
        return True

    monkeypatch.setattr(_fitting, "say_the_same", say_the_same)
    monkeypatch.setattr(_fitting, "without_the_worse", lambda kept, **_: kept)
    parameters = {"n_estimators": "auto", **parameters}
    model, seen = fitted_networks(monkeypatch, rng.normal(size=(60, 3)), **parameters)
    assert len(model.orderings_) == len(model.n_epochs_) == len(seen) == n
    assert [len(scores) for scores in asked] == ([2] if n == 2 else [])
    if n == 2:  # (they are asked about as they were best)
        assert max(model.validation_curve_) == model.best_validation_score_
        best = asked[0] + model._density.columns.offset
        assert best.max() == pytest.approx(model.best_validation_score_, abs=1e-4)


@pytest.mark.parametrize(("n", "impossible"), [(1, 0), (50, 1)])
def test_none_is_left_out_for_one_row_or_for_rows_that_are_impossible(
    monkeypatch, rng, n, impossible
):
    logs = np.stack([rng.normal(size=n) + way for way in (0.0, 5.0, 5.0)])
    logs[:, :impossible] = -np.inf
    monkeypatch.setattr(_beginnings, "log_densities", lambda *_: logs)
    kept = pairs([0, 1, 1], logs)
    assert _beginnings.without_the_worse(kept, Rows(np.zeros((n, 1)), np.ones(n)), None) == kept


@pytest.mark.skipif(not JIT, reason="a long training")
def test_a_column_of_many_modes_comes_near_the_truth():
    """Sixteen normal densities, whose modes wide components do not find."""
    rng = np.random.default_rng(0)
    X = rng.integers(16, size=(4_000, 1)) + 0.05 * rng.normal(size=(4_000, 1))
    truth = -np.log(16) - np.log(0.05) - 0.5 * np.log(2 * np.pi * np.e)
    model = MADEDensity(random_state=0).fit(X[:1_000])
    assert truth - 0.12 < model.score(X[1_000:]) < truth
    assert len(model.n_epochs_) == 4  # of five


@pytest.mark.skipif(not JIT, reason="a long training")
def test_a_normal_column_stays_near_the_truth():
    X = np.random.default_rng(0).normal(size=(5_000, 1))
    model = MADEDensity(random_state=0).fit(X[:1_000])
    truth = -0.5 * np.mean(X[1_000:] ** 2) - 0.5 * np.log(2 * np.pi)
    assert model.score(X[1_000:]) == pytest.approx(truth, abs=0.02)


@pytest.mark.skipif(not JIT, reason="a long training")
def test_clusters_are_learnt_by_hidden_units(monkeypatch):
    """Lines through clusters say something of columns that are independent within each."""
    X, _ = make_blobs(4_000, 15, centers=4, center_box=(-10, 10), random_state=0)
    model = MADEDensity(n_estimators=3, random_state=0).fit(X[:500])
    monkeypatch.setattr(_fitting, "rounds", lambda networks, _, says_enough: [range(len(networks))])
    together = MADEDensity(n_estimators=3, random_state=0).fit(X[:500])
    assert model.score(X[500:]) > together.score(X[500:]) + 0.1
