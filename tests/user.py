"""What a user writes, as a type checker sees it: ``make types``. Nothing runs this."""

from typing import Any, assert_type

import numpy as np
import onnx
from numpy.typing import NDArray

import skmade
from skmade import (
    ContributionsDisplay,
    DrawsDisplay,
    MADEDensity,
    MADEImputer,
    MADEOutlierDetector,
    blocks,
)
from skmade.onnx import as_input, to_onnx
from skmade.pyod import MADE

Floats = NDArray[np.float64]


def script() -> None:
    """Lines as they might stand in a notebook."""
    X: Floats = np.random.default_rng(0).normal(size=(100, 2))
    ones: list[float] = [1.0] * 100

    density = MADEDensity((8, 8), conditionals=["gaussian", "gaussian_mixture"], n_masks=None)
    assert_type(density.fit(X), MADEDensity)
    assert_type(density.fit(X, None, sample_weight=ones, X_val=lambda: X), MADEDensity)
    assert_type(density.fit(X.tolist()).partial_fit(X, sample_weight=ones), MADEDensity)
    assert_type(density.score_samples(X, given=[0]), Floats)
    assert_type(density.score_features(X), Floats)
    assert_type(density.score(X, sample_weight=ones), float)
    assert_type(density.sample(3, random_state=np.random.default_rng(0)), Any)
    assert_type(density.sample_conditional(X, random_state=np.random.RandomState(0)), Any)

    detector = MADEOutlierDetector(8, contamination=0.1, random_state=0, handle_unknown="error")
    assert_type(detector.fit(X, X_val=X), MADEOutlierDetector)
    assert_type(detector.calibrate(X, sample_weight=ones), MADEOutlierDetector)
    assert_type(detector.decision_function(X), Floats)
    assert_type(detector.predict(X), NDArray[np.int64])
    assert_type(detector.p_values(X), Floats)

    of_pyod = MADE(0.1, detector)
    assert_type(of_pyod.fit(X), MADE)
    assert_type(of_pyod.decision_function(X), Floats)

    assert_type(blocks.fit(detector, [X, X], folder="."), MADEOutlierDetector)
    assert_type(blocks.score_samples(density, X, given=[0]), Any)
    assert_type(blocks.p_values(detector, X), Any)
    assert_type(blocks.sample(density, 10, random_state=0), Any)

    assert_type(to_onnx(density), onnx.ModelProto)
    assert_type(as_input(detector, X), Floats)

    imputer = MADEImputer(density, strategy="mean", add_indicator=True)
    assert_type(imputer.fit(X), MADEImputer)
    assert_type(imputer.transform(X), Any)
    assert_type(imputer.get_feature_names_out(["a", "b"]), NDArray[np.object_])

    display = ContributionsDisplay.from_estimator(density, X[:1], reference=X, n_features=2)
    assert_type(display.plot(), ContributionsDisplay)
    DrawsDisplay.from_estimator(density, X, features=[("x0", 1), "x0", 1])
    skmade.show_versions()
    assert_type(skmade.__version__, str)

    # Mistakes are found. (An ignored line without one is an error.)
    MADEDensity(combination="sum")  # type: ignore[arg-type]
    MADEDensity(n_mask=3)  # type: ignore[call-arg]
    density.sample("many")  # type: ignore[arg-type]
    blocks.fit(density, 3)  # type: ignore[arg-type]
