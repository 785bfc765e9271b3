"""The density of one column, by itself or given others."""

import textwrap
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC
from typing import Any, Self

import numpy as np
from scipy.special import logsumexp, softmax

from skmade._arguments import to_generator
from skmade._columns._cells import cells_of_array
from skmade._displays._common import (
    MOST_NAMES,
    axis_label,
    codes_of,
    column_at,
    density_of,
    draws_given,
    feature_names,
    fit_text,
    in_lines,
    is_number,
    labels_of,
    name_bars,
    on_axis,
    one_axes,
    show_moments,
)
from skmade._ensemble import Ensemble
from skmade._families import asks_for
from skmade._made import MADEDensity
from skmade._particles import index_by_weight
from skmade._types import Floats, Seed

# How far beyond the draws a curve goes, in their range; how many atoms have their probability
# written, at most, and how many characters a line of the legend has.
_BEYOND, _MOST_WRITTEN, _LEGEND = 0.2, 5, 32


class ColumnDensityDisplay:
    """The density of one column, by itself or given values of others.

    A curve shows the density of numbers and moments, in the units of the column. Values that have a
    probability of their own, the atoms (see `MADEDensity.atoms_`), are stems, as high in the
    picture as their probability is on the way from 0 to 1. Flags and categories are bars; of many
    categories the 30 most likely have one.

    A network gives the density of the columns that its ordering has first. So the density of
    column d given columns G is computed in one of two ways:

    - Where orderings have d and G first, or where all other columns are given, it is exact but for
      its normalisation: the joint density ``p(x_G, x_d)`` at the points of the curve is divided by
      its sum or integral over these.
    - Elsewhere it is a mean over draws. With R the columns that stand between,

          ``p(x_d | x_G) = E[ p(x_d | x_G, x_R) ]``, R drawn from ``p(x_R | x_G)``,

      and a draw of R comes with the network that it belongs to. Of a "product", R are all other
      columns. The curve is rough where columns of R all but determine x_d and draws are few.

    Made by `from_estimator`; drawn again by `plot`.

    Parameters
    ----------
    name : str
        Of the column, with the unit of spans of time.
    points, densities : ndarray of shape (n_points,)
        The curve: numbers, or moments; of spans of time ticks of the column's unit.
    values : ndarray of shape (n_values,) or list of str
        Atoms, or labels.
    probabilities : ndarray of shape (n_values,)
        Of these.
    given : str
        What is given, as the legend has it; empty if nothing is.
    is_exact : bool
        Whether it was computed without draws of other columns.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> import numpy as np
    >>> from skmade import ColumnDensityDisplay, MADEDensity
    >>> x = np.random.default_rng(0).normal(size=(500, 1))
    >>> X = np.hstack([x, 2 * x + np.random.default_rng(1).normal(size=(500, 1))])
    >>> model = MADEDensity((16,), n_estimators=2, random_state=0).fit(X)
    >>> display = ColumnDensityDisplay.from_estimator(model, 1, given={0: 1.0}, random_state=0)
    >>> bool(1 < display.points[np.argmax(display.densities)] < 3)
    True
    >>> display.is_exact  # the other column is given
    True
    """

    def __init__(
        self,
        name: str,
        points: Any,
        densities: Floats,
        values: Any,
        probabilities: Floats,
        given: str,
        is_exact: bool,
    ) -> None:
        self.name = name
        self.points, self.densities = points, densities
        self.values, self.probabilities = values, probabilities
        self.given = given
        self.is_exact = is_exact

    @classmethod
    def from_estimator(
        cls,
        estimator: MADEDensity,
        column: str | int,
        *,
        given: dict[str | int, Any] | None = None,
        n_points: int = 200,
        n_draws: int = 300,
        random_state: Seed = None,
        ax: Any = None,
    ) -> Self:
        """Compute the density of a column, and draw it.

        Parameters
        ----------
        estimator : MADEDensity or MADEOutlierDetector
            Fitted.
        column : str or int
            Its name or position.
        given : dict of str or int to values, default=None
            Values of other columns, by their names or positions; moments of a time zone are those
            of UTC.
        n_points : int, default=200
            Where the curve is computed: half evenly over the range of draws of the column, half at
            their quantiles. A column on a lattice has its own points, unless they are more.
        n_draws : int, default=300
            Of the column, which set the range, and of others, where the density is a mean.
        random_state : int, RandomState or Generator instance, or None, default=None
        ax : matplotlib Axes, default=None

        Returns
        -------
        ColumnDensityDisplay

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            For columns that there are not, for values that they cannot have, and if the column
            itself is given.

        Warns
        -----
        UserWarning
            As `sample_conditional`, where draws given these columns are approximate.
        """
        density = density_of(estimator)
        j, kind = column_at(density, column, "column")
        row, text = _read_given(density, given)
        if not np.isnan(row[j]):
            raise ValueError(f"given must hold other columns than {column!r} itself.")
        rng = to_generator(random_state)
        draws = draws_given(estimator, row, n_draws, rng)
        points, widths = _points(kind, draws[:, j], n_points)
        values = np.array(kind.atoms, float) if is_number(kind) else codes_of(kind)
        if is_number(kind) and len(values):
            points, widths = (x[~kind.is_atom(points)[0]] for x in (points, widths))
        numbers = np.append(points, values)
        widths = np.append(widths, np.full(len(values), _width_of(kind)))
        known = ~np.isnan(row)
        known[j] = True
        logs, is_exact = _lines(estimator, known, j, numbers, draws, rng)
        logs -= logsumexp(logs, axis=1, b=widths, keepdims=True)
        densities = np.exp(logsumexp(logs, axis=0)) / len(logs)
        n, name = len(points), axis_label(feature_names(density)[j], kind)
        shown = on_axis(kind, values) if is_number(kind) else labels_of(kind)
        points = on_axis(kind, points) if n else points
        return cls(
            name, points, densities[:n], shown,
            densities[n:] * widths[n:], text, is_exact,
        ).plot(ax=ax)  # fmt: skip

    def plot(self, *, ax: Any = None) -> Self:
        """Draw the curve, the stems of atoms, or the bars of labels.

        Parameters
        ----------
        ax : matplotlib Axes, default=None

        Returns
        -------
        ColumnDensityDisplay
        """
        ax = one_axes(ax)
        label, is_curve = self.given or "nothing given", len(self.points) > 0
        label = textwrap.fill(label, _LEGEND)
        if isinstance(self.values, list):
            shown = np.sort(np.argsort(-self.probabilities, kind="stable")[:MOST_NAMES])
            ax.bar(range(len(shown)), self.probabilities[shown], alpha=0.6, label=label)
            name_bars(ax, [self.values[k] for k in shown])
        else:
            (line,) = ax.plot(self.points, self.densities, label=label)
            self._draw_stems(ax, line.get_color())
        ax.set(xlabel=in_lines(self.name), ylabel="density" if is_curve else "probability")
        ax.set_ylim(bottom=0, auto=True)
        show_moments(ax.xaxis, self.points)
        if self.given:
            ax.legend()
        fit_text(ax)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _draw_stems(self, ax, color):
        """Atoms: the picture's height is a probability of 1."""
        heights = ax.get_xaxis_transform()
        ax.vlines(self.values, 0, self.probabilities, color=color, transform=heights, linewidth=2)
        if len(self.values) > _MOST_WRITTEN:
            return
        for value, p in zip(self.values, self.probabilities):
            ax.annotate(
                f"{p:.0%}", (value, p), xycoords=heights, xytext=(0, 2),
                textcoords="offset points", ha="center", va="bottom", color=color,
            )  # fmt: skip


def _read_given(density, given):
    """A row of numbers, NaN where nothing is given, and what is given as text."""
    columns, names, words = density.columns.columns, feature_names(density), []
    if given is not None and not isinstance(given, Mapping):
        raise ValueError(f"given must be a dict of values by columns; got {type(given).__name__}.")
    row = np.full(len(columns), np.nan)
    for name, value in (given or {}).items():
        j, column = column_at(density, name, "given")
        (row[j],) = column.read(_cell(column, value))
        words.append(f"{names[j]} = {value}")
    return row, ", ".join(words)


def _cell(column, value):
    """A value of a column, as it is read from a table."""
    is_time = np.dtype(column.dtype).kind in "Mm"
    is_zoned = getattr(value, "tzinfo", None) is not None
    if is_zoned:
        value = value.astimezone(UTC).replace(tzinfo=None)
    cell = cells_of_array(column.label, np.array([value], column.dtype if is_time else None))
    return replace(cell, is_zoned=is_zoned or getattr(column, "is_zoned", False))


def _has_cells(column):
    """Whether what a column of numbers has at a value is a density over the cell of a lattice."""
    return column.step > 0 and asks_for(column.conditional, "half")


def _width_of(column):
    """What scores of atoms and labels are densities over."""
    if not is_number(column):
        return 1.0
    return column.step if _has_cells(column) else column.width_of_points


def _points(column, draws, n_points):
    """Where the density of a column of numbers is computed, and the widths of the points."""
    if not is_number(column) or column.atoms_are_alone:
        return np.zeros((2, 0))
    draws = draws[~np.isnan(draws)]
    if column.atoms:
        draws = draws[~column.is_atom(draws)[0]]
    if len(draws) == 0:
        return np.zeros((2, 0))
    low, high = _range(column, draws)
    if _has_cells(column) or not column.has_density:
        first, last = (np.round((end - column.center) / column.step) for end in (low, high))
        if last - first < n_points:
            points = column.center + column.step * np.arange(first, last + 1)
            if column.decimals is not None:
                points = np.round(points, column.decimals)
            return points, np.full(len(points), column.step)
    even = np.linspace(low, high, n_points // 2)
    points = np.union1d(even, np.quantile(draws, np.linspace(0, 1, n_points - len(even))))
    middles = (points[1:] + points[:-1]) / 2
    return points, np.diff([low, *middles, high])


def _range(column, draws):
    """Where draws of a column of numbers are, and a little beyond, within its bounds."""
    low, high = draws.min(), draws.max()
    beyond = _BEYOND * max(high - low, column.scale / 10)
    lowest, highest = column.bounds
    low = low - beyond if lowest is None else max(low - beyond, lowest)
    return low, high + beyond if highest is None else min(high + beyond, highest)


def _lines(estimator, known, j, numbers, draws, rng):
    """Log-densities of numbers of column j, each line of them up to a constant.

    Parameters
    ----------
    estimator : MADEDensity
    known : ndarray of bool of shape (n_features,)
        Column j, and those that are given.
    j : int
    numbers : ndarray of shape (n,)
    draws : ndarray of shape (n_draws, n_features)
        Rows of numbers, drawn given those that are given.
    rng : numpy.random.Generator

    Returns
    -------
    lines : ndarray of shape (1 or n_draws, n)
        Given what is given; and, one line for each draw, given others as well.
    is_exact : bool
        Whether no others are needed.
    """
    density, n_jobs = estimator._density, estimator.n_jobs
    parts, log_weights, seen = _parts(density.ensemble.of_weight(), known)
    if all(np.array_equal(columns, known) for columns in seen):
        logs = [_log_density(density, *pair, j, numbers, draws[0]) for pair in zip(parts, seen)]
        return logsumexp(np.array(logs) + log_weights[:, None], axis=0)[None], True
    encoded = density.encode(draws)
    logs = np.array([part.score_all(encoded, n_jobs) for part in parts])
    shares = softmax(logs + log_weights[:, None], axis=0).T
    chosen = index_by_weight(np.cumsum(shares, axis=1), rng)
    lines = [
        _log_density(density, parts[k], seen[k], j, numbers, draw) for k, draw in zip(chosen, draws)
    ]
    return np.array(lines), False


def _parts(ensemble, known):
    """Densities that are mixed, logarithms of their weights, and the columns that each needs.

    A network needs those that its ordering has before the last of the known ones, and a product,
    which is no mixture, all columns.
    """
    if ensemble.is_product:
        return [ensemble], np.zeros(1), [np.ones_like(known)]
    seen = []
    for network in ensemble.networks:
        needed = np.zeros_like(known)
        needed[network.ordering[: np.flatnonzero(known[network.ordering])[-1] + 1]] = True
        seen.append(needed)
    parts = [Ensemble.equal([network], "mixture") for network in ensemble.networks]
    return parts, ensemble.log_weights, seen


def _log_density(density, part, seen, j, numbers, row):
    """Of some columns of a row, with each of the numbers as column j."""
    rows = np.tile(row, (len(numbers), 1))
    rows[:, j] = numbers
    contributions, extras = np.zeros((2, *rows.shape))
    part.score(density.encode(rows), contributions)
    density.columns.add_extras(rows, np.zeros(len(rows)), extras)
    return contributions[:, seen].sum(axis=1) + extras[:, j]
