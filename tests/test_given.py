"""Scores of some columns given others, and columns that will be asked for."""

import pickle

import numpy as np
import pandas as pd
import pytest
from conftest import binary_states, correlated_flags, mixed_table, quick, sizes

from skmade import MADEDensity, MADEOutlierDetector

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

D = 5


def fitted(**parameters):
    model = quick(max_iter=sizes(20, 1), learning_rate_init=0.01, **parameters)
    return model.fit(correlated_flags(sizes(400, 60), D))


def exact_scores(model, given):
    """Of all states of flags, by summing over those that agree in the given columns."""
    states = binary_states(D)
    scores, places = model.score_samples(states), states[:, given] @ 2 ** np.arange(len(given))
    totals = np.bincount(places.astype(int), np.exp(scores))
    return scores - np.log(totals[places.astype(int)])


@pytest.mark.parametrize("combination", ["mixture", "weighted"])
@pytest.mark.parametrize("n_estimators", [1, 3])
@pytest.mark.parametrize("given", [[4], [4, 0], [0, 2, 4]], ids=str)
def test_exact_where_the_given_columns_come_first(given, n_estimators, combination):
    model = fitted(ordering=[4, 0, 2, 3, 1], n_estimators=n_estimators, combination=combination)
    scores = model.score_samples(binary_states(D), given=given)
    np.testing.assert_allclose(scores, exact_scores(model, given), atol=1e-5)


@pytest.mark.parametrize("combination", ["mixture", "product"])
def test_close_elsewhere(combination):
    model, given = fitted(n_estimators=2, combination=combination), [1, 3]
    states = binary_states(D)
    scores = model.score_samples(states, given=given)
    np.testing.assert_allclose(scores, exact_scores(model, given), atol=sizes(0.2, 0.5))
    some = [7, 2, 30]
    np.testing.assert_array_equal(model.score_samples(states[some], given=given), scores[some])


@pytest.mark.parametrize("combination", ["mixture", "product"])
def test_of_columns_that_are_all_given_nothing_is_left(combination):
    model = fitted(n_estimators=3, combination=combination)
    scores = model.score_samples(binary_states(D), given=range(D))
    np.testing.assert_allclose(scores, 0, atol=1e-5)


def test_a_normaliser_is_in_no_conditional():
    model, states = fitted(n_estimators=4, combination="product"), binary_states(D)
    before = model.score_samples(states, given=[0])
    model._density.log_normalizer -= 1.0  # (as if networks agreed less)
    del model._density.ensemble
    np.testing.assert_allclose(model.score_samples(states, given=[0]), before, atol=1e-9)


def test_order_agnostic_networks_give_normalised_densities():
    scores = fitted(n_masks=None).score_samples(binary_states(D), given=[1, 3])
    assert np.exp(scores).sum() == pytest.approx(2**2, abs=1e-4)


def test_in_the_units_of_the_other_columns():
    X, families = mixed_table(200)
    model = quick(conditionals=families, ordering="natural").fit(X)
    contributions = model.score_features(X)
    scores = model.score_samples(X, given=[0, 1, 2])
    np.testing.assert_allclose(scores, contributions[:, 3:].sum(axis=1), rtol=1e-4, atol=1e-3)


def test_of_rows_with_missing_cells_the_observed_ones_count():
    X = np.random.default_rng(0).normal(size=(200, 3))
    rows = X[:10].copy()
    X[::3, 1] = np.nan
    model = quick(ordering="natural").fit(X)
    rows[::2, 1], rows[1::2, 2] = np.nan, np.nan
    expected = model.score_features(rows)[:, 1:].sum(axis=1)
    np.testing.assert_allclose(model.score_samples(rows, given=0), expected, atol=1e-5)


@pytest.mark.filterwarnings("ignore:Column 3 is missing in 32 of 32 rows")
@pytest.mark.parametrize("combination", ["mixture", "product"])
@pytest.mark.parametrize("share_of_gaps", [0.0, 0.3])
def test_a_given_cell_that_is_missing_says_nothing(combination, share_of_gaps, rng):
    X = np.where(rng.random((200, D)) < share_of_gaps, np.nan, correlated_flags(200, D))
    model = quick(n_estimators=2, combination=combination, ordering="natural").fit(X)
    rows = binary_states(D).astype(float)
    rows[:, 3] = np.nan
    scores = model.score_samples(rows, given=[3])
    np.testing.assert_allclose(scores, model.score_samples(rows), atol=1e-9)
    scores = model.score_samples(rows, given=[1, 3])
    np.testing.assert_array_equal(scores, model.score_samples(rows, given=[1]))


def test_a_gap_that_is_an_outcome_is_given(rng):
    X = correlated_flags(300, D).astype(float)
    X[:, 3] = np.where(rng.random(300) < 0.3, np.nan, X[:, 3])
    model = quick(missing="informative", ordering="natural").fit(X)
    rows = binary_states(D).astype(float)
    rows[:, 3] = np.nan
    gained = model.score_samples(rows, given=[3]) - model.score_samples(rows)
    assert np.all(gained > 0.3)  # of what a gap has: log(1 / 0.3) is 1.2


def test_no_column_given_is_the_score_itself():
    model, states = fitted(n_estimators=2), binary_states(D)
    for given in (None, (), []):
        np.testing.assert_array_equal(
            model.score_samples(states, given=given), model.score_samples(states)
        )


def test_names_and_positions_are_the_same_columns():
    X = pd.DataFrame(correlated_flags(60, 3), columns=["a", "b", "c"])
    for estimator in (MADEDensity, MADEOutlierDetector):
        model = estimator(max_iter=2, random_state=0, hidden_layer_sizes=(8,), ordering="natural")
        model.fit(X)
        by_name = model.score_samples(X, given=["a", "b"])
        np.testing.assert_array_equal(by_name, model.score_samples(X, given=[1, 0]))
        np.testing.assert_array_equal(
            model.score_samples(X, given="a"), model.score_samples(X, given=0)
        )


@pytest.mark.parametrize(
    "given", [[D], [-1], ["a"], "a", [0, 0], [True], True, 0.5, [0.0], [None], [[0]]], ids=str
)
def test_what_is_no_column_is_refused(given):
    with pytest.raises(ValueError, match="given must hold names or positions of columns"):
        fitted().score_samples(binary_states(D), given=given)


@pytest.mark.parametrize("n_masks", [1, 3, None])
def test_targets_come_last(n_masks):
    X = pd.DataFrame(correlated_flags(60, 4), columns=list("abcd"))
    model = quick(ordering="auto", targets=["b", "d"], n_masks=n_masks, n_estimators=2).fit(X)
    for ordering in model.orderings_:
        assert set(ordering[2:]) == {1, 3}
    scores = model.score_samples(X, given=["a", "c"])
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.score_samples(X, given=["a", "c"]), scores)
    assert copy.partial_fit(X).orderings_[:, 2:].tolist() == model.orderings_[:, 2:].tolist()


def test_targets_and_the_automatic_ordering_go_together():
    X = correlated_flags(60, 4)
    for parameters in ({"ordering": "auto"}, {"targets": [1]}):
        with pytest.raises(ValueError, match="ordering='auto' puts targets last"):
            quick(**parameters).fit(X)
    with pytest.raises(ValueError, match="targets must hold names or positions"):
        quick(ordering="auto", targets=[4]).fit(X)
