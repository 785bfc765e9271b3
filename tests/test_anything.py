"""Any table ends in a defined result, or in one clear error before training starts."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from conftest import quick, sizes
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning

from skmade import MADEOutlierDetector, _training

bounded = settings(
    max_examples=sizes(150, 3), derandomize=True, deadline=None, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip

FINITE = st.floats(allow_nan=False, allow_infinity=False)
KINDS = ["reals", "scaled", "ties", "single", "labels", "levels", "bool", "moments"]
LABELS = st.sampled_from(["a", "b", "", "nan", "1", "é", "\N{GRINNING FACE}", " a"])
LEVELS = st.sampled_from(["a", "b", "nan"])
INTEGERS = {
    name: st.integers(np.iinfo(name).min, np.iinfo(name).max).map(np.dtype(name).type)
    for name in ("int8", "int64", "uint64")
}
NULLABLE = {"int8": "Int8", "int64": "Int64", "uint64": "UInt64"}
SCALES = st.integers(-300, 300).map(lambda exponent: 10.0**exponent)
WEIGHTS = st.sampled_from([0.0, 1.0, 1.0, 7.5, 5e-324, 1e-300, 1e308])


def several(values, n):
    return st.lists(values, min_size=n, max_size=n)


@st.composite
def scaled(draw, n):
    """Normal numbers in any unit, from any origin."""
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    with np.errstate(over="ignore"):
        column = rng.normal(size=n) * draw(SCALES) + draw(st.sampled_from([0, 1, -1])) * draw(
            SCALES
        )
    return np.clip(column, -1.7e308, 1.7e308)


@st.composite
def columns(draw, n):
    """A column of `n` cells of any kind, some of them missing."""
    kind = draw(st.sampled_from([*KINDS, *INTEGERS]))
    gaps = np.array(draw(several(st.integers(0, 5), n))) == 0 if draw(st.booleans()) else None
    if kind == "labels":
        column = pd.Series(draw(several(LABELS, n)), dtype=object)
    elif kind == "levels":
        column = pd.Series(pd.Categorical(draw(several(LEVELS, n)), ["b", "a", "nan", "never"]))
    elif kind == "moments":
        ticks = draw(several(st.integers(-(2**62), 2**62) | st.integers(0, 3), n))
        column = pd.Series(np.array(ticks, "datetime64[ns]"))
    elif kind == "bool":
        column = pd.Series(draw(several(st.booleans(), n)), dtype="boolean")
    elif kind in INTEGERS:
        values = draw(several(INTEGERS[kind], n))
        column = pd.Series(np.array(values, kind)).astype(NULLABLE[kind])
    elif kind == "ties":
        few = draw(st.lists(FINITE, min_size=1, max_size=3))
        column = pd.Series(draw(several(st.sampled_from(few), n)))
    elif kind == "scaled":
        column = pd.Series(draw(scaled(n)))
    elif kind == "single":
        numbers = st.floats(width=32, allow_nan=False, allow_infinity=False)
        column = pd.Series(np.array(draw(several(numbers, n)), np.float32))
    else:
        column = pd.Series(draw(several(FINITE, n)))
    return column if gaps is None else column.mask(gaps)


def anchors(n):
    """Columns beside which all tables have the same families, and gaps, and so the same kernels."""
    rng = np.random.default_rng(0)
    real, flag = rng.normal(size=n), np.arange(n) % 2.0
    return {
        "flag": flag, "label": np.array(["u", "v", "w"], object)[np.arange(n) % 3],
        "real": np.where(np.arange(n) == 1, np.nan, real), "lattice": np.arange(n) // 2,
    }  # fmt: skip


@st.composite
def tables(draw):
    n = draw(st.integers(6, 14))
    own = {f"c{j}": draw(columns(n)) for j in range(draw(st.integers(1, 3)))}
    return pd.DataFrame({**own, **anchors(n)})


def conditionals(frame):
    """Of own columns by their values, of anchors as they are meant."""
    given = ["bernoulli", "categorical", "gaussian_mixture", "logistic_mixture"]
    return ["auto"] * (frame.shape[1] - len(given)) + given


def fit_or_refuse(model, X, weights, monkeypatch):
    """Whether a model was fitted; if it was refused, then before training, and with a reason."""
    started, train = [], _training.train
    monkeypatch.setattr(_training, "train", lambda *args: started.append(1) or train(*args))
    try:
        model.fit(X, sample_weight=weights)
    except (ValueError, TypeError) as error:
        assert not started, error
        assert any(word in str(error) for word in ("olumn", "weight")), error
        event("refused")
        return False
    return True


def check_draws(model, X, drawn):
    """Draws are in the dtypes of X, possible, and among its labels."""
    assert list(drawn.dtypes) == list(X.dtypes)
    assert np.all(np.isfinite(model.score_samples(drawn)))
    for name in X:
        if X[name].dtype == object:
            assert set(drawn[name].dropna()) <= set(X[name].dropna())


@bounded
@given(data=st.data(), X=tables(), missing=st.sampled_from(["ignorable", "informative"]))
def test_fit_score_draw_fill_and_store(data, X, missing):
    weights = data.draw(st.none() | several(WEIGHTS, len(X)))
    model = quick(
        hidden_layer_sizes=(8,), max_iter=1, n_components=2, conditionals=conditionals(X),
        missing=missing, early_stopping=data.draw(st.booleans()),
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        if not fit_or_refuse(model, X, weights, patch):
            return
    counted = X if weights is None else X[np.array(weights) / max(weights) > 1e-30]
    scores, shares = model.score_samples(counted), model.score_features(counted)
    assert np.all(np.isfinite(scores))
    np.testing.assert_allclose(shares.sum(axis=1), scores, rtol=1e-10, atol=1e-10)
    check_draws(model, X, model.sample(20, random_state=0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        filled = model.sample_conditional(counted, random_state=0)
    assert not filled.isna().any(axis=None)
    for name in X:
        known = counted[name].notna()
        pd.testing.assert_series_equal(filled[name][known], counted[name][known])
    assert np.array_equal(pickle.loads(pickle.dumps(model)).score_samples(counted), scores)


@pytest.fixture(scope="module")
def detector():
    X = np.random.default_rng(0).normal(size=(60, 3)) * [1e-3, 1, 1e6]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return MADEOutlierDetector(
            (8,), n_estimators=1, max_iter=2, n_components=2, random_state=0
        ).fit(X)


@pytest.mark.filterwarnings("ignore:Column .* missing in .* rows, but was in none in fit")
@settings(bounded, max_examples=sizes(300, 20))
@given(rows=st.lists(st.tuples(*[FINITE | st.just(np.nan)] * 3), min_size=1, max_size=9))
def test_scores_of_any_row(detector, rows):
    X = np.array(rows)
    scores, p_values = detector.score_samples(X), detector.p_values(X)
    assert np.all(np.isfinite(scores))
    assert np.all((p_values > 0) & (p_values <= 1))
    np.testing.assert_array_equal(detector.predict(X) == -1, scores < detector.offset_)
    for i, row in enumerate(X):
        assert detector.score_samples([row])[0] == scores[i]
