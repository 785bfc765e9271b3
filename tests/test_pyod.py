"""The detector as one of PyOD's: what PyOD's tests ask of each of its own detectors, and of the
class that they derive from, holds for it.
"""

import numpy as np
import pytest
from scipy.stats import rankdata
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score
from test_interfaces import SMALL, planted

from skmade import MADEOutlierDetector
from skmade.pyod import MADE

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
LONGER = {"max_iter": 30, "learning_rate_init": 0.03}


@pytest.fixture(scope="module")
def fitted():
    X, y = planted()
    return MADE(0.2, MADEOutlierDetector(**SMALL | LONGER)).fit(X), X, y


def test_scores_are_negative_log_densities(fitted):
    model, X, y = fitted
    np.testing.assert_array_equal(model.decision_scores_, model.decision_function(X))
    np.testing.assert_array_equal(model.decision_scores_, -model.detector_.score_samples(X))
    assert roc_auc_score(y == -1, model.decision_scores_) > 0.9


def test_labels_are_those_above_the_threshold(fitted):
    model, X, _ = fitted
    assert model.threshold_ == np.percentile(model.decision_scores_, 80)
    np.testing.assert_array_equal(model.labels_, model.decision_scores_ > model.threshold_)
    np.testing.assert_array_equal(model.predict(X), model.labels_)


@pytest.mark.parametrize("method", ["linear", "unify"])
def test_probabilities(fitted, method):
    model, X, _ = fitted
    p = model.predict_proba(X, method=method)
    assert p.shape == (len(X), 2)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    order = np.argsort(model.decision_scores_)
    assert np.all(np.diff(p[order, 1]) >= 0)
    again, confidence = model.predict_proba(X, method=method, return_confidence=True)
    np.testing.assert_array_equal(again, p)
    np.testing.assert_array_equal(confidence, model.predict_confidence(X))


def test_probabilities_by_what_there_is_not(fitted):
    model, X, _ = fitted
    with pytest.raises(ValueError, match="not a valid probability conversion"):
        model.predict_proba(X, method="something")


def test_confidence_and_parameters(fitted):
    model, X, _ = fitted
    confidence = model.predict_confidence(X)
    assert np.all((confidence >= 0) & (confidence <= 1))
    labels, again = model.predict(X, return_confidence=True)
    np.testing.assert_array_equal(labels, model.labels_)
    np.testing.assert_array_equal(again, confidence)
    again = clone(model).set_params(contamination=0.1)
    assert again.get_params()["contamination"] == 0.1
    assert again.get_params()["detector"].get_params() == model.detector.get_params()


def test_rejection_rejects_what_is_uncertain(fitted):
    model, X, _ = fitted
    labels = model.predict_with_rejection(X, c_r=0.2)
    rejected = labels == -2
    np.testing.assert_array_equal(labels[~rejected], model.predict(X)[~rejected])


def test_ranks_are_those_among_the_training_scores(fitted):
    model, X, _ = fitted
    ranks = model._predict_rank(X)
    np.testing.assert_array_equal(ranks, rankdata(model.decision_scores_, "min") - 1)
    np.testing.assert_allclose(model._predict_rank(X, normalized=True), ranks / ranks.max())


@pytest.mark.filterwarnings("ignore:Function fit_predict:FutureWarning")
def test_fits_that_answer_at_once(fitted):
    model, X, y = fitted
    np.testing.assert_array_equal(clone(model).fit_predict(X), model.labels_)
    area = clone(model).fit_predict_score(X, y == -1)
    assert area == pytest.approx(roc_auc_score(y == -1, model.decision_scores_), abs=1e-4)
    precision = clone(model).fit_predict_score(X, y == -1, scoring="prc_n_score")
    assert precision == pytest.approx(np.mean(model.labels_[y == -1]))
    with pytest.raises(NotImplementedError):
        clone(model).fit_predict_score(X, y == -1, scoring="something")


@pytest.mark.parametrize("contamination", [0.51, 0, -0.5])
def test_contamination_is_at_most_a_half(contamination):
    with pytest.raises(ValueError, match="contamination must be in"):
        MADE(contamination)


def test_parameters_of_the_detector_are_nested():
    model = MADE(detector=MADEOutlierDetector(dropout=0.1))
    assert model.get_params()["detector__dropout"] == 0.1
    assert "detector__dropout" not in model.get_params(deep=False)
    assert model.set_params(detector__dropout=0.2).detector.dropout == 0.2
    with pytest.raises(ValueError, match="Invalid parameter"):
        model.set_params(detector__depth=2)
    assert repr(model).startswith("MADE(contamination=0.1,")


def test_it_must_be_fitted():
    with pytest.raises(NotFittedError):
        MADE().decision_function(np.zeros((2, 2)))
