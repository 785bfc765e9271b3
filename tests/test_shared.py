"""Weights that many draws of masks share."""

import numpy as np
import pytest
from conftest import correlated_flags, quick
from naive import DenseNetwork

from skmade._columns import Columns
from skmade._kernels._passes import make_buffers
from skmade._kernels._plan import SOLVERS, TILE
from skmade._kernels._shared import gather, scatter, shared_step
from skmade._shared import SharedMemory, SharedNetwork, dense_blocks

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SETTINGS = [
    {},
    {"hidden_layer_sizes": ()},
    {"hidden_layer_sizes": (60, 50)},
    {"hidden_layer_sizes": (9, 9, 9), "residual": True},
    {"direct_connections": False},
]


def shared_network(**parameters):
    X = np.column_stack([correlated_flags(60, 4), np.random.default_rng(0).integers(0, 3, 60)])
    conditionals = ["bernoulli", "bernoulli", "gaussian_mixture", "gaussian", "categorical"]
    model = quick(n_masks=3, max_iter=1, dtype="float64", conditionals=conditionals, **parameters)
    X[:, 2:4] += np.random.default_rng(1).normal(size=(60, 2))
    model.fit(X)
    families = Columns(**model._columns).families()
    return SharedNetwork.from_state(model._networks[0], families), model._encode(X)


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_a_draw_sees_what_its_masks_let_through(setting):
    network, _ = shared_network(**setting)
    for draw in network.draws:
        own = network.network(draw, network.theta)
        back = np.empty_like(network.theta)
        scatter(draw.plan, draw.places, dense_blocks(draw.plan), own.theta, back)
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


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_a_unit_has_the_same_weights_in_every_draw(setting):
    network, _ = shared_network(**setting)
    numbered = np.arange(1.0, len(network.theta) + 1)
    for draw in network.draws:
        own = np.zeros(len(network.network(draw, numbered).theta))
        gather(draw.plan, draw.places, dense_blocks(draw.plan), numbered, own)
        back = np.empty_like(numbered)
        scatter(draw.plan, draw.places, dense_blocks(draw.plan), own, back)
        np.testing.assert_array_equal(back[back != 0], numbered[back != 0])
        assert len(np.unique(own[own != 0])) == np.sum(own != 0)


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_a_step_follows_the_gradient_of_the_dense_weights(setting, rng):
    network, table = shared_network(**setting)
    draw, rows = network.draws[1], np.arange(20)
    weights, nothing = np.full(20, 1 / 20), np.zeros((0, 0))

    def step(theta, rate):
        memory = SharedMemory.allocate(network, make_buffers(draw.plan, 1, TILE, theta.dtype))
        theta, n = theta.copy(), len(network.network(draw, theta).theta)
        loss = shared_step(
            draw.plan, draw.places, memory.blocks, SOLVERS.index("sgd"), theta,
            memory.dense_gradient, np.zeros((2, len(theta))), table, rows, weights, nothing,
            nothing, 0.0, 1e300, rate, 1, memory.buffers, memory.theta[:n], memory.gradient[:n],
            memory.squares[: len(draw.plan.panels) + 1],
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


def test_mini_batches_take_the_draws_in_turn(rng):
    network, _ = shared_network()
    taken = [network.draw_for_step(step, rng) for step in range(6)]
    assert all(draw is network.draws[step % 3] for step, draw in enumerate(taken))
    network.fresh = True
    orderings = {tuple(network.draw_for_step(1, rng).ordering) for _ in range(20)}
    assert len(orderings) > 5
