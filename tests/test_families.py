"""Each family of conditionals: its kernels, and the distribution that they make."""

from dataclasses import fields, replace

import numpy as np
import pytest
from conftest import apply, called_by_kernel, encoded, network_of, quick, sizes
from naive import DRAW, LOG_PROB, DenseNetwork
from scipy.special import digamma, gammaln
from scipy.stats import chisquare, expon, kstest

from skmade import _families
from skmade._families import (
    FAMILIES,
    Categorical,
    LogisticMixture,
    NegativeBinomial,
    family_code,
)
from skmade._families._scales import raw_scale
from skmade._families.negative_binomial import _gamma_rest, _psi_rest
from skmade._kernels._choice import in_use
from skmade._scoring import Scorer

SUPPORTS = {"flags", "codes", "counts", "real"}
KERNELS = {
    name: called_by_kernel(getattr(_families, name)) for name in ("log_prob", "gradient", "draw")
}


def examples():
    """Each family with three categories or components, and again with other constants."""
    for kind in FAMILIES:
        names = [field.name for field in fields(kind)]
        family = kind(*[3 for name in names if name.startswith("n_")])
        yield family
        for others in (
            {"half": 0.25, "origin": -1.5, "unit": 0.25},
            {"low": -1.0, "high": 1.5},
            {"half": 0.25, "low": -1.75, "high": 1.75},
        ):
            if set(others) & set(names):
                changed = {name: value for name, value in others.items() if name in names}
                yield replace(family, **changed)


each_family = pytest.mark.parametrize("family", list(examples()), ids=str)


def parameters(family, n, rng, dtype=np.float64):
    """Parameters of a conditional, (n_outputs, n)."""
    return rng.normal(size=(family.n_outputs, n)).astype(dtype)


def support(family):
    """All values of a family but for those that are next to impossible, and their widths."""
    if family.support == "flags":
        values, width = np.arange(2.0), 1.0
    elif family.support == "codes":
        values, width = np.arange(float(family.n_inputs)), 1.0
    elif family.support == "counts":
        values, width = family.origin + family.unit * np.arange(sizes(20_000, 1500)), 1.0
    else:
        width = 2 * getattr(family, "half", 0.0) or 1 / sizes(200, 100)
        shift = 0 if getattr(family, "half", 0.0) else 0.5  # middles, of cells or of a sum's steps
        values = width * (np.arange(-round(60 / width), round(60 / width) + 1) + shift)
        values = values[values > getattr(family, "low", -np.inf)]
        values = values[values < getattr(family, "high", np.inf)]
    return values, width


def some_values(family, n, rng):
    values, _ = support(family)
    if family.support == "real":
        values = values[np.abs(values) < 4]
    return rng.choice(values[:20] if family.support == "counts" else values, n)


def with_some_beyond(values, family):
    """Every fifth real number three times as large: beyond the bounds, if there are any."""
    if family.support == "real":
        values[::5] *= 3
    return values


def chosen(family):
    """What kernels of families are told: which are in use, and which one is meant."""
    return in_use([family_code(family)], range(len(FAMILIES))), family_code(family)


def log_prob(family, a, values):
    """Log-densities, and what the gradient starts from."""
    constants, work = np.array([*family.constants, 0.0]), np.zeros_like(a)
    out = np.zeros((2, len(values)), a.dtype)
    arguments = a, values.astype(a.dtype), constants, work, out, len(values)
    KERNELS["log_prob"](*chosen(family), arguments)
    return out[0], work


def gradient(family, a, values):
    constants, (_, deltas) = np.array([*family.constants, 0.0]), log_prob(family, a, values)
    arguments = a, values.astype(a.dtype), constants, deltas, len(values)
    KERNELS["gradient"](*chosen(family), arguments)
    return deltas


def draw(family, a, bits, noise):
    constants, work, values = (
        np.array([*family.constants, 0.0]),
        np.zeros_like(a),
        np.zeros_like(noise),
    )
    out = np.zeros((2, len(values)), a.dtype)
    arguments = a, bits, noise, constants, work, out, values, len(values)
    KERNELS["draw"](*chosen(family), arguments)
    return values


def randomness(family, n, rng):
    noise = {
        "none": np.zeros,
        "normal": rng.standard_normal,
        "logistic": lambda n: rng.logistic(size=n),
    }
    return rng.integers(2**64, size=n, dtype=np.uint64), noise[family.noise](n)


@each_family
def test_a_family_says_what_it_is(family):
    assert family.support in SUPPORTS
    assert family.is_discrete == (family.support != "real")
    assert family.is_one_hot == (family.support == "codes")
    assert family.noise in {"none", "normal", "logistic"}
    assert isinstance(family.takes_input_noise, bool)
    assert family.__doc__.startswith("``")


@each_family
def test_log_densities_equal_those_of_the_naive_twin(family, rng):
    a = parameters(family, 200, rng)
    values = with_some_beyond(some_values(family, 200, rng), family)
    twin = LOG_PROB[family.name]
    expected = [twin(x, column, family.constants) for x, column in zip(values, a.T)]
    np.testing.assert_allclose(log_prob(family, a, values)[0], expected, rtol=1e-9, atol=1e-9)
    found, _ = log_prob(family, a.astype(np.float32), values)
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-5)


@each_family
def test_gradients_are_those_of_the_naive_twin(family, rng):
    a = parameters(family, 50, rng)
    values = with_some_beyond(some_values(family, 50, rng), family)
    found, twin, step = gradient(family, a, values), LOG_PROB[family.name], 1e-6
    for b, x in enumerate(values):
        for r in range(family.n_outputs):
            ahead, back = a[:, b].copy(), a[:, b].copy()
            ahead[r], back[r] = ahead[r] + step, back[r] - step
            rise = twin(x, ahead, family.constants) - twin(x, back, family.constants)
            np.testing.assert_allclose(found[r, b], -rise / (2 * step), rtol=1e-5, atol=1e-6)


@each_family
def test_derivatives_are_never_so_small_that_processors_are_slow(family, rng):
    if family.support == "counts":
        pytest.skip("shapes and means are held within bounds, and so are their functions")
    for scale in (1, 30):  # (the last parameters of mixtures are those of scales)
        a = parameters(family, 500, rng, np.float32) * np.float32(scale)
        found = gradient(family, a, some_values(family, 500, rng))
        is_slow = (found != 0) & (np.abs(found) < np.finfo(np.float32).tiny)
        assert not is_slow.any()


@each_family
def test_draws_are_those_of_the_naive_twin(family, rng):
    a, (bits, noise) = parameters(family, 200, rng), randomness(family, 200, rng)
    twin, uniform = DRAW[family.name], (bits >> np.uint64(11)) * 0.5**53
    expected = [twin(column, u, z, family.constants) for column, u, z in zip(a.T, uniform, noise)]
    np.testing.assert_allclose(draw(family, a, bits, noise), expected, rtol=1e-9, atol=1e-9)


@each_family
def test_probabilities_sum_to_one(family, rng):
    values, width = support(family)
    for _ in range(5):
        a = np.repeat(parameters(family, 1, rng), len(values), axis=1)
        total = width * np.exp(log_prob(family, a, values)[0]).sum()
        # (a sum over a grid; a density may have a kink)
        assert total == pytest.approx(1, abs=1e-5)


@each_family
def test_draws_have_the_distribution_of_the_density(family, rng):
    (values, width), n = support(family), sizes(20_000, 1000)
    a = parameters(family, 1, rng)
    drawn = draw(family, np.repeat(a, n, axis=1), *randomness(family, n, rng))
    probabilities = width * np.exp(log_prob(family, np.repeat(a, len(values), axis=1), values)[0])
    if family.support == "real" and not getattr(family, "half", 0):
        cumulated = np.cumsum(probabilities) - probabilities / 2
        assert kstest(drawn, lambda x: np.interp(x, values, cumulated)).pvalue > 1e-3
        return
    index = np.searchsorted(values + 1e-9, drawn)
    np.testing.assert_allclose(values[index], drawn, atol=1e-9)
    observed, expected = np.bincount(index, minlength=len(values)), n * probabilities
    common = expected > 5
    observed = np.append(observed[common], observed[~common].sum())
    expected = np.append(expected[common], max(n - expected[common].sum(), 1e-9))
    assert chisquare(observed, expected * n / expected.sum()).pvalue > 1e-3


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("mean", [-60.0, -5.0, 6.0, 70.0])
def test_draws_keep_to_bounds_that_all_of_the_mixture_is_beyond(mean, dtype, rng):
    # (what is left of a logistic density falls from the nearer bound like an exponential one)
    family, n, s = LogisticMixture(1, low=-1.0, high=1.5), sizes(20_000, 1000), 0.1
    a = np.repeat(np.array([[0], [mean], [raw_scale(s)]], dtype), n, axis=1)
    bits, noise = randomness(family, n, rng)
    drawn = draw(family, a, bits, noise.astype(dtype))
    distance = drawn + 1.0 if mean < 0 else 1.5 - drawn
    assert kstest(distance, expon(scale=s).cdf).pvalue > 1e-3
    cells = replace(family, half=0.25, low=-1.25, high=1.75)
    ends = np.unique(draw(cells, a, bits, noise.astype(dtype)))
    np.testing.assert_array_equal(ends, np.clip(ends, -1.0, 1.5))


@pytest.mark.parametrize("half", [0.0, 0.25])
def test_beyond_a_bound_a_density_falls_from_what_it_is_there(half, rng):
    family, n = LogisticMixture(3, half=half, low=-1.25, high=1.75), sizes(50, 5)
    distances = np.r_[0, 1e-9, np.linspace(0.1, 9, 40)]
    for a in (parameters(family, n, rng) * np.array([1, 20, 3]).repeat(3)[:, None]).T:
        for end, way in ((-1.25, -1), (1.75, 1)):
            a_repeated = np.repeat(a[:, None], len(distances), axis=1)
            density = log_prob(family, a_repeated, end + way * distances)[0]
            assert density[1] == pytest.approx(density[0], abs=1e-4)
            assert np.all(np.diff(density[1:]) < 0)


@each_family
def test_training_starts_near_the_distribution_of_the_column(family, rng):
    values, weights = some_values(family, 500, rng), rng.uniform(0.5, 2, 500)
    if family.support == "real" and getattr(family, "low", -1e9) == -1e9:  # standardised
        values /= values.std()
    bias = family.initial_bias(values, weights)
    assert bias.shape == (family.n_outputs,)
    own, *others = [
        log_prob(family, np.repeat(a[:, None], 500, axis=1), values)[0].mean()
        for a in (bias, *parameters(family, 9, rng).T)
    ]
    assert own > np.mean(others)


def test_training_begins_with_frequencies_of_categories():
    """With half a row more of each, of which rows count by their weights."""
    bias = Categorical(3).initial_bias(np.array([0.0, 0, 2, 0]), np.array([1.0, 1, 2, 0.5]))
    np.testing.assert_allclose(np.exp(bias), np.array([3.0, 0.5, 2.5]) / 6)


def test_a_category_that_was_not_seen_says_nothing(rng):
    family, values = Categorical(4), np.array([0.0, 4.0, 3.0, 4.0])
    a = parameters(family, 4, rng)
    scores, slopes = log_prob(family, a, values)[0], gradient(family, a, values)
    unseen = values == 4
    assert np.all(scores[unseen] == 0) and np.all(slopes[:, unseen] == 0)
    assert np.all(scores[~unseen] < 0) and np.all(slopes[:, ~unseen] != 0)
    np.testing.assert_array_equal(
        family.initial_bias(values, np.ones(4)), family.initial_bias(values[[0, 2]], np.ones(2))
    )


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_category_that_was_not_seen_sets_no_input(rng):
    X = np.column_stack([rng.integers(0, 3, 60), rng.normal(size=60)])
    model = quick(conditionals=["categorical", "gaussian"], ordering="natural", dtype="float64")
    table, network = encoded(model.fit(X), X[:4]), network_of(model)
    table[:, 0] = [3, 0, 3, 1]
    naive, contributions = DenseNetwork(network), np.zeros(table.shape)
    np.testing.assert_array_equal(naive.inputs(table[0])[:3], 0)
    Scorer(network, 4).add_scores(network.plan, table, np.zeros((1, 4)), contributions[None])
    expected = [naive.contributions(row) for row in table]
    np.testing.assert_allclose(contributions, expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(contributions[:, 0] == 0, table[:, 0] == 3)


@pytest.mark.parametrize(("dtype", "error"), [(np.float32, 3e-6), (np.float64, 1e-11)])
@pytest.mark.parametrize("name", ["gamma", "psi"])
def test_rests_of_stirlings_series(name, dtype, error):
    x = np.geomspace(1e-3, 1e4, sizes(5000, 200)).astype(dtype).astype(float)
    if name == "gamma":
        expected = gammaln(x) - ((x - 0.5) * np.log(x) - x + 0.5 * np.log(2 * np.pi))
    else:
        expected = digamma(x) - np.log(x)
    found = np.empty(len(x), dtype)
    apply(_gamma_rest if name == "gamma" else _psi_rest, x.astype(dtype), found)
    np.testing.assert_allclose(found, expected, rtol=error, atol=error)


def test_log_probabilities_of_large_counts_are_accurate_in_single_precision(rng):
    family = NegativeBinomial(1)
    log_means, log_shapes = rng.uniform([-3, -3], [9, 9], (sizes(5000, 100), 2)).T
    mean, shape = np.exp(log_means), np.exp(log_shapes)
    counts = rng.poisson(mean * rng.gamma(shape) / shape)
    a = np.stack([np.zeros(len(counts)), log_means, log_shapes]).astype(np.float32)
    twin = LOG_PROB[family.name]
    expected = [twin(n, column, (0.0, 1.0)) for n, column in zip(counts, a.T.astype(float))]
    found, _ = log_prob(family, a, counts)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=5e-4)
