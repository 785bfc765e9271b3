"""Displays: what they show is what the model says, and they take axes as scikit-learn's do."""

import subprocess
import sys
import warnings
from itertools import pairwise

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from conftest import binary_states, correlated_flags, quick, sizes
from matplotlib.ticker import FixedLocator
from scipy.sparse import csr_array
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import skmade
from skmade import (
    ColumnDensityDisplay,
    ContributionsDisplay,
    DependenciesDisplay,
    DrawsDisplay,
    ImagesDisplay,
    LossCurveDisplay,
    MADEDensity,
    MADEOutlierDetector,
    MasksDisplay,
    PValuesDisplay,
)
from skmade._displays._common import MOST_CHARACTERS, shortened

matplotlib.use("Agg")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

D = 4
ORDERINGS = {"first": [2, 0, 1, 3], "last": [3, 1, 0, 2]}


@pytest.fixture(autouse=True)
def _no_figures_are_left():
    yield
    plt.close("all")


def flags():
    return correlated_flags(sizes(400, 60), D)


@pytest.fixture(scope="module")
def flag_models():
    """Of flags, one for each ordering; with two networks."""
    return {
        name: quick(ordering=ordering, n_estimators=2, max_iter=sizes(20, 1)).fit(flags())
        for name, ordering in ORDERINGS.items()
    }


def mixed_frame():
    rng, n = np.random.default_rng(0), sizes(300, 60)
    z = rng.normal(size=n)
    return pd.DataFrame(
        {
            "gain": np.where(rng.random(n) < 0.6, 0, np.exp(7 + z)),
            "size": z + 0.1 * rng.normal(size=n),
            "visits": rng.poisson(np.exp(z + 1)),
            "job": np.where(z > 0.3, "clerk", np.where(z > -0.5, "cook", "smith")),
            "member": z + rng.normal(size=n) > 0,
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta((99 + 9 * z).round(), unit="D"),
            "span": pd.to_timedelta(np.exp(3 + z), unit="h"),
        }
    )


@pytest.fixture(scope="module")
def mixed_model():
    return quick(max_iter=sizes(10, 1), ordering="natural").fit(mixed_frame())


def test_curves_are_cut_into_those_of_the_networks(flag_models):
    model = flag_models["first"]
    display = LossCurveDisplay.from_estimator(model)
    assert [len(curve) for curve in display.training] == model.n_epochs_.tolist()
    np.testing.assert_array_equal(np.concatenate(display.training), model.loss_curve_)
    np.testing.assert_array_equal(
        np.concatenate(display.held_out), -np.array(model.validation_curve_)
    )
    best = [line.get_ydata()[0] for line in display.ax_.lines if line.get_marker() == "o"]
    assert -min(best) == model.best_validation_score_
    assert len(best) == 2


def test_curves_without_held_out_rows():
    display = LossCurveDisplay.from_estimator(quick(early_stopping=False, max_iter=2).fit(flags()))
    assert (len(display.training), len(display.held_out)) == (1, 0)
    assert len(display.ax_.lines) == 1


def sensitivity(model, X):
    """Whether what a feature adds to some row changes with another feature."""
    sees = np.zeros((D, D), bool)
    for j in range(D):
        other = X.copy()
        other[:, j] = 1 - other[:, j]
        changed = np.any(model.score_features(other) != model.score_features(X), axis=0)
        sees[:, j] = changed
    return sees & ~np.eye(D, dtype=bool)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"hidden_layer_sizes": (), "direct_connections": True},
        {"hidden_layer_sizes": (), "direct_connections": False},
        {"n_masks": 3},
    ],
    ids=str,
)
def test_dependencies_are_those_of_the_scores(parameters):
    model = quick(max_iter=2, **parameters).fit(flags())
    if len(model.orderings_) == 1:
        sees = DependenciesDisplay.from_estimator(model).sees
        np.testing.assert_array_equal(sees, sensitivity(model, binary_states(D)))
    for index, ordering in enumerate(model.orderings_):
        sees = DependenciesDisplay.from_estimator(model, index=index).sees
        assert not np.triu(sees[np.ix_(ordering, ordering)]).any()


def test_what_narrow_layers_lose_is_no_dependency():
    # (a unit of relu may be silent in all rows)
    network = {"hidden_layer_sizes": (2,), "direct_connections": False, "activation": "tanh"}
    narrow = quick(**network, max_iter=2)
    with pytest.warns(UserWarning, match="direct_connections"):
        model = narrow.fit(flags())
    sees = DependenciesDisplay.from_estimator(model).sees
    assert sees.sum() < D * (D - 1) / 2
    np.testing.assert_array_equal(sees, sensitivity(model, binary_states(D)))


def test_a_path_through_the_masks_is_a_dependency(flag_models):
    model = flag_models["first"]
    display = MasksDisplay.from_estimator(model, index=1)
    first, last, direct = (mask.astype(int) for mask in display.masks)
    ordering = model.orderings_[1]
    sees = DependenciesDisplay.from_estimator(model, index=1).sees
    np.testing.assert_array_equal(last @ first + direct > 0, sees[np.ix_(ordering, ordering)])
    assert display.names == [f"x{j}" for j in ordering]
    assert len(display.axes_) == 3


def test_networks_that_there_are_not(flag_models):
    for display in (MasksDisplay, DependenciesDisplay):
        with pytest.raises(ValueError, match=r"orderings_, 0 to 1; got 2"):
            display.from_estimator(flag_models["first"], index=2)
    independent = quick(hidden_layer_sizes=(), direct_connections=False, max_iter=1).fit(flags())
    with pytest.raises(ValueError, match="columns are independent"):
        MasksDisplay.from_estimator(independent)


def exact(model, j, given):
    """Probability that flag j is 1 given others, by summing over all states."""
    states = binary_states(D)
    keep = np.all([states[:, k] == value for k, value in given.items()] or [True], axis=0)
    p = np.exp(model.score_samples(states)) * keep
    return p[states[:, j] == 1].sum() / p.sum()


@pytest.mark.parametrize(
    ("ordering", "given", "is_exact"),
    [
        ("first", {}, True),
        ("first", {0: 1.0}, True),
        ("last", {0: 1.0, 1: 0.0, 3: 1.0}, True),
        ("last", {}, False),
        ("last", {1: 1.0}, False),
    ],
    ids=str,
)
def test_probabilities_of_a_flag(flag_models, ordering, given, is_exact):
    model = flag_models[ordering]
    display = ColumnDensityDisplay.from_estimator(
        model, 2, given=given, n_draws=sizes(2000, 200), random_state=0
    )
    assert display.is_exact == is_exact
    assert display.probabilities.sum() == pytest.approx(1)
    tolerance = 1e-5 if is_exact else sizes(0.03, 0.1)
    assert display.probabilities[1] == pytest.approx(exact(model, 2, given), abs=tolerance)


@pytest.mark.parametrize("n_masks", [3, None])
def test_probabilities_of_a_flag_by_shared_weights(n_masks):
    model = quick(n_masks=n_masks, max_iter=sizes(20, 1)).fit(flags())
    for given in ({0: 1.0, 1: 0.0, 3: 1.0}, {}):
        display = ColumnDensityDisplay.from_estimator(
            model, 2, given=given, n_draws=sizes(2000, 50), random_state=0
        )
        assert display.is_exact == (len(given) == 3)
        assert display.probabilities[1] == pytest.approx(
            exact(model, 2, given), abs=1e-5 if display.is_exact else sizes(0.03, 0.15)
        )


def test_probabilities_of_a_flag_by_a_product():
    model = quick(n_estimators=2, combination="product", max_iter=sizes(20, 1)).fit(flags())
    for given in ({0: 1.0, 1: 0.0, 3: 1.0}, {0: 1.0}):
        display = ColumnDensityDisplay.from_estimator(
            model, 2, given=given, n_draws=sizes(1000, 50), random_state=0
        )
        assert display.is_exact == (len(given) == 3)
        assert display.probabilities[1] == pytest.approx(
            exact(model, 2, given), abs=1e-5 if display.is_exact else sizes(0.03, 0.15)
        )


def test_the_curve_is_the_density_of_the_first_column(mixed_model):
    display = ColumnDensityDisplay.from_estimator(mixed_model, "gain", random_state=0)
    assert display.is_exact
    frame = mixed_frame().iloc[[0] * len(display.points)].assign(gain=display.points)
    densities = np.exp(mixed_model.score_features(frame)[:, 0])
    np.testing.assert_allclose(display.densities, densities, rtol=sizes(0.03, 0.5))
    p_zero = np.exp(mixed_model.score_features(frame[:1].assign(gain=0.0))[0, 0])
    assert display.values.tolist() == [0.0]
    assert display.probabilities[0] == pytest.approx(p_zero, rel=sizes(0.03, 0.5))


def integral(densities, points, column):
    """Of a density; of one on a lattice, counts or days, a sum over cells."""
    if column == "visits":
        return np.sum(densities)
    if column == "since":
        return np.sum(densities) * (points[1] - points[0])
    return np.trapezoid(densities, points)


@pytest.mark.parametrize("column", list(mixed_frame().columns))
@pytest.mark.parametrize("given", [None, {"job": "cook"}], ids=str)
def test_densities_sum_to_one(mixed_model, column, given):
    if given and column in given:
        with pytest.raises(ValueError, match="other columns than 'job'"):
            ColumnDensityDisplay.from_estimator(mixed_model, column, given=given)
        return
    display = ColumnDensityDisplay.from_estimator(
        mixed_model, column, given=given, n_points=100, n_draws=10, random_state=0
    )
    points = display.points.astype("datetime64[us]" if column == "since" else float).astype(float)
    total = integral(display.densities, points, column) + np.sum(display.probabilities)
    assert total == pytest.approx(1, abs=0.02)
    assert display.ax_.get_xlabel() == ("span [ns]" if column == "span" else column)
    assert display.ax_.get_ylabel() == ("density" if len(display.points) else "probability")
    display.figure_.canvas.draw()


@pytest.mark.parametrize("zone", [None, "Asia/Tokyo"])
def test_moments_are_given_in_any_form(zone):
    frame = mixed_frame()
    frame["since"] = frame["since"].dt.tz_localize("UTC").dt.tz_convert(zone)
    model = quick(ordering="natural", max_iter=2).fit(frame)
    moment = pd.Timestamp("2020-04-09")
    rows = frame.iloc[[0, 0]].assign(member=[False, True])
    rows["since"] = moment.tz_localize("UTC").tz_convert(zone)
    p = np.exp(model.score_samples(rows))
    others = rows.drop(columns="member").iloc[0].to_dict()
    for since in (moment, moment.to_pydatetime(), moment.to_numpy(), "2020-04-09"):
        given = {**others, "since": since}
        display = ColumnDensityDisplay.from_estimator(model, "member", given=given)
        np.testing.assert_allclose(display.probabilities, p / p.sum(), rtol=1e-4)
    (legend,) = display.ax_.get_legend().get_texts()
    assert all(name in legend.get_text() for name in others)
    legend, axes = (x.get_window_extent() for x in (display.ax_.get_legend(), display.ax_))
    assert legend.width < axes.width  # however much is given


def test_what_is_given_must_be_values_of_columns(mixed_model):
    with pytest.raises(ValueError, match=r"unknown categories \['baker'\] in column 'job'"):
        ColumnDensityDisplay.from_estimator(mixed_model, "size", given={"job": "baker"})
    with pytest.raises(ValueError, match="given must hold names or positions"):
        ColumnDensityDisplay.from_estimator(mixed_model, "size", given={"rank": 1})
    with pytest.raises(ValueError, match="column must hold names or positions"):
        ColumnDensityDisplay.from_estimator(mixed_model, "rank")


def test_a_lattice_of_more_points_than_asked_for_has_a_curve(mixed_model):
    all_days, some = (
        ColumnDensityDisplay.from_estimator(
            mixed_model, "since", given={"job": "cook"}, n_points=n, n_draws=50, random_state=0
        ).points
        for n in (1000, 8)
    )
    assert np.all(np.diff(all_days) == np.timedelta64(1, "D"))
    assert len(some) <= 8 < len(all_days)
    assert all_days[0] <= some[0] and some[-1] <= all_days[-1]


def test_points_of_a_lattice_that_is_not_decimal_are_its_own(rng):
    X = np.column_stack([rng.integers(0, 6, 200) / 3, rng.integers(0, 2, 200)])
    model = quick(max_iter=2, atoms=None).fit(X)
    points = ColumnDensityDisplay.from_estimator(model, 0, n_draws=50, random_state=0).points
    np.testing.assert_allclose(3 * points, np.round(3 * points), atol=1e-9)
    np.testing.assert_allclose(np.diff(points), 1 / 3)


def test_columns_of_atoms_alone_have_stems_only(rng):
    n, atoms = sizes(300, 60), [0.0, 0.3, 1.1, 2.5, 4.2, 7.7, 9.1]
    X = np.column_stack([rng.choice(atoms, n), rng.normal(size=n)])
    for n_atoms, is_written in ((7, False), (5, True)):
        X[:, 0] = np.where(X[:, 0] > atoms[n_atoms - 1], 0.0, X[:, 0])
        model = quick(ordering="natural", max_iter=1, atoms={0: atoms[:n_atoms]}).fit(X)
        display = ColumnDensityDisplay.from_estimator(model, 0, random_state=0)
        assert len(display.points) == 0
        assert display.values.tolist() == atoms[:n_atoms]
        assert display.probabilities.sum() == pytest.approx(1)
        (stems,) = display.ax_.collections
        expected = [[(x, 0), (x, p)] for x, p in zip(display.values, display.probabilities)]
        np.testing.assert_allclose(stems.get_segments(), expected)
        texts = [text.get_text() for text in display.ax_.texts]
        assert texts == [f"{p:.0%}" for p in display.probabilities] * is_written


def test_contributions_are_those_of_one_row(mixed_model):
    frame = mixed_frame()
    display = ContributionsDisplay.from_estimator(mixed_model, frame[:1], n_features=3)
    expected = mixed_model.score_features(frame[:1])[0]
    np.testing.assert_array_equal(display.contributions, expected)
    widths = [bar.get_width() for bar in display.ax_.patches]
    np.testing.assert_array_equal(widths[::-1], np.sort(expected)[:3])
    with pytest.raises(ValueError, match="single row; got 2 rows"):
        ContributionsDisplay.from_estimator(mixed_model, frame[:2])


@pytest.mark.parametrize(("n_columns", "is_named"), [(30, True), (31, False)])
def test_names_are_written_where_there_is_room(n_columns, is_named):
    X = correlated_flags(40, n_columns)
    model = quick(max_iter=1, hidden_layer_sizes=(32,), direct_connections=False).fit(X)
    names = {f"x{j}" for j in range(n_columns)}
    for display in (DependenciesDisplay, MasksDisplay):
        figure = display.from_estimator(model).figure_
        written = {text.get_text() for axes in figure.axes for text in axes.get_yticklabels()}
        assert written & names == (names if is_named else set())


def test_bars_are_shares_of_labels(mixed_model):
    frame = mixed_frame()
    frame.loc[:5, "job"] = None
    display = DrawsDisplay.from_estimator(mixed_model, frame, features=["job"], random_state=0)
    bars = display.axes_[0].patches
    shares = frame["job"].value_counts(normalize=True, dropna=False)
    expected = [shares[label] for label in ("clerk", "cook", "smith", np.nan)]
    np.testing.assert_allclose([bar.get_height() for bar in bars[:4]], expected)
    assert sum(bar.get_height() for bar in bars[4:]) == pytest.approx(1)
    texts = [text.get_text() for text in display.axes_[0].get_xticklabels()]
    assert texts == ["clerk", "cook", "smith", "missing"]


def test_the_empty_label_has_a_name():
    frame = pd.DataFrame({"job": ["", "cook"] * 30, "size": np.arange(60.0)})
    model = quick(max_iter=1).fit(frame)
    display = DrawsDisplay.from_estimator(model, frame, features=["job"], random_state=0)
    texts = [text.get_text() for text in display.axes_[0].get_xticklabels()]
    assert texts == ["''", "cook"]


def test_names_of_bars_do_not_overlap():
    levels = [f"a trade with a long name, {k}" for k in range(40)]
    trades = pd.Categorical(np.tile(levels, 10), categories=levels)
    trades = trades.take(np.r_[np.arange(400), np.repeat(np.arange(30), 10)])
    display = ColumnDensityDisplay.from_estimator(
        quick(max_iter=1).fit(pd.DataFrame({"trade": trades, "flag": np.arange(700) % 2})), "trade"
    )
    display.figure_.canvas.draw()
    names = display.ax_.get_xticklabels()
    left, _, right, _ = np.transpose([name.get_window_extent().extents for name in names])
    assert np.all(right[:-1] <= left[1:])
    heights = [bar.get_height() for bar in display.ax_.patches]
    assert len(display.values) == 40 and len(heights) == len(names) == 30
    shown = [display.values.index(name.get_text()) for name in names]
    np.testing.assert_array_equal(heights, display.probabilities[shown])
    assert min(heights) >= max(np.delete(display.probabilities, shown))


LONG = "what the household spent on item {}, in thousands"


@pytest.fixture(scope="module")
def long_names():
    """A table of 25 columns with long names, and a detector of it."""
    rng, n = np.random.default_rng(0), 100
    frame = pd.DataFrame({LONG.format(k): rng.normal(size=n) * 10 ** (k % 9) for k in range(24)})
    kinds = [f"skilled workers of trade {k} and those of related trades" for k in range(12)]
    frame["occupation of the head of the household, as declared"] = rng.choice(kinds, n)
    model = MADEOutlierDetector((8,), n_estimators=1, max_iter=1, random_state=0)
    return frame, model.fit(frame)


LONG_PICTURES = {
    "loss": lambda frame, model, ax: LossCurveDisplay.from_estimator(model, ax=ax),
    "masks": lambda frame, model, ax: MasksDisplay.from_estimator(model, ax=ax),
    "dependencies": lambda frame, model, ax: DependenciesDisplay.from_estimator(model, ax=ax),
    "draws": lambda frame, model, ax: DrawsDisplay.from_estimator(
        model, frame, features=[(3, 8), 8, 24], random_state=0, ax=ax
    ),
    "density": lambda frame, model, ax: ColumnDensityDisplay.from_estimator(
        model, 24, n_draws=5, random_state=0, ax=ax
    ),
    "contributions": lambda frame, model, ax: ContributionsDisplay.from_estimator(
        model, frame[:1], reference=frame, n_features=25, ax=ax
    ),
    "p": lambda frame, model, ax: PValuesDisplay.from_estimator(model, frame, ax=ax),
}


@pytest.mark.parametrize("has_axes", [False, True])
@pytest.mark.parametrize("picture", LONG_PICTURES)
def test_nothing_is_clipped_and_no_names_overlap(long_names, picture, has_axes):
    ax = plt.subplots(1, 2, figsize=(12, 6))[1][1] if has_axes else None
    display = LONG_PICTURES[picture](*long_names, ax)
    figure = display.figure_
    figure.canvas.draw()
    for axes in figure.axes:
        for axis, side in ((axes.xaxis, "x"), (axes.yaxis, "y")):
            is_named = isinstance(axis.get_major_locator(), FixedLocator)
            names = axis.get_ticklabels() if is_named else []
            texts = [axes.title, axis.label, axis.get_offset_text(), *names]
            boxes = [text.get_window_extent() for text in texts if text.get_text()]
            for box in boxes if axes.axison else ():
                assert np.all(box.min >= -1) and np.all(box.max <= figure.bbox.max + 1)
            ends = [getattr(name.get_window_extent(), f"interval{side}") for name in names]
            places = sorted(map(tuple, ends))
            for (_, end), (start, _) in pairwise(places):
                assert end <= start + 1
            written = [name.get_text() for name in names]
            assert len(set(written)) == len(written)


def test_figures_that_are_arranged_are_left_alone(flag_models):
    figure, ax = plt.subplots()
    figure.subplots_adjust(left=0.3)
    LossCurveDisplay.from_estimator(flag_models["first"], ax=ax)
    assert figure.get_layout_engine() is None
    figure, ax = plt.subplots(layout="tight")
    engine = figure.get_layout_engine()
    LossCurveDisplay.from_estimator(flag_models["first"], ax=ax)
    assert figure.get_layout_engine() is engine


def test_draws_are_those_of_the_model(mixed_model):
    display = DrawsDisplay.from_estimator(mixed_model, mixed_frame(), n_samples=50, random_state=0)
    assert display.pictures == [
        ("gain", "size"), ("visits", "since"), ("span [ns]",), ("job",), ("member",)
    ]  # fmt: skip
    for cells in (display.data, display.draws):
        assert {len(column) for column in cells.values()} == {50}
    assert set(display.data["gain"]) <= set(mixed_frame()["gain"])
    assert set(display.data["since"]) <= set(mixed_frame()["since"].to_numpy())
    assert np.mean(display.draws["gain"] == 0) == pytest.approx(0.6, abs=0.3)
    display.figure_.canvas.draw()


def test_pairs_are_of_numbers(mixed_model):
    for features in ([("gain", "job")], [("gain", "size", "span")]):
        with pytest.raises(ValueError, match="pairs of columns of numbers"):
            DrawsDisplay.from_estimator(mixed_model, mixed_frame(), features=features)


def test_axes_that_are_given_are_used(mixed_model):
    features = ["gain", "job", ("gain", "size")]
    _, three = plt.subplots(1, 3)
    display = DrawsDisplay.from_estimator(mixed_model, mixed_frame(), features=features, ax=three)
    assert list(display.axes_) == list(three)
    figure, (one, _) = plt.subplots(1, 2)
    display.plot(ax=one)
    assert display.figure_ is figure and len(display.axes_) == 3
    assert not one.axison
    with pytest.raises(ValueError, match="array of 3 Axes.*got 2"):
        display.plot(ax=three[:2])
    density = ColumnDensityDisplay.from_estimator(mixed_model, "size", n_draws=5, ax=three[0])
    assert density.ax_ is three[0] and density.figure_ is three[0].figure


@pytest.mark.parametrize(
    "convert", [np.asarray, pd.DataFrame, pl.DataFrame, csr_array], ids=lambda f: f.__name__
)
def test_tables_of_all_kinds(convert):
    X = convert(flags())
    model = quick(max_iter=1).fit(X)
    row = X[[0]] if not isinstance(X, pd.DataFrame) else X.iloc[[0]]
    contributions = ContributionsDisplay.from_estimator(model, row, reference=X).contributions
    expected = model.score_features(row)[0] - model.score_features(X).mean(axis=0)
    np.testing.assert_allclose(contributions, expected)
    display = DrawsDisplay.from_estimator(model, X, features=[1], random_state=0)
    (name,) = display.pictures[0]
    np.testing.assert_array_equal(np.sort(display.data[name]), np.sort(flags()[:, 1]))


def test_nearest_images_are_nearest(rng):
    X = (rng.random((30, 9)) < 0.5).astype(float)
    model = quick(max_iter=1).fit(X)
    display = ImagesDisplay.from_estimator(model, X, (3, 3), n_images=4, random_state=0)
    np.testing.assert_array_equal(display.images, model.sample(4, random_state=0))
    away = abs(display.images[:, None] - X).sum(axis=2)
    np.testing.assert_array_equal(
        abs(display.images - display.nearest).sum(axis=1), away.min(axis=1)
    )
    np.testing.assert_array_equal(
        display.axes_[0, 2].images[0].get_array().ravel(), display.images[2]
    )
    with pytest.raises(ValueError, match="as many pixels as X has columns, 9"):
        ImagesDisplay.from_estimator(model, X, (3, 4))
    coloured = ImagesDisplay(*(1 + 9 * rng.random((2, 2, 12))), (2, 2, 3)).plot()
    assert coloured.axes_.shape == (2, 2)
    shown = np.array([axes.get_images()[0].get_array() for axes in coloured.axes_.ravel()])
    pixels = np.concatenate([coloured.images, coloured.nearest]).reshape(shown.shape)
    np.testing.assert_allclose(shown, (pixels - pixels.min()) / np.ptp(pixels))


def test_the_band_holds_what_it_says(rng):
    n_held_out, n_rows, n_times = 19, 40, 4000
    held_out = rng.random((n_times, n_held_out))
    rows = rng.random((n_times, n_rows))
    p_values = (1 + (held_out[:, None, :] <= rows[:, :, None]).sum(axis=2)) / (n_held_out + 1)
    places, low, high = PValuesDisplay(p_values[0], n_held_out).band()
    np.testing.assert_allclose(places, np.arange(1, 20) / 20)
    shares = (p_values[:, :, None] <= places + 1e-9).mean(axis=1)
    inside = np.mean((shares >= low) & (shares <= high), axis=0)
    assert np.all(inside > 0.94)  # (discrete: at least 0.95)
    assert np.all(np.mean(shares < low, axis=0) < 0.035)
    assert np.all(np.mean(shares > high, axis=0) < 0.035)
    assert inside.mean() < 0.985


def test_p_values_are_those_of_the_detector():
    X = flags()
    detector = MADEOutlierDetector((8,), n_estimators=1, max_iter=2, random_state=0).fit(X)
    display = PValuesDisplay.from_estimator(detector, X)
    np.testing.assert_array_equal(display.p_values, detector.p_values(X))
    assert display.n_held_out == len(detector.held_out_scores_)
    *_, steps = display.ax_.get_lines()
    np.testing.assert_array_equal(np.unique(steps.get_xdata()), np.unique(display.p_values))
    with pytest.raises(TypeError, match="MADEOutlierDetector"):
        PValuesDisplay.from_estimator(quick(max_iter=1).fit(X), X)


@pytest.mark.parametrize("display", [LossCurveDisplay, MasksDisplay, DependenciesDisplay])
def test_only_fitted_models_of_ours(display, flag_models):
    with pytest.raises(NotFittedError):
        display.from_estimator(MADEDensity())
    with pytest.raises(TypeError, match="got Pipeline"):
        display.from_estimator(make_pipeline(FunctionTransformer(), flag_models["first"]))


def test_images_are_of_fitted_models():
    with pytest.raises(NotFittedError):
        ImagesDisplay.from_estimator(MADEDensity(), flags(), image_shape=(2, 2))


def test_matplotlib_is_imported_late_and_asked_for(monkeypatch, flag_models):
    command = "import sys, skmade; print('matplotlib' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True)
    assert run.stdout.strip() == "False", run.stderr
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    for display in (LossCurveDisplay, MasksDisplay):
        with pytest.raises(ImportError, match="pip install matplotlib"):
            display.from_estimator(flag_models["first"])


def test_every_display_is_public():
    names = [name for name in skmade.__all__ if name.endswith("Display")]
    assert len(names) == 8
    assert all(getattr(skmade, name).__doc__ for name in names)


def test_notebooks_show_fitted_attributes(flag_models):
    html = flag_models["first"]._repr_html_()
    assert "hidden_layer_sizes" in html
    if not hasattr(MADEDensity, "_get_fitted_attr_html"):
        pytest.skip(f"scikit-learn {sklearn.__version__} has no table of fitted attributes")
    for name in ("n_iter_", "orderings_", "conditionals_", "best_validation_score_"):
        assert name in html
    assert "_density" not in html


def test_a_missing_cell_is_not_strange_for_its_units(rng):
    X = np.column_stack([1e-4 * rng.normal(size=200), 1e3 * rng.normal(size=200)])
    X[:20, 0] = np.nan
    model = quick(max_iter=5).fit(X)
    contributions = ContributionsDisplay.from_estimator(model, X[:1], reference=X).contributions
    of_all = model.score_features(X)
    assert contributions[0] == 0
    assert contributions[1] == pytest.approx(of_all[0, 1] - of_all[:, 1].mean())
    contributions = ContributionsDisplay.from_estimator(model, X[-1:], reference=X).contributions
    assert contributions[0] == pytest.approx(of_all[-1, 0] - of_all[20:, 0].mean())


@pytest.mark.parametrize("start, step", [(2**53, 1), (2**60, 1), (1e9, 1e-7), (5, 0)])
def test_draws_of_numbers_that_are_close_together(start, step, rng):
    table = pd.DataFrame({"id": start + rng.integers(0, 20, 100) * step, "x": rng.normal(size=100)})
    model = quick(max_iter=1).fit(table)
    display = DrawsDisplay.from_estimator(model, table, features=["id"], random_state=0)
    assert len(display.axes_[0].patches) > 0


def test_draws_of_columns_without_cells_of_one_name_and_of_none(rng):
    table = pd.DataFrame(
        {"a": rng.integers(0, 99, 60).astype("m8[s]"), "a [s]": rng.normal(size=60)}
    )
    model = quick(max_iter=1).fit(table)
    display = DrawsDisplay.from_estimator(model, table, random_state=0)
    assert display.pictures == [("a [s] (0)", "a [s] (1)")]
    np.testing.assert_array_equal(np.sort(display.data["a [s] (1)"]), np.sort(table["a [s]"]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        DrawsDisplay.from_estimator(model, table.assign(**{"a [s]": np.nan}), features=["a [s]"])
    with pytest.raises(ValueError, match="must name a column at least"):
        DrawsDisplay.from_estimator(model, table, features=[])


def test_names_of_columns_may_be_pairs(rng):
    names = pd.MultiIndex.from_tuples([("a", "x"), ("b", "y")])
    table = pd.DataFrame(rng.normal(size=(60, 2)), columns=names)
    model = quick(max_iter=1).fit(table)
    for features, n in (([("a", "x")], 1), ([(("a", "x"), ("b", "y"))], 2)):
        (picture,) = DrawsDisplay.from_estimator(model, table, features=features).pictures
        assert len(picture) == n


def test_moments_of_a_zone_may_be_given(rng):
    days = pd.date_range("2024", periods=60, tz="Europe/Paris")
    model = quick(max_iter=1).fit(pd.DataFrame({"day": days, "x": rng.normal(size=60)}))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        a, b = (
            ColumnDensityDisplay.from_estimator(model, "x", given={"day": day}, random_state=0)
            for day in (days[3], np.datetime64("2024-01-03T23"))
        )
    np.testing.assert_array_equal(a.densities, b.densities)
    for given in ([1], "day"):
        with pytest.raises(ValueError, match="given must be a dict"):
            ColumnDensityDisplay.from_estimator(model, "x", given=given)


def test_names_that_differ_far_from_their_ends_are_cut_to_where_they_do():
    for before, after in ((40, 40), (0, 80), (80, 0)):
        names = ["a" * before + middle + "z" * after for middle in ("left", "right")]
        short = shortened(names)
        assert len(set(short)) == 2 and max(map(len, short)) <= MOST_CHARACTERS


@pytest.mark.parametrize("form", ["prices", "codes"])
def test_stems_are_probabilities_whatever_scores_are_over(form):
    """Of a column with a map on a lattice of cents, and of codes beside a density."""
    random = np.random.default_rng(0)
    if form == "prices":
        x = np.round(random.lognormal(4, 1.5, size=1000), 2)
        x[:300], value, parameters = 9.99, 9.99, {}
    else:
        x = 1e-3 * random.normal(size=1000)
        x[:300], value, parameters = -9999, -9999, {"atoms": None}
    model = quick(max_iter=sizes(30, 3), learning_rate_init=0.01, **parameters).fit(x[:, None])
    display = ColumnDensityDisplay.from_estimator(model, 0, random_state=0)
    (p,) = display.probabilities[display.values == value]
    assert p == pytest.approx(0.3, abs=sizes(0.03, 0.3))
    assert p + np.trapezoid(display.densities, display.points) == pytest.approx(1, abs=0.05)
