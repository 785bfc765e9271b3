"""Weights that many draws of masks share."""

import numpy as np
import pytest
from conftest import (
    binary_states,
    called_by_kernel,
    correlated_flags,
    encoded,
    network_of,
    quick,
    sizes,
)
from naive import DenseDraw, DenseNetwork

from skmade import _shared
from skmade._kernels._choice import in_use
from skmade._kernels._constants import SOLVERS
from skmade._kernels._shared import Dense, gather, shared_step
from skmade._kernels._shared import scatter as scatter_part
from skmade._kernels._steps import Batches, Descent
from skmade._masks import lost_dependencies
from skmade._scoring import Scorer, log_densities
from skmade._shared import SharedMemory, dense_blocks
from skmade._teams import make_teams

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

scatter = called_by_kernel(scatter_part)

SETTINGS = [
    {},
    {"hidden_layer_sizes": ()},
    {"hidden_layer_sizes": (60, 50)},
    {"hidden_layer_sizes": (9, 9, 9), "residual": True},
    {"direct_connections": False},
    {"hidden_layer_sizes": (), "direct_connections": False},
    {"hidden_layer_sizes": (2, 9), "direct_connections": False},
]


def shared_network(**parameters):
    X = np.column_stack([correlated_flags(60, 4), np.random.default_rng(0).integers(0, 3, 60)])
    conditionals = ["bernoulli", "bernoulli", "gaussian_mixture", "gaussian", "categorical"]
    model = quick(n_masks=3, max_iter=1, dtype="float64", conditionals=conditionals, **parameters)
    X[:, 2:4] += np.random.default_rng(1).normal(size=(60, 2))
    model.fit(X)
    return network_of(model), encoded(model, X)


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_a_draw_sees_what_its_masks_let_through(setting):
    network, _ = shared_network(**setting)
    for draw in network.draws:
        own = network.network(draw, network.theta)
        back, everything = np.zeros_like(network.theta), (0, len(draw.plan.panels))
        scatter(draw.plan, draw.places, dense_blocks(draw.plan), own.theta, back, *everything)
        kept = back != 0
        np.testing.assert_array_equal(back[kept], network.theta[kept])
        dense = DenseNetwork(own)
        n_kept = sum(int(mask.sum()) for key, mask in dense.masks.items() if key in dense.weights)
        n_biases = draw.plan.layers[-1, 1] - draw.plan.layers[0, 1]
        if setting.get("direct_connections", True):
            zero_biases = np.sum(network.theta[-n_biases:] == 0)
            assert kept.sum() == n_kept + n_biases - zero_biases
        for key, mask in dense.masks.items():
            assert np.all(dense.weights[key][~mask] == 0)


def by_degree(layer):
    """Units in the order that a draw lays them out in."""
    return np.argsort(layer, kind="stable")


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_gathered_weights_are_the_dense_ones_where_masks_let_them_through(setting):
    network, _ = shared_network(**setting)
    for draw in network.draws:
        naive, own = DenseDraw(network, draw), DenseNetwork(network.network(draw, network.theta))
        for (layer, source), mask in naive.masks.items():
            places = np.ix_(by_degree(naive.degrees[layer]), by_degree(naive.degrees[source]))
            masked = (naive.weights[layer, source] * mask)[places]
            np.testing.assert_array_equal(own.weights[layer, source], masked)
        for layer, (bias, gathered) in enumerate(zip(naive.biases, own.biases), 1):
            np.testing.assert_array_equal(gathered, bias[by_degree(naive.degrees[layer])])


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_scattering_undoes_gathering(setting, rng):
    network, _ = shared_network(**setting)
    dense = rng.normal(size=len(network.theta))
    for draw in network.draws:
        own, back = network.network(draw, dense).theta, np.zeros_like(dense)
        everything = 0, len(draw.plan.panels)
        scatter(draw.plan, draw.places, dense_blocks(draw.plan), own, back, *everything)
        naive = DenseDraw(network, draw, back)
        for key, weights in DenseDraw(network, draw, dense).weights.items():
            np.testing.assert_array_equal(naive.weights[key], weights * naive.masks[key])
        n_biases = sum(len(bias) for bias in naive.biases)
        np.testing.assert_array_equal(back[-n_biases:], dense[-n_biases:])
        again = network.network(draw, back).theta
        np.testing.assert_array_equal(again, own)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_scores_equal_those_of_the_masked_dense_network(setting, activation):
    network, table = shared_network(activation=activation, **setting)
    table = table[: sizes(30, 3)].copy()
    for draw in network.draws:
        expected = [DenseDraw(network, draw).contributions(row) for row in table]
        np.testing.assert_allclose(
            contributions_of(network.network(draw, network.theta), table),
            expected,
            rtol=1e-9,
            atol=1e-9,
        )


def contributions_of(network, table):
    """log p(x_d | features before d) of each row, by column."""
    contributions = np.zeros(table.shape)
    scorer, scores = Scorer(network, len(table)), np.zeros((1, len(table)))
    scorer.add_scores(network.plan, table, scores, contributions[None])
    return contributions


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_conditionals_depend_on_predecessors_and_nothing_else_in_every_draw(setting, rng):
    network, table = shared_network(activation="tanh", **setting)
    table, n_features = table[: sizes(40, 12)].copy(), table.shape[1]
    dense = rng.normal(size=len(network.theta))
    for draw in network.draws:
        own, found = network.network(draw, dense), np.zeros((n_features, n_features), bool)
        base = contributions_of(own, table)
        for e in range(n_features):
            changed = table.copy()
            changed[:, e] = np.roll(table[:, e], 1)
            found[:, e] = (contributions_of(own, changed) != base).any(axis=0)
        position, direct = np.argsort(draw.ordering), setting.get("direct_connections", True)
        expected = position[:, None] > position
        expected &= bool(draw.degrees) or direct
        for after, before in draw.ordering[lost_dependencies(own.degrees, n_features, direct)]:
            expected[after, before] = False
        np.testing.assert_array_equal(found, expected | np.eye(n_features, dtype=bool))


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_a_unit_has_the_same_weights_in_every_draw(setting):
    network, _ = shared_network(**setting)
    numbered = np.arange(1.0, len(network.theta) + 1)
    for draw in network.draws:
        own = np.zeros(len(network.network(draw, numbered).theta))
        everything = 0, len(draw.plan.panels)
        gather(draw.plan, draw.places, dense_blocks(draw.plan), numbered, own, *everything)
        back = np.zeros_like(numbered)
        scatter(draw.plan, draw.places, dense_blocks(draw.plan), own, back, *everything)
        np.testing.assert_array_equal(back[back != 0], numbered[back != 0])
        assert len(np.unique(own[own != 0])) == np.sum(own != 0)


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_a_step_follows_the_gradient_of_the_dense_weights(setting, rng):
    network, table = shared_network(**setting)
    draw, rows = network.draws[1], np.arange(20)
    weights, nothing = np.full(20, 1 / 20), np.zeros((0, 0))

    def step(theta, rate):
        memory = SharedMemory.allocate(network, len(rows), 1)
        theta, n = theta.copy(), len(network.network(draw, theta).theta)
        (team,) = make_teams(draw.plan, len(theta), 1)
        moments = np.zeros((2, len(theta)))
        dense = Dense(theta, memory.dense_gradient, moments, draw.places, memory.blocks)
        batches = Batches(table, rows, weights, np.array([0, len(rows)]), nothing)
        descent = Descent(in_use(["sgd"], SOLVERS), rate, 1, 0.0, 0.0, 1e300)
        loss = shared_step(
            draw.plan, team, dense, batches, 0, descent,
            memory.theta[:n], memory.steps,
        )  # fmt: skip
        return loss, theta, memory.dense_gradient

    _, moved, gradient = step(network.theta, 1e-3)
    # the first step of Nesterov's momentum of 0.9
    np.testing.assert_allclose(network.theta - moved, 1.9e-3 * gradient, rtol=1e-6, atol=1e-12)
    for i in rng.permutation(np.flatnonzero(gradient))[:15]:
        values = []
        for sign in (1, -1):
            theta = network.theta.copy()
            theta[i] += sign * 1e-6
            values.append(step(theta, 0.0)[0])
        difference = (values[0] - values[1]) / 2e-6
        np.testing.assert_allclose(gradient[i], difference, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("n_masks", [3, None])
def test_every_mini_batch_has_the_next_draw(n_masks, monkeypatch):
    orderings, step_of = [], shared_step

    def recorded(plan, *rest):
        orderings.append(tuple(plan.features["column"]))
        return step_of(plan, *rest)

    monkeypatch.setattr(_shared, "shared_step", recorded)
    X = correlated_flags(50, 8)
    model = quick(n_masks=n_masks, max_iter=2, batch_size=10, early_stopping=False).fit(X)
    assert len(orderings) == 10
    if n_masks is None:
        assert len(set(orderings)) == 10
        assert not set(orderings) & {tuple(row) for row in model.orderings_}
    else:  # steps are counted from one, and on from epoch to epoch
        expected = [tuple(model.orderings_[step % n_masks]) for step in range(1, 11)]
        assert orderings == expected


def test_mini_batches_take_the_draws_in_turn(rng):
    network, _ = shared_network()
    taken = [network.draw_for_step(step, rng) for step in range(6)]
    assert all(draw is network.draws[step % 3] for step, draw in enumerate(taken))
    network.fresh = True
    orderings = {tuple(network.draw_for_step(1, rng).ordering) for _ in range(20)}
    assert len(orderings) > 5


@pytest.mark.filterwarnings("ignore:.*dependencies")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_few_rows_have_the_same_bits_as_among_many(setting, dtype):
    X = np.column_stack([correlated_flags(60, 4), np.random.default_rng(0).normal(size=(60, 3))])
    for n_masks in (3, None):
        model = quick(n_masks=n_masks, max_iter=1, dtype=dtype, activation="tanh", **setting).fit(X)
        scores, contributions = model.score_samples(X[:20]), model.score_features(X[:20])
        for n in range(1, sizes(9, 3)):
            np.testing.assert_array_equal(model.score_samples(X[2 : 2 + n]), scores[2 : 2 + n])
            few = model.score_features(X[2 : 2 + n])
            np.testing.assert_array_equal(few, contributions[2 : 2 + n])


@pytest.mark.parametrize("kept", [[3], [0, 2]], ids=str)
def test_some_of_the_draws_score_few_rows_as_all_do(kept):
    X = correlated_flags(sizes(100, 20), 5)
    model = quick(n_masks=4, max_iter=1).fit(X)
    networks, table = model._density.ensemble.networks, encoded(model, X)
    expected = log_densities(networks, table)[kept]
    for n in (1, 2):
        few = log_densities([networks[k] for k in kept], table[:n])
        np.testing.assert_array_equal(few, expected[:, :n])


def test_few_rows_are_completed_by_draws_of_one_network():
    X = correlated_flags(sizes(100, 20), 5)
    model = quick(n_masks=4, max_iter=1).fit(X)
    row = X[:1].copy()
    row[0, [0, 2, 4]] = np.nan
    for seed in range(5):
        filled = model.sample_conditional(row, random_state=seed)
        np.testing.assert_array_equal(filled[0, [1, 3]], X[0, [1, 3]])
        assert np.all(np.isin(filled, [0, 1]))


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"n_masks": None}, True),
        ({"n_masks": None, "mask_sampling": "ordering"}, True),
        ({"n_masks": None, "mask_sampling": "connectivity"}, False),
        ({"n_masks": None, "ordering": "natural"}, False),
        ({"n_masks": 3}, False),
    ],
)
def test_orderings_are_made_where_all_were_trained(parameters, expected):
    model = quick(max_iter=1, **parameters).fit(np.eye(20)[:, :3])
    (network,) = model._density.networks
    assert network.makes_orderings == expected


def test_passes_over_gaps_go_on_from_rows_without_any(rng):
    X = rng.normal(size=(100, 3))
    model = quick(n_masks=None, max_iter=2).fit(X)
    before = model.score(X)
    X[::2, 1] = np.nan
    model.partial_fit(X)
    assert np.isfinite(model.loss_curve_[-1])
    with pytest.warns(UserWarning, match="Column 1 is missing in 50 of 100 rows, but was in none"):
        assert np.isfinite(model.score(X))
    assert model.score(X[1::2]) != before


@pytest.mark.parametrize("n_masks", [3, None])
@pytest.mark.parametrize("is_first", [False, True])
def test_networks_that_share_weights_go_with_others(n_masks, is_first):
    X, masks = correlated_flags(60, 4), [n_masks, 1] if is_first else [1, n_masks]
    model = quick(warm_start=True, n_masks=masks[0]).fit(X)
    model.set_params(n_masks=masks[1], n_estimators=2).fit(X)
    np.testing.assert_array_equal(model.score_samples(X[:2]), model.score_samples(X)[:2])
    states = binary_states(4)
    assert np.exp(model.score_samples(states)).sum() == pytest.approx(1, abs=1e-4)
