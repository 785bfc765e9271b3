"""Draws beside data."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from skmade._arguments import to_generator
from skmade._displays._common import (
    INCHES,
    are_upright,
    axis_label,
    codes_of,
    column_at,
    density_of,
    feature_names,
    fit_text,
    grid_of_axes,
    in_lines,
    is_number,
    labels_of,
    name_bars,
    numbers_of,
    on_axis,
    shortened,
    show_moments,
)
from skmade._made import MADEDensity
from skmade._types import Rows, Seed

# Pictures that are chosen where none are asked for, how many are beside each other, and labels of a
# column that have bars, at most.
_PICTURES, _BESIDE, _BARS, _BINS = 8, 4, 12, 30
_COLORS = {"data": "0.55", "draws": "tab:orange"}
_STYLES = {
    "data": {"color": "0.75"},
    "draws": {"color": "tab:orange", "histtype": "step", "linewidth": 1.5},
}


class DrawsDisplay:
    """Draws beside data: pairs of columns of numbers as points, flags and categories as bars.

    Made by `from_estimator`; drawn again by `plot`.

    Parameters
    ----------
    data, draws : dict of str to ndarray
        Cells of each column by the label of its axis: numbers or moments; of columns with labels
        their positions in `labels`. Missing cells of numbers are left out of pictures; of labels
        they have one of their own.
    labels : dict of str to list of str
        Of columns of flags or categories.
    pictures : list of tuple of str
        One column or a pair of them for each picture.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (n_pictures,)
    figure_ : matplotlib Figure

    Examples
    --------
    >>> import numpy as np
    >>> from skmade import DrawsDisplay, MADEDensity
    >>> X = np.random.default_rng(0).normal(size=(500, 4))
    >>> model = MADEDensity((16,), n_estimators=2, random_state=0).fit(X)
    >>> display = DrawsDisplay.from_estimator(model, X, features=[(0, 1), 3], random_state=0)
    >>> display.pictures
    [('x0', 'x1'), ('x3',)]
    >>> len(display.draws["x3"])
    500
    """

    def __init__(
        self,
        data: dict[str, Any],
        draws: dict[str, Any],
        labels: dict[str, list[str]],
        pictures: list[tuple[str, ...]],
    ) -> None:
        self.data, self.draws = data, draws
        self.labels = labels
        self.pictures = pictures

    @classmethod
    def from_estimator(
        cls,
        estimator: MADEDensity,
        X: Rows,
        *,
        features: Sequence[str | int | Sequence[str | int]] | None = None,
        n_samples: int = 1000,
        random_state: Seed = None,
        ax: Any = None,
    ) -> Self:
        """Draw rows from the model, and show them beside rows of X.

        Parameters
        ----------
        estimator : MADEDensity or MADEOutlierDetector
            Fitted.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to compare with.
        features : list of str, int, or pairs of these, default=None
            Names or positions of columns, a picture for each. A pair of columns of numbers is
            shown as points, one column of numbers as a histogram, flags and categories as bars.
            By default neighbouring columns of numbers are paired, and the first eight pictures
            shown.
        n_samples : int, default=1000
            As many rows are drawn as X has, but at most this number; of a larger X as many are
            shown, chosen at random.
        random_state : int, RandomState or Generator instance, or None, default=None
        ax : matplotlib Axes or array of these, default=None
            One for each picture, or one whose place they share.

        Returns
        -------
        DrawsDisplay

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            For columns that there are not, for a pair with a column of labels, and for another
            number of axes.
        """
        density = density_of(estimator)
        pictures = _checked_pictures(density, features)
        rng, rows = to_generator(random_state), numbers_of(estimator, X)
        n = min(len(rows), n_samples)
        rows = rows[np.sort(rng.permutation(len(rows))[:n])]
        drawn = numbers_of(estimator, estimator.sample(n, int(rng.integers(2**31))))
        columns, names = density.columns.columns, feature_names(density)
        axes = _axis_labels(names, columns)
        data: dict[str, Any] = {}
        draws: dict[str, Any] = {}
        labels: dict[str, list[str]] = {}
        for j in {j for picture in pictures for j in picture}:
            if not is_number(columns[j]):
                labels[axes[j]] = [*labels_of(columns[j]), "others", "missing"]
            for cells, numbers in ((data, rows), (draws, drawn)):
                cells[axes[j]] = _cells(columns[j], numbers[:, j], labels.get(axes[j]))
        return cls(data, draws, labels, [tuple(axes[j] for j in p) for p in pictures]).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> Self:
        """Draw the pictures, data in grey and draws in colour.

        Parameters
        ----------
        ax : matplotlib Axes or array of these, default=None

        Returns
        -------
        DrawsDisplay
        """
        n = len(self.pictures)
        self.axes_ = grid_of_axes(ax, n, min(n, _BESIDE), (3.2, 3 + INCHES * self._upright()))
        for axes, picture in zip(self.axes_, self.pictures):
            if len(picture) == 2:
                self._scatter(axes, *picture)
            elif picture[0] in self.labels:
                self._bars(axes, *picture)
            else:
                self._histogram(axes, *picture)
        self.axes_[0].legend(markerscale=2)
        fit_text(*self.axes_)
        self.figure_ = self.axes_[0].figure
        return self

    def _upright(self):
        """Characters of the longest name that is written upright."""
        named = [self._shown(*picture)[1] for picture in self.pictures if picture[0] in self.labels]
        return max((max(map(len, shortened(x))) for x in named if are_upright(x)), default=0)

    @property
    def _sides(self):
        return {"data": self.data, "draws": self.draws}.items()

    def _scatter(self, axes, x, y):
        for side, cells in self._sides:
            axes.scatter(cells[x], cells[y], s=5, alpha=0.6, c=_COLORS[side], label=side, lw=0)
        axes.set(xlabel=in_lines(x), ylabel=in_lines(y))
        show_moments(axes.xaxis, self.data[x])
        show_moments(axes.yaxis, self.data[y])

    def _histogram(self, axes, x):
        known = {side: cells[x][~np.isnan(cells[x])] for side, cells in self._sides}
        edges = _edges([*known.values()])
        for side, cells in known.items():
            if len(cells):
                axes.hist(cells, bins=edges, density=True, label=side, **_STYLES[side])
        axes.set(xlabel=in_lines(x), ylabel="density")
        show_moments(axes.xaxis, self.data[x])

    def _bars(self, axes, x):
        shares, names = self._shown(x)
        for k, (side, share) in enumerate(zip(_COLORS, shares)):
            places = np.arange(len(names)) + 0.4 * k - 0.2
            axes.bar(places, share, 0.4, color=_COLORS[side], label=side)
        name_bars(axes, names)
        axes.set(xlabel=in_lines(x), ylabel="share of rows")

    def _shown(self, x):
        """Shares of the labels that have bars, and these labels."""
        labels = self.labels[x]
        shares = [np.bincount(c[x], minlength=len(labels)) / len(c[x]) for _, c in self._sides]
        total = np.add(*shares)
        shown = np.sort(np.argsort(-total, kind="stable")[: min(_BARS, np.sum(total > 0))])
        return [share[shown] for share in shares], [labels[j] for j in shown]


def _checked_pictures(density, features):
    """Positions of the columns of each picture."""
    columns = density.columns.columns
    if features is None:
        numbers = [j for j, column in enumerate(columns) if is_number(column)]
        pairs = [tuple(numbers[k : k + 2]) for k in range(0, len(numbers), 2)]
        others = [(j,) for j, column in enumerate(columns) if not is_number(column)]
        return [*pairs, *others][:_PICTURES]
    pictures, names = [], density.columns.container.get("names", [])
    if len(features) == 0:
        raise ValueError("features must name a column at least; None stands for the first ones.")
    for feature in features:
        is_pair = isinstance(feature, (tuple, list)) and feature not in names
        pair = feature if is_pair else [feature]
        places = tuple(column_at(density, column, "features")[0] for column in pair)
        labelled = [columns[j].label for j in places if not is_number(columns[j])]
        if len(places) > 2 or (len(places) == 2 and labelled):
            raise ValueError(
                f"features must hold columns, and pairs of columns of numbers; got {feature!r}"
                + (f", but column {labelled[0]} has labels: name it alone." if labelled else ".")
            )
        pictures.append(places)
    return pictures


def _cells(column, numbers, labels):
    """Cells of a column as they are shown: of labels, positions among these."""
    if labels is None:
        return on_axis(column, numbers)
    codes, (other, missing) = codes_of(column), (len(labels) - 2, len(labels) - 1)
    place = np.argmin(abs(numbers[:, None] - codes), axis=1)
    is_known = np.isclose(numbers, codes[place], rtol=1e-6, atol=0)
    return np.where(np.isnan(numbers), missing, np.where(is_known, place, other))


def _edges(sides):
    """Edges of bins that data and draws share, as an axis shows cells."""
    both = np.concatenate(sides)
    is_time = both.dtype.kind == "M"
    numbers = both.view(np.int64) if is_time else both
    low, high = (float(end) for end in (numbers.min(initial=np.inf), numbers.max(initial=-np.inf)))
    if low > high:
        return np.array([0.0, 1.0])
    least = 4 * np.spacing(max(abs(low), abs(high)))  # (floats are no closer)
    n_bins = int(np.clip((high - low) / least, 1, _BINS))
    if n_bins == 1:
        low, high = low - max(least, 0.5), high + max(least, 0.5)
    edges = np.linspace(low, high, n_bins + 1)
    return edges.astype(np.int64).view(both.dtype) if is_time else edges


def _axis_labels(names, columns):
    """A label for each column; with its position, where they would be the same."""
    labels = [axis_label(*pair) for pair in zip(names, columns)]
    return [x if labels.count(x) == 1 else f"{x} ({j})" for j, x in enumerate(labels)]
