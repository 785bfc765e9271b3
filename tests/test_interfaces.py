"""The estimators in the hands of scikit-learn's meta-estimators."""

import numpy as np
import pytest
import sklearn
from conftest import correlated_flags
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from skmade import MADEDensity, MADEOutlierDetector

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
SMALL = {"hidden_layer_sizes": (16,), "max_iter": 3, "n_estimators": 1, "random_state": 0}
N, N_FOLDS = 60, 3


class Recorder(MADEDensity):
    """A density that remembers what it was fitted with, in all of its clones."""

    seen = []

    def _fit(self, X, sample_weight, X_val, columns=None):
        self.seen.append((len(X), sample_weight, X_val))
        return super()._fit(X, sample_weight, X_val, columns)


@pytest.fixture
def seen():
    """What recorders were fitted with, while metadata is routed."""
    Recorder.seen.clear()
    with sklearn.config_context(enable_metadata_routing=True):
        yield Recorder.seen


def recorder():
    model = Recorder(**SMALL).set_fit_request(sample_weight=True, X_val=True)
    return model.set_score_request(sample_weight=True)


def search(model):
    return GridSearchCV(model, {"alpha": [0.0]}, cv=N_FOLDS, error_score="raise")


def flags(n=N, seed=0):
    return correlated_flags(n, 4, seed)


def assert_weights_follow_their_rows(seen, weights):
    """Folds saw the weights of their own rows, and the last fit all of them."""
    *folds, (_, last, _) = seen
    assert len(folds) == N_FOLDS
    for n, own, _ in folds:
        assert n == len(own) == N - N // N_FOLDS
        assert set(own) < set(weights)
    np.testing.assert_array_equal(last, weights)


@pytest.mark.parametrize("n_val", [N, N - 1])
@pytest.mark.parametrize("in_pipeline", [False, True])
def test_weights_are_cut_and_tables_are_not(seen, n_val, in_pipeline):
    X, weights, X_val = flags(), np.linspace(1, 2, N), flags(n_val, seed=1)
    model = recorder()
    if in_pipeline:
        model = Pipeline([("same", FunctionTransformer()), ("density", model)])
    grid = {"density__alpha" if in_pipeline else "alpha": [0.0]}
    # (scikit-learn 1.6 has no weighted scores of pipelines)
    scoring = (lambda model, X, y=None: model.score(X)) if in_pipeline else None
    searched = GridSearchCV(model, grid, cv=N_FOLDS, scoring=scoring, error_score="raise")
    searched.fit(X, sample_weight=weights, X_val=lambda: X_val)
    assert_weights_follow_their_rows(seen, weights)
    for _, _, handed in seen:
        np.testing.assert_array_equal(handed, X_val)


def test_tables_of_another_length_go_through_as_they_are(seen):
    X_val = flags(N - 1, seed=1)
    search(recorder()).fit(flags(), X_val=X_val)
    for _, _, handed in seen:
        np.testing.assert_array_equal(handed, X_val)


@pytest.mark.parametrize(
    "fit",
    [lambda m, X, X_val: m.fit(X, X_val=X_val), lambda m, X, X_val: search(m).fit(X, X_val=X_val)],
)
def test_a_table_that_may_have_been_cut_is_refused(seen, fit):
    with pytest.raises(ValueError, match="X_val has as many rows as X, .*lambda: table"):
        fit(recorder(), flags(), flags(seed=1))
    assert not seen


def test_pipelines_can_transform_the_validation_table(seen):
    half = FunctionTransformer(lambda X: X[:, :2])
    model = Pipeline([("half", half), ("density", recorder())], transform_input=["X_val"])
    model.fit(flags(), X_val=flags(20, seed=1))
    np.testing.assert_array_equal(seen[0][2], flags(20, seed=1)[:, :2])


def test_without_a_request_nothing_is_handed_on(seen):
    with pytest.raises(ValueError, match="sample_weight"):
        search(Recorder(**SMALL)).fit(flags(), sample_weight=np.ones(N))
    assert not seen


def test_scores_of_folds_are_weighted(seen):
    X, weights = flags(), np.where(np.arange(N) % 2, 1.0, 0.0)
    weighted = search(recorder()).fit(X, sample_weight=weights)
    by_hand = []
    for k in range(N_FOLDS):
        out = np.zeros(N, bool)
        out[k * (N // N_FOLDS) : (k + 1) * (N // N_FOLDS)] = True
        model = recorder().set_params(alpha=0.0).fit(X[~out], sample_weight=weights[~out])
        by_hand.append(np.average(model.score_samples(X[out]), weights=weights[out]))
    assert weighted.cv_results_["mean_test_score"][0] == pytest.approx(np.mean(by_hand))


def planted(n=120, n_strange=20):
    """Rows of pairs that agree, and some that do not: 1 and -1 as scikit-learn marks them."""
    rng = np.random.default_rng(0)
    pairs = rng.integers(0, 2, (n, 2)).astype(float)
    X = np.repeat(pairs, 2, axis=1)
    y = np.where(rng.permutation(n) < n_strange, -1, 1)
    X[y == -1, ::2] = 1 - X[y == -1, ::2]
    return X, y


def test_roc_auc_is_the_right_way_up():
    X, y = planted()
    detector = MADEOutlierDetector(**SMALL | {"max_iter": 30, "learning_rate_init": 0.03})
    scores = cross_val_score(detector, X, y, scoring="roc_auc", cv=3, error_score="raise")
    assert scores.min() > 0.8
    upside_down = cross_val_score(detector, X, y == -1, scoring="roc_auc", cv=3)
    np.testing.assert_allclose(upside_down, 1 - scores)
