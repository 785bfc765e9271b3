"""Maps of columns whose numbers are of many sizes."""

import numpy as np
import pytest
from conftest import JIT, quick, sizes
from scipy.stats import lognorm, norm
from sklearn.preprocessing import StandardScaler

from skmade import MADEDensity, MADEImputer
from skmade._columns._number import Warped
from skmade._columns._warp import Warp, find_warp

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def rng():
    return np.random.default_rng(0)


HEAVY = {
    "lognormal": rng().lognormal(size=2000),
    "of many sizes": rng().lognormal(0, 3, size=2000),
    "negative": -rng().lognormal(0, 1, size=2000),
    "two tails": rng().standard_cauchy(size=2000),
    "few rows": rng().lognormal(0, 2, size=60),
}
OTHERS = {
    "normal": rng().normal(size=2000),
    "uniform": np.random.default_rng(1).random(2000),
    "bounded on both sides": rng().beta(0.5, 0.5, size=2000),
    "two narrow groups": np.r_[rng().normal(size=1000), 1000 + rng().normal(size=1000)],
    "all but constants beside others": np.r_[1e-9 * rng().random(500), rng().random(1500)],
    "a wild value": np.r_[rng().normal(size=999), 1e12],
    "few normal rows": rng().normal(size=50),
}


@pytest.mark.parametrize("name", HEAVY)
def test_columns_of_many_sizes_are_warped(name):
    warp = find_warp(HEAVY[name])
    assert abs(skewness(warp(HEAVY[name]))) < 1 < abs(skewness(HEAVY[name]))


def skewness(numbers):
    """Of the middle 99 % of numbers, in robust units, or of both tails."""
    low, middle, high = np.quantile(numbers, [0.005, 0.5, 0.995])
    spread = np.diff(np.quantile(numbers, [0.25, 0.75]))[0]
    return max(high - middle, middle - low) / spread / 3


@pytest.mark.parametrize("name", OTHERS)
def test_others_are_not(name):
    assert find_warp(OTHERS[name]) is None


@pytest.mark.parametrize("unit", [1e-290, 1e-6, 3.0, 1e9, 1e290])
@pytest.mark.parametrize("name", HEAVY)
def test_units_do_not_matter(name, unit):
    warp, other = find_warp(HEAVY[name]), find_warp(unit * HEAVY[name])
    np.testing.assert_allclose(
        unit * np.array([warp.middle, warp.width]), [other.middle, other.width]
    )


@pytest.mark.parametrize("size", [1e-320, 1e-300, 1e300])
def test_numbers_at_the_ends_of_floats_have_finite_scores(size):
    column = np.clip(size * rng().lognormal(0, 3, (1000, 1)), 0, np.finfo(float).max)
    assert np.all(np.isfinite(quick(max_iter=1).fit(column).score_samples(column)))


def test_derivative_and_inverse():
    warp, x = Warp(2.0, 0.3), np.concatenate([-np.logspace(-3, 6), [2.0], np.logspace(-3, 6)])
    np.testing.assert_allclose(warp.inverse(warp(x)), x, rtol=1e-12, atol=1e-12)
    step = 1e-6 * np.maximum(abs(x), 1)
    slope = (warp(x + step) - warp(x - step)) / (2 * step)
    np.testing.assert_allclose(np.exp(warp.log_slope(x)), slope, rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_densities_are_those_of_the_numbers(dtype):
    """They integrate to 1, with what lies below the least number, if it may."""
    model = quick(dtype=dtype).fit(HEAVY["of many sizes"][:, None])
    assert isinstance(model._density.columns.columns[0], Warped)
    t = np.linspace(-20, 20, 20_001)
    x = np.exp(t)
    both = [np.exp(model.score_samples(s * x[:, None])) * x for s in (1, -1)]
    at_zero = 2 * x[0] * np.exp(model.score_samples([[0.0]]))[0]
    assert np.trapezoid(np.sum(both, axis=0), t) + at_zero == pytest.approx(1, abs=2e-3)


def test_contributions_sum_to_scores():
    table = np.column_stack([HEAVY["lognormal"], HEAVY["two tails"], OTHERS["normal"]])
    table[::3, 0], table[::5, 1] = 0, np.nan  # an atom, and gaps
    model = quick(max_iter=2).fit(table)
    assert [isinstance(column, Warped) for column in model._density.columns.columns] == [
        True,
        True,
        False,
    ]
    np.testing.assert_allclose(
        model.score_features(table).sum(axis=1), model.score_samples(table), rtol=1e-9
    )
    assert np.all(model.score_features(table)[::5, 1] == 0)


def test_a_linear_map_of_the_table_shifts_scores_alone():
    table = np.column_stack([HEAVY["lognormal"], OTHERS["normal"]])
    scaler = StandardScaler().fit(table)
    shift = np.log(scaler.scale_).sum()
    scores = np.empty((2, 4))
    for k in range(4):  # (of few epochs, each network by itself is off by chance)
        model = quick(random_state=k)
        scores[0, k] = model.fit(table).score(table)
        scores[1, k] = model.fit(scaler.transform(table)).score(scaler.transform(table)) - shift
    # (the middle is 0 of the one, and the median of the other, if any)
    assert scores[1].mean() == pytest.approx(scores[0].mean(), abs=0.1)


@pytest.mark.skipif(not JIT, reason="needs a network that is trained for long")
@pytest.mark.parametrize("spread", [1, 2, 3])
def test_little_is_lost_on_a_lognormal_sample(spread):
    truth = lognorm(spread)
    train, test = truth.rvs((2, 2000, 1), random_state=0)
    model = MADEDensity((16,), n_estimators=1, random_state=0, max_iter=200)
    lost = truth.logpdf(test).mean() - model.fit(train).score(test)
    assert -0.02 < lost < 0.04


def test_draws_are_of_all_sizes():
    train = HEAVY["of many sizes"][:, None]
    drawn = quick(max_iter=sizes(30, 1)).fit(train).sample(2000, random_state=0)
    assert drawn.min() >= 0
    ends = [0.01, 0.1, 0.5, 0.9, 0.99]
    far = np.log(np.quantile(drawn, ends)) - np.log(np.quantile(train, ends))
    assert abs(far).max() < sizes(0.6, 2)


def test_means_are_those_of_the_numbers():
    """Not what their map's mean comes from, which is nearer to the median."""
    table = np.column_stack([HEAVY["lognormal"], OTHERS["uniform"]])
    model = quick(max_iter=sizes(30, 1)).fit(table)
    query = [[np.nan, 0.0]]
    few = MADEImputer(model, strategy="mean", n_draws=2000, random_state=0).fit(table)
    draws = model.sample_conditional(np.tile(query, (2000, 1)), random_state=1)[:, 0]
    assert few.transform(query)[0, 0] == pytest.approx(draws.mean(), rel=0.15)
    assert draws.mean() > 1.2 * np.median(draws)


def test_whole_numbers_are_drawn_whole():
    people = np.round(np.random.default_rng(1).lognormal(7, 0.7, size=2000))
    model = quick(max_iter=2).fit(people[:, None])
    assert isinstance(model._density.columns.columns[0], Warped)
    drawn = model.sample(200, random_state=0)
    np.testing.assert_array_equal(drawn, np.round(drawn))


@pytest.mark.parametrize("step", [0.05, 2, 10])
def test_lattices_are_drawn_as_they_are_and_learnt_as_in_any_unit(step):
    people = np.round(np.random.default_rng(1).lognormal(7, 0.7, size=2000))[:, None]
    model, other = quick().fit(people), quick().fit(np.round(step * people, 2))
    assert isinstance(other._density.columns.columns[0], Warped)
    score = other.score(np.round(step * people, 2)) + np.log(step)
    assert score == pytest.approx(model.score(people), abs=1e-3)
    drawn = other.sample(200, random_state=0)
    np.testing.assert_array_equal(drawn, np.round(step * np.rint(drawn / step), 2))


def test_draws_and_densities_have_the_same_ends():
    """Of a column that has many values near its lowest one, but not many as the network sees it."""
    a = np.random.default_rng(1).lognormal(7, 1.5, 1000)
    table = np.column_stack([a, a * np.exp(0.1 * rng().normal(size=1000))])
    model = quick(ordering="natural", max_iter=sizes(60, 2)).fit(table)
    low = 0.5 * table.min()
    grid = np.geomspace(1e-3 * low, 1e3 * low, 4001)
    density = np.exp(model.score_samples(np.column_stack([np.full(4001, low), grid]), given=[0]))
    cumulated = np.cumsum(np.diff(grid) * (density[1:] + density[:-1]) / 2)
    query = np.tile([[low, np.nan]], (sizes(2000, 100), 1))
    drawn = model.sample_conditional(query, random_state=0)[:, 1]
    for share in (0.1, 0.5, 0.9):
        place = grid[np.searchsorted(cumulated, share * cumulated[-1])]
        assert np.mean(drawn < place) == pytest.approx(share, abs=sizes(0.04, 0.15))


def test_sharp_ends_are_kept():
    """Else the tail of a logistic goes on for orders of magnitude."""
    table = 10 ** rng().uniform(0, 6, (1000, 1))
    drawn = quick(max_iter=sizes(20, 1)).fit(table).sample(5000, random_state=0)
    assert table.min() <= drawn.min() and drawn.max() <= table.max()


def test_the_most_likely_is_so_of_the_numbers():
    table = np.column_stack([HEAVY["of many sizes"], OTHERS["normal"]])
    model = quick(ordering=[1, 0], max_iter=sizes(30, 2)).fit(table)
    query = np.array([[np.nan, 0.0]] * 20)
    imputer = MADEImputer(model, strategy="most_likely", n_draws=100, random_state=0).fit(table)
    fitted = imputer.estimator_
    draws = [fitted.sample_conditional(query, random_state=seed) for seed in range(100)]
    best = max(fitted.score_samples(draw).max() for draw in draws)
    filled = fitted.score_samples(imputer.transform(query))
    assert filled.mean() == pytest.approx(best, abs=0.3)


def test_slopes_make_a_density_of_what_the_network_says():
    prices = np.round(rng().lognormal(3, 1, 2000), 2)[:, None]
    prices[::4] = 9.99  # an atom
    model = quick(max_iter=2).fit(prices)
    density = model._density
    assert model.atoms_[0].tolist() == [9.99]
    seen = density.encode(prices)
    of_network = density.ensemble.score_all(seen, 1) + density.columns.log_slopes(seen)
    assert np.ptp(model.score_samples(prices) - of_network) < 1e-3


def test_columns_that_become_coarse_are_lattices():
    counts = np.round(np.random.default_rng(1).lognormal(2, 1.5, size=2000))
    model = quick(max_iter=2).fit(counts[:, None])
    assert model.conditionals_ == ["logistic_mixture"]
    assert not isinstance(model._density.columns.columns[0], Warped)


def test_families_that_were_asked_for_see_the_numbers_themselves():
    model = quick(max_iter=2, conditionals="gaussian").fit(HEAVY["lognormal"][:, None])
    assert not isinstance(model._density.columns.columns[0], Warped)


@pytest.mark.skipif(not JIT, reason="slow")
@pytest.mark.parametrize("spread", [10, 15, 30])
def test_little_is_lost_on_numbers_of_very_many_sizes(spread):
    logs = spread * np.random.default_rng(0).normal(size=2000)
    X, truth = np.exp(logs)[:, None], norm(0, spread).logpdf(logs) - logs
    model = MADEDensity(n_estimators=1, random_state=0).fit(X[:1000])
    assert model.score(X[1000:]) == pytest.approx(truth[1000:].mean(), abs=0.2)
    assert model.score_samples(X).min() > truth.min() - 5


@pytest.mark.parametrize("apart", [9, 11, 14])
@pytest.mark.parametrize("seed", range(3))
def test_columns_of_two_kinds_of_sizes_are_logarithms_of_both(apart, seed):
    rng = np.random.default_rng(seed)
    of_one = rng.random(1000) < 0.5
    sizes = np.where(of_one, rng.lognormal(5.5, 1, 1000), rng.lognormal(5.5 + apart, 1, 1000))
    warp = find_warp(sizes)
    assert warp.middle == 0 and np.mean(sizes[of_one] < warp.width) < 0.25


@pytest.mark.parametrize("share", [0.03, 0.1, 0.5])
def test_zeros_but_for_rounding_are_not_torn_from_others(share):
    """As sums of columns that cancel out are."""
    is_other = rng().random(1000) < share
    x = np.where(
        is_other, rng().normal(size=1000), 1e-17 * np.random.default_rng(1).normal(size=1000)
    )
    assert find_warp(x) is None


def test_draws_of_a_gaussian_behind_a_map_are_guarded():
    """What the network says of rows it has not seen may be anywhere."""
    x = 10.0 ** (15 * rng().normal(size=400))
    model = MADEDensity(max_iter=1, random_state=0).fit(x[:, None])
    assert model.conditionals_ == ["gaussian_mixture"]
    low, high = model._density.columns.columns[0].bounds
    assert low == 0 and high == pytest.approx(4 * x.max(), rel=1e-6)
    drawn = model.sample(20_000, random_state=0)
    assert 0 <= drawn.min() and drawn.max() <= high


def test_bounds_are_kept_where_single_precision_rounds_what_is_seen():
    x = 10.0 ** (15 * rng().normal(size=400))
    column = MADEDensity(max_iter=1, random_state=0).fit(x[:, None])._density.columns.columns[0]
    seen = column.standardised(np.array(column.bounds)).astype(np.float32)
    below_and_above = np.nextafter(seen, [-np.inf, np.inf], dtype=np.float32)
    np.testing.assert_array_equal(column.numbers_of(below_and_above), column.bounds)
