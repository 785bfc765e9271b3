"""What every "auto" stands for."""

import warnings

import numpy as np
import pandas as pd
import pytest
from conftest import JIT, network_of, quick, sizes
from scipy.stats import norm

from skmade import MADEDensity, MADEOutlierDetector, _auto, _training

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def parameters_of(estimator, X):
    """How many parameters all networks of an estimator would have, without training them."""
    table, weights = estimator._validate_training(X, None, reset=True)
    columns = estimator._learn_columns(table, weights)
    rows = estimator._encode(columns, table, weights)
    rng = np.random.default_rng(0)
    architecture, networks = estimator._networks_to_train(None, columns, rows, rng)
    return architecture, sum(len(network.theta) for network in networks)


def wide_tables():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3200, (5000, 2)).astype(str)
    return {
        "100 x 500 reals": rng.normal(size=(100, 500)),
        "100 x 2000 reals": rng.normal(size=(100, 2000)),
        "two columns of 3,200 labels": pd.DataFrame(labels, columns=["a", "b"]),
    }


@pytest.mark.parametrize("kind", [MADEDensity, MADEOutlierDetector])
@pytest.mark.parametrize("name", wide_tables())
def test_parameters_follow_what_the_rows_can_teach(name, kind):
    X = wide_tables()[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # no dependency is lost
        _, n_parameters = parameters_of(kind(random_state=0), X)
    most = max(10e6, 125 * X.size)  # (panels store a little more than half of a matrix)
    assert n_parameters < most


@pytest.mark.parametrize("n_components", [2, 10])
@pytest.mark.parametrize("sizes", [[8], [30, 20], []])
def test_parameters_are_counted_as_they_are(sizes, n_components):
    X = np.random.default_rng(0).normal(size=(200, 40))
    model = MADEDensity(sizes, n_components=n_components, n_estimators=1, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        architecture, n_parameters = parameters_of(model, X)
    assert architecture.n_parameters == pytest.approx(n_parameters, rel=0.5)


def test_what_is_given_stays():
    X = np.random.default_rng(0).normal(size=(60, 300))
    model = MADEDensity(
        (400,), n_components=12, direct_connections=True, n_estimators=3, random_state=0
    )
    architecture, _ = parameters_of(model, X)
    assert (architecture.sizes, architecture.direct_connections) == ([400], True)
    assert architecture.families[0].family.n_components == 12


def test_small_tables_get_more_networks_of_fewer_components():
    X = np.random.default_rng(0).normal(size=(100, 6))
    architecture, _ = parameters_of(MADEDensity(random_state=0), X)
    assert (architecture.sizes, architecture.direct_connections) == ([128, 128], True)
    assert [_auto.n_networks(n, 6, 1e5) for n in (100, 8000, 16_000, 20_000)] == [5, 4, 2, 1]
    components = {
        (n, d): _auto.components(n, d)[0]
        for n, d in [
            (599, 6),
            (600, 6),
            (3999, 40),
            (4000, 40),
            (199, 2),
            (200, 2),
            (299, 3),
            (300, 3),
        ]
    }
    assert list(components.values()) == [5, 10, 5, 10, 5, 20, 5, 10]
    of_detectors = [MADEOutlierDetector()._auto_components(n, 2)[0] for n in (100, 300)]
    assert of_detectors == [5, 10]


def test_batches_grow_with_large_tables():
    expected = {50: 16, 1000: 32, 1265: 48, 10_000: 112, 100_000: 112, 500_000: 500, 10**7: 1000}
    assert {n: _auto.batch_size(n) for n in expected} == expected


def test_steps_are_longer_where_an_epoch_makes_few():
    expected = {50: 0.006, 512: 0.006, 768: 0.004, 1024: 0.003, 10_000_000: 0.003}
    assert {n: _auto.learning_rate(n, 2) for n in expected} == pytest.approx(expected)


@pytest.mark.skipif(not JIT, reason="needs networks that are trained for long")
@pytest.mark.parametrize("shares", [[0.05, 0.1, 0.15, 0.3, 0.4], [0.22, 0.31, 0.27, 0.2]])
def test_one_column_has_the_frequencies_of_its_values(shares):
    values, lost = np.arange(1.0, 1 + len(shares)), []
    for seed in range(6):
        column = np.random.default_rng(seed).choice(values, 500, p=shares)
        model = MADEDensity(random_state=seed).fit(column[:, None])
        frequencies = (column[:, None] == values).mean(axis=0)
        lost.append(frequencies @ (np.log(frequencies) - model.score_samples(values[:, None])))
    # (with the steps of several columns, training ends on plateaus: .014 and .009)
    assert np.mean(lost) < 0.006


def test_more_epochs_are_waited_for_where_each_makes_few_steps():
    expected = {50: 8, 341: 8, 512: 8, 768: 5, 1024: 4, 10_000_000: 4}
    assert {n: _auto.n_iter_no_change(n, 10) for n in expected} == expected


def test_more_epochs_are_waited_for_where_columns_are_few():
    expected = {1: 12, 2: 12, 3: 8, 4: 6, 6: 4, 2000: 4}
    assert {n: _auto.n_iter_no_change(2000, n) for n in expected} == expected
    expected = {2000: 12, 10_000: 12, 20_000: 6, 30_000: 4, 10_000_000: 4}
    assert {n: _auto.n_iter_no_change(n, 1) for n in expected} == expected
    # of few rows besides, as many times more
    assert _auto.n_iter_no_change(100, 1) == 24
    assert _auto.n_iter_no_change(768, 3) == 11


def test_one_column_has_no_weights_for_a_prior():
    X = np.random.default_rng(0).normal(size=(90, 2))
    for n_columns, n_priors in ((1, 1), (2, 5)):
        model = quick(max_iter=100, tol=1e6, n_iter_no_change=4, direct_connections=False)
        assert model.fit(X[:, :n_columns]).n_iter_ == 1 + 4 * n_priors + 2 * 2


@pytest.mark.parametrize(("given", "waited_for"), [("auto", 24), (3, 3)])
def test_what_is_waited_for_is_by_the_rows_unless_it_is_given(given, waited_for):
    """No score is better than the first by a million nats."""
    X = np.random.default_rng(0).normal(size=(90, 2))
    model = quick(
        max_iter=200, tol=1e6, n_iter_no_change=given, direct_connections=False
    ).fit(X)  # fmt: skip
    after_cuts = -(-waited_for // 2)
    assert model.n_iter_ == 1 + 5 * waited_for + 2 * after_cuts  # (five priors)


@pytest.mark.parametrize(
    ("n_rows", "n_flags", "n_reals", "sizes"),
    [
        (100, 0, 7, [256, 256]),
        (100, 0, 6, [128, 128]),
        (9_999, 3, 3, [128, 128]),
        (10_000, 3, 3, [256, 256]),
        (90, 6, 0, [128, 128]),
        (89, 6, 0, [500]),
        (100, 9, 1, [256, 256]),
        (149, 10, 0, [500]),
        (150, 10, 0, [256, 256]),
        (10_000, 256, 0, [256, 256]),
        (10_000, 257, 0, [500]),
    ],
)
def test_layers_are_two_but_for_few_rows_or_many_columns_of_flags(n_rows, n_flags, n_reals, sizes):
    is_discrete = [True] * n_flags + [False] * n_reals
    assert _auto.hidden_layer_sizes(n_rows, is_discrete) == sizes


@pytest.mark.parametrize(
    ("fit", "n_flags", "sizes"),
    [
        (MADEDensity.fit, 5, [128, 128]),
        (MADEDensity.partial_fit, 5, [256, 256]),
        (MADEDensity.fit, 20, [500]),
        (MADEDensity.partial_fit, 20, [256, 256]),
    ],
)
def test_layers_do_not_know_how_many_rows_will_follow(fit, n_flags, sizes):
    X = np.random.default_rng(0).random((100, n_flags)) < 0.5
    model = fit(MADEDensity(n_estimators=1, max_iter=1, random_state=0), X)
    assert model._density.architecture.sizes == sizes


def test_twice_as_many_networks_fill_but_for_many_columns():
    found = [_auto.networks_to_fill(n, 200) for n in (100, 6400, 8000, 32_000, 100_000)]
    assert found == [10, 10, 8, 2, 1]
    assert _auto.networks_to_fill(100, 201) == "auto"


def test_priors_that_are_tried_are_of_all_rows_together():
    strengths = np.array(_auto.l1(1000))
    np.testing.assert_allclose(strengths * 1000, 4.0 ** np.arange(-2, 3))


@pytest.mark.parametrize("fit, rate", [(MADEDensity.fit, 0.006), (MADEDensity.partial_fit, 0.003)])
def test_passes_over_rows_do_not_know_how_many_will_follow(fit, rate, monkeypatch):
    rates, original = [], _training.run_epoch

    def spy(network, progress, *rest):
        rates.append(progress.rate)
        return original(network, progress, *rest)

    monkeypatch.setattr(_training, "run_epoch", spy)
    fit(quick(max_iter=1, learning_rate_init="auto"), np.random.default_rng(0).normal(size=(90, 2)))
    assert rates == [rate]


def test_how_many_networks_is_not_settled_by_the_first_chunk():
    X = np.random.default_rng(0).normal(size=(sizes(600, 40), 2))
    model = quick(n_estimators="auto")
    for chunk in np.array_split(X, 4):
        model.partial_fit(chunk)
    assert len(model._density.networks) == 1
    whole = quick(n_estimators="auto", max_iter=1, early_stopping=False).fit(X[:50])
    assert len(whole._density.networks) == 5


def test_curves_can_be_cut_by_network():
    X = np.random.default_rng(0).normal(size=(80, 2))
    model = quick(n_estimators=3, max_iter=4, n_iter_no_change=1, tol=1.0).fit(X)
    assert model.n_epochs_.sum() == model.n_iter_ == len(model.loss_curve_)
    assert len(model.n_epochs_) == 3


@pytest.mark.parametrize("dtype", [object, "str", "string"])
def test_a_column_of_names_is_warned_of(dtype):
    n = 120
    names = pd.Series([f"row {i}" for i in range(n)], dtype=dtype)
    x = np.random.default_rng(0).normal(size=n)
    frame = pd.DataFrame({"x": x, "who": names})
    with pytest.warns(UserWarning, match="Column 'who' has 120 labels in 120 rows"):
        model = quick(max_iter=1).fit(frame)
    assert np.all(np.isfinite(model.score_samples(frame)))
    assert network_of(model).theta.dtype == np.float32
    frame["who"] = names.iloc[np.arange(n) % 40].to_numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.simplefilter("ignore", category=pytest.PytestWarning)
        quick(max_iter=500, tol=10.0, n_iter_no_change=1).fit(frame)


def test_priors_are_tried_where_held_out_rows_can_choose():
    of_one, of_masks = (
        MADEDensity(n_masks=n, n_iter_no_change=4, learning_rate_init=0.01) for n in (1, 2)
    )
    of_one.n_features_in_ = 3
    assert of_one._settings(100, is_validated=True).l1 == _auto.l1(100)
    assert of_one._settings(100, is_validated=False).l1 == (0.0,)
    assert of_masks._settings(100, is_validated=True).l1 == (0.0,)


@pytest.mark.skipif(not JIT, reason="needs networks that are trained for long")
@pytest.mark.parametrize(
    ("n", "core", "tail", "share"), [(2000, 0.05, 5, 0.1), (10_000, 1, 30, 0.3)]
)
def test_a_narrow_core_in_a_wide_tail_is_waited_for(n, core, tail, share):
    rng = np.random.default_rng(0)
    train, test = (
        rng.normal(50, np.where(rng.random(size) < share, tail, core)) for size in (n, 5000)
    )
    densities = norm(50, [core, tail]).pdf(test[:, None])
    truth = np.log(densities @ [1 - share, share]).mean()
    model = MADEDensity(n_estimators=1, random_state=0).fit(train[:, None])
    assert model.score(test[:, None]) == pytest.approx(truth, abs=0.08)


@pytest.mark.parametrize(
    ("widths", "direct", "expected"),
    [([], False, 5 * 7), ([], True, 5 * 7), ([3], False, 5 * 3 + 3 * 7)]
    + [([3, 2], direct, 5 * 3 + 3 * 2 + 2 * 7 + 5 * 7 * direct) for direct in (False, True)],
)
def test_half_of_each_matrix_is_counted(widths, direct, expected):
    assert _auto.count_parameters(widths, 5, 7, direct) == expected / 2
