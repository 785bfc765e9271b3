"""Missing cells: in training, scores, draws, and as outcomes."""

import itertools

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from conftest import JIT, quick, sizes
from scipy import sparse
from scipy.stats import multivariate_normal

from skmade import MADEDensity, MADEImputer, MADEOutlierDetector
from skmade._orderings import make_ordering

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N = 60
X = np.random.default_rng(0).normal(size=N)
GONE = np.arange(N) % 3 == 2
WORDS = np.array(["u", "v"])[(X > 0).astype(int)]


def with_gaps(values):
    """A list of plain values with None in every third place."""
    return [None if gone else value for value, gone in zip(np.asarray(values).tolist(), GONE)]


COLUMNS = {
    "float": pd.Series(np.where(GONE, np.nan, X)),
    "float32": pd.Series(np.where(GONE, np.nan, X).astype(np.float32)),
    "spiky": pd.Series(np.where(GONE, np.nan, np.where(np.arange(N) % 2, 0, X))),
    "integer": pd.array(with_gaps(np.arange(N) % 5), "Int8"),
    "flag": pd.array(with_gaps(X > 0), "boolean"),
    "flag of numbers": pd.Series(np.where(GONE, np.nan, np.where(X > 0, 7.0, 3.0))),
    "constant": pd.Series(np.where(GONE, np.nan, 5.0)),
    "object": pd.Series(with_gaps(WORDS), dtype=object),
    "string": pd.array(with_gaps(WORDS), "str"),
    "category": pd.Categorical(with_gaps(WORDS)),
    "moment": pd.Series(pd.to_datetime(with_gaps(np.arange(N)), unit="D", utc=True)),
    "arrow": pd.array(with_gaps(np.arange(N) % 5), "int64[pyarrow]"),
    "polars integer": pl.Series(with_gaps(np.arange(N) % 5), dtype=pl.Int16),
    "polars flag": pl.Series(with_gaps(X > 0)),
    "polars enum": pl.Series(with_gaps(WORDS), dtype=pl.Enum(["v", "u", "w"])),
    "polars moment": pl.Series(with_gaps(np.arange(N)), dtype=pl.Int32).cast(pl.Date),
    "pyarrow integer": pa.array(with_gaps(np.arange(N) % 5)),
    "pyarrow text": pa.array(with_gaps(WORDS)),
    "pyarrow dictionary": pa.array(with_gaps(WORDS)).dictionary_encode(),
    "moment of a zone": pd.Series(
        pd.to_datetime(with_gaps(np.arange(N)), unit="D", utc=True).tz_convert("America/New_York")
    ),
}


def frame_of(column):
    if isinstance(column, pl.Series):
        return pl.DataFrame({"x": X, "c": column})
    if isinstance(column, pa.Array):
        return pa.table({"x": X, "c": column})
    return pd.DataFrame({"x": X, "c": column})


def gaps_of(frame):
    """Which cells of column "c" are missing."""
    if isinstance(frame, pl.DataFrame):
        return frame["c"].is_null().to_numpy()
    if isinstance(frame, pa.Table):
        return np.asarray(frame["c"].is_null())
    return frame["c"].isna().to_numpy()


def dtype_of(frame):
    return frame.schema.field("c").type if isinstance(frame, pa.Table) else frame["c"].dtype


@pytest.mark.parametrize("name", COLUMNS)
def test_missing_cells_are_left_out(name):
    frame = frame_of(COLUMNS[name])
    np.testing.assert_array_equal(gaps_of(frame), GONE)
    model = quick(max_iter=3).fit(frame, X_val=frame)
    scores, contributions = model.score_samples(frame), model.score_features(frame)
    assert np.all(np.isfinite(scores))
    assert np.all(contributions[GONE, 1] == 0)
    assert np.all(contributions[~GONE, 1] != 0)
    np.testing.assert_allclose(contributions.sum(axis=1), scores)
    drawn = model.sample(N, random_state=0)
    assert not gaps_of(drawn).any()
    assert dtype_of(drawn) == dtype_of(frame)
    filled = model.sample_conditional(frame, random_state=0)
    assert not gaps_of(filled).any()
    assert dtype_of(filled) == dtype_of(frame)
    assert model.score_samples(filled).shape == (N,)


@pytest.mark.parametrize("name", COLUMNS)
def test_missing_cells_as_outcomes(name):
    frame = frame_of(COLUMNS[name])
    model = quick(max_iter=sizes(20, 2), missing="informative").fit(frame)
    assert np.all(model.score_features(frame)[:, 1] != 0)
    drawn = model.sample(sizes(2000, 60), random_state=0)
    assert dtype_of(drawn) == dtype_of(frame)
    assert abs(gaps_of(drawn).mean() - GONE.mean()) < sizes(0.1, 0.3)
    filled = model.sample_conditional(frame, random_state=0)
    assert not gaps_of(filled).any()  # what is missing is to be filled in, not drawn as missing


def all_tables(kinds):
    """All combinations of cells."""
    return np.array(list(itertools.product(*kinds)))


FLAGS = np.random.default_rng(1).integers(0, 2, (200, 3)).astype(float)
FLAGS[:, 2] += 2 * (FLAGS[:, 0] > FLAGS[:, 1])  # four levels
HOLES = np.where(np.random.default_rng(2).random(FLAGS.shape) < 0.3, np.nan, FLAGS)
LEVELS = [(0.0, 1.0), (0.0, 1.0), (0.0, 1.0, 2.0, 3.0)]
KINDS = {"conditionals": ["bernoulli", "bernoulli", "categorical"]}
ENSEMBLES = [
    {},
    {"n_masks": 3},
    {"n_estimators": 2, "n_masks": None},
    {"n_estimators": 2, "combination": "weighted"},
]


@pytest.mark.parametrize("parameters", ENSEMBLES, ids=str)
def test_probabilities_of_what_is_observed_sum_to_one(parameters):
    model = quick(max_iter=3, **KINDS, **parameters).fit(HOLES)
    for pattern in itertools.product([False, True], repeat=3):
        kinds = [(np.nan,) if gone else levels for gone, levels in zip(pattern, LEVELS)]
        scores = model.score_samples(all_tables(kinds))
        assert np.exp(scores).sum() == pytest.approx(1, abs=1e-5)


def test_the_normaliser_of_a_product_is_shared_out_among_what_is_observed():
    """So that the probabilities of what is observed sum to about 1, and to 1 where nothing is."""
    parameters = {"n_estimators": 3, "combination": "product", "max_iter": sizes(30, 3)}
    model, sums = quick(**KINDS, **parameters).fit(HOLES), {}
    for pattern in itertools.product([False, True], repeat=3):
        kinds = [(np.nan,) if gone else levels for gone, levels in zip(pattern, LEVELS)]
        table = all_tables(kinds)
        scores, contributions = model.score_samples(table), model.score_features(table)
        np.testing.assert_allclose(contributions.sum(axis=1), scores, atol=1e-12)
        assert np.all(contributions[:, pattern] == 0)
        sums[pattern] = np.exp(scores).sum()
    assert sums[True, True, True] == 1
    assert sums[False, False, False] == pytest.approx(1, abs=4 * model.log_normalizer_se_)
    assert all(0.95 < total < 1.02 for total in sums.values())


@pytest.mark.parametrize("parameters", ENSEMBLES, ids=str)
def test_probabilities_sum_to_one_with_missing_cells_as_outcomes(parameters):
    model = quick(max_iter=3, missing="informative", **KINDS, **parameters).fit(HOLES)
    table = all_tables([(*levels, np.nan) for levels in LEVELS])
    probabilities = np.exp(model.score_samples(table))
    assert probabilities.sum() == pytest.approx(1, abs=1e-5)
    if JIT:
        drawn = model.sample(20_000, random_state=0)
        place = [np.where(np.isnan(c), len(v), c).astype(int) for c, v in zip(drawn.T, LEVELS)]
        index = np.ravel_multi_index(place, [len(levels) + 1 for levels in LEVELS])
        observed = np.bincount(index, minlength=len(table)) / len(drawn)
        assert np.abs(observed - probabilities).max() < 0.015


def test_gaps_where_there_were_none_in_fit():
    model = quick(max_iter=3, **KINDS).fit(FLAGS)
    complete = model.score_samples(FLAGS)
    with pytest.warns(UserWarning, match="was in none in fit"):
        scores, contributions = model.score_samples(HOLES), model.score_features(HOLES)
    assert np.all(contributions[np.isnan(HOLES)] == 0)
    whole = ~np.isnan(HOLES).any(axis=1)
    np.testing.assert_array_equal(scores[whole], complete[whole])
    model.partial_fit(HOLES)
    with pytest.warns(UserWarning, match="was in none in fit"):
        assert np.all(np.isfinite(model.score_samples(HOLES)))


@pytest.mark.parametrize("make", [np.asarray, pd.DataFrame, sparse.csr_array])
@pytest.mark.parametrize("kind", [MADEDensity, MADEOutlierDetector])
def test_gaps_that_were_not_learnt_are_warned_of(kind, make, rng):
    X = rng.normal(size=(60, 4))
    X[::7, 1] = np.nan
    model = kind((16,), n_estimators=1, max_iter=2, ordering=[1, 0, 3, 2], random_state=0)
    model.fit(make(X))
    scores = [model.score_samples, model.score_features, model.score]
    scores += [lambda rows: model.score_samples(rows, given=[1])]
    if kind is MADEOutlierDetector:
        scores += [model.decision_function, model.predict, model.p_values]
    for columns, counts in (((0, 2), (0, 5)), ((0, 1), (4, 2))):
        rows = X[1:7].copy()
        for column, count in zip(columns, counts):
            rows[:count, column] = np.nan
        for score in scores:
            if counts[0] == 0:  # (the last one of all: nothing was to be learnt)
                score(make(rows))
            else:
                with pytest.warns(UserWarning, match="Column 0 is missing in 4 of 6 rows, but was"):
                    score(make(rows))
    rows[4:, 3] = np.nan
    with pytest.warns(UserWarning, match=r"Column 0 \(and 1 more\) is missing"):
        model.score_samples(make(rows))


@pytest.mark.parametrize(
    "table",
    [
        np.where(GONE, None, WORDS)[:, None],
        np.where(GONE, np.nan, X)[:, None],
        np.where(GONE, None, X > 0)[:, None],
    ],
    ids=["words", "numbers", "flags"],
)
def test_missing_cells_of_arrays_are_drawn(table):
    drawn = quick(max_iter=2, missing="informative").fit(table).sample(N, random_state=0)
    assert drawn.dtype == table.dtype
    gone = pd.isna(drawn)
    assert 0 < gone.sum() < N
    assert set(map(type, drawn[~gone].tolist())) == set(map(type, table[~pd.isna(table)].tolist()))


@pytest.mark.parametrize("parameters", ENSEMBLES, ids=str)
def test_a_row_with_gaps_has_the_same_bits_in_any_batch(parameters):
    model = quick(max_iter=2, **KINDS, **parameters).fit(HOLES)
    scores = model.score_samples(HOLES)
    for size in (1, 7, 64):
        parts = [model.score_samples(HOLES[i : i + size]) for i in range(0, len(HOLES), size)]
        np.testing.assert_array_equal(np.concatenate(parts), scores)


def test_a_row_of_nothing():
    model = quick(max_iter=2).fit(np.column_stack([np.where(GONE, np.nan, X), X]))
    with pytest.warns(UserWarning, match="Column 1 is missing"):
        np.testing.assert_array_equal(model.score_samples([[np.nan, np.nan]]), 0)


def test_detectors_take_gaps():
    table = np.column_stack([np.where(GONE, np.nan, X), 2 * X])
    detector = MADEOutlierDetector(max_iter=20, random_state=0).fit(table)
    assert set(detector.predict(table)) <= {-1, 1}
    assert detector.predict([[np.nan, 50.0]]) == -1


def test_the_curves_are_of_observed_cells(rng):
    table = rng.normal(5, 3, (400, 2))
    table[rng.random((400, 2)) < 0.5] = np.nan
    model = quick(
        max_iter=1, learning_rate_init=1e-12, early_stopping=False, dropout=0.0,
        n_components=1,  # (the weights of several would be refitted)
    )  # fmt: skip
    assert -model.fit(table).loss_curve_[0] == pytest.approx(model.score(table), abs=1e-3)


@pytest.mark.skipif(not JIT, reason="takes long")
def test_a_normal_table_with_a_quarter_of_its_cells_missing():
    rng = np.random.default_rng(0)
    covariance = np.array([[1, 0.7, 0.2], [0.7, 1, -0.4], [0.2, -0.4, 1]])
    truth = multivariate_normal(np.zeros(3), covariance)
    table, test = (truth.rvs(n, random_state=rng) for n in (4000, 4000))
    table[rng.random(table.shape) < 0.25] = np.nan
    model = MADEDensity(random_state=0, n_estimators=2).fit(table)
    assert model.score(test) > truth.logpdf(test).mean() - 0.05


@pytest.mark.parametrize("values", [(0, 1), (3, 7), (2**60, 2**60 + 9), (0.25, 0.5)])
def test_a_third_value_is_rare(values):
    column = np.array(values)[(X > 0).astype(int)]
    table = pd.DataFrame({"x": X, "flag": column})
    other = table[:5].assign(flag=values[1] + (values[1] - values[0]))
    with pytest.raises(ValueError, match="Column 'flag' has the value .*handle_unknown='rare'"):
        quick(max_iter=1).fit(table).score_samples(other)
    model = quick(max_iter=1, handle_unknown="rare", ordering=[1, 0]).fit(table)
    rare = 0.5 / (N + 1)
    contributions = model.score_features(other)
    np.testing.assert_allclose(contributions[:, 1], np.log(rare))
    both = [model.score_features(table[:1].assign(flag=value))[0, 1] for value in values]
    assert np.exp(both).sum() == pytest.approx(1 - rare, abs=1e-5)
    assert model.partial_fit(other).score_samples(other).shape == (5,)
    assert set(model.sample(200, random_state=0)["flag"]) <= set(values)


def test_what_is_filled_in_is_an_atom_as_often_as_among_known_cells(rng):
    """Where gaps are outcomes, too, they are not drawn in place of a cell that is asked for."""
    X = rng.normal(size=(1000, 2))
    kind = rng.choice(3, 1000, p=[0.2, 0.4, 0.4])
    X[kind == 1, 0], X[kind == 2, 0] = 0, np.nan
    model = quick(max_iter=sizes(20, 2), missing="informative").fit(X)
    filled = model.sample_conditional([[np.nan, 0.5]] * sizes(2000, 300), random_state=0)[:, 0]
    assert not np.isnan(filled).any()
    assert np.mean(filled == 0) == pytest.approx(2 / 3, abs=sizes(0.08, 0.4))


SHARES = np.array([0.3, 0.0, 0.35, 0.9, 0.5, 0.02])


def test_features_with_more_missing_cells_come_later(rng):
    orderings = [make_ordering("random", 6, rng, SHARES) for _ in range(200)]
    for ordering in orderings:
        shares = SHARES[ordering]
        later = np.maximum.accumulate(shares)
        assert np.all(later - shares < 0.1)
    assert len({tuple(ordering) for ordering in orderings}) == 4  # 0 and 2, 1 and 5 in any order
    last = [make_ordering({"last": [1, 3]}, 6, rng, SHARES).tolist() for _ in range(100)]
    assert {tuple(row) for row in last} == {(5, 0, 2, 4, 1, 3), (5, 2, 0, 4, 1, 3)}


def test_orderings_without_gaps_are_any(rng):
    same = np.random.default_rng(0), np.random.default_rng(0)
    for shares in (None, np.full(5, 0.25), np.zeros(5)):
        first, second = (
            make_ordering("random", 5, own, gaps) for own, gaps in zip(same, (shares, None))
        )
        np.testing.assert_array_equal(first, second)


def by_what_is_known(rng, n=1500):
    """Flags, a number about each, and two more that are missing in most rows of one flag."""
    flag = rng.random(n) < 0.5
    frame = pd.DataFrame({"flag": flag, "known": flag + rng.normal(size=n)})
    for name in "ab":
        gone = rng.random(n) < np.where(flag, 0.1, 0.8)
        frame[name] = np.where(gone, np.nan, flag + rng.normal(size=n))
    return frame


@pytest.mark.parametrize("parameters", [{"n_estimators": 3}, {"n_masks": 4}], ids=str)
def test_draws_are_as_rows_would_be_without_gaps(parameters, rng):
    frame = by_what_is_known(rng)
    model = quick(max_iter=60, **parameters).fit(frame)
    drawn = model.sample(6000, random_state=0)
    # (.8 of the rows in which a or b is known have the flag)
    assert abs(drawn["flag"].mean() - 0.5) < 0.05
    assert abs(drawn["known"].mean() - 0.5) < 0.1
    for _, some in drawn.groupby("flag"):
        assert (
            abs(some["a"].mean() - frame["a"][frame["flag"] == some["flag"].iloc[0]].mean()) < 0.2
        )


def test_what_is_filled_in_is_as_in_rows_without_gaps(rng):
    frame = by_what_is_known(rng)
    flags = pd.array(frame["flag"], "boolean")
    gone = rng.random(len(frame)) < 0.25
    for name in "ab":  # where the flag is missing, nothing says more of their gaps
        whole = frame["flag"] + rng.normal(size=len(frame))
        frame[name] = np.where(
            gone, np.where(rng.random(len(frame)) < 0.45, np.nan, whole), frame[name]
        )
    flags[gone] = pd.NA
    frame["flag"] = flags
    filled = MADEImputer(MADEDensity(n_estimators=3, random_state=0), random_state=0)
    drawn = filled.fit_transform(frame)["flag"][gone]
    assert abs(drawn.astype(float).mean() - 0.5) < 0.1  # .72 to .79 where a or b come before


def test_gaps_that_are_outcomes_let_orderings_be_any(rng):
    frame = by_what_is_known(rng, 300)
    model = quick(n_estimators=8, max_iter=1, missing="informative", ordering="random").fit(frame)
    assert np.any(
        np.argmax(model.orderings_ == 2, axis=1) < np.argmax(model.orderings_ == 0, axis=1)
    )
    model.set_params(missing="ignorable").fit(frame)
    assert np.all(np.sort(model.orderings_[:, :2]) == [0, 1])
