"""The two ways in which training begins, and which network begins in which."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import JIT, encoded, mixed_table, network_of, quick
from sklearn.base import clone
from sklearn.datasets import make_blobs

from skmade import MADEDensity, _training
from skmade._layout import are_direct
from skmade._scoring import log_densities

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


@pytest.mark.skipif(not JIT, reason="a long training")
def test_clusters_are_learnt_by_hidden_units(monkeypatch):
    """Lines through clusters say something of columns that are independent within each."""
    X, _ = make_blobs(4_000, 15, centers=4, center_box=(-10, 10), random_state=0)
    model = MADEDensity(n_estimators=3, random_state=0).fit(X[:500])
    monkeypatch.setattr(_training, "rounds", lambda progresses: [range(len(progresses))])
    together = MADEDensity(n_estimators=3, random_state=0).fit(X[:500])
    assert model.score(X[500:]) > together.score(X[500:]) + 0.1
