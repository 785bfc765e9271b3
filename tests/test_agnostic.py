"""Rows that order-agnostic networks complete each in an ordering of its own."""

import numpy as np
import pytest
from conftest import binary_states, correlated_flags, encoded, mixed_table, quick, sizes

from skmade import _agnostic
from skmade._agnostic import _complete_one_by_one, fill_in_any_ordering, make_orders
from skmade._kernels._ancestral import Known, Randomness, ancestral_pass
from skmade._kernels._memory import make_buffers
from skmade._kernels._orders import OrdersMemory, complete_rows
from skmade._kernels._product import LANES
from skmade._sampling import numbers_of_rows
from skmade._shared import Draw, DrawnNetwork

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"hidden_layer_sizes": ()},
        {"hidden_layer_sizes": (), "direct_connections": False},
        {"hidden_layer_sizes": (40, 24), "direct_connections": False, "activation": "tanh"},
        {"hidden_layer_sizes": (20, 20, 20), "residual": True, "direct_connections": True},
        {"hidden_layer_sizes": (300,)},  # (more units of a degree than are activated at a time)
    ],
    ids=str,
)
def test_a_row_is_completed_as_by_weights_of_its_own(parameters, rng):
    X, families = mixed_table(sizes(200, 40))
    X[::7, 0] = np.nan
    model = quick(n_masks=None, conditionals=families, dtype="float64", **parameters).fit(X)
    network, table = model._density.networks[0], encoded(model, X)[: sizes(40, 3)]
    known = rng.random(table.shape) < 0.5
    known[np.isnan(table)] = False
    plan, n_rows = network.stack.plan, len(table)
    orders = make_orders(network, plan, known, rng)
    numbers = numbers_of_rows(plan, n_rows, table.dtype, rng)
    units = plan.layers[-1, 1]
    memory = OrdersMemory(
        make_buffers(plan, 1, LANES, table.dtype), *np.zeros((2, units)), np.zeros((1, LANES)),
        np.zeros(LANES, np.int64),
    )  # fmt: skip
    filled = table.copy()
    complete_rows(plan, network.theta, orders, numbers, known, memory, filled)
    np.testing.assert_array_equal(filled[known], table[known])
    sizes_of = [len(layer) for layer in network.draws[0].degrees]
    for row in range(n_rows):
        first = plan.layers[0, 1]
        flat = orders.degrees[row % len(orders.degrees), first : first + sum(sizes_of)]
        degrees = [part.copy() for part in np.split(flat, np.cumsum(sizes_of)[:-1])]
        ordering = orders.orderings[row]
        draw = Draw.make(network.sampler.architecture, ordering, degrees if sizes_of else [])
        own = DrawnNetwork(draw, network.theta)
        same = Randomness(
            *(part[row : row + 1, ordering] for part in numbers[:3]), numbers.turns[:1]
        )
        expected = np.tile(table[row], (LANES, 1))
        cells = Known(np.tile(known[row], (LANES, 1)), np.zeros(LANES), np.zeros(LANES))
        buffers = make_buffers(own.plan, 1, LANES, table.dtype)
        ancestral_pass(own.plan, own.theta, 2, same, cells, buffers, expected)
        np.testing.assert_allclose(filled[row], expected[0], rtol=1e-8, atol=1e-8)


def test_known_features_come_first(rng):
    model = quick(n_masks=None).fit(correlated_flags(60, 7))
    network, known = model._density.networks[0], rng.random((50, 7)) < 0.5
    orders = make_orders(network, network.stack.plan, known, rng)
    for ordering, cells in zip(orders.orderings, known):
        assert sorted(ordering) == list(range(7))
        assert cells[ordering[: cells.sum()]].all()


@pytest.mark.parametrize("common", [1, 10**9])
def test_both_ways_follow_the_rows_of_fit(common, monkeypatch, rng):
    monkeypatch.setattr(_agnostic, "_COMMON", common)
    X = np.repeat(rng.integers(0, 2, (sizes(500, 60), 1)), 3, axis=1).astype(float)
    model = quick(n_masks=None, n_estimators=2, max_iter=sizes(60, 5), learning_rate_init=0.01)
    model.fit(X)
    rows = binary_states(3)[[0, 7]].repeat(sizes(200, 20), axis=0)
    holes = rows.copy()
    holes[np.arange(len(rows)), rng.integers(0, 3, len(rows))] = np.nan
    filled = model.sample_conditional(holes, random_state=0)
    assert np.mean(filled == rows) > sizes(0.97, 0.6)


def test_draws_do_not_depend_on_the_number_of_threads(rng):
    model = quick(n_masks=None).fit(correlated_flags(60, 7))
    networks, known = model._density.networks, rng.random((600, 7)) < 0.5
    table = encoded(model, correlated_flags(600, 7, seed=1))
    one, two = (
        fill_in_any_ordering(networks, [1.0], table, known, np.random.default_rng(0), n_jobs)
        for n_jobs in (1, 2)
    )
    np.testing.assert_array_equal(one, two)
    alone = _complete_one_by_one(networks[0], table.copy(), known, rng, None)
    np.testing.assert_array_equal(alone[known], table[known])
