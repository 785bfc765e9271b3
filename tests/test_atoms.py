"""Atoms and bounds: values with a probability of their own beside a density of the others."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from conftest import JIT, quick, sizes
from scipy.stats import norm

from skmade import MADEDensity, MADEOutlierDetector
from skmade._columns import Table
from skmade._columns._atoms import find_atoms, find_bounds
from skmade._columns._far import find_far
from skmade._columns._lattice import without_rounding
from skmade._columns._warp import Warp

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
needs_speed = pytest.mark.skipif(not JIT, reason="takes long")


def rng():
    return np.random.default_rng(0)


def at(points, share, others):
    """Numbers of which a share is one of some points."""
    random = np.random.default_rng(1)
    return np.where(random.random(len(others)) < share, random.choice(points, len(others)), others)


SMOOTH = {
    "normal": rng().normal(size=3000),
    "rounded": np.round(rng().normal(size=3000), 2),
    "coarse": np.round(rng().normal(size=3000) * 3),
    "uniform": rng().random(3000),
    "lognormal": rng().lognormal(size=3000),
    "counts": rng().poisson(4, 3000),
    "rare counts": rng().poisson(0.4, 3000),
    "geometric": rng().geometric(0.4, 3000),
    "ages": np.round(rng().gamma(9, 4, 3000)),
    "two heaps": np.r_[rng().normal(size=1500), rng().normal(8, 0.1, 1500)],
    "few rows": np.round(rng().normal(size=50), 1),
}
#: The atoms of some columns.
SPIKY = {
    "zeros": (at([0], 0.9, rng().integers(100, 99999, 1000)), [0]),
    "a point": (at([2.5], 0.4, rng().normal(size=1000)), [2.5]),
    "zeros and lognormal": (at([0], 0.7, rng().lognormal(size=2000)), [0]),
    "clipped": (np.clip(rng().normal(size=2000), -1, 1.5), [-1, 1.5]),
    "heaped": (at([40, 50], 0.5, np.round(rng().normal(42, 12, 3000))), [40, 50]),
    "prices": (at([9.99, 19.95], 0.3, rng().gamma(3, 5, 2000)), [9.99, 19.95]),
    "excess zeros": (at([0], 0.5, rng().poisson(6, 3000)), [0]),
}


#: Columns with codes, which these are, and without.
CODED = {
    "not measured": (np.r_[SMOOTH["normal"], 9 * [-9999]], [-9999]),
    "a third of all": (np.r_[SMOOTH["normal"], 1500 * [-9999]], [-9999]),
    "two of them": (np.r_[SMOOTH["ages"], 12 * [888], 7 * [999]], [888, 999]),
    "at either end": (np.r_[SMOOTH["lognormal"], 700 * [-1e6], 5 * [1e6]], [-1e6, 1e6]),
    "beside ratings": (np.r_[np.tile([1, 2, 3, 4, 5], 40), 5 * [99]], [99]),
    "largest integer": (np.r_[SMOOTH["counts"], 6 * [2**31]], [2**31]),
    "four of them": (
        np.r_[SMOOTH["ages"], np.repeat([777, 778, 888, 999], 9)],
        [777, 778, 888, 999],
    ),
    "a typo beyond": (np.r_[SMOOTH["normal"], 150 * [-9999], -99999], [-9999]),
    "a typo beside": (np.r_[SMOOTH["normal"], 150 * [-9999], -9998, -10050], [-9999]),
    "between": (np.r_[SMOOTH["normal"], 150 * [-9999], 3 * [-999]], [-9999]),
    "beside flags": (np.r_[np.tile([0, 1], 40), 5 * [-99]], [-99]),
    "mostly 0": (np.r_[np.zeros(970), SMOOTH["lognormal"][:30], 30 * [-9999]], [-9999]),
    "twice each": (np.r_[np.repeat(SMOOTH["normal"], 2), 6 * [-9999]], [-9999]),
}
UNCODED = {
    **SMOOTH,
    "too few": np.r_[SMOOTH["normal"], 4 * [-9999]],
    "a few wild ones": np.r_[SMOOTH["normal"], 1e4 * np.arange(1, 9)],
    "near": np.r_[np.tile([1, 2, 3, 4, 5], 40), 50 * [9]],
    "three values": np.repeat([0, 7, 100], 40),
    "six of them": np.r_[SMOOTH["ages"], np.repeat(777 + 100 * np.arange(6), 9)],
    "a group of its own": np.r_[SMOOTH["normal"], SMOOTH["normal"][:90] + 100],
    "as far as floats go": np.r_[30 * [0.0], 1.7e308, -1.7e308, 1.0, 2.0],
    "beside nothing": np.repeat([0.0, 1.0, 1000.0], 6),
    "Cauchy, rounded": np.round(rng().standard_cauchy(3000)),
}


def atoms_of(column, **parameters):
    model = quick(max_iter=1, **parameters).fit(np.asarray(column)[:, None])
    return list(model.atoms_[0])


@pytest.mark.parametrize("name", SMOOTH)
def test_a_smooth_column_has_no_atoms(name):
    assert atoms_of(SMOOTH[name]) == []


@pytest.mark.parametrize("name", SPIKY)
def test_atoms_are_found(name):
    column, atoms = SPIKY[name]
    assert atoms_of(column) == atoms
    in_single_precision = atoms_of(column.astype(np.float32))
    np.testing.assert_array_equal(in_single_precision, np.float32(atoms_of(column)))
    assert atoms_of(column, atoms=None) == []
    assert atoms_of(column, atoms={0: [7]}) == [7]


def mass(model, atoms, grid):
    """Of the atoms, and under the density of the others."""
    density = np.exp(model.score_samples(grid[:, None]))
    return np.exp(model.score_samples(np.array(atoms)[:, None])).sum(), np.trapezoid(density, grid)


@pytest.mark.parametrize(("inflation", "atoms"), [(1, []), (1.8, []), (2.2, [0.0])])
def test_the_first_count_of_a_steep_distribution_is_held_against_what_the_next_two_say(
    inflation, atoms
):
    counts = 4 ** np.arange(7)[::-1]
    counts[0] *= inflation
    assert find_atoms(np.repeat(np.arange(7.0), counts), 1.0).tolist() == atoms


@pytest.mark.parametrize("off", [0.0, 0.013])
def test_all_values_of_a_rough_column_are_atoms(off):
    """Every fifth number of thirty is three times as frequent as those beside it, which by
    themselves are as smooth as can be."""
    values = np.arange(30) + off * np.arange(30) ** 2
    counts = np.where(np.arange(30) % 5 == 2, 150, 50)
    column = rng().permutation(np.repeat(values, counts))
    found = find_atoms(column, 0.0 if off else 1.0)
    assert found.tolist() == values.tolist()
    few = np.repeat(values, counts // 10)  # (not 20 rows of a value in the mean)
    assert find_atoms(few, 0.0 if off else 1.0).tolist() == (values.tolist() if off else [])


@pytest.mark.parametrize("n_values", [3, 5, 30])
@pytest.mark.parametrize("change", [np.log1p, np.sqrt])
def test_all_of_few_values_on_no_lattice_are_atoms(change, n_values):
    values = change(np.arange(n_values))
    column = values[rng().integers(0, n_values, 1000)]
    model = quick(max_iter=sizes(100, 1)).fit(column[:, None])
    assert model.atoms_[0].tolist() == values.tolist()
    assert np.exp(model.score_samples(values[:, None])).sum() <= 1
    drawn = model.sample(1000, random_state=0)
    assert np.isin(drawn, values).mean() > 0.99


def test_a_spike_beside_few_others_leaves_them_a_density():
    for n_others in (5, 30, 90):
        column = np.r_[np.zeros(1000 - n_others), rng().lognormal(8, 1, n_others)]
        assert find_atoms(column, 0.0).tolist() == [0]


@pytest.mark.parametrize(
    ("n_values", "n_tall", "are_all"),
    [(30, 2, True), (30, 1, False), (100, 4, False), (200, 5, True)],
)
def test_a_column_is_rough_by_how_many_values_stand_out(n_values, n_tall, are_all):
    values, counts = np.arange(1.0, n_values + 1), np.full(n_values, 500)
    tall = 10 + 15 * np.arange(n_tall)
    counts[tall] = 1500
    found = find_atoms(rng().permutation(np.repeat(values, counts)), 1.0)
    assert found.tolist() == (values if are_all else values[tall]).tolist()


@pytest.mark.parametrize(("height", "are_all"), [(3.7, False), (4.3, True)])
def test_edges_of_counts_make_a_column_rough(height, are_all):
    """Their values are no atoms by themselves: their neighbours explain them."""
    counts = np.repeat([1000, round(1000 * height), 1000], 10)
    found = find_atoms(rng().permutation(np.repeat(np.arange(30.0), counts)), 1.0)
    assert found.tolist() == (list(range(30)) if are_all else [])


@pytest.mark.parametrize(("n_values", "is_clumped"), [(100, True), (540, True), (545, False)])
def test_values_that_repeat_are_atoms_of_a_column_that_takes_few(n_values, is_clumped):
    """Of 900 rows, 28 blocks of 32 have .493 or .506 of the distinct values of smooth ones."""
    values = np.sort(rng().normal(size=n_values))
    column = rng().choice(values, 900)
    numbers, counts = np.unique(column, return_counts=True)
    expected = numbers[counts > 1] if is_clumped else []
    assert find_atoms(column, 0.0).tolist() == list(expected)


@pytest.mark.parametrize("name", CODED)
def test_codes_far_from_all_numbers_are_found(name):
    numbers, codes = CODED[name]
    random = rng()
    for way in (1, -1):
        np.testing.assert_array_equal(
            find_far(random.permutation(way * numbers))[0], np.sort(way * np.array(codes))
        )
    assert set(codes) <= set(find_atoms(numbers, 0.0))
    for parameters in ({}, {"atoms": None}, {"atoms": None, "conditionals": "gaussian_mixture"}):
        assert set(codes) <= set(atoms_of(numbers, **parameters))


def test_codes_that_are_not_among_atoms_that_are_given_are_numbers():
    numbers, (code,) = CODED["a third of all"]
    model = quick(max_iter=1, atoms={0: [0.0]}).fit(numbers[:, None])
    low, _ = model._density.columns.columns[0].bounds
    assert list(model.atoms_[0]) == [0] and (low is None or low <= code)


def test_wild_values_are_no_atoms_where_all_others_are():
    random = rng()
    numbers = random.choice(np.log(np.arange(1, 11)), 6000)
    numbers[:60] = 1e4 * (1 + random.random(60))
    np.testing.assert_array_equal(find_atoms(numbers, 0.0), np.log(np.arange(1, 11)))
    few = np.r_[numbers[60:], 999999999.0]  # (one or two are what nobody has seen twice)
    assert len(find_atoms(few, 0.0)) == 11


def test_codes_below_a_heavy_tail_are_found():
    numbers = rng().pareto(0.4, 3000)
    code = -5 * np.quantile(numbers, 0.95)
    np.testing.assert_array_equal(find_far(np.r_[numbers, 150 * [code]])[0], [code])


@pytest.mark.parametrize("name", UNCODED)
def test_other_numbers_are_no_codes(name):
    assert not len(find_far(UNCODED[name])[0])
    assert not atoms_of(UNCODED[name], atoms=None)


@needs_speed
@pytest.mark.parametrize("name", ["a point", "zeros and lognormal", "clipped", "prices"])
@pytest.mark.parametrize("family", ["auto", "gaussian_mixture", "logistic_mixture"])
def test_masses_and_density_sum_to_one(name, family):
    column, atoms = SPIKY[name]
    model = quick(max_iter=60, conditionals=family).fit(column[:, None])
    low, high = np.min(column), np.max(column)
    reach = 3 * (high - low)
    # (steps of the grid are finer near the middle, and no point of it is an atom)
    grid = np.unique(
        np.r_[np.linspace(low - reach, high + reach, 200_001), np.linspace(low, high, 200_001)]
    )
    grid = grid[~np.isin(grid, atoms)]
    of_atoms, of_others = mass(model, atoms, grid)
    assert of_atoms + of_others == pytest.approx(1, abs=1e-3)
    share = np.isin(column, atoms).mean()
    assert of_atoms == pytest.approx(share, abs=0.03)


@needs_speed
@pytest.mark.parametrize("name", ["heaped", "excess zeros", "zeros"])
def test_on_a_lattice_probabilities_sum_to_one(name):
    column, _ = SPIKY[name]
    model = quick(max_iter=60).fit(column[:, None])
    cells = np.arange(-200_000, 300_000)
    assert np.exp(model.score_samples(cells[:, None])).sum() == pytest.approx(1, abs=2e-3)


@pytest.mark.parametrize("name", SPIKY)
def test_draws_are_atoms_as_often_as_rows_and_keep_to_the_bounds(name):
    column, atoms = SPIKY[name]
    model = quick(max_iter=sizes(60, 2)).fit(column[:, None])
    drawn = model.sample(sizes(5000, 200), random_state=0)[:, 0]
    assert drawn.dtype == column.dtype
    tolerance = sizes(0.05, 0.2)
    for atom in atoms:
        assert np.mean(drawn == atom) == pytest.approx(np.mean(column == atom), abs=tolerance)
    if column.min() >= 0:
        assert drawn.min() >= 0
    if name == "clipped":
        assert (drawn.min(), drawn.max()) == (column.min(), column.max())


@pytest.mark.parametrize("name", ["uniform", "lognormal", "counts", "geometric", "ages"])
def test_draws_have_the_sign_of_all_rows(name):
    column = SMOOTH[name]
    model = quick(max_iter=sizes(20, 2)).fit(column[:, None])
    drawn = model.sample(sizes(20_000, 500), random_state=0)
    assert drawn.min() >= 0
    if name == "uniform":
        assert drawn.max() <= column.max()


def with_thin_end(share):
    """Numbers of which the lowest tenth of the range has such a share of the density elsewhere."""
    n_thin = round(10_000 * share / (9 + share))
    thin, others = np.linspace(5, 6, n_thin, endpoint=False), np.linspace(6, 15, 10_000 - n_thin)
    return np.r_[thin, others]


#: The bounds of some columns; "low" and "high" are their ends.
BOUNDED = {
    "uniform": (2 + rng().random(225), ("low", "high"), True),
    "too few to say": (2 + rng().random(224), (0.0, None), False),
    "normal": (rng().normal(size=1000), (None, None), False),
    "positive": (5 + rng().normal(size=1000), (0.0, None), False),
    "next to zero": (rng().exponential(size=1000), (0.0, None), True),
    "far from zero": (5 + rng().exponential(size=1000), ("low", None), True),
    "a third at one end": (with_thin_end(0.37), ("low", "high"), True),
    "less at one end": (with_thin_end(0.30), (0.0, "high"), True),
}


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("origin", [0.0, 3e6])
@pytest.mark.parametrize("name", BOUNDED)
def test_bounds_are_ends_towards_which_values_do_not_thin_out(name, origin, sign):
    column, expected, is_sharp = BOUNDED[name]
    numbers = sign * column - origin
    ends = {"low": numbers[column.argmin()], "high": numbers[column.argmax()], 0.0: -origin}
    expected = [ends.get(end) for end in expected]
    bounds, found_sharp = find_bounds(numbers, np.array([]), 0.0, zero=-origin)
    assert list(bounds) == expected[::sign] and found_sharp == is_sharp


def test_an_atom_at_an_end_is_a_bound():
    column = np.r_[np.zeros(100), rng().normal(9, 1, 500)]
    assert find_bounds(column, np.array([0.0]), 0.0) == ((0.0, None), True)


def test_ends_are_judged_as_the_network_sees_a_column():
    column, warp = 10 ** rng().uniform(0, 6, 1000), Warp(0.0, 1.0)
    assert find_bounds(column, np.array([]), 0.0)[0] == (column.min(), None)
    seen = find_bounds(column, np.array([]), 0.0, warp=warp)
    assert seen == ((column.min(), column.max()), True)


@pytest.mark.parametrize("sign", [1, -1])
def test_bounds_of_a_lattice_are_points_of_it(sign):
    column = sign * rng().choice([0.02, 0.05, 0.08, 0.14], 200)  # (no point of which is 0)
    drawn = sign * quick(max_iter=sizes(20, 2)).fit(column[:, None]).sample(5000, random_state=0)
    np.testing.assert_allclose(drawn, 0.02 + 0.03 * np.rint((drawn - 0.02) / 0.03), atol=1e-9)
    assert drawn.min() >= 0.02


@needs_speed
def test_a_spike_tells_how_likely_it_is():
    zeros = at([0], 0.9, rng().integers(100, 99999, 1000))
    model = MADEDensity(random_state=0, n_estimators=1).fit(zeros[:, None])
    assert model.score_samples([[0]]) > np.log(0.8)


def test_atoms_are_known_in_any_precision():
    column = at([0.1, 0.7], 0.5, rng().normal(size=800))
    model = quick(max_iter=5).fit(column[:, None])
    scores = model.score_samples(column[:, None])
    single = model.score_samples(column.astype(np.float32)[:, None])
    is_atom = np.isin(column, [0.1, 0.7])
    np.testing.assert_array_equal(single[is_atom], scores[is_atom])
    beside = model.score_samples(np.nextafter([[0.1]], 1) + 1e-6)
    assert abs(beside - model.score_samples([[0.1]])) > 1e-3


@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize("atom", [0.1, -99.9, -9999.9, 1e20])
def test_atoms_of_short_floats_are_known_in_doubles(atom, dtype):
    if dtype == "float16" and abs(atom) > 1e4:
        atom = -999.9  # (which half precision has another number for)
    column = at([atom], 0.4, rng().normal(3, 1, size=800))[:, None]
    model = quick(max_iter=5).fit(column.astype(dtype), X_val=column)
    is_atom = column[:, 0] == atom
    scores = model.score_samples(column)[is_atom]
    np.testing.assert_array_equal(scores, model.score_samples(column.astype(dtype))[is_atom])
    assert abs(model.best_validation_score_) < 10
    assert model.score_samples([[atom * 1.01]]) != scores[0]


def test_whole_numbers_of_doubles_beside_an_atom_of_short_floats_are_none():
    column = at([2.0**24], 0.4, rng().normal(2**24, 1e4, size=800))[:, None].astype("float32")
    model = quick(max_iter=5).fit(column)
    at_it, beside = model.score_samples([[2.0**24], [2.0**24 + 1]])
    assert at_it > beside + 3


@pytest.mark.parametrize("dtypes", [("float32", "float64"), ("float64", "float32")])
def test_bounds_are_known_in_any_precision(dtypes):
    columns = np.clip(rng().normal(size=800), -0.7, 0.1), rng().random(800), 7 + rng().random(800)
    own, other = (np.column_stack(columns).astype(dtypes[0]).astype(dtype) for dtype in dtypes)
    model = quick(max_iter=5).fit(own)
    scores = model.score_features(own)
    np.testing.assert_allclose(model.score_features(other), scores, atol=0.02)
    beyond = model.score_features(1 + own)
    assert np.all(beyond.max(axis=0) < scores.min(axis=0) - 3)


def test_large_integers_of_one_sign_are_drawn_so():
    column = np.random.default_rng(0).normal(3e16, 1.2e16, 1000)
    column = column[column > 0].astype("int64")[:, None]
    for sign in (1, -1):
        drawn = quick(max_iter=sizes(20, 2)).fit(sign * column).sample(20_000, random_state=0)
        assert (sign * drawn).min() >= 0


@pytest.mark.parametrize("turn", [2, 4])
def test_atoms_are_found_where_rows_take_turns(turn):
    column = rng().normal(size=2000)
    column[::turn] = 0.25
    assert find_atoms(column, 0.0).tolist() == [0.25]


def test_whole_numbers_and_moments_near_an_atom_are_none():
    steps = at([0], 0.5, rng().integers(1, 900, 800))
    for column in (
        100_000_000 + steps,
        100_000_000.0 + steps,
        np.datetime64("2024-03-01", "ns") + steps.astype("m8[s]"),
    ):
        frame = pd.DataFrame({"k": column})
        columns = quick(max_iter=1).fit(frame)._density.columns
        (k,), numbers = columns.columns, columns.numbers(Table.read(quick(), frame, reset=True))
        np.testing.assert_array_equal(k.is_atom(numbers[:, 0])[0], steps == 0)


def test_whole_numbers_near_an_atom_of_a_coarse_lattice_are_none():
    column = 10_000.0 * at([3], 0.5, rng().integers(0, 90, 800))
    model = quick(max_iter=5).fit(column[:, None])
    assert model.atoms_[0].tolist() == [30_000]
    near, atom = model.score_samples([[30_001], [30_000]])
    assert near < atom


def decimals(n=1000):
    return np.round(rng().gamma(2, 3, (n, 3)), 1)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("sums_of", "step"),
    [
        (lambda x: x[:, 0] + x[:, 1], 0.1),
        (lambda x: x[:, 0] - x[:, 1], 0.1),
        (lambda x: (x[:, 0] + x[:, 1] + x[:, 2]) / np.float32(3), 1 / 30),
    ],
    ids=["sum", "difference", "mean"],
)
def test_values_that_differ_by_rounding_alone_are_one(sums_of, step, dtype):
    # (of .1 + .2 and .3, both occur)
    values = sums_of(decimals().astype(dtype))
    points = np.round(values.astype(float) / step).astype(int)
    assert len(np.unique(values)) > len(np.unique(points))
    model = quick(max_iter=sizes(30, 2)).fit(values[:, None])
    (column,) = model._density.columns.columns
    assert model.conditionals_ == ["logistic_mixture"] and not column.atoms
    assert column.step == pytest.approx(step)
    scores = model.score_samples(values[:, None])
    for point in np.unique(points):
        assert np.ptp(scores[points == point]) < 1e-3
    places = model.sample(2000, random_state=0)[:, 0].astype(float) / step
    np.testing.assert_allclose(places, np.round(places), atol=1e-3)


@pytest.mark.parametrize("others", ["on a lattice", "on none"])
def test_what_differs_from_an_atom_by_rounding_alone_is_that_atom(others):
    column = np.round(rng().gamma(2, 1, 1000), 1)
    column = at([0.3], 0.6, column if others == "on a lattice" else rng().normal(size=1000))
    column[np.flatnonzero(column == 0.3)[::3]] = 0.1 + 0.2
    model = quick(max_iter=5).fit(column[:, None])
    assert np.allclose(model.atoms_[0], [0.3])
    scores = model.score_samples([[0.3], [0.1 + 0.2], [np.nextafter(0.3, 0)], [0.31]])
    assert len(set(scores[:3])) == 1 and scores[3] != scores[0]
    assert np.isin(model.sample(500, random_state=0), [0.3, 0.1 + 0.2]).mean() > 0.4


@pytest.mark.parametrize("given", [0.3, 0.1 + 0.2])
def test_an_atom_may_be_given_as_either_of_what_differs_by_rounding(given):
    column = at([0.3, 0.1 + 0.2], 0.6, 5 + rng().normal(size=1000))
    model = quick(max_iter=5, atoms={0: [given]}).fit(column[:, None])
    (learnt,) = model._density.columns.columns
    assert learnt.atoms == learnt.shown == [given]
    assert (learnt.center, learnt.scale) == (pytest.approx(5, abs=0.1), pytest.approx(1, abs=0.1))


@pytest.mark.parametrize("values", [[0.3, 0.1 + 0.2], [1e6, np.nextafter(1e6, 0)]])
def test_a_constant_but_for_rounding_is_one(values):
    column = rng().choice(values, 200)
    model = quick(max_iter=1).fit(np.column_stack([column, rng().normal(size=200)]))
    contributions = model.score_features(np.column_stack([column, np.zeros(200)]))[:, 0]
    np.testing.assert_allclose(contributions, 0, atol=0.01)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("wild", [1e4, -9999, 9.96921e36, 1e20])
@pytest.mark.parametrize("share", [0.001, 0.1, 0.9])
def test_codes_far_away_do_not_make_other_numbers_one(share, wild, dtype):
    numbers = at([wild], share, rng().random(2000))
    with np.errstate(over="ignore"):
        numbers = np.clip(numbers.astype(dtype), -60_000, np.finfo(dtype).max).astype(float)
    np.testing.assert_array_equal(without_rounding(numbers, dtype)[0], numbers)
    rates = np.where(numbers == numbers[0], 0.05, np.repeat([0, 0.1, 0.2, 3e6], 500))
    np.testing.assert_array_equal(without_rounding(rates, dtype)[0], rates)


def test_numbers_that_lie_close_are_not_taken_for_rounded_ones():
    for numbers in (
        rng().lognormal(0, 12, 500),  # from 1e-16 on
        10 ** rng().uniform(-60, -17, 500),
        np.repeat(1e9 + 1e-7 * np.arange(300), 2),
        np.array([2**53, 2**53 - 1, 2**53 - 2, 5, 5], float),
        np.array([0.3, 0.1 + 0.2]),
    ):
        np.testing.assert_array_equal(without_rounding(numbers, "float64")[0], numbers)
    integers = np.array([2**62, 2**62 + 1, 0])
    np.testing.assert_array_equal(without_rounding(integers, "int64")[0], integers)


def test_short_floats_beside_an_atom_are_none():
    prices = at([40_000], 0.3, np.round(40_000 + 2 * rng().normal(size=800), 2))
    readings = at([40], 0.3, 40 + 3 * rng().normal(size=800))
    near = {"float32": [39_999.99, 40_000.01], "float16": [39.97, 40.03, 40.125]}
    for column, atom, dtype in ((prices, 40_000, "float32"), (readings, 40, "float16")):
        model = quick(max_iter=5).fit(column.astype(dtype)[:, None])
        beside = model.score_samples(np.array(near[dtype], dtype)[:, None])
        assert np.all(abs(beside - model.score_samples(np.array([[atom]], dtype))) > 0.1)


@needs_speed
def test_zeros_beside_residues_of_rounding_are_drawn_as_often_as_they_are():
    gross = np.round(rng().lognormal(3, 1, 2000), 2)
    part = np.round(gross / 3, 2)
    net = gross - part - part - np.round(gross - 2 * part, 2)  # 0 up to 6e-14
    assert 0 < abs(net).max() < 1e-12
    column = np.where(np.random.default_rng(1).random(2000) < 0.5, net, rng().lognormal(0, 1, 2000))
    drawn = MADEDensity(n_estimators=1, random_state=0).fit(column[:, None]).sample(4000, 0)
    assert (abs(drawn) < 1e-9).mean() == pytest.approx((abs(column) < 1e-9).mean(), abs=0.05)


def test_others_near_an_atom_are_none():
    # (so near that the network's numbers cannot tell them apart)
    column = at([1e6], 0.5, 1e6 + rng().normal(size=800))
    model = quick(max_iter=5).fit(column[:, None])
    near, atom = model.score_samples([[1e6 + 0.5]]), model.score_samples([[1e6]])
    assert near != atom
    drawn = model.sample(500, random_state=0)
    assert np.mean(drawn == 1e6) == pytest.approx(np.mean(column == 1e6), abs=0.1)


def test_atoms_of_frames_have_names_and_dtypes():
    days = np.where(rng().random(400) < 0.4, 5, rng().integers(0, 3000, 400))
    k = at([3], 0.5, rng().integers(0, 1000, 400))
    moments = days.astype("datetime64[D]").astype("datetime64[ms]")
    for frame in (
        pd.DataFrame({"k": k, "t": moments, "w": ["u", "v"] * 200}),
        pl.DataFrame({"k": k, "t": moments, "w": ["u", "v"] * 200}),
    ):
        model = quick(max_iter=2).fit(frame)
        assert set(model.atoms_) == {"k", "t"}
        assert model.atoms_["k"].dtype == k.dtype and list(model.atoms_["k"]) == [3]
        assert list(model.atoms_["t"]) == [np.datetime64(5, "D")]
        own = {"k": [3], "t": [np.datetime64(5, "D")]}
        again = quick(max_iter=2, atoms=own).fit(frame)
        np.testing.assert_array_equal(again.score_samples(frame), model.score_samples(frame))


@pytest.mark.parametrize(
    ("atoms", "message"),
    [
        ({"z": [0]}, r"atoms names \['z'\], which X does not have"),
        ({"w": [0]}, "column 'w'.*only columns of numbers"),
        ({"flag": [0]}, "column 'flag'.*only columns of numbers"),
        ({"k": ["a"]}, "(?i)column 'k'.*'a'"),
        ({"k": [np.nan]}, "column 'k'.*nan"),
        ({"k": 3.0}, "column 'k'.*list"),
        ({"t": [3.0]}, "atoms of column 't' must be moments"),
    ],
)
def test_atoms_that_cannot_be(atoms, message):
    frame = pd.DataFrame({"k": rng().normal(size=50), "w": ["u", "v"] * 25})
    frame["flag"] = frame["k"] > 0
    frame["t"] = pd.date_range("2020-01-01", periods=50)
    with pytest.raises(ValueError, match=message):
        quick(max_iter=1, atoms=atoms).fit(frame)


def test_counts_take_no_atoms_but_leave_those_of_other_columns():
    X = np.column_stack([rng().poisson(3, 200), np.where(rng().random(200) < 0.5, 0, 1.5)])
    X[:, 1] += rng().normal(size=200) * (X[:, 1] > 0)
    model = quick(max_iter=1, conditionals=["negative_binomial", "auto"])
    with pytest.raises(ValueError, match="'negative_binomial' conditional takes none"):
        model.set_params(atoms={0: [3], 1: [0]}).fit(X)
    for atoms in ({1: [0]}, "auto"):
        of_counts, of_others = model.set_params(atoms=atoms).fit(X).atoms_.values()
        assert (list(of_counts), list(of_others)) == ([], [0])


@needs_speed
def test_nothing_is_lost_on_a_normal_sample():
    random = rng()
    X, test = random.normal(size=(2500, 1)), random.normal(size=(10_000, 1))
    model = MADEDensity(random_state=0).fit(X)
    assert model.score(test) > norm.logpdf(test).mean() - 0.03


def test_a_constant_says_how_strange_others_are():
    x = rng().normal(size=300)
    detector = MADEOutlierDetector(max_iter=sizes(20, 2), random_state=0).fit(
        np.column_stack([x, np.zeros(300)])
    )
    assert list(detector.predict([[0, 0], [0, 3]])) == [1, -1]


def test_atoms_beside_the_values_of_a_column_are_refused(rng):
    counts = rng.poisson(2, (300, 1))
    with pytest.raises(ValueError, match="which are 1 apart, as .* is one; got 0.5"):
        quick(max_iter=1, atoms={0: [0.5]}).fit(counts)
    assert quick(max_iter=1, atoms={0: [7.0]}).fit(counts).atoms_[0].tolist() == [7]


def of_groups(n, rng):
    """Three groups, far from each other, that thin out at their ends."""
    group = rng.choice(3, n, p=[0.5, 0.3, 0.2])
    return rng.normal(np.array([20.0, 400, 1000])[group], np.array([1.5, 3, 4.5])[group])


@pytest.mark.parametrize("n", [1000, 2000, 10_000])
@pytest.mark.parametrize("seed", range(3))
def test_groups_far_from_each_other_have_no_sharp_ends(n, seed):
    numbers = of_groups(n, np.random.default_rng(seed))
    (low, high), is_sharp = find_bounds(numbers, np.array([]), 0.0)
    assert (low, high, is_sharp) == (0.0, None, False)


@pytest.mark.parametrize("n", [300, 1000, 10_000])
@pytest.mark.parametrize("seed", range(3))
def test_ends_are_sharp_where_values_do_not_thin_out_beside_groups(n, seed):
    rng = np.random.default_rng(seed)
    numbers = np.where(rng.random(n) < 0.5, rng.uniform(1, 2, n), rng.uniform(50, 52, n))
    (low, high), is_sharp = find_bounds(numbers, np.array([]), 0.0)
    assert (low, high, is_sharp) == (numbers.min(), numbers.max(), True)


@pytest.mark.skipif(not JIT, reason="needs a network that is trained for long")
def test_little_is_lost_on_groups_far_from_each_other(rng):
    train, test = of_groups(2000, rng), of_groups(5000, rng)
    shares, means, deviations = [0.5, 0.3, 0.2], [20, 400, 1000], [1.5, 3, 4.5]
    truth = np.log(norm(means, deviations).pdf(test[:, None]) @ shares).mean()
    model = MADEDensity(n_estimators=1, random_state=0).fit(train[:, None])
    assert model.score(test[:, None]) == pytest.approx(truth, abs=0.06)


def test_all_values_are_atoms_where_new_ones_are_rare_and_cells_between_them_empty():
    """As of doses and planned times; contiguous values are a lattice."""
    planned = np.repeat([-1.0, 0, 2, 4, 6, 8, 10, 12, 15, 18, 21, 24, 27, 30], 14)
    assert find_atoms(planned, 1.0).tolist() == np.unique(planned).tolist()
    doses = np.repeat([0.25, 0.5, 1, 2, 3, 4], [7, 8, 21, 12, 8, 4])
    assert find_atoms(doses, 0.25).tolist() == np.unique(doses).tolist()
    assert find_atoms(np.repeat(np.arange(10.0), 10), 1.0).tolist() == []


def test_values_on_no_lattice_that_all_repeat_are_atoms(rng):
    logarithms = np.log(rng.integers(18, 42, 240))
    assert find_atoms(logarithms, 0.0).tolist() == np.unique(logarithms).tolist()
    few = np.r_[np.repeat(logarithms[:2], 3), rng.normal(3, 1, 40)]  # (most are new)
    assert find_atoms(few, 0.0).tolist() == []


def test_two_spikes_beside_a_few_others_leave_them_a_density(rng):
    rates = np.r_[np.zeros(4900), np.ones(5000), rng.random(90)]
    assert find_atoms(rates, 0.0).tolist() == [0, 1]
