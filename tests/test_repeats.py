"""Rows that repeat others: what they are copies of, and what that fills in."""

import naive
import numpy as np
import pandas as pd
import pytest
from conftest import JIT, quick
from scipy.stats import norm

from skmade import MADEDensity, MADEImputer, _repeats
from skmade._repeats import Repeats

pytestmark = [
    pytest.mark.skipif(not JIT, reason="is about tables, not kernels"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:Draws of missing cells"),
]


def columns_of(X):
    """What a density learns about the columns of a table."""
    model = MADEDensity()
    return model._learn_columns(*model._validate_training(X, None, reset=True))


def with_holes(X, share=0.3, seed=1):
    rng = np.random.default_rng(seed)
    return np.where(rng.random(X.shape) < share, np.nan, X)


def measurements(n, n_again, seed=0):
    """Independent numbers rounded to hundredths, the last rows of which repeat earlier ones."""
    rng = np.random.default_rng(seed)
    once = np.round(rng.normal(size=(n - n_again, 6)), 2)
    return np.vstack([once, once[rng.permutation(len(once))[:n_again]]])


def log_normal(rows):
    """The density of their known cells."""
    return np.nansum(norm.logpdf(rows), axis=1)


def test_a_row_is_a_copy_with_the_probability_that_its_known_cells_give():
    rng, n = np.random.default_rng(0), 4000
    whole = rng.integers(0, 3, size=(20, 4))[rng.integers(0, 20, size=40)]
    donors = with_holes(whole.astype(float), 0.2)
    labels = pd.DataFrame(np.array(["a", "b", "c"])[whole])
    frame = labels.astype(pd.CategoricalDtype(["a", "b", "c"])).mask(np.isnan(donors))
    repeats = Repeats(columns_of(frame), np.float32, donors, share=0.3)
    rows = with_holes(donors[:12], 0.4, seed=2)
    rows = rows[np.isnan(rows).any(axis=1)]
    chosen = repeats.draw(rows.astype(np.float32), n, lambda rows: np.full(len(rows), -4.0), rng)
    for row, own in zip(rows, chosen.T):
        expected = naive.copy_probabilities(row, donors, 0.3, -4.0)
        observed = np.bincount(np.where(own < 0, len(donors), own), minlength=len(expected)) / n
        assert 0 < expected[-1] < 1  # (or nothing would be drawn)
        assert np.all(observed[expected == 0] == 0)
        assert np.all(abs(observed - expected) <= 5 * np.sqrt(expected / n))


def test_the_share_of_copies_is_that_of_rows_with_a_twin():
    X = measurements(400, 100)
    holes = with_holes(X)
    repeats = Repeats.learn(columns_of(holes), np.float64, holes, log_normal)
    has_twin = pd.DataFrame(X).duplicated(keep=False)
    assert repeats.share == pytest.approx(has_twin.mean(), abs=0.05)


@pytest.mark.parametrize("n_again", [0, 1])
def test_rows_that_hardly_ever_repeat_are_left_to_the_networks(n_again):
    holes = with_holes(measurements(400, n_again))
    assert Repeats.learn(columns_of(holes), np.float64, holes, log_normal) is None


def test_even_if_all_rows_repeat_another_one_may_be_new():
    X = measurements(200, 100)
    columns, rows = columns_of(X), np.empty((2, 6))
    repeats = Repeats.learn(columns, np.float64, X, log_normal)
    numbers = X[[0, 0]]
    numbers[:, 1], numbers[0, 0] = np.nan, numbers[0, 0] + 0.005
    columns.encode(numbers, rows)
    new, again = repeats.draw(rows, 10, log_normal, np.random.default_rng(0)).T
    assert np.all(new == -1)
    assert np.all(repeats.numbers[again, 1] == X[0, 1])


def test_large_tables_are_compared_in_parts_and_with_some_rows_only(monkeypatch):
    holes = with_holes(measurements(400, 100))
    columns = columns_of(holes)
    whole = Repeats.learn(columns, np.float64, holes, log_normal)
    monkeypatch.setattr(_repeats, "_PAIRS", 5000)
    parts = Repeats.learn(columns, np.float64, holes, log_normal)
    assert parts.share == pytest.approx(whole.share, rel=1e-12)
    monkeypatch.setattr(_repeats, "_MOST_DONORS", 250)
    monkeypatch.setattr(_repeats, "_MOST_JUDGED", 100)
    some = Repeats.learn(columns, np.float64, holes, log_normal)
    assert len(some.numbers) == 250
    assert 0.1 < some.share < whole.share


def visits(n_again):
    """A table of all kinds of columns in which some rows repeat others, and its holes."""
    rng, n = np.random.default_rng(0), 300 - n_again
    x = rng.normal(size=n)
    days = pd.to_timedelta(rng.integers(0, 1000, size=n), unit="D")
    parts = pd.to_timedelta(rng.integers(10**12, size=n), unit="ms")  # (single precision cannot)
    once = pd.DataFrame({
        "size": x, "width": rng.normal(size=n),
        "count": pd.array(rng.poisson(np.exp(x + 2)), dtype="Int64"),
        "flag": pd.array(x > 0.5, dtype="boolean"), "day": pd.Timestamp("2020-01-01") + days,
        "number": rng.integers(10**8, size=n).astype(float), "at": pd.Timestamp(0) + parts,
        "kind": pd.Categorical(np.array(["left", "middle", "right"])[rng.integers(0, 3, n)]),
    })  # fmt: skip
    whole = pd.concat([once, once[:n_again]], ignore_index=True)
    return whole, whole.mask(rng.random(whole.shape) < 0.2)


@pytest.mark.parametrize("strategy", ["draw", "quantile", "most_likely"])
def test_what_a_twin_knows_is_filled_in_bit_for_bit(strategy):
    whole, holes = visits(n_again=100)
    fitted = MADEImputer(quick(), strategy=strategy, random_state=0).fit(holes)
    filled = fitted.transform(holes)
    pd.testing.assert_series_equal(filled.dtypes, holes.dtypes)
    assert not filled.isna().any(axis=None)
    lacked = holes.isna().to_numpy()
    twin = np.r_[200:300, 100:200, 0:100]  # (row 200 is row 0 again; those between have none)
    common = ~lacked & ~lacked[twin]
    told = lacked & ~lacked[twin] & common[:, [0, 1]].any(axis=1, keepdims=True)
    assert np.mean((filled == whole).to_numpy(bool)[told]) > 0.97


def test_what_a_twin_knows_is_filled_in_with_all_its_decimals():
    """Where draws have fewer, as nearly all numbers do."""
    rng = np.random.default_rng(0)
    whole = np.column_stack([rng.normal(size=300), np.ceil(rng.lognormal(5, 1, size=300))])
    whole[:4, 1] /= 365.25
    whole[100:200] = whole[:100]
    holes = whole.copy()
    holes[100:200, 1] = np.nan
    imputer = MADEImputer(quick(), random_state=0).fit(holes)
    assert imputer.estimator_._density.columns.columns[1].decimals == 0
    assert np.mean(imputer.transform(holes)[100:104] == whole[:4]) > 0.8


@pytest.mark.parametrize(("n_again", "missing"), [(0, "ignorable"), (100, "informative")])
def test_elsewhere_draws_are_those_of_the_density(n_again, missing):
    _, holes = visits(n_again)
    fitted = MADEImputer(quick(missing=missing), random_state=3).fit(holes)
    expected = fitted.estimator_.sample_conditional(holes, random_state=3)
    pd.testing.assert_frame_equal(fitted.transform(holes), expected)
