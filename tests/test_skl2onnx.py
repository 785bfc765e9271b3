"""Pipelines that skl2onnx converts give the scores that they give themselves."""

import numpy as np
import onnxruntime
import pandas as pd
import pytest
import skl2onnx
from conftest import ALL_CONDITIONALS, mixed_table
from sklearn.compose import make_column_transformer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from test_interfaces import SMALL
from test_onnx import reference, untrained

from skmade import MADEDensity, MADEOutlierDetector
from skmade.onnx import register_with_skl2onnx

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
DTYPES = [np.float32, np.float64]
N = 60


@pytest.fixture(scope="module", autouse=True)
def registered():
    register_with_skl2onnx()


def run(model, X):
    """Outputs, by name, of what skl2onnx makes of a model for arrays as X."""
    graph = skl2onnx.to_onnx(model, X).SerializeToString()
    session = onnxruntime.InferenceSession(graph)
    names = [output.name for output in session.get_outputs()]
    outputs = dict(zip(names, session.run(names, {"X": X})))
    assert all(output.shape == (len(X), 1) for output in outputs.values())
    return {name: output[:, 0] for name, output in outputs.items()}


def behind(steps, X, **parameters):
    """A pipeline of fitted steps, and a density with random weights at its end."""
    return make_pipeline(steps, untrained(steps.fit_transform(X), **parameters))


def assert_as_reference(pipeline, X, tolerance=1e-4):
    scores = run(pipeline, X)["score_samples"]
    right = reference(pipeline[-1], pipeline[:-1].transform(X))
    assert scores.dtype == (X.dtype if X.dtype == np.float64 else np.float32)
    np.testing.assert_allclose(scores, right, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("family", ALL_CONDITIONALS)
def test_families_behind_a_column_transformer(family, dtype):
    X, (of_first, of_second) = mixed_table(N, families=[family, "gaussian"])
    steps = make_column_transformer((StandardScaler(), [1]), remainder="passthrough")
    pipeline = behind(steps, X, conditionals=[of_second, of_first])
    assert_as_reference(pipeline, X.astype(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_flags_behind_a_scaler(dtype):
    X, families = mixed_table(N, families=["gaussian", "bernoulli"])
    pipeline = behind(StandardScaler(), X, conditionals=families)
    assert_as_reference(pipeline, X.astype(dtype))


@pytest.mark.parametrize("dtype", [*DTYPES, np.int64])
def test_one_hot_flags(dtype):
    X = np.random.default_rng(0).integers(0, 4, (N, 3)).astype(dtype)
    encoder = OneHotEncoder(sparse_output=False)
    steps = make_column_transformer((StandardScaler(), [0]), (encoder, [1, 2]))
    assert_as_reference(behind(steps, X), X)


@pytest.mark.parametrize("dtype", [*DTYPES, np.int64, np.bool_])
def test_flags_of_all_dtypes(dtype):
    X = np.random.default_rng(0).integers(0, 2, (N, 3)).astype(dtype)
    model = untrained(X)
    np.testing.assert_allclose(run(model, X)["score_samples"], reference(model, X), rtol=1e-4)


def test_labels_must_be_told_apart_by_floats():
    X = np.array([[2**60], [2**60 + 1]] * 10)
    with pytest.raises(NotImplementedError, match="Column 0 .of int64. is not of numbers that"):
        skl2onnx.to_onnx(untrained(X, categorical_features=[0]), X)


@pytest.mark.parametrize("dtype", DTYPES)
def test_labels_are_numbers_that_were_seen_or_new(dtype):
    X = np.random.default_rng(0).choice([0.1, 0.7, 2.0], (N, 2)).astype(dtype)
    model = untrained(X, categorical_features=[0, 1], handle_unknown="rare", missing="informative")
    X[0, 0], X[1, 1] = 0.3, np.nan
    np.testing.assert_allclose(run(model, X)["score_samples"], reference(model, X), rtol=1e-4)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("make", [lambda model: model, lambda model: GridSearchCV(model, {}, cv=2)])
def test_outputs_of_a_trained_detector(make, dtype):
    X = np.random.default_rng(0).normal(size=(N, 3)).astype(dtype)
    pipeline = make(make_pipeline(StandardScaler(), MADEOutlierDetector(**SMALL))).fit(X)
    X[:3] *= 10
    outputs = run(pipeline, X)
    assert list(outputs) == ["label", "scores", "score_samples"]
    np.testing.assert_array_equal(outputs["label"], pipeline.predict(X))
    assert set(outputs["label"]) == {-1, 1}
    detector = getattr(pipeline, "best_estimator_", pipeline)
    for name, right in [
        ("scores", detector.decision_function(X)),
        ("score_samples", detector.score_samples(X)),
    ]:
        np.testing.assert_allclose(outputs[name], right, rtol=1e-4, atol=1e-4)


def test_rows_without_a_score_are_outliers():
    X = np.random.default_rng(0).normal(size=(N, 2))
    outputs = run(MADEOutlierDetector(**SMALL).fit(X), np.full((1, 2), np.inf))
    assert np.isnan(outputs["score_samples"]) and outputs["label"] == -1


def test_text_cannot_come_from_the_steps_before():
    X = pd.DataFrame({"label": ["a", "b"] * 10, "x": np.arange(20.0)})
    with pytest.raises(NotImplementedError, match="Column 'label' .of object. is not.*to_onnx"):
        skl2onnx.to_onnx(untrained(X), np.zeros((1, 2)))


def test_opsets_must_have_the_operators():
    X = np.random.default_rng(0).normal(size=(N, 2))
    with pytest.raises(NotImplementedError, match="opset of 18"):
        skl2onnx.to_onnx(untrained(X), X, target_opset=17)


def test_models_must_be_fitted():
    with pytest.raises(Exception, match="not fitted"):
        skl2onnx.to_onnx(MADEDensity(), np.zeros((1, 2)))
