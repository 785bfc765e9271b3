"""Novelty detection: thresholds, p-values, and who is flagged."""

import warnings

import matplotlib
import numpy as np
import pandas as pd
import pytest
from conftest import JIT, sizes
from scipy.sparse import csr_array
from scipy.stats import binom, kstest
from sklearn.base import clone
from sklearn.datasets import load_wine
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score

from skmade import ContributionsDisplay, MADEDensity, MADEOutlierDetector
from skmade._outlier import _quantile, _threshold
from skmade._progress import NoCallbacks
from skmade._sparse import dense
from skmade._training import Rows
from skmade._wild import drawn_in, find_limits, without_wild
from skmade.blocks import fit as fit_blocks

matplotlib.use("Agg")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def detector(**parameters):
    defaults = {
        "hidden_layer_sizes": (16,), "n_components": 3, "n_estimators": 2, "random_state": 0,
        "max_iter": sizes(20, 1),
    }  # fmt: skip
    return MADEOutlierDetector(**{**defaults, **parameters})


def normal_rows(n, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 1))
    return np.hstack([x, x + 0.3 * rng.normal(size=(n, 1)), rng.normal(size=(n, 1))])


@pytest.fixture(scope="module")
def fitted():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return detector().fit(normal_rows(1000, 0))


def test_the_identities_of_scikit_learn(fitted):
    X = normal_rows(300, 1)
    decisions = fitted.decision_function(X)
    np.testing.assert_array_equal(decisions, fitted.score_samples(X) - fitted.offset_)
    np.testing.assert_array_equal(fitted.predict(X), np.where(decisions < 0, -1, 1))
    np.testing.assert_array_equal(detector().fit_predict(X), detector().fit(X).predict(X))


def test_an_obvious_outlier_is_flagged(fitted):
    assert fitted.predict([[3.0, -3.0, 0.0]]) == [-1]
    assert fitted.predict([[0.0, 0.0, 0.0]]) == [1]


@pytest.mark.parametrize("contamination", [0.05, 0.3])
def test_contamination_is_the_share_of_flagged_training_rows(contamination):
    X = normal_rows(200, 0)
    flagged = detector(contamination=contamination).fit_predict(X) == -1
    assert flagged.sum() == pytest.approx(contamination * len(X), abs=1)


@pytest.mark.parametrize("rate", [0.05, 0.2])
def test_fresh_normal_rows_are_flagged_at_the_rate_asked_for(rate):
    flagged = drawn = 0
    for seed in range(sizes(20, 2)):
        model = detector(false_alarm_rate=rate, random_state=seed, max_iter=sizes(8, 1))
        model.fit(normal_rows(600, seed))
        fresh = normal_rows(500, 1000 + seed)
        flagged, drawn = flagged + np.sum(model.predict(fresh) == -1), drawn + len(fresh)
    # the threshold, too, varies from fit to fit: with 60 held-out rows, as this much more
    n_effective = drawn / (1 + 500 / 60)
    low, high = binom.interval(0.999, int(n_effective), rate)
    assert low / n_effective <= flagged / drawn <= high / n_effective


def test_p_values_of_fresh_normal_rows_are_uniform(fitted):
    model = detector(validation_fraction=0.5).fit(normal_rows(2000, 0))
    p = model.p_values(normal_rows(400, 5))
    assert p.min() > 0
    assert p.max() <= 1
    assert kstest(p, "uniform").pvalue > 1e-3


def test_p_values_follow_their_definition(fitted):
    X = normal_rows(50, 3)
    held_out, scores = fitted.held_out_scores_, fitted.score_samples(X)
    expected = [(1 + np.sum(held_out <= s)) / (len(held_out) + 1) for s in scores]
    np.testing.assert_allclose(fitted.p_values(X), expected)


def test_a_threshold_is_changed_without_refitting():
    X = normal_rows(300, 0)
    model = detector().fit(X)
    before, low = model.score_samples(X), model.offset_
    model.set_params(false_alarm_rate=0.3).calibrate()
    assert model.offset_ > low
    model.set_params(contamination=0.1).calibrate(X)
    assert np.mean(model.predict(X) == -1) == pytest.approx(0.1, abs=0.01)
    np.testing.assert_array_equal(model.score_samples(X), before)
    with pytest.raises(ValueError, match="pass the rows"):
        model.calibrate()


def test_few_held_out_rows_give_a_threshold_below_all_of_them():
    scores = np.sort(np.random.default_rng(0).normal(size=8))
    assert _threshold(scores, np.ones(8), 0.05) < scores[0]
    assert _threshold(scores, np.ones(8), 2 / 9) == pytest.approx(scores[1])
    assert np.isfinite(detector().fit(normal_rows(5, 0)).offset_)


def test_rows_to_judge_by_may_be_given():
    X, X_val = normal_rows(200, 0), normal_rows(100, 1)
    model = detector().fit(X, X_val=X_val)
    assert len(model.held_out_scores_) == 50
    assert np.isin(model.held_out_scores_.round(6), model.score_samples(X_val).round(6)).all()


def test_held_out_rows_have_the_scores_that_they_would_have(rng):
    X = rng.normal(size=(300, 2))
    X[::3, 0], X[1::7, 1] = 0, np.nan  # atoms and gaps, which networks are not all of
    model = detector(atoms="auto").fit(X)
    assert len(model.atoms_[0]) == 1
    distance = abs(model.held_out_scores_[:, None] - model.score_samples(X)).min(axis=1)
    assert distance.max() < 1e-4


def test_passes_set_the_threshold_on_rows_before_they_are_trained_on():
    model = detector().partial_fit(normal_rows(200, 0))
    X = normal_rows(200, 1)
    expected = np.sort(model.score_samples(X))
    np.testing.assert_array_equal(model.partial_fit(X).held_out_scores_, expected)


def test_the_display_shows_the_cell_that_was_spoilt():
    data = load_wine(as_frame=True)
    X = data.data
    model = detector(max_iter=sizes(100, 1)).fit(X)
    row = X.iloc[[0]].copy()
    row["hue"] = 9.0
    display = ContributionsDisplay.from_estimator(model, row, reference=X, n_features=5)
    assert len(display.ax_.patches) == 5
    assert display.contributions.sum() < 0
    if sizes(True, False):
        assert display.ax_.get_yticklabels()[-1].get_text() == "hue"
    with pytest.raises(ValueError, match="single row"):
        ContributionsDisplay.from_estimator(model, X)
    matplotlib.pyplot.close("all")


def test_an_extreme_cell_says_no_more_than_four_deviations_do(rng):
    X = rng.normal(size=(sizes(400, 40), 2)) @ [[1, 1], [0, 0.1]]
    detector = MADEOutlierDetector(
        ordering="natural", n_estimators=1, max_iter=sizes(20, 1), random_state=0
    ).fit(X)
    limit = X[:, 0].mean() + 4 * X[:, 0].std()
    second = detector.score_features([[x, 3.0] for x in (0.9 * limit, 1.1 * limit, 50, 1e9)])[:, 1]
    assert second[0] != second[1]
    np.testing.assert_array_equal(second[1:], second[1])


def test_all_numbers_are_smooth():
    random = np.random.default_rng(0)
    X = np.c_[random.poisson(4, 300), random.choice([0, 0, 7.5], 300), random.normal(size=300)]
    X = np.c_[X, random.integers(0, 2, 300)]
    quickest = {"max_iter": 1, "n_estimators": 1, "random_state": 0}
    detector = MADEOutlierDetector(**quickest).fit(X)
    assert detector.conditionals_ == 2 * ["gaussian_mixture", "bernoulli"]
    assert all(len(atoms) == 0 for atoms in detector.atoms_.values())
    assert MADEDensity(**quickest).fit(X).conditionals_[0] == "logistic_mixture"
    given = ["logistic_mixture", "auto", "auto", "auto"]
    assert MADEOutlierDetector(conditionals=given, **quickest).fit(X).conditionals_[0] == given[0]


def test_anomalies_beside_rounded_values_are_found():
    random, n = np.random.default_rng(0), sizes(1000, 60)
    x = np.round(random.normal(size=n + 200), 1)
    X = np.c_[x, np.round(x + 0.1 * random.normal(size=len(x)), 1)]
    strange = np.c_[x[:200], np.round(x[:200] + random.choice([-1, 1], 200), 1)]
    detector = MADEOutlierDetector(max_iter=sizes(100, 3), random_state=0).fit(X[:n])
    usual, unusual = detector.score_samples(X[n:]), detector.score_samples(strange)
    assert np.mean(unusual[:, None] < usual) > sizes(0.99, 0.4)


def spoilt(X, name, random):
    """Rows of which some have codes or wild cells among their numbers."""
    X, n = X.copy(), len(X)
    if name == "codes":
        for j in range(X.shape[1]):
            X[random.choice(n, n // 33, replace=False), j] = -9999
    elif name == "wild":
        for j in range(X.shape[1]):
            X[random.choice(n, n // 150, replace=False), j] = 1e6 * random.normal(size=n // 150)
    elif name == "one":
        X[0, 0] = 1e6
    return X


@pytest.mark.skipif(not JIT, reason="takes long")
@pytest.mark.parametrize("name", ["codes", "wild", "one"])
def test_cells_far_from_all_others_hide_no_relation(name):
    X, fresh = normal_rows(1500, 0), normal_rows(1000, 1)
    strange = fresh.copy()
    strange[:, 1] *= -1
    shares, epochs = [], []
    for rows in (X, spoilt(X, name, np.random.default_rng(2))):
        model = MADEOutlierDetector(random_state=0).fit(rows)
        shares.append([np.mean(model.predict(own) == -1) for own in (fresh, strange)])
        epochs.append(model.n_iter_)
    np.testing.assert_allclose(shares[1], shares[0], atol=0.06)
    assert epochs[1] < 3 * epochs[0]


@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_codes_are_as_strange_in_any_unit(unit, rng):
    X = rng.normal(size=(sizes(400, 60), 2))
    X[: len(X) // 20, 0] = -9999
    scores = [
        detector().fit(X * [scale, 1]).score_samples(X * [scale, 1]) + np.log(scale)
        for scale in (1, unit)
    ]
    np.testing.assert_allclose(*scores, atol=0.02)


@pytest.mark.skipif(not JIT, reason="takes long")
def test_one_wild_cell_of_a_small_pass_is_drawn_in(rng):
    X = normal_rows(1200, 0)
    wild = X.copy()
    wild[200::100, 1] = 1e5
    scores = []
    for table in (X, wild):
        model = detector(n_estimators=1)
        for begin in range(0, 1200, 40):
            model.partial_fit(table[begin : begin + 40])
        scores.append(np.median(model.score_samples(X)))
    assert scores[1] == pytest.approx(scores[0], abs=0.3)


def test_rows_with_a_code_count_by_their_weights(rng):
    X, weights = rng.normal(size=(sizes(400, 40), 2)), np.ones(sizes(400, 40))
    X[:3, 0], weights[:3] = -9999, 20
    weighted = detector(max_iter=1).fit(X, sample_weight=weights)
    repeated = detector(max_iter=1).fit(np.repeat(X, weights.astype(int), axis=0))
    assert [list(model.atoms_[0]) for model in (weighted, repeated)] == [[-9999], [-9999]]
    scales = [model._density.columns.columns[0].scale for model in (weighted, repeated)]
    assert scales[0] == pytest.approx(scales[1])
    weights[:3], weights[-1] = [8, 0, 0], 1.5  # (a single row, however heavy, is no code)
    assert len(detector(max_iter=1).fit(X, sample_weight=weights).atoms_[0]) == 0
    X[:5, 0] = -9999
    weights[:5] = 1
    assert list(detector(max_iter=1).fit(X, sample_weight=weights).atoms_[0]) == [-9999]


def encoded_rows(detector, X):
    rows = detector._validate_training(X, None, False)[0]
    return detector._encode(detector._density.columns, rows, np.ones(X.shape[0]))


@pytest.mark.parametrize("form", ["dense", "sparse"])
def test_rows_that_train_are_drawn_in_and_those_that_judge_are_left_out(form, rng):
    X = np.round(rng.gamma(3, size=(200, 3)))
    X[:6, 0], X[100:105, 1], X[0, 1] = -9999, 1e5, np.nan
    detector = MADEOutlierDetector(random_state=0, max_iter=1, n_estimators=1).fit(X)
    assert [list(atoms) for atoms in detector.atoms_.values()] == [[-9999], [1e5], []]
    columns, limit = detector._density.columns, detector._target_limit
    X[50:53, 0], X[60:70, 2] = [3e4, -3e4, 2e4], 1e6
    table = csr_array(X) if form == "sparse" else X
    rows = encoded_rows(detector, table)
    limits = find_limits(columns, rows, limit)
    np.testing.assert_array_equal(limits, [limit, limit, np.inf])  # (many are no wild cells)
    whole, drawn, near = (
        dense(own.table)
        for own in (rows, drawn_in(columns, rows, limits), without_wild(columns, rows, limits))
    )
    np.testing.assert_array_equal(drawn[50:53, 0], [limit, -limit, limit])
    others = np.delete(np.arange(200), [50, 51, 52])
    np.testing.assert_array_equal(drawn[others], whole[others])
    np.testing.assert_array_equal(near, whole[others])
    assert whole[50, 0] > 1000
    few = rows.part(np.arange(48, 53))  # (most of them are far)
    judged = dense(without_wild(columns, few, limits).table)
    np.testing.assert_array_equal(judged, drawn[48:53])


def test_cells_that_a_sparse_table_does_not_store_may_be_wild(rng):
    X = rng.normal(1e6, 1, size=(100, 2))
    X[:1, 0], X[2, 1] = 0, -1e9
    detector = MADEOutlierDetector(random_state=0, max_iter=1, n_estimators=1).fit(X)
    tables = []
    for table in (X, csr_array(X)):
        rows = encoded_rows(detector, table)
        limits = find_limits(detector._density.columns, rows, detector._target_limit)
        tables.append(dense(drawn_in(detector._density.columns, rows, limits).table))
    assert abs(tables[0]).max() == detector._target_limit
    np.testing.assert_array_equal(*tables)


def test_rows_in_blocks_are_drawn_in_as_in_memory(rng):
    X = rng.normal(size=(300, 3))
    X[:4, 1] = 1e5 * rng.normal(size=4)
    parameters = {
        "n_estimators": 1, "max_iter": 2, "random_state": 0, "early_stopping": False,
    }  # fmt: skip
    whole = MADEOutlierDetector(**parameters).fit(X)
    blocks = fit_blocks(MADEOutlierDetector(**parameters), [X[:100], X[100:]])
    np.testing.assert_array_equal(blocks.held_out_scores_, whole.held_out_scores_)
    assert blocks.offset_ == whole.offset_


def test_held_out_scores_are_those_of_the_cells_as_they_are(rng):
    X = rng.normal(size=(60, 2))
    X[7, 0] = 1e5
    detector = MADEOutlierDetector(
        random_state=0, max_iter=2, early_stopping=False, n_estimators=1
    ).fit(X)
    np.testing.assert_array_equal(detector.held_out_scores_, np.sort(detector.score_samples(X)))


def test_rows_that_train_stop_and_set_the_threshold_are_apart(rng):
    detector = MADEOutlierDetector(random_state=0, max_iter=1, n_estimators=1)
    detector.fit(rng.normal(size=(100, 2)))
    table = np.arange(200.0).reshape(100, 2)
    training, validation = detector._split(Rows(table, np.ones(100)), None, rng)
    trained, judged, threshold = (
        set(rows.table[:, 0]) for rows in (training, validation, detector._calibration)
    )
    assert (len(trained), len(judged), len(threshold)) == (80, 10, 10)
    assert not threshold & (trained | judged)
    assert not judged & trained
    assert training.weights.mean() == pytest.approx(1)


def test_trimming_fits_again_without_the_rows_of_lowest_density(rng):
    X = rng.normal(size=(sizes(300, 40), 2))
    first = detector().fit(X)
    kept = np.ones(len(X))
    kept[np.argsort(first.score_samples(X))[: int(0.25 * len(X))]] = 0
    again, trimmed = detector().fit(X), detector(trim=0.25).fit(X)
    nobody, columns = NoCallbacks(), first._density.columns  # scales stay those of all rows
    again._fit(X, kept, None, nobody, columns)
    np.testing.assert_array_equal(trimmed.score_samples(X), again.score_samples(X))
    assert len(trimmed.held_out_scores_) < len(first.held_out_scores_)


@pytest.mark.parametrize("trim", [0, 0.1])
@pytest.mark.parametrize("contamination", ["auto", 0.1])
def test_the_table_is_scored_once_for_each_thing_that_ranks_it(
    trim, contamination, rng, monkeypatch
):
    times, score = [], MADEOutlierDetector._scores_of_present
    monkeypatch.setattr(
        MADEOutlierDetector, "_scores_of_present", lambda *a: times.append(1) or score(*a)
    )
    detector(trim=trim, contamination=contamination, max_iter=1).fit(rng.normal(size=(40, 2)))
    assert len(times) == (trim > 0) + (contamination != "auto")


def test_trimming_keeps_anomalies_out_of_the_density(rng):
    normal, anomalies = rng.normal(size=(sizes(400, 40), 2)), rng.normal(6, 0.3, (20, 2))
    X = np.vstack([normal, anomalies])
    scores = [
        detector(trim=trim, max_iter=sizes(60, 1)).fit(X).score_samples(X) for trim in (0, 0.1)
    ]
    gaps = [s[: len(normal)].mean() - s[len(normal) :].mean() for s in scores]
    assert gaps[1] > gaps[0] + sizes(2, -10)


@pytest.mark.parametrize("rate", [0.07, 0.29, 0.5, 0.01, 1 - 0.9, 1 - 0.8])
def test_rows_are_flagged_exactly_where_p_values_are_at_most_the_rate(rate, rng):
    n = 99  # rate * (n + 1) is whole, but for rounding
    scores = np.sort(np.round(rng.normal(size=n), 1))  # with ties
    p_values = np.array([(1 + np.sum(scores <= s)) / (n + 1) for s in scores])
    flagged = scores < _threshold(scores, np.ones(n), rate)
    np.testing.assert_array_equal(flagged, p_values <= rate + 1e-12)


def test_the_place_nearest_to_the_rate_counts():
    scores = np.arange(10.0)  # rates of k / 11
    for rate, k in ((0.05, 1), (0.13, 1), (0.15, 2), (0.5, 5), (0.9, 10)):
        assert _threshold(scores, np.ones(10), rate) == scores[k - 1]


def test_weights_of_held_out_rows_are_repeats(rng):
    scores, weights = np.sort(rng.normal(size=40)), rng.integers(1, 5, 40)
    repeated = np.repeat(scores, weights)
    for rate in (0.1, 0.3, 0.6):
        weighted = _threshold(scores, weights / weights.mean(), rate)
        by_repeats = _threshold(repeated, np.ones(len(repeated)), rate)
        assert abs(np.sum(scores < weighted) - np.sum(scores < by_repeats)) <= 1
    equal = _quantile(scores, np.full(40, 7.0), 0.3)
    assert equal == pytest.approx(np.percentile(scores, 30))
    with_absent = _quantile(np.append(scores, -1e9), np.append(np.ones(40), 0), 0.3)
    assert with_absent == pytest.approx(equal)


@pytest.mark.parametrize("contamination", ["auto", 0.1])
def test_rows_of_weight_zero_are_as_if_absent(contamination, rng):
    X, far = normal_rows(sizes(300, 40), 0), normal_rows(sizes(100, 15), 1) + 1000
    weights = np.repeat([1.0, 0.0], [len(X), len(far)])
    parameters = {"contamination": contamination, "max_iter": 1, "trim": 0.1}
    alone = detector(**parameters).fit(X)
    among = detector(**parameters).fit(np.vstack([X, far]), sample_weight=weights)
    assert among.offset_ == alone.offset_
    np.testing.assert_array_equal(among.held_out_scores_, alone.held_out_scores_)
    np.testing.assert_array_equal(among.p_values(X), alone.p_values(X))


def test_the_rate_is_one_of_weight(rng):
    n = sizes(1500, 60)
    heavy, light = rng.normal(size=(n, 2)), rng.normal(20, 1, size=(n, 2))
    X, weights = np.vstack([heavy, light]), np.repeat([1000.0, 1.0], n)
    model = detector(max_iter=sizes(30, 1)).fit(X, sample_weight=weights)
    if sizes(True, False):
        flagged = model.predict(X) == -1
        assert 0.02 < np.average(flagged, weights=weights) < 0.1
    p = model.p_values(X)
    assert p.min() > 0
    assert p.max() <= 1


def test_p_values_need_a_fit():
    with pytest.raises(NotFittedError):
        detector().p_values(normal_rows(5, 0))


@pytest.mark.parametrize("parameters", [{"contamination": 5.0}, {"false_alarm_rate": -1.0}])
def test_a_threshold_is_not_set_by_what_fit_would_refuse(parameters, fitted):
    model = detector().fit(normal_rows(100, 0))
    before = model.offset_
    with pytest.raises(ValueError, match=f"'{next(iter(parameters))}' parameter"):
        model.set_params(**parameters).calibrate(normal_rows(50, 1))
    assert model.offset_ == before
    with pytest.raises(ValueError, match="(?i)negative"):
        model.score(normal_rows(5, 0), sample_weight=-np.ones(5))


@pytest.mark.parametrize("parameters", [{"contamination": 0.1}, {"trim": 0.1}])
def test_what_rows_of_weight_zero_hold_does_not_matter(parameters):
    n = sizes(200, 40)
    frame = pd.DataFrame(normal_rows(n, 0)).rename(columns=str)
    frame["c"] = np.array(["u", "v"])[np.arange(n) % 2].astype(object)
    frame.loc[0, "c"], frame.loc[1, "0"] = "never", np.inf
    weights = np.r_[0.0, 0.0, np.full(n - 2, 1e308)]
    model = detector(handle_unknown="error", max_iter=1, **parameters)
    among = model.fit(frame, sample_weight=weights).partial_fit(frame, sample_weight=weights)
    alone = clone(model).fit(frame.iloc[2:]).partial_fit(frame.iloc[2:])
    assert among.offset_ == pytest.approx(alone.offset_)


@pytest.mark.parametrize("trim", [0.9, 0.99])
def test_rows_must_be_left_to_train_on(trim):
    with pytest.raises(ValueError, match=f"trim={trim} leaves fewer than two of 10 rows"):
        detector(trim=trim).fit(normal_rows(10, 0))


def test_rows_of_weight_0_are_absent_from_scores():
    model, X = detector().fit(normal_rows(60, 0)), normal_rows(20, 1)
    X[3], weights = np.inf, np.ones(20)
    weights[3] = 0
    assert model.score(X, sample_weight=weights) == pytest.approx(model.score(np.delete(X, 3, 0)))


def towns(n, rng):
    """Labels with a long tail."""
    labels = np.minimum(rng.zipf(1.4, n), 400).astype(str)
    return pd.DataFrame({"town": labels.astype(object), "x": rng.normal(size=n)})


@pytest.mark.skipif(not JIT, reason="needs networks that are trained for long")
def test_labels_of_single_rows_set_the_threshold_as_new_ones_would():
    rates = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        model = MADEOutlierDetector(random_state=0, max_iter=100).fit(towns(1000, rng))
        rates.append(np.mean(model.predict(towns(4000, rng)) == -1))
    assert 0.03 < np.mean(rates) < 0.08  # (held-out rows are a hundred each)


def test_rows_to_judge_by_have_the_labels_that_they_have(rng):
    X, X_val = towns(200, rng), towns(100, rng)
    model = MADEOutlierDetector((8,), max_iter=2, n_estimators=1, random_state=0)
    model.fit(X, X_val=X_val)
    distance = abs(model.held_out_scores_[:, None] - model.score_samples(X_val)).min(axis=1)
    assert distance.max() < 1e-4


@pytest.mark.skipif(not JIT, reason="needs networks that are trained")
@pytest.mark.parametrize("spread", [1, 2])
def test_relations_of_columns_of_many_sizes_are_seen(spread):
    """Ten times or a tenth of what it should be is strange among small numbers, too."""
    rng = np.random.default_rng(0)

    def prices(n):
        whole = rng.lognormal(0, spread, n)
        return np.column_stack([whole, whole * rng.lognormal(1, 0.3, n)])

    detector = MADEOutlierDetector(random_state=0).fit(prices(1000))
    normal, wrong = prices(1000), prices(1000)
    wrong[:, 1] *= np.where(rng.random(1000) < 0.5, 10, 1 / 10)
    scores = detector.score_samples(np.vstack([normal, wrong]))
    assert roc_auc_score(np.repeat([1, 0], 1000), scores) > 0.95


def test_draws_through_maps_of_a_detector_are_guarded(rng):
    X = rng.lognormal(0, 3, size=(500, 2))
    detector = MADEOutlierDetector(random_state=0, max_iter=1, n_estimators=1).fit(X)
    drawn = detector.sample(20_000, random_state=0)
    assert np.all(drawn.max(axis=0) <= 4.001 * X.max(axis=0))


def test_one_wild_cell_among_few_rows_makes_no_map(rng):
    X = rng.normal(size=(100, 2))
    X[0, 0] = 1e9
    detector = MADEOutlierDetector(random_state=0, max_iter=1, n_estimators=1).fit(X)
    assert {type(column).__name__ for column in detector._density.columns.columns} == {"Real"}
