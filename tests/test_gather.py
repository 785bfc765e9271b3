"""What skips zeros gives the bits of what multiplies with them."""

import warnings

import numpy as np
import pytest
from conftest import called_by_kernel, encoded, network_of, quick, sizes

from skmade import _training
from skmade._kernels._choice import in_use
from skmade._kernels._constants import LIST_BLOCK, PANEL_ROWS, SCORE_TILE, SOLVERS
from skmade._kernels._gather import _list_line, gather_product
from skmade._kernels._product import FROM_OUTPUT, FROM_ZERO, LANES, block_product
from skmade._kernels._steps import Batches, Descent, make_memory, train_steps
from skmade._scoring import Scorer
from skmade._teams import make_teams

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

NETWORKS = [
    {"hidden_layer_sizes": ()},
    {"hidden_layer_sizes": (150, 40)},
    {"hidden_layer_sizes": (40,), "direct_connections": False},
    {"hidden_layer_sizes": (30, 30, 30), "residual": True, "dtype": "float64"},
]


def mostly_zero(shape, share, rng):
    """Numbers of which all but a share are 0, some of them -0."""
    x = np.where(rng.random(shape) < share, rng.normal(size=shape), 0)
    return np.where(rng.random(shape) < 0.2, -x, x)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [1, LANES, PANEL_ROWS - 1, PANEL_ROWS, PANEL_ROWS + 1, LIST_BLOCK])
def test_a_list_is_of_what_is_not_zero(n, dtype, rng):
    make_list = called_by_kernel(_list_line)
    for share in (0, 0.1, 0.5, 1):
        x = np.r_[9.0, mostly_zero(n, share, rng), np.ones(PANEL_ROWS)].astype(dtype)
        indices, values = np.full(n + 1, -1, np.int16), np.zeros(n + 1, dtype)
        make_list(x, 1, n, indices, values)
        (expected,) = np.nonzero(x[1 : n + 1])
        np.testing.assert_array_equal(indices[: len(expected)], expected)
        np.testing.assert_array_equal(values[: len(expected)], x[1 + expected])
        assert indices[len(expected)] > n


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("start", [FROM_ZERO, FROM_OUTPUT])
@pytest.mark.parametrize("n_columns", range(LANES, PANEL_ROWS + 1, LANES))
def test_products_by_lists_have_the_bits_of_those_with_zeros(n_columns, start, dtype, rng):
    make_list = called_by_kernel(_list_line)
    by_lists, whole = called_by_kernel(gather_product), called_by_kernel(block_product)
    for n_rows, n_steps, end in [(1, 1, 1), (5, 40, 40), (7, 90, 61), (2, 90, 0)]:
        a = mostly_zero((n_rows + 1, n_steps + PANEL_ROWS), 0.2, rng).astype(dtype)
        b = rng.normal(size=(n_steps + 1, n_columns + 3)).astype(dtype)
        c = rng.normal(size=(n_rows, n_columns + 5)).astype(dtype)
        indices, values = np.zeros((n_rows, n_steps + 1), np.int16), np.zeros((n_rows, n_steps + 1))
        values, expected = values.astype(dtype), c.copy()
        for i in range(n_rows):
            make_list(a, i * a.shape[1], n_steps, indices[i], values[i])
        by_lists(
            indices, values, 0, n_steps + 1, end, b, 2, b.shape[1], c, 1, c.shape[1], n_rows,
            n_columns, start,
        )  # fmt: skip
        whole(
            a, 0, a.shape[1], 1, b, 2, b.shape[1], expected, 1, c.shape[1], n_rows, n_columns, end,
            start, a, 0,
        )  # fmt: skip
        np.testing.assert_array_equal(c, expected)


@pytest.fixture(params=NETWORKS, ids=str)
def flags(request):
    """A network for flags and numbers, and rows of the table: mostly zeros, then mostly not."""
    rng, n, d = np.random.default_rng(0), 40, sizes(210, 30)
    few, many = rng.random((n, d)) < 0.05, rng.random((n, d)) < 0.9
    X = np.vstack([few, many]).astype(float)
    X[:, 3:6] = np.round(rng.normal(size=(2 * n, 3)), 2)
    conditionals = ["bernoulli"] * 3 + ["gaussian"] * 3 + ["bernoulli"] * (d - 6)
    model = quick(conditionals=conditionals, max_iter=1, **request.param)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X)
    table = encoded(model, X)
    return network_of(model), table[:n].copy(), table[n:].copy()


def is_listed(network, table):
    """Whether the inputs of the first tile of rows are taken as sparse, when they are scored."""
    scorer = Scorer(network, SCORE_TILE)
    scorer.add_scores(network.plan, table, np.zeros((1, len(table))))
    return bool(scorer.memory.lists.is_sparse[0, 0])


def scores_of(network, table):
    scores = np.zeros((1, len(table)))
    Scorer(network, SCORE_TILE).add_scores(network.plan, table, scores)
    return scores[0]


def test_a_row_has_the_same_score_where_zeros_are_skipped_and_where_not(flags):
    network, few, many = flags
    mixed = np.vstack([few[:7], many, many])[: sizes(80, 20)]
    assert is_listed(network, few)
    assert not is_listed(network, mixed)
    np.testing.assert_array_equal(scores_of(network, few)[:7], scores_of(network, mixed)[:7])
    for n in (1, 2, 6):
        np.testing.assert_array_equal(scores_of(network, few[:n]), scores_of(network, few)[:n])


def gradient_of(network, table, weights):
    """Of one batch of all rows, and whether its inputs were taken as sparse."""
    memory = make_memory(network.plan, len(table), 1, network.dtype)
    (team,) = make_teams(network.plan, len(network.theta), 1)
    nothing, theta = np.zeros((0, 0), network.dtype), network.theta.copy()
    rows, bounds = np.arange(len(table)), np.array([0, len(table)])
    batches = Batches(table, rows, weights.astype(network.dtype), bounds, nothing)
    descent = Descent(in_use(["sgd"], SOLVERS), 0.0, 0, 0.0, 0.0, 1e300)
    moments = np.zeros((2, len(theta)), network.dtype)
    train_steps(network.plan, team, theta, moments, batches, descent, memory)
    return memory.gradient, bool(memory.lists.is_sparse[0, 0])


def test_fits_to_flags_are_the_same_on_any_number_of_threads(monkeypatch):
    monkeypatch.setattr(_training, "_FLOPS_WORTH_THREADS", 0)
    X = (np.random.default_rng(0).random((sizes(300, 40), sizes(90, 20))) < 0.1).astype(float)
    fitted = [
        quick(hidden_layer_sizes=(100, 70), batch_size=sizes(150, 40), n_jobs=n_jobs).fit(X)
        for n_jobs in (1, 2, 3)
    ]
    for other in fitted[1:]:
        np.testing.assert_array_equal(network_of(other).theta, network_of(fitted[0]).theta)


def test_derivatives_are_the_same_where_zeros_are_skipped_and_where_not(flags):
    network, few, many = flags
    weights = np.random.default_rng(1).uniform(0.5, 2, 7)
    expected, was_sparse = gradient_of(network, few[:7], weights)
    beside = np.vstack([few[:7], many])  # others of weight 0
    gradient, is_sparse_beside = gradient_of(network, beside, np.r_[weights, np.zeros(len(many))])
    assert was_sparse
    assert not is_sparse_beside
    np.testing.assert_array_equal(gradient, expected)
