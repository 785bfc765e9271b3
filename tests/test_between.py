"""Lattices that most values of a column are on, and others between its points."""

import pickle

import numpy as np
import pytest
from scipy.stats import chisquare

from skmade import MADEDensity, MADEImputer
from skmade._columns._between import find_between

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

FINE = {"halves": 0.5, "tenths": 0.1, "hundredths": 0.01}


def numbers(n=500, fine=0.01, share=0.06, seed=0, spike=0.0):
    """Whole numbers, and a few that are a multiple of `fine` above them, besides a spike at 40."""
    rng = np.random.default_rng(seed)
    x = np.round(rng.normal(40, 12, n)).clip(1)
    above = np.round(fine * rng.integers(1, round(1 / fine), n), 2)
    x = np.where(rng.random(n) < share, x + above, x)
    return np.where(rng.random(n) < spike, 40.0, x)


def learnt(x, **parameters):
    """A density of one column that learns nothing after its bias, and its column."""
    parameters = {"n_estimators": 1, "max_iter": 1, "random_state": 0} | parameters
    model = MADEDensity(**parameters).fit(np.asarray(x).reshape(-1, 1))
    return model, model._density.columns.columns[0]


@pytest.mark.parametrize("spike", [0.0, 0.2])
@pytest.mark.parametrize("fine", FINE.values(), ids=FINE)
def test_the_lattice_that_most_values_are_on_is_found(fine, spike):
    x = numbers(fine=fine, spike=spike)
    model, column = learnt(x)
    assert column.step == pytest.approx(1.0) and column.fine == pytest.approx(fine)
    assert model.atoms_[0].tolist() == ([40.0] if spike else [])
    others = x[x != 40] if spike else x
    assert column.shares[0] == pytest.approx(np.mean(others == np.round(others)), abs=0.01)
    assert sum(column.shares) == pytest.approx(1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("spike", [0.0, 0.2])
@pytest.mark.parametrize("fine", FINE.values(), ids=FINE)
def test_probabilities_of_all_values_sum_to_one(fine, spike, dtype):
    model, _ = learnt(numbers(fine=fine, spike=spike), dtype=dtype)
    values = np.round(np.arange(-100, 200, fine), 2)
    assert fine * np.exp(model.score_samples(values[:, None])).sum() == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("spike", [0.0, 0.2])
@pytest.mark.parametrize("fine", FINE.values(), ids=FINE)
def test_draws_are_values_as_often_as_their_probabilities_say(fine, spike):
    model, _ = learnt(numbers(fine=fine, spike=spike))
    n = 100_000
    drawn = model.sample(n, random_state=0).ravel()
    values, counts = np.unique(drawn, return_counts=True)
    assert np.array_equal(values, np.round(values, 2) + 0.0)
    expected = n * fine * np.exp(model.score_samples(values[:, None]))
    # (about a spike values are drawn as often as there were any, and less so by what they are)
    is_far = (abs(values - 40) >= 1) | (values == 40) if spike else np.full(len(values), True)
    often = (expected > 20) & is_far
    rest = n - counts[often].sum(), n - expected[often].sum()
    observed, expected = np.append(counts[often], rest[0]), np.append(expected[often], rest[1])
    assert chisquare(observed, expected).pvalue > 1e-4


def test_shares_are_those_of_places_above_points_and_others_have_what_good_and_turing_say():
    x = np.repeat(np.arange(30.0, 70.0), 10)
    x[::50] += 0.25
    x[25] += 0.5
    _, column = learnt(x)
    assert column.fine == 0.25 and column.step == 1.0
    rare = (1 + 1 / 2) / (9 + 1)
    others = [(1 - rare) * 8 / 9, (1 - rare) * 1 / 9, rare]
    np.testing.assert_allclose(column.shares, np.array([391, *(9 * x for x in others)]) / 400)


def test_a_value_between_points_costs_what_its_place_is_rarer():
    x = numbers(fine=0.5)
    model, column = learnt(x)
    whole, half = model.score_samples([[45.0], [45.5]])
    beside = model.score_samples([[46.0]])[0]
    between = np.log(column.shares[1] / column.shares[0])
    assert half - np.logaddexp(whole, beside) + np.log(2) == pytest.approx(between, abs=0.01)


@pytest.mark.parametrize(
    "x",
    [
        # all of a fine lattice
        np.round(np.random.default_rng(0).normal(40, 3, 500), 1),
        # what repeats are values, not places
        np.random.default_rng(1).choice(np.append(np.random.default_rng(2).choice(
            np.arange(2000, 9000, 10.0), 40, replace=False), [2505, 4015]), 500),
        # many rows for each value
        numbers(20_000, fine=0.5),
        # few points
        np.append(np.random.default_rng(3).integers(1, 6, 400), [1.5, 2.5, 2.25]),
        # of many sizes
        np.round(np.exp(np.random.default_rng(4).normal(3, 2, 500))) + 1.0,
    ],
    ids=["smooth", "lumps", "many rows", "few points", "sizes"],
)  # fmt: skip
def test_other_columns_have_no_such_lattice(x):
    assert not getattr(learnt(x)[1], "fine", 0)


def test_without_atoms_there_is_none():
    assert not getattr(learnt(numbers(), atoms=None)[1], "fine", 0)


def test_codes_and_spikes_are_on_the_lattice_or_there_is_none():
    x = numbers(fine=0.5)
    model, column = learnt(np.append(x, [-9999.0] * 30))
    assert column.fine == 0.5
    drawn = model.sample(20_000, random_state=0)
    assert np.array_equal(np.unique(drawn[drawn < -100]), [-9999.0])
    assert not getattr(learnt(np.append(x, [-9999.5] * 30))[1], "fine", 0)
    assert not getattr(learnt(np.append(x, [40.5] * 300))[1], "fine", 0)


def test_a_value_between_points_that_stands_out_is_an_atom():
    x = numbers(1000, fine=0.5, share=0.04)
    x[:60] = 30.5
    model, column = learnt(x)
    assert not getattr(column, "fine", 0) and 30.5 in model.atoms_[0]
    drawn = model.sample(20_000, random_state=0)
    assert np.mean(drawn == 30.5) == pytest.approx(np.mean(x == 30.5), abs=0.01)


@pytest.mark.parametrize("spike", [40.0, 41.0])
def test_no_lattice_where_rows_of_a_spike_are_between_points(spike):
    """As often as others, so that a value beside it stands out."""
    rng = np.random.default_rng(3)
    x = rng.integers(5, 80, 1500) * 1.0
    x[rng.random(1500) < 0.3] = spike
    x = np.where(rng.random(1500) < 0.1, x + 0.5, x)
    assert not getattr(learnt(x)[1], "fine", 0)


def test_shares_are_those_of_rows_that_are_no_atoms():
    x = numbers(1000, fine=0.5, share=0.15)
    x[:200], x[200:400] = 15.0, 65.0
    model, column = learnt(x)
    assert column.fine == 0.5 and model.atoms_[0].tolist() == [15.0, 65.0]
    drawn = model.sample(50_000, random_state=0)
    assert np.mean(drawn % 1 != 0) == pytest.approx(np.mean(x % 1 != 0), abs=0.01)


def test_values_beside_heaps_are_drawn_as_often_as_they_are():
    x = numbers(1000, fine=0.5, share=0.15)
    heaped = np.random.default_rng(1).random(1000) < 0.4
    x = np.where(heaped, 10 * np.round(x / 10), x)
    model, column = learnt(x)
    assert column.fine == 0.5 and len(model.atoms_[0]) >= 5
    drawn = model.sample(50_000, random_state=0).ravel()
    beside = [29.5, 30.5, 39.5, 40.5, 49.5, 50.5]
    for own in (lambda x: x % 1 != 0, lambda x: np.isin(x, beside)):
        assert np.mean(own(drawn)) == pytest.approx(np.mean(own(x)), abs=0.01)


def test_shares_follow_the_weights():
    x = numbers(800, fine=0.5)
    weights = np.where(x % 1 != 0, 10.0, 1.0)
    model = MADEDensity(max_iter=1, random_state=0).fit(x[:, None], sample_weight=weights)
    drawn = model.sample(20_000, random_state=0)
    assert np.mean(drawn % 1 != 0) == pytest.approx(
        np.average(x % 1 != 0, weights=weights), abs=0.02
    )


def columns_beside(x):
    """Columns beside one of numbers, and whether they tell which of these are between points."""
    rng = np.random.default_rng(9)
    is_between = x % 1 != 0
    return {
        "copy": (x.copy(), True),
        "other unit": (np.round(x / 2.54, 4), True),
        "nearly one": (x + 0.2 * rng.normal(size=len(x)), True),
        "flag": (is_between.astype(float), True),
        "three levels": (np.where(is_between, 2.0, rng.integers(0, 2, len(x))), True),
        "two of several blocks": (np.where(is_between, 1.2, 0) + rng.normal(size=len(x)), True),
        "missing where between": (np.where(is_between, np.nan, rng.normal(size=len(x))), True),
        "hardly known": (np.where(rng.random(len(x)) < 0.99, np.nan, 1.0 * x), False),
        "independent": (rng.normal(size=len(x)), False),
        "another flag": ((rng.random(len(x)) < 0.3).astype(float), False),
        "related": (x + 3 * rng.normal(size=len(x)), False),
        "other counts": (np.round(x + 3 * rng.normal(size=len(x))), False),
    }


@pytest.mark.parametrize("has_gaps", [False, True])
@pytest.mark.parametrize("name", columns_beside(numbers(10)))
def test_no_other_column_may_tell_which_values_are_between_points(name, has_gaps):
    x = numbers(1000, fine=0.5, share=0.12)
    other, is_related = columns_beside(x)[name]
    X = np.c_[x, other]
    if has_gaps:
        X[np.random.default_rng(1).random(X.shape) < 0.1] = np.nan
    model = MADEDensity(max_iter=1, random_state=0).fit(X)
    assert (getattr(model._density.columns.columns[0], "fine", 0) == 0) == is_related


def test_a_cell_is_filled_in_as_its_copy_in_another_unit_says():
    x = numbers(1000, fine=0.5, share=0.12)
    X = np.c_[x, np.round(x / 2.54, 4)]
    holes = X.copy()
    holes[::4, 0] = np.nan
    filled = MADEImputer(MADEDensity(random_state=0), random_state=0).fit_transform(holes)
    assert np.mean(filled[::4, 0] == X[::4, 0]) > 0.95


def test_where_more_rows_follow_there_are_no_such_lattices():
    model = MADEDensity(max_iter=1, random_state=0).partial_fit(numbers(fine=0.5)[:, None])
    assert not getattr(model._density.columns.columns[0], "fine", 0)


def test_draws_keep_to_the_bounds():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 31, 500).astype(float)
    x[:20] += np.where(x[:20] < 30, 0.5, -0.5)
    model, column = learnt(x)
    assert column.fine == 0.5 and column.bounds == (0.0, 30.0)
    drawn = model.sample(50_000, random_state=0)
    assert drawn.min() == 0.0 and drawn.max() == 30.0
    for value in (0.5, 29.5):
        p = 0.5 * np.exp(model.score_samples([[value]])[0])
        assert np.mean(drawn == value) == pytest.approx(p, abs=4 * np.sqrt(p / len(drawn)))
    inside, outside = model.score_samples([[29.5], [30.5]])
    assert outside < inside - 5  # (what is never drawn is rare)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values_come_back_bit_for_bit_in_any_unit(scale, dtype):
    x = (numbers(fine=0.25) * scale).astype(dtype)
    model, column = learnt(x)
    assert column.fine == pytest.approx(scale / 4, rel=1e-5)
    drawn = model.sample(5000, random_state=0).ravel()
    assert drawn.dtype == dtype
    assert np.isin(x, drawn).mean() > 0.95


def test_scores_are_the_same_bits_in_any_batch_and_after_pickling():
    x = numbers()
    X = np.c_[x, x + np.random.default_rng(1).normal(size=len(x))]
    model = MADEDensity(max_iter=3, random_state=0).fit(X)
    scores = model.score_samples(X)
    assert np.array_equal(
        scores, [model.score_samples(row[None])[0] for row in X[:50]] + list(scores[50:])
    )
    again = pickle.loads(pickle.dumps(model))
    assert np.array_equal(again.score_samples(X), scores)
    assert np.array_equal(again.sample(99, random_state=0), model.sample(99, random_state=0))
    np.testing.assert_allclose(model.score_features(X).sum(axis=1), scores, rtol=1e-6)


@pytest.mark.parametrize("far", [1e15, -1e30, 1e300])
def test_numbers_far_away_have_scores(far):
    assert np.isfinite(learnt(numbers())[0].score_samples([[far]])).all()


@pytest.mark.parametrize("strategy", ["draw", "quantile", "most_likely", "mean"])
def test_what_is_filled_in(strategy):
    x = numbers(fine=0.5, share=0.15)
    X = np.c_[x, np.round(x + np.random.default_rng(1).normal(size=len(x)), 3)]
    X[::3, 0] = np.nan
    imputer = MADEImputer(
        MADEDensity(max_iter=20, random_state=0), strategy=strategy, random_state=0
    )
    filled = imputer.fit_transform(X)
    known = ~np.isnan(X)
    assert np.array_equal(filled[known], X[known])
    made = filled[~known]
    halves = np.mean(made != np.round(made))
    if strategy == "draw":
        assert 0.08 < halves < 0.25
    if strategy == "most_likely":
        assert halves < 0.08
    if strategy != "mean":
        assert np.array_equal(2 * made, np.round(2 * made))


def test_cells_that_are_known_are_seen_as_they_are():
    """A half is nearer to one neighbour of a column that is about the same."""
    x = numbers(fine=0.5, share=0.15)
    model = MADEDensity(random_state=0, ordering=[0, 1]).fit(np.c_[x, x])
    assert model.score_features([[40.5, 40.5]])[0, 1] > model.score_features([[41.0, 40.5]])[0, 1]


def readings(n, seed):
    """Even numbers, three tenths of them tens, and a few odd ones."""
    rng = np.random.default_rng(seed)
    x = 2 * np.round(rng.normal(35, 3, n))
    x = np.where(rng.random(n) < 0.3, 10 * np.round(x / 10), x)
    return np.where(rng.random(n) < 0.03, x + 1, x)


def ages(n, seed):
    x = 18.0 + np.random.default_rng(seed).poisson(6, n)
    x[0] = 19.5
    return x


def ratings(n, seed):
    x = 1.0 + np.random.default_rng(seed).integers(0, 10, n)
    x[0] = 2.5
    return x


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("n", [100, 200, 350])
@pytest.mark.parametrize(("made", "step"), [(readings, 2), (ages, 1), (ratings, 1)])
def test_draws_are_between_points_as_often_as_rows_whatever_explains_these(made, step, n, seed):
    """Where atoms do not have most of the rows, the finer lattice would be drawn from evenly."""
    x = made(n, seed)
    drawn = learnt(x)[0].sample(4000, random_state=0)
    among_rows, among_draws = (np.mean(y % step != 0) for y in (x, drawn))
    assert among_rows / 4 < among_draws < 2 * among_rows + 0.01


@pytest.mark.parametrize("n", [10, 15, 20, 40])
def test_few_numbers_are_on_no_lattice_by_chance(n):
    rng = np.random.default_rng(0)
    for _ in range(50):
        x = rng.integers(0, 60, n) * 1.0
        assert find_between(x, 1.0) is None
