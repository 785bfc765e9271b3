"""The detector as one of PyOD's: what PyOD says of its own detectors holds for it."""

import numpy as np
import pytest
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


def test_confidence_and_parameters(fitted):
    model, X, _ = fitted
    confidence = model.predict_confidence(X)
    assert np.all((confidence >= 0) & (confidence <= 1))
    again = clone(model).set_params(contamination=0.1)
    assert again.get_params()["contamination"] == 0.1
    assert again.get_params()["detector"].get_params() == model.detector.get_params()


def test_rejection_rejects_what_is_uncertain(fitted):
    model, X, _ = fitted
    labels = model.predict_with_rejection(X, c_r=0.2)
    rejected = labels == -2
    np.testing.assert_array_equal(labels[~rejected], model.predict(X)[~rejected])


def test_it_must_be_fitted():
    with pytest.raises(NotFittedError):
        MADE().decision_function(np.zeros((2, 2)))
