"""What `docs/features.rst` says of scikit-learn and of PyOD, held against what they do.

Each test is named after a row of the tables, and says of which columns it holds the cells.
"""

import ast
import inspect
from importlib.resources import files

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
import sklearn
import skops.io
from pyod.models.copod import COPOD
from pyod.models.ecod import ECOD
from pyod.models.gmm import GMM
from pyod.models.hbos import HBOS
from pyod.models.iforest import IForest
from pyod.models.kde import KDE
from pyod.models.ocsvm import OCSVM
from sklearn.base import clone, is_classifier, is_outlier_detector, is_regressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KernelDensity
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.fixes import parse_version
from threadpoolctl import threadpool_info, threadpool_limits

MIXTURE, BOOSTING, PYOD = "GaussianMixture", "HistGradientBoosting", "PyOD"
LIBRARIES = (MIXTURE, BOOSTING, PYOD)
DETECTORS = (ECOD(), IForest(n_estimators=10, random_state=0), HBOS())
MODELS = {
    MIXTURE: (GaussianMixture(2, random_state=0),),
    BOOSTING: (
        HistGradientBoostingClassifier(max_iter=3),
        HistGradientBoostingRegressor(max_iter=3),
    ),
    PYOD: DETECTORS,
}
#: Features that a library lacks since its models have no such methods, nor parameters of `fit`.
ABSENT = {
    "Draws of rows": ((BOOSTING, PYOD), ("sample",)),
    "Draws of any cells given the others": ((MIXTURE, PYOD), ("sample_conditional", "impute")),
    "Density of any columns given others": ((MIXTURE, PYOD), ("given", "condition")),
    "Filling in as a transformer": ((MIXTURE, PYOD), ("transform",)),
    "Threshold on rows held out": ((MIXTURE,), ("threshold_", "offset_", "decision_function")),
    "p-values of rows": ((MIXTURE,), ("p_values", "decision_function")),
    "What each cell contributes": ((MIXTURE, BOOSTING), ("explain_outlier", "contributions")),
    "Incremental learning": (LIBRARIES, ("partial_fit",)),
    "Callbacks": (LIBRARIES, ("set_callbacks", "callbacks")),
    "Gradient of the log-density": (LIBRARIES, ("gradient", "score_gradient", "backward")),
    "Densities of any shape, to build on": (LIBRARIES, ("log_prob", "rsample", "parameters")),
}
#: Pairs of a feature and a library whose cell is held by a test.
HELD = {(feature, library) for feature, (own, _) in ABSENT.items() for library in own}
N = 200


def cells(feature, *libraries):
    """Mark a test as one that holds what the row of a feature says of `libraries`."""
    HELD.update((feature, library) for library in libraries)
    return lambda test: test


def each(*libraries):
    """Parametrize a test by the models of `libraries`."""
    models = [model for library in libraries for model in MODELS[library]]
    return pytest.mark.parametrize("model", models, ids=lambda model: type(model).__name__)


def table(n_columns=3):
    return np.random.default_rng(0).normal(size=(N, n_columns))


def fit(model, X):
    """A fitted copy; boosting learns flags from X, and the others have no outcome."""
    supervised = is_classifier(model) or is_regressor(model)
    return clone(model).fit(X, *((np.arange(N) % 2,) if supervised else ()))


def results(model, X):
    """What a fitted model says of each row."""
    names = ("score_samples", "decision_function", "predict")
    return next(getattr(model, name) for name in names if hasattr(model, name))(X)


def parameters(function):
    return set(inspect.signature(function).parameters)


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Tables are small, and threads would wait for each other."""
    with threadpool_limits(1):
        yield


@pytest.mark.parametrize(
    "feature, library",
    [(feature, library) for feature, (own, _) in ABSENT.items() for library in own],
)
def test_there_is_no_such_method_or_parameter(feature, library):
    for model in MODELS[library]:
        fitted = fit(model, table())
        methods = [getattr(fitted, name) for name in dir(fitted) if name[0] != "_"]
        known = set(dir(fitted)).union(*(parameters(x) for x in methods if inspect.ismethod(x)))
        assert not known & set(ABSENT[feature][1]), model


@cells("Exact log-density of each row", MIXTURE, BOOSTING, PYOD)
def test_exact_log_density_of_each_row():
    X = table()
    mixture = GaussianMixture(random_state=0).fit(X)
    for detector, density in ((GMM(random_state=0), mixture), (KDE(), KernelDensity().fit(X))):
        np.testing.assert_allclose(detector.fit(X).decision_scores_, -density.score_samples(X))
    assert all(not hasattr(model, "score_samples") for model in MODELS[BOOSTING])


@cells("Exact log-density of each row", PYOD)
@pytest.mark.parametrize("model, is_density", [(KDE(), True), *((x, False) for x in DETECTORS)])
def test_exact_log_density_of_each_row_integrates_to_one(model, is_density):
    grid, step = np.linspace(-9, 9, 1001, retstep=True)
    mass = np.exp(-fit(model, table(1)).decision_function(grid[:, None])).sum() * step
    assert (abs(mass - 1) < 0.01) == is_density


@cells("Flags, categories and counts beside numbers", MIXTURE, PYOD)
@cells("Labels that were not seen", MIXTURE, PYOD)
@each(MIXTURE, PYOD)
def test_flags_categories_and_counts_labels_are_errors(model):
    X = table().astype(object)
    X[0, 0] = "label"
    with pytest.raises(ValueError, match="could not convert string to float"):
        fit(model, X)


def labels(*categories):
    return pd.DataFrame({"x": pd.Categorical(np.resize(categories, N))})


@cells("Flags, categories and counts beside numbers", BOOSTING)
@each(BOOSTING)
def test_flags_categories_and_counts_are_inputs_of_boosting(model):
    prediction = fit(model, labels("a", "b")).predict(labels("a", "b"))
    assert np.all(np.diff(prediction)[::2] > 0)


@cells("Labels that were not seen", BOOSTING)
@each(BOOSTING)
def test_labels_that_were_not_seen_are_as_if_missing(model):
    fitted = fit(model, labels("a", "b", None, "b"))
    np.testing.assert_array_equal(fitted.predict(labels("c")), fitted.predict(labels(None)))


def clipped():
    """A column of which half is 0, and nothing below."""
    return np.maximum(table(1), 0)


@cells("Values that repeat, and bounds", MIXTURE)
def test_values_that_repeat_and_bounds_are_lost_in_a_mixture():
    draws, _ = GaussianMixture(2, reg_covar=1e-3, random_state=0).fit(clipped()).sample(N)
    assert (draws < 0).any() and not (draws == 0).any()


@cells("Values that repeat, and bounds", BOOSTING)
def test_values_that_repeat_and_bounds_are_kept_by_trees():
    X, y = table(), clipped().ravel()
    predicted = HistGradientBoostingRegressor().fit(X, y).predict(X)
    other = HistGradientBoostingRegressor().fit(np.exp(X), y).predict(np.exp(X))
    np.testing.assert_allclose(predicted, other, atol=1e-9)


@cells("Values that repeat, and bounds", PYOD)
@pytest.mark.parametrize("model", DETECTORS[1:], ids=["IForest", "HBOS"])
def test_values_that_repeat_and_bounds_are_unknown_to_detectors(model):
    at, beyond = fit(model, clipped()).decision_function([[0.0], [-0.01]])
    assert at == beyond


@cells("Missing cells", MIXTURE, PYOD)
@each(MIXTURE, PYOD)
def test_missing_cells_are_errors(model):
    with pytest.raises(ValueError, match="contains NaN"):
        fit(model, np.where(table() > 1, np.nan, table()))


@cells("Missing cells", BOOSTING)
@each(BOOSTING)
def test_missing_cells_are_inputs_of_boosting(model):
    X = np.where(table() > 1, np.nan, table())
    assert np.isfinite(fit(model, X).predict(X)).all()


@cells("Draws of rows", MIXTURE)
def test_draws_of_rows():
    draws, _ = fit(MODELS[MIXTURE][0], table()).sample(5)
    assert draws.shape == (5, 3)


@cells("Draws of any cells given the others", BOOSTING)
def test_draws_of_any_cells_but_of_one_column_with_probabilities():
    classifier, regressor = (fit(model, table()) for model in MODELS[BOOSTING])
    np.testing.assert_allclose(classifier.predict_proba(table()).sum(axis=1), 1)
    assert not hasattr(regressor, "predict_proba")


@cells("Filling in as a transformer", BOOSTING)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_filling_in_as_a_transformer():
    X = np.where(table(2) > 1, np.nan, table(2))
    imputer = IterativeImputer(MODELS[BOOSTING][1], max_iter=1)
    assert np.isfinite(imputer.fit_transform(X)).all()


@cells("Threshold on rows held out", PYOD)
@each(PYOD)
def test_threshold_on_rows_of_training(model):
    fitted = fit(model, table())
    assert fitted.threshold_ == np.percentile(fitted.decision_scores_, 90)


class AboveTheMean:
    """A thresholder as those of PyThresh are."""

    def fit(self, scores):
        self.thresh_ = scores.mean()
        self.labels_ = (scores > self.thresh_).astype(int)
        return self

    def eval(self, scores):  # which older PyOD calls
        return self.fit(scores).labels_


@cells("Threshold on rows held out", PYOD)
def test_threshold_by_thresholders():
    fitted = ECOD(contamination=AboveTheMean()).fit(table())
    mean = fitted.decision_scores_.mean()
    np.testing.assert_array_equal(fitted.labels_, fitted.decision_scores_ > mean)


@cells("p-values of rows", PYOD)
@each(PYOD)
def test_p_values_of_rows_are_probabilities_and_confidence(model):
    fitted, X = fit(model, table()), table()
    scores, scaled = fitted.decision_function(X), fitted.predict_proba(X, method="linear")[:, 1]
    low, high = np.percentile(fitted.decision_scores_, [0, 100])
    np.testing.assert_allclose(scaled, np.clip((scores - low) / (high - low), 0, 1), atol=1e-12)
    assert fitted.predict_confidence(X).shape == (N,)


@cells("What each cell contributes", PYOD)
def test_what_each_cell_contributes():
    explain = [hasattr(model, "explain_outlier") for model in (ECOD(), COPOD(), *DETECTORS[1:])]
    assert explain == [True, True, False, False]


@cells("Sample weights", *LIBRARIES)
def test_sample_weights():
    weighted = [OCSVM(), *MODELS[BOOSTING]]
    assert all("sample_weight" in parameters(model.fit) for model in weighted)
    others = [*MODELS[MIXTURE], *DETECTORS]
    assert all("sample_weight" not in parameters(model.fit) for model in others)


@cells("Tables larger than memory", *LIBRARIES)
@each(*LIBRARIES)
def test_tables_larger_than_memory(model):
    with pytest.raises((TypeError, ValueError)):
        fit(model, iter([table(), table()]))


@cells("Related tables, sequences, constraints, made-up names", *LIBRARIES)
@each(*LIBRARIES)
def test_related_tables(model):
    with pytest.raises((TypeError, ValueError)):
        fit(model, {"one": table(), "other": table()})


@cells("Dask collections", *LIBRARIES)
@pytest.mark.filterwarnings("ignore:The .numpy:FutureWarning")  # of dask: functions that it lacks
@each(*LIBRARIES)
def test_dask_collections_are_read_whole(model):
    dask = pytest.importorskip("dask.array").from_array(table(), chunks=50)
    fitted = fit(model, dask)
    kept = fitted.decision_scores_ if model in DETECTORS else results(fitted, dask)
    assert type(kept) is np.ndarray


@cells("Sparse matrices", *LIBRARIES)
@each(*LIBRARIES)
def test_sparse_matrices(model):
    with pytest.raises(TypeError, match="Sparse data was passed"):
        fit(model, sp.csr_array(table()))


@cells("ONNX", PYOD)
@each(PYOD)
def test_onnx_has_no_converters(model):
    skl2onnx = pytest.importorskip("skl2onnx")
    with pytest.raises(skl2onnx.common.exceptions.MissingShapeCalculator):
        skl2onnx.to_onnx(fit(model, table()), table().astype(np.float32))


@cells("Files that run no code", *LIBRARIES)
@pytest.mark.parametrize(
    "model, n_trusted",
    [
        (MODELS[MIXTURE][0], 0),
        *((model, 1) for model in MODELS[BOOSTING]),
        *zip(DETECTORS, (1, 2, 1)),
    ],
)
def test_files_that_run_no_code(model, n_trusted):
    file = skops.io.dumps(fit(model, table()))
    assert len(skops.io.get_untrusted_types(data=file)) == n_trusted


@cells("Files of older versions", PYOD)
def test_files_of_older_versions(monkeypatch, tmp_path):
    persistence = pytest.importorskip("pyod.utils.persistence", reason="not in older PyOD")
    with monkeypatch.context() as older:
        older.setattr(np, "__version__", "1.0")
        persistence.save(fit(ECOD(), table()), tmp_path / "model")
    with pytest.warns(UserWarning, match="numpy"):
        persistence.load(tmp_path / "model", trusted=True)


@cells("Progress", MIXTURE, BOOSTING)
@each(MIXTURE, BOOSTING)
def test_progress_is_lines(model, capsys):
    fit(clone(model).set_params(verbose=2), table())
    assert capsys.readouterr().out.count("\n") > 2


@cells("Progress", PYOD)
def test_progress_of_some_detectors():
    assert ["verbose" in model.get_params() for model in DETECTORS] == [False, True, False]


@cells("scikit-learn's checks, pipelines, searches", MIXTURE, BOOSTING)
@each(MIXTURE, BOOSTING)
def test_checks_of_scikit_learn(model):
    check_estimator(type(model)())


@cells("scikit-learn's checks, pipelines, searches", *LIBRARIES)
@each(*LIBRARIES)
def test_pipelines(model):
    pipeline, scaled = make_pipeline(StandardScaler(), model), scale(table())
    of_pipeline = results(fit(pipeline, table()), table())
    np.testing.assert_allclose(of_pipeline, results(fit(model, scaled), scaled))


@cells("scikit-learn's checks, pipelines, searches", MIXTURE, BOOSTING)
@each(MIXTURE, BOOSTING)
def test_searches(model):
    assert fit(GridSearchCV(model, {"tol": [0.1]}, cv=2, error_score="raise"), table()).best_score_


@cells("scikit-learn's checks, pipelines, searches", PYOD)
@each(PYOD)
def test_conventions_of_pyod_in_pipelines_outliers_are_one(model):
    fitted = fit(model, table())
    assert set(fitted.predict(table())) == {0, 1} and not hasattr(fitted, "score")


@cells("Frames of pandas, polars, pyarrow, and back", *LIBRARIES)
@each(*LIBRARIES)
@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame, pa.table])
@pytest.mark.filterwarnings("ignore:X has feature names")  # of IForest, in older PyOD
def test_frames_go_in_as_numbers(model, frame):
    X = frame(dict(zip("abc", table().T)))
    of_frame, of_array = results(fit(model, X), X), results(fit(model, table()), table())
    np.testing.assert_allclose(of_frame, of_array)
    assert type(of_frame) is np.ndarray


def batches(model):
    """Results of rows together, and each on its own."""
    X = np.random.default_rng(0).normal(size=(N, 40))
    fitted = fit(model, X)
    return results(fitted, X), np.concatenate([results(fitted, row[None]) for row in X])


@cells("Same bits in any batch", BOOSTING, PYOD)
@pytest.mark.parametrize("model", [*MODELS[BOOSTING], *DETECTORS[1:]])
def test_same_bits_in_any_batch(model):
    np.testing.assert_array_equal(*batches(model))


@cells("Same bits in any batch", MIXTURE)
def test_same_bits_in_any_batch_but_for_last_digits():
    np.testing.assert_allclose(*batches(MODELS[MIXTURE][0]), rtol=1e-9)  # (BLAS decides on these)


@cells("Same bits in any batch", PYOD)
def test_same_bits_in_any_batch_not_of_ecod():
    together, alone = batches(ECOD())
    assert not np.allclose(together, alone, rtol=1e-3)


@cells("Threads", *LIBRARIES)
def test_threads():
    kinds = {pool["user_api"] for pool in threadpool_info()}
    assert {"blas", "openmp"} <= kinds
    assert ["n_jobs" in model.get_params() for model in DETECTORS] == [True, True, False]
    others = [*MODELS[MIXTURE], *MODELS[BOOSTING]]
    assert not any("n_jobs" in model.get_params() for model in others)


@cells("Types for type checkers", *LIBRARIES)
@pytest.mark.parametrize("package", ["sklearn", "pyod"])
def test_types_for_type_checkers(package):
    assert not files(package).joinpath("py.typed").is_file()


@cells("Graphics cards", MIXTURE, BOOSTING)
@pytest.mark.skipif(parse_version(sklearn.__version__) < parse_version("1.8"), reason="since 1.8")
def test_graphics_cards_by_the_array_api():
    models = (GaussianMixture(init_params="random"), GaussianMixture(), *MODELS[BOOSTING])
    assert [get_tags(model).array_api_support for model in models] == [True, False, False, False]


def source(module):
    """The parsed source of a detector of PyOD; its own imports may be missing."""
    return ast.parse(files("pyod").joinpath("models", module).read_text(encoding="utf-8"))


def imports(module):
    """The packages that a module of PyOD's detectors imports."""
    nodes = list(ast.walk(source(module)))
    names = [node.module for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
    names += [x.name for node in nodes if isinstance(node, ast.Import) for x in node.names]
    return {name.split(".")[0] for name in names}


@cells("Graphics cards", PYOD)
def test_graphics_cards_of_deep_detectors():
    assert "torch" in imports("base_dl.py")
    nodes = ast.walk(source("base_dl.py"))
    assert "device" in {node.arg for node in nodes if isinstance(node, ast.arg)}
    assert not any("device" in model.get_params() for model in DETECTORS)


@cells("Parameters that can be read", *LIBRARIES)
def test_parameters_that_can_be_read():
    mixtures = (GaussianMixture(random_state=0).fit(table()), GMM(random_state=0).fit(table()))
    for model in mixtures:
        np.testing.assert_allclose(model.means_, table().mean(axis=0)[None])
        np.testing.assert_allclose(model.covariances_[0], np.cov(table().T, ddof=0), atol=1e-5)
    for model in (*MODELS[BOOSTING], *DETECTORS):
        assert not hasattr(fit(model, table()), "means_")


@cells("A first fit without compilation", *LIBRARIES)
def test_a_first_fit_without_compilation():
    """Of most detectors: eight modules or so import numba, which skmade compiles with."""
    detectors = [x.name for x in files("pyod").joinpath("models").iterdir() if x.suffix == ".py"]
    compiled = [name for name in detectors if "numba" in imports(name)]
    assert "hbos.py" in compiled and len(compiled) < len(detectors) / 4
    for model in (*MODELS[MIXTURE], *MODELS[BOOSTING]):
        assert not hasattr(inspect.getmodule(type(model)), "numba")


@cells("Prediction of one column", *LIBRARIES)
def test_prediction_of_one_column():
    made_for_it = {
        library: all(is_classifier(model) or is_regressor(model) for model in models)
        for library, models in MODELS.items()
    }
    assert made_for_it == {MIXTURE: False, BOOSTING: True, PYOD: False}


@cells("Many detectors; series, graphs, text, images", MIXTURE, BOOSTING)
@each(MIXTURE, BOOSTING)
def test_many_detectors(model):
    assert not is_outlier_detector(model)
