"""What scikit-learn asks of an estimator."""

import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest
from conftest import is_plain, quick, sizes
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_param_validation,
    parametrize_with_checks,
)

from skmade import MADEDensity, MADEImputer, MADEOutlierDetector


def estimator():
    return MADEDensity(
        hidden_layer_sizes=(8,), max_iter=sizes(20, 2), n_components=2, n_estimators=2
    )


def detector():
    return MADEOutlierDetector(
        hidden_layer_sizes=(8,), max_iter=sizes(20, 2), n_components=2, n_estimators=2
    )


def imputer():
    return MADEImputer(estimator(), random_state=0)


def expected_failures(estimator):
    """Mini-batches make weights and repeats equal in distribution only."""
    if not isinstance(estimator, MADEOutlierDetector):
        return {}
    reason = "a weighted row and repeated rows fall into different batches"
    names = ("dense", "sparse")
    return {f"check_sample_weight_equivalence_on_{name}_data": reason for name in names}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(
    [estimator(), detector(), imputer()], expected_failed_checks=expected_failures
)
def test_checks_of_scikit_learn(estimator, check):
    check(estimator)


def test_parameter_validation():
    check_param_validation("MADEDensity", estimator())
    check_param_validation("MADEOutlierDetector", detector())
    check_param_validation("MADEImputer", imputer())


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_names_of_columns():
    check_dataframe_column_names_consistency("MADEDensity", estimator())
    check_dataframe_column_names_consistency("MADEOutlierDetector", detector())
    check_dataframe_column_names_consistency("MADEImputer", imputer())


@pytest.fixture(scope="module")
def iris():
    return load_iris().data


@pytest.fixture(scope="module")
def model(iris):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return quick().fit(iris)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_grid_search_over_hidden_sizes_in_a_pipeline(iris):
    pipeline = make_pipeline(StandardScaler(), quick(max_iter=2))
    grid = {"madedensity__hidden_layer_sizes": [(4,), (8, 8), ()]}
    search = GridSearchCV(pipeline, grid, n_jobs=2, cv=2, error_score="raise").fit(iris)
    assert np.all(np.isfinite(search.cv_results_["mean_test_score"]))
    assert search.score_samples(iris).shape == (150,)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_cross_validation_uses_the_mean_log_density(iris):
    scores = cross_val_score(quick(max_iter=2), iris, cv=3, error_score="raise")
    assert np.all(np.isfinite(scores))


def test_score_is_the_mean_of_score_samples(model, iris):
    scores = model.score_samples(iris)
    assert scores.dtype == np.float64
    assert model.score(iris) == pytest.approx(scores.mean(), rel=1e-12)
    assert model.score(np.vstack([iris, iris])) == pytest.approx(model.score(iris), rel=1e-12)
    weights = np.arange(150.0)
    expected = np.average(scores, weights=weights)
    for scale in (1, 1e300, 1e-320):  # only ratios matter (and denormal numbers have few digits)
        score = model.score(iris, sample_weight=scale * weights)
        assert score == pytest.approx(expected, rel=1e-12 if scale >= 1 else 1e-3)


def test_shares_of_features_sum_to_the_score(model, iris):
    shares = model.score_features(iris)
    assert shares.shape == iris.shape
    np.testing.assert_allclose(shares.sum(axis=1), model.score_samples(iris), rtol=1e-12)


def test_clone_and_pickle(model, iris):
    assert clone(model).get_params() == model.get_params()
    dumped = pickle.dumps(model)
    assert b"numba" not in dumped
    assert b"skmade._kernels" not in dumped
    assert b"skmade._network" not in dumped
    loaded = pickle.loads(dumped)
    np.testing.assert_array_equal(loaded.score_samples(iris), model.score_samples(iris))
    np.testing.assert_array_equal(loaded.sample(5, 0), model.sample(5, 0))


def test_a_pickle_is_read_by_another_process_without_compiled_code(model, iris, tmp_path):
    (tmp_path / "model.pickle").write_bytes(pickle.dumps(model))
    np.save(tmp_path / "X.npy", iris[:3])
    np.save(tmp_path / "scores.npy", model.score_samples(iris[:3]))
    code = (
        "import pickle, numpy as np;"
        "model = pickle.load(open('model.pickle', 'rb'));"
        "scores = model.score_samples(np.load('X.npy'));"
        "np.testing.assert_allclose(scores, np.load('scores.npy'), rtol=1e-5)"
    )
    environment = {**__import__("os").environ, "NUMBA_DISABLE_JIT": "1"}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)


def test_fitted_state_is_arrays_and_plain_values(model):
    for name, value in model.__getstate__().items():
        assert is_plain(value), name


def test_methods_before_fit(iris):
    for call in ("score_samples", "score", "score_features"):
        with pytest.raises(NotFittedError):
            getattr(quick(), call)(iris)
    with pytest.raises(NotFittedError):
        quick().sample()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_global_random_state_is_left_alone(iris):
    np.random.seed(3)
    before = np.random.get_state()[1].copy()
    quick().fit(iris).sample(3, random_state=1)
    np.testing.assert_array_equal(np.random.get_state()[1], before)
