"""Training that begins anew at lines."""

from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
from conftest import JIT, encoded, network_of, quick
from joblib import parallel_config
from scipy import sparse
from scipy.stats import multivariate_normal, norm
from sklearn.linear_model import LinearRegression, Ridge, RidgeCV

from skmade import MADEDensity, _training
from skmade._lines import _lines, _with_lines, parameters_by_lines
from skmade._scoring import contributions
from skmade._threads import never
from skmade._training import Rows

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def related(n, seed=0, n_columns=4):
    """Normal columns, all related."""
    factors = np.random.default_rng(7).normal(size=(n_columns, n_columns))
    return np.random.default_rng(seed).normal(size=(n, n_columns)) @ factors


def rows_of(model, X, weights=None):
    """Rows as a model's network sees them."""
    table = encoded(model, X)
    return Rows(table, np.ones(len(table)) if weights is None else weights)


def begun(model, X, held_out=None):
    """The network of a model, and its parameters by lines."""
    network, rng = network_of(model), np.random.default_rng(0)
    rows, held_out = (rows_of(model, X if own is None else own) for own in (X, held_out))
    return network, parameters_by_lines(network, network.theta, rows, held_out, rng, never)


@pytest.mark.parametrize("hidden_layer_sizes", [(), (16,), (16, 24)])
@pytest.mark.parametrize("factor", [1.0, 4.0])
def test_a_line_is_the_normal_density_about_its_regression(hidden_layer_sizes, factor, rng):
    X = related(200)
    model = quick(
        conditionals="gaussian", hidden_layer_sizes=hidden_layer_sizes, dtype="float64", max_iter=1
    ).fit(X)
    network, weights = network_of(model), factor * rng.uniform(0.5, 2, 200)
    rows = rows_of(model, X, weights)
    lines = list(_lines(network, rows, never))
    assert [line.position for line in lines] == [1, 2, 3]
    own = contributions(replace(network, theta=_with_lines(network, lines)), rows.table)
    before = contributions(network, rows.table)
    x = rows.table[:, network.ordering]
    np.testing.assert_array_equal(own[:, network.ordering[0]], before[:, network.ordering[0]])
    for d in (1, 2, 3):
        ridge = RidgeCV(10.0 ** np.arange(-5, 2.5, 0.5) * weights.sum())
        ridge.fit(x[:, :d], x[:, d], weights)
        left = np.empty(200)
        for i in range(200):
            rest, own_weights = (np.delete(own, i, axis=0) for own in (x, weights))
            without = Ridge(ridge.alpha_).fit(rest[:, :d], rest[:, d], own_weights)
            left[i] = (x[i, d] - without.predict(x[i : i + 1, :d])).item()
        deviation = np.sqrt(np.average(left**2, weights=weights))
        expected = norm.logpdf(x[:, d], ridge.predict(x[:, :d]), deviation)
        np.testing.assert_allclose(own[:, network.ordering[d]], expected, rtol=0.01, atol=0.03)


@pytest.mark.parametrize("conditionals", ["gaussian_mixture", "logistic_mixture"])
def test_components_are_about_the_line(conditionals):
    X = related(2000)
    model = quick(conditionals=conditionals, n_components=5, max_iter=1).fit(X)
    network, theta = begun(model, X)
    own = contributions(replace(network, theta=theta), encoded(model, X)).mean(axis=0)
    x = encoded(model, X)[:, network.ordering].astype(float)
    for d in (1, 2, 3):
        left = x[:, d] - LinearRegression().fit(x[:, :d], x[:, d]).predict(x[:, :d])
        entropy = 0.5 + 0.5 * np.log(2 * np.pi * left.var())
        assert own[network.ordering[d]] == pytest.approx(-entropy, abs=0.02)


def test_atoms_and_missing_cells_are_in_no_line(rng):
    X = related(3000)
    X[:, 3] = np.where(rng.random(3000) < 0.4, 0, X[:, 3])
    X[rng.random(3000) < 0.3, 2] = np.nan
    model = quick(ordering="natural", max_iter=1).fit(X)
    assert list(model.atoms_[3]) == [0]
    network, table = network_of(model), encoded(model, X)
    (line,) = (own for own in _lines(network, rows_of(model, X), never) if own.position == 2)
    seen = ~np.isnan(table[:, 2])
    expected = LinearRegression().fit(table[seen, :2], table[seen, 2])
    np.testing.assert_allclose(line.coefficients, expected.coef_, atol=0.01)
    (line,) = (own for own in _lines(network, rows_of(model, X), never) if own.position == 3)
    is_rest = X[:, 3] != 0
    left = table[is_rest, 3] - (
        np.nan_to_num(table[is_rest, :3]) @ line.coefficients + line.intercept
    )
    assert line.deviation == pytest.approx(left.std(), rel=0.03)


def test_what_is_related_otherwise_takes_no_lines(rng):
    x = rng.normal(size=(400, 2))
    X = np.column_stack([x, np.sin(3 * x) + 0.1 * rng.normal(size=(400, 2))])
    model = quick(max_iter=100, ordering="natural").fit(X)
    assert begun(model, X)[1] is None


@pytest.mark.parametrize(
    "parameters",
    [
        {"direct_connections": False}, {"n_masks": 3}, {"conditionals": "categorical"},
        {"direct_connections": False, "hidden_layer_sizes": ()},
    ],
)  # fmt: skip
def test_networks_that_have_no_place_for_lines(parameters):
    X = related(100).round()
    assert begun(quick(max_iter=1, **parameters).fit(X), X)[1] is None


def test_a_wild_cell_is_no_matter_of_lines():
    X = np.vstack([related(300), np.full(4, 1e30)])
    model = quick(max_iter=1).fit(X)
    for held_out in (X, related(30)):
        _, theta = begun(model, X, held_out)  # (and nobody is warned)
        assert theta is None or np.isfinite(theta).all()


@pytest.mark.parametrize("position", range(5))
def test_a_constant_column_is_in_no_line(position):
    X = np.insert(related(200), position, 3.0, axis=1)
    model = quick(ordering="natural", max_iter=1).fit(X)
    network, theta = begun(model, X)
    assert theta is not None
    before = contributions(network, encoded(model, X))[:, position]
    own = contributions(replace(network, theta=theta), encoded(model, X))
    np.testing.assert_array_equal(own[:, position], before)
    alone = quick(ordering="natural", max_iter=1).fit(related(200))
    network, theta = begun(alone, related(200))
    expected = contributions(replace(network, theta=theta), encoded(alone, related(200)))
    np.testing.assert_allclose(np.delete(own, position, axis=1)[:, 1:], expected[:, 1:], atol=1e-3)


def test_no_lines_of_many_columns():
    X = np.repeat(related(60), 17, axis=1) + 0.1 * related(60, 1, n_columns=68)
    assert begun(quick(max_iter=1).fit(X), X)[1] is None
    assert begun(quick(max_iter=1).fit(X[:, :64]), X[:, :64])[1] is not None


def test_held_out_rows_that_are_sparse():
    flags = np.random.default_rng(0).integers(0, 2, (200, 3)).astype(float)
    X = np.column_stack([flags, related(200)])
    model = quick(max_iter=20, n_iter_no_change=1).fit(X, X_val=sparse.csr_array(X[:50]))
    assert np.isfinite(model.score_samples(X)).all()


@pytest.mark.parametrize("waited_for", [1, 3])
def test_after_lines_all_stages_follow(waited_for):
    """No score is better than the first by a million nats."""
    model = quick(max_iter=100, tol=1e6, n_iter_no_change=waited_for).fit(related(200))
    assert model.n_iter_ == 1 + 6 * waited_for + 2 * -(-waited_for // 2)


@pytest.mark.skipif(not JIT, reason="needs networks that are trained for long")
def test_networks_are_the_same_in_any_number_of_threads_and_in_processes():
    X = related(300)
    alone = quick(n_estimators=4, max_iter=60).fit(X)
    assert alone.n_iter_ > 10
    for n_jobs, backend in [(2, None), (2, "loky")]:
        with parallel_config(backend) if backend else nullcontext():
            model = quick(n_estimators=4, max_iter=60, n_jobs=n_jobs).fit(X)
        np.testing.assert_array_equal(model.score_samples(X), alone.score_samples(X))


@pytest.mark.skipif(not JIT, reason="needs networks that are trained for long")
def test_few_rows_of_related_columns_come_near_the_truth(monkeypatch):
    X, held_out = related(300, n_columns=8), related(4000, 1, n_columns=8)
    factors = np.random.default_rng(7).normal(size=(8, 8))
    truth = multivariate_normal(np.zeros(8), factors.T @ factors).logpdf(held_out).mean()
    after = MADEDensity(n_estimators=2, random_state=0).fit(X)
    monkeypatch.setattr(_training, "parameters_by_lines", lambda *_: None)
    before = MADEDensity(n_estimators=2, random_state=0).fit(X)
    assert truth - 0.25 < after.score(held_out) < truth
    assert after.score(held_out) > before.score(held_out) + 0.1


@pytest.mark.skipif(not JIT, reason="needs networks that are trained for long")
def test_noise_keeps_to_what_it_blurs(monkeypatch):
    def fail(*_):
        raise AssertionError("lines are sharper than noise")

    monkeypatch.setattr(_training, "parameters_by_lines", fail)
    quick(input_noise=0.1, max_iter=50).fit(related(100))
    quick(early_stopping=False, max_iter=50).fit(related(100))
