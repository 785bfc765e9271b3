"""Kernels against their naive twins, and gradients against finite differences."""

import itertools
import warnings

import numpy as np
import pytest
from conftest import (
    ALL_CONDITIONALS,
    JIT,
    apply,
    called_by_kernel,
    encoded,
    mixed_table,
    network_of,
    quick,
    sizes,
)
from naive import DRAW, LOG_PROB, VALUE, DenseNetwork

from skmade import _sampling
from skmade._columns import Table
from skmade._kernels import _elementary, _memory, _passes
from skmade._kernels._ancestral import Randomness, _choose_by_weight, ancestral_pass
from skmade._kernels._choice import in_use
from skmade._kernels._constants import ACTIVATIONS, PARTICLES, SOLVERS
from skmade._kernels._elementary import NEGLIGIBLE
from skmade._kernels._memory import make_buffers
from skmade._kernels._optimizers import update
from skmade._kernels._product import FROM_BIAS, FROM_OUTPUT, FROM_ZERO, LANES, block_product
from skmade._kernels._steps import Batches, Descent, make_memory, step_factor, train_steps
from skmade._kernels._transpose import transpose
from skmade._scoring import Scorer, log_densities
from skmade._teams import make_teams

NETWORKS = [
    {"hidden_layer_sizes": ()},
    {"hidden_layer_sizes": (7,), "direct_connections": False},
    {"hidden_layer_sizes": (9, 11)},
    {"hidden_layer_sizes": (8, 8, 8), "residual": True},
    {"hidden_layer_sizes": (8, 8), "residual": True, "direct_connections": False},
    {"hidden_layer_sizes": (7,), "missing": "ignorable"},
    {"hidden_layer_sizes": (150, 130)},
]


#: Of tables that networks are fitted to.
N_ROWS = sizes(100, 40)


def table_of_all(n_samples):
    """Two columns of each family, and others on a lattice, with atoms, and with missing cells.

    Those of atoms are a real one, of which one is too rare for an input, and one on a lattice,
    which has bounds. Of each kind of support
    a column has gaps.
    """
    X, families = mixed_table(n_samples, families=ALL_CONDITIONALS * 2)
    rng, n = np.random.default_rng(1), len(ALL_CONDITIONALS)
    often = rng.random(n_samples)
    spiky = np.where(often < 0.4, 0, np.where(often < 0.6, 2, X[:, 2]))
    heaped = np.where(often > 0.5, 4, np.abs(np.round(2 * X[:, 3])))
    for j in range(n, len(families)):
        X[rng.random(n_samples) < 0.2, j] = np.nan
    X = np.column_stack([X, np.round(X[:, 2]), spiky, heaped])
    X[rng.random(n_samples) < 0.2, -2] = np.nan
    return X, [*families, "logistic_mixture", "gaussian_mixture", "auto"]


def fitted(dtype="float64", n_samples=N_ROWS, **parameters):
    """A network fitted for an epoch to such a table."""
    X, families = table_of_all(n_samples)
    n = len(families)
    parameters = {
        "missing": "informative",
        "atoms": {n - 2: [0, 2, 0.125], n - 1: [4]},
        **parameters,
    }
    model = quick(conditionals=families, dtype=dtype, max_iter=1, **parameters)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X)
    network = network_of(model)
    return model, network, encoded(model, X)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("name", "reference", "low", "high"),
    [
        ("exp", np.exp, -80, 80),
        ("softplus", lambda x: np.logaddexp(0, x), -60, 60),
        ("sigmoid", lambda x: 1 / (1 + np.exp(-x)), -60, 60),
        ("tanh", np.tanh, -20, 20),
        ("log", np.log, 1e-30, 1e3),
    ],
)
def test_elementary_functions(name, reference, low, high, dtype):
    x = np.linspace(low, high, sizes(10_007, 101)).astype(dtype)
    out = np.empty_like(x)
    apply(getattr(_elementary, name), x, out)
    expected = reference(x.astype(np.float64))
    close = 6 * np.finfo(dtype).eps
    np.testing.assert_allclose(
        out, expected, rtol=close, atol=close if name in ("tanh", "log") else 0
    )


@pytest.mark.parametrize(("word", "n_digits"), [(np.uint32, 24), (np.uint64, 53)])
def test_uniform_numbers_have_all_digits_that_fit(word, n_digits):
    all_set = np.iinfo(word).max
    bits = np.array([0, 1, all_set // 2 + 1, all_set - 1, all_set], word)
    out = np.empty(len(bits), f"f{bits.itemsize}")
    apply(_elementary.uniform, bits, out)
    np.testing.assert_array_equal(out, [0, 0, 0.5, *[1 - 0.5**n_digits] * 2])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_exp_never_overflows(dtype):
    x = np.array([-1e30, -1e4, 1e4, 1e30], dtype)
    out = np.empty_like(x)
    apply(_elementary.exp, x, out)
    assert np.all(np.isfinite(out))
    assert np.all(out[:2] < 1e-37)
    assert np.all(out[2:] > 1e37)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("first", [FROM_ZERO, FROM_OUTPUT, FROM_BIAS])
@pytest.mark.parametrize("transposed", [False, True])
def test_products_of_blocks(dtype, first, transposed, rng):
    product = called_by_kernel(block_product)
    for m, k, n in itertools.product([1, 4, 7, 12, 13, 30], [0, 1, 5, 33], [16, 32, 48, 80, 144]):
        a, b = (rng.normal(size=shape).astype(dtype) for shape in [(m + 2, k + 3), (k, n + 5)])
        c = rng.normal(size=(m + 1, n + 7)).astype(dtype)
        bias = rng.normal(size=m + 2).astype(dtype)
        expected = c.copy()
        block = a[1 : m + 1, 2 : k + 2] @ b[:, 3 : n + 3]
        before = [0, c[1:, 4 : n + 4], bias[1 : m + 1, None]][first]
        expected[1:, 4 : n + 4] = before + block
        stored = np.ravel(a.T if transposed else a)
        steps = (1, m + 2) if transposed else (k + 3, 1)
        start = 1 * steps[0] + 2 * steps[1]
        product(
            stored, start, *steps, b.ravel(), 3, n + 5, c.ravel(), n + 11, n + 7, m, n, k,
            first, bias, 1,
        )  # fmt: skip
        np.testing.assert_allclose(c, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_element_has_the_same_bits_in_any_block(dtype, rng):
    a, b = rng.normal(size=(30, 70)).astype(dtype), rng.normal(size=(70, 160)).astype(dtype)
    whole = np.zeros((30, 160), dtype)
    a, b, whole = a.ravel(), b.ravel(), whole.ravel()
    product = called_by_kernel(block_product)
    product(a, 0, 70, 1, b, 0, 160, whole, 0, 160, 30, 160, 70, FROM_ZERO, a, 0)
    whole = whole.reshape(30, 160)
    for rows, columns in itertools.product([1, 4, 5, 12, 17], [16, 32, 64, 80, 144]):
        part = np.zeros(rows * columns, dtype)
        product(
            a, 3 * 70, 70, 1, b, 7, 160, part, 0, columns, rows, columns, 70, FROM_ZERO, a, 0
        )  # fmt: skip
        part = part.reshape(rows, columns)
        np.testing.assert_array_equal(part, whole[3 : 3 + rows, 7 : 7 + columns])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_transposed_block(dtype, rng):
    a, b = rng.normal(size=(LANES + 2, LANES + 5)).astype(dtype), np.zeros((LANES, 48), dtype)
    called_by_kernel(transpose)(a, 2 * (LANES + 5) + 3, LANES + 5, b.ravel(), 7, 48)
    np.testing.assert_array_equal(b[:, 7 : 7 + LANES], a[2:, 3 : 3 + LANES].T)
    assert np.count_nonzero(b) == LANES**2


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("parameters", NETWORKS)
def test_scores_equal_those_of_a_dense_masked_network(parameters, activation):
    _, network, table = fitted(activation=activation, **parameters)
    n, tile = sizes(65, 3), 64
    scores, contributions = np.zeros(n), np.zeros((n, table.shape[1]))
    scorer = Scorer(network, tile)
    scorer.add_scores(network.plan, table[:n].copy(), scores[None], contributions[None])
    expected = np.array([DenseNetwork(network).contributions(row) for row in table[:n]])
    np.testing.assert_allclose(contributions, expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(scores, expected.sum(axis=1), rtol=1e-9)
    alone = np.zeros(n)
    scorer.add_scores(network.plan, table[:n].copy(), alone[None])
    np.testing.assert_allclose(alone, scores, rtol=1e-9)


@pytest.mark.parametrize("conditionals", ["bernoulli", "gaussian_mixture"])
@pytest.mark.parametrize("n_columns", sizes([150, 1500], [30]))
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_single_precision_loses_little_in_wide_tables(n_columns, conditionals):
    X = np.random.default_rng(0).normal(size=(60, n_columns))
    X = X if conditionals == "gaussian_mixture" else (X + X[:, :1] > 0).astype(float)
    model = quick(conditionals=conditionals, hidden_layer_sizes=(40,), max_iter=2).fit(X)
    network, table, offset = network_of(model), encoded(model, X[:3]), model._density.columns.offset
    assert network.theta.dtype == np.float32
    expected = [DenseNetwork(network).contributions(row).sum() + offset for row in table]
    error = np.abs(model.score_samples(X[:3]) - expected)
    assert error.max() < 1e-6 * n_columns


def objective_and_gradient(network, table, weights, dropped, alpha, theta):
    """What one batch of all rows gives, by a step of length zero."""
    memory = make_memory(network.plan, len(table), 1, theta.dtype)
    (team,) = make_teams(network.plan, len(theta), 1)
    moments, nothing = np.zeros((2, len(theta))), np.zeros((0, 0), theta.dtype)
    rows, bounds = np.arange(len(table)), np.array([0, len(table)])
    batches = Batches(table, rows, weights, bounds, nothing, *dropped)
    descent = Descent(in_use(["sgd"], SOLVERS), 0.0, 0, alpha, 0.0, 1e300)
    loss, _ = train_steps(network.plan, team, theta, moments, batches, descent, memory)
    assert memory.squares.sum() == pytest.approx(np.sum(memory.gradient**2))
    return loss + alpha / 2 * np.sum(theta[: network.plan.biases] ** 2), memory.gradient


@pytest.mark.parametrize(("alpha", "dropout"), [(0.0, 0.0), (0.3, 1 / 3)])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("parameters", NETWORKS[:-1])
def test_gradients_match_finite_differences(parameters, activation, alpha, dropout, rng):
    _, network, table = fitted(activation=activation, **parameters)
    table, weights = table[:5].copy(), rng.uniform(0.5, 2, 5)
    layers = network.plan.layers
    n_hidden = layers[-1, 0] - layers[0, 1]
    dropped = dropout, rng.integers(0, 2**16, (5, n_hidden if dropout else 0), np.uint16)
    theta = network.theta.copy()
    _, gradient = objective_and_gradient(network, table, weights, dropped, alpha, theta)
    chosen = rng.permutation(np.flatnonzero(gradient))[: sizes(60, 6)]
    for i in [*chosen, len(theta) - 1, len(theta) - 4]:
        step = 1e-6 * max(1.0, abs(theta[i]))
        values = []
        for sign in (1, -1):
            moved = theta.copy()
            moved[i] += sign * step
            values.append(objective_and_gradient(network, table, weights, dropped, alpha, moved)[0])
        difference = (values[0] - values[1]) / (2 * step)
        np.testing.assert_allclose(gradient[i], difference, rtol=2e-4, atol=2e-6)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_negligible_derivatives_are_zero():
    # (numbers so small that their products are denormal take the processor a hundred times as
    # long; components far from a value have such derivatives)
    X = np.random.default_rng(0).normal(size=(64, 2)) * 0.01
    model = quick(conditionals="gaussian_mixture", n_components=4, max_iter=1).fit(X)
    network = network_of(model)
    memory = make_memory(network.plan, 64, 1, network.theta.dtype)
    (team,) = make_teams(network.plan, len(network.theta), 1)
    nothing = np.zeros((0, 0), network.theta.dtype)
    table = np.linspace(-20, 20, 128).reshape(64, 2).astype(network.theta.dtype)
    moments = np.full((2, len(network.theta)), 1e-17, network.theta.dtype)
    weights, bounds = np.full(64, 1 / 64, network.theta.dtype), np.array([0, 64])
    batches = Batches(table, np.arange(64), weights, bounds, nothing)
    descent = Descent(in_use(["adam"], SOLVERS), 0.0, 0, 0.0, 0.0, np.inf)
    train_steps(network.plan, team, network.theta, moments, batches, descent, memory)
    derivatives = memory.buffers.deltas[0, slice(*network.plan.layers[-1]), :64]  # no padding
    assert np.any(derivatives == 0)
    for numbers in (derivatives, moments[0]):
        assert np.all((numbers == 0) | (abs(numbers) > NEGLIGIBLE))


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_a_batch_whose_loss_is_not_finite_is_left_out(solver):
    _, network, table = fitted()

    def after(begin, weights):
        memory = make_memory(network.plan, 20, 1, network.dtype)
        (team,) = make_teams(network.plan, len(network.theta), 1)
        theta, moments = network.theta.copy(), np.zeros((2, len(network.theta)))
        rows, nothing = np.arange(begin, 40), np.zeros((0, 0))
        batches = Batches(table, rows, weights, np.arange(0, len(rows) + 1, 20), nothing)
        descent = Descent(in_use([solver], SOLVERS), 0.01, 0, 0.0, 0.0, 1.0)
        outcome = train_steps(network.plan, team, theta, moments, batches, descent, memory)
        return outcome, theta, moments

    whole = after(0, np.repeat([np.nan, 1 / 20], 20))
    second = after(20, np.full(20, 1 / 20))
    assert whole[0] == second[0]
    assert second[0][1] == 1
    for x, y in zip(whole[1:], second[1:]):
        np.testing.assert_array_equal(x, y)
    assert np.any(second[1] != network.theta)


@pytest.mark.parametrize("call", [called_by_kernel, lambda part: part])
def test_a_gradient_is_scaled_by_its_norm_unless_that_is_not_finite(call):
    factor, squares = call(step_factor), np.array([9.0, 16.0])
    assert factor(-2.0, squares, 1.0) == pytest.approx(1 / 5)
    assert factor(-2.0, squares, 5.5) == 1
    for loss in (np.nan, np.inf):
        assert factor(loss, squares, 1.0) == 0
    assert factor(-2.0, np.array([9.0, np.inf]), 1.0) == 0


@pytest.mark.parametrize("call", [called_by_kernel, lambda part: part])
def test_squares_of_wild_derivatives_do_not_overflow(call):
    x = np.array([1e25, -2e25, 1.0], np.float32)
    with np.errstate(over="ignore"):
        total = call(_passes._sum_of_squares)(x)
    assert total == pytest.approx(np.sum(x.astype(float) ** 2), rel=1e-12)


def test_the_loss_of_a_batch_is_the_weighted_score(rng):
    model, network, table = fitted(n_samples=150)
    X, _ = table_of_all(150)
    weights = rng.uniform(0.5, 2, len(table))
    loss, _ = objective_and_gradient(network, table, weights, np.zeros((0, 0)), 0.0, network.theta)
    columns, extras = model._density.columns, np.zeros(len(X))
    columns.add_extras(columns.numbers(Table.read(model, X, reset=False)), extras)
    scores = model.score_samples(X) - columns.offset - extras
    np.testing.assert_allclose(loss, -weights @ scores, rtol=1e-9)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("parameters", NETWORKS)
def test_few_rows_have_the_same_bits_as_among_many(parameters, dtype):
    _, network, table = fitted(dtype, **parameters)
    table = table[:10]
    (expected,) = log_densities([network], table)
    for n, first in itertools.product(range(1, 9), (0, 2)):
        (scores,) = log_densities([network], table[first : first + n])
        np.testing.assert_array_equal(scores, expected[first : first + n])


@pytest.mark.parametrize("parameters", NETWORKS)
def test_memory_is_written_before_it_is_read(parameters, monkeypatch):
    model, network, table = fitted(**parameters)
    scores, rows = log_densities([network], table[:21]), model.sample(21, random_state=0)

    def spoilt(shape, dtype, zero=False):
        return np.full(shape, np.nan, dtype)

    monkeypatch.setattr(_memory, "aligned", spoilt)
    for n in (2, 21):
        with np.errstate(invalid="ignore"):
            np.testing.assert_array_equal(log_densities([network], table[:n])[0], scores[0, :n])
    np.testing.assert_array_equal(model.sample(21, random_state=0), rows)


def random_bits(shape, rng):
    """For networks of float64."""
    return rng.integers(2**64, size=shape, dtype=np.uint64)


def of_rows(bits, noise, choices):
    """Randomness of rows that stand for themselves."""
    n_tiles, _, width = bits.shape
    return Randomness(bits, noise, choices, np.zeros((n_tiles, 0, width // PARTICLES)))


@pytest.mark.parametrize("block", [1, 2, 3, 8, 100])
@pytest.mark.parametrize("parameters", NETWORKS)
def test_one_pass_sampling_equals_as_many_passes_as_features(parameters, block, rng):
    _, network, table = fitted(**parameters)
    n_rows, n_features = sizes(29, 19), table.shape[1]
    shape = 2, n_features, 16
    bits, noise, choices = random_bits(shape, rng), rng.normal(size=shape), random_bits(shape, rng)
    buffers = make_buffers(network.plan, 1, 16, network.theta.dtype)
    uniform, choosing = bits * 0.5**64, choices * 0.5**64
    drawn, randomness = np.zeros((n_rows, n_features)), of_rows(bits, noise, choices)
    ancestral_pass(network.plan, network.theta, block, randomness, None, buffers, drawn)
    naive = DenseNetwork(network)
    for b in range(n_rows) if JIT else [0, 16, 18]:
        place = b // 16, slice(None), b % 16
        expected = naive.sample(uniform[place], noise[place], choosing[place])
        np.testing.assert_allclose(drawn[b], expected, rtol=1e-8, atol=1e-8)


def test_sample_and_score_agree_on_the_blocks_of_many_features():
    X = (np.random.default_rng(0).random((80, 3 * _sampling._MOST_BLOCK)) < 0.3).astype(float)
    model = quick(hidden_layer_sizes=(100,), dtype="float64", early_stopping=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X)
    network = network_of(model)
    n_features, width = X.shape[1], 16
    random, shape = np.random.default_rng(1), (1, n_features, width)
    bits, noise = random_bits(shape, random), random.normal(size=shape)
    choices, drawn = random_bits((1, 0, width), random), []
    for block in (1, _sampling._MOST_BLOCK, n_features):
        buffers = make_buffers(network.plan, 1, width, network.theta.dtype)
        drawn.append(np.zeros((width, n_features)))
        randomness = of_rows(bits, noise, choices)
        ancestral_pass(network.plan, network.theta, block, randomness, None, buffers, drawn[-1])
    np.testing.assert_array_equal(drawn[0], drawn[1])
    np.testing.assert_array_equal(drawn[0], drawn[2])


def naive_update(solver, theta, gradient, m, v, rate, step, l1):
    """One step as the papers print it, and how far that of a derivative `l1` would move.

    Nesterov's is in the form without look-ahead; a lasting derivative moves it ten times as far.
    """
    if solver == "adam":
        m[:] = 0.9 * m + 0.1 * gradient
        v[:] = 0.999 * v + 0.001 * gradient**2
        corrected = np.sqrt(v / (1 - 0.999**step)) + 1e-8
        return theta - rate * m / (1 - 0.9**step) / corrected, rate * l1 / corrected
    if solver == "adagrad":
        v += gradient**2
        return theta - rate * gradient / (np.sqrt(v) + 1e-8), rate * l1 / (np.sqrt(v) + 1e-8)
    if solver == "adadelta":
        v[:] = 0.95 * v + 0.05 * gradient**2
        scale = np.sqrt(m + 1e-5) / np.sqrt(v + 1e-5)
        m[:] = 0.95 * m + 0.05 * (scale * gradient) ** 2
        return theta - rate * scale * gradient, rate * l1 * scale
    m[:] = 0.9 * m - rate * gradient
    return theta + 0.9 * m - rate * gradient, 10 * rate * l1


@pytest.mark.parametrize("solver", SOLVERS)
def test_steps_of_the_optimisers(solver, rng):
    theta, l1 = rng.normal(size=11), np.r_[np.full(6, 0.3), np.zeros(5)]  # six weights, five biases
    step_of, chosen = called_by_kernel(update), in_use([solver], SOLVERS)
    expected, moments, naive_moments = theta.copy(), np.zeros((2, 11)), np.zeros((2, 11))
    for step in range(1, 6):
        gradient = rng.normal(size=11)
        for part in [(0, 4), (4, 11)]:
            step_of(chosen, theta, gradient, moments, *part, 6, 0.01, step, 0.5, 0.3)
        moved, pull = naive_update(solver, expected, 0.5 * gradient, *naive_moments, 0.01, step, l1)
        expected = np.sign(moved) * np.maximum(np.abs(moved) - pull, 0)
        np.testing.assert_allclose(theta, expected, rtol=1e-7)


def test_activations_and_families_have_naive_twins():
    assert set(VALUE) == set(ACTIVATIONS)
    assert set(LOG_PROB) == set(DRAW) == set(ALL_CONDITIONALS)


@pytest.mark.parametrize("turn", [0.0, 0.3, 0.999])
def test_resampled_particles_have_the_mean_weight_and_are_as_many_as_theirs(turn, rng):
    weights = rng.random(PARTICLES) ** 3
    logs, chosen = np.log(weights) - 700, np.zeros(PARTICLES, np.float32)
    called_by_kernel(_choose_by_weight)(logs, turn, chosen)
    np.testing.assert_allclose(logs, np.log(weights.mean()) - 700)
    counts = np.bincount(chosen.astype(int), minlength=PARTICLES)
    expected = PARTICLES * weights / weights.sum()
    assert np.all(abs(counts - expected) < 1) and np.all(np.diff(chosen) >= 0)
