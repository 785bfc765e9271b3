"""What displays have in common: axes, and the one door to what a fitted model keeps."""

import textwrap
import warnings
from os.path import commonprefix

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.validation import check_is_fitted

from skmade._columns import Table
from skmade._columns._category import Category
from skmade._columns._flag import Flag
from skmade._columns._number import Real
from skmade._made import MADEDensity, warn_of_poor_draws

#: Features that have their names written beside an axis, at most.
MOST_NAMES = 30
#: Characters of a name beside an axis, at most, and inches that each takes.
MOST_CHARACTERS, INCHES = 30, 0.08
# Characters of names that have room side by side below axes, at most, and lines of a label.
_SIDE_BY_SIDE, _LINES = 24, 4


def pyplot():
    """matplotlib's pyplot, imported where a picture is drawn.

    Raises
    ------
    ImportError
        Without matplotlib, saying what to install.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError("Displays need matplotlib: pip install matplotlib.") from error
    return plt


def one_axes(ax, size=None):
    """The axes that were given, or new ones, of a size in inches."""
    return pyplot().subplots(figsize=size, layout="constrained")[1] if ax is None else ax


def grid_of_axes(ax, n, n_beside, size):
    """An array of n axes: new ones, those given, or in the place of one.

    Parameters
    ----------
    ax : Axes, array of these, or None
    n : int
    n_beside : int
        How many are beside each other.
    size : tuple of float
        Width and height of each, in inches, where they are new.

    Raises
    ------
    ValueError
        If another number of axes was given, or one that has no place in a grid.
    """
    given, n_rows = np.ravel(np.asarray(ax, object)), -(-n // n_beside)
    if ax is None:
        figure = pyplot().figure(
            figsize=(size[0] * n_beside, size[1] * n_rows), layout="constrained"
        )
        grid = figure.add_gridspec(n_rows, n_beside)
    elif len(given) == n:
        return given
    elif len(given) == 1 and given[0].get_subplotspec() is not None:
        figure = given[0].figure
        grid = given[0].get_subplotspec().subgridspec(n_rows, n_beside)
        given[0].set_axis_off()
    else:
        raise ValueError(
            f"The display has {n} pictures: ax must be an array of {n} Axes, or one Axes of "
            f"plt.subplots, whose place they share; got {len(given)}."
        )
    return np.array([figure.add_subplot(grid[divmod(k, n_beside)]) for k in range(n)], object)


def density_of(estimator):
    """The fitted density of an estimator.

    Raises
    ------
    TypeError
        For other estimators, as pipelines are.
    NotFittedError
        Before `fit`.
    """
    if not isinstance(estimator, MADEDensity):
        raise TypeError(
            "estimator must be a MADEDensity or MADEOutlierDetector; got "
            f"{type(estimator).__name__}. Of a pipeline pass the last step, of a MADEImputer its "
            "estimator_."
        )
    check_is_fitted(estimator)
    return estimator._density


def feature_names(density):
    """Names of the columns, as text; x0, x1 and so on of an array."""
    columns = density.columns
    return [str(name) for name in columns.container.get("names", _positions(columns))]


def _positions(columns):
    return [f"x{j}" for j in range(len(columns.columns))]


def network_at(estimator, index):
    """The network of one draw of masks, and whether it has direct connections.

    Raises
    ------
    ValueError
        If there is none of this index.
    """
    density = density_of(estimator)
    networks = density.ensemble.networks
    if not 0 <= index < len(networks):
        raise ValueError(
            f"index must be that of a row of orderings_, 0 to {len(networks) - 1}; got {index}."
        )
    return networks[index], density.architecture.direct_connections


def column_at(density, column, parameter):
    """The position of a column that is named, or given by its position, and its kind.

    Raises
    ------
    ValueError
        If there is none.
    """
    j = int(np.argmax(density.columns.mask_of([column], parameter)))
    return j, density.columns.columns[j]


def is_number(column):
    """Whether a column is one of numbers or moments: others have labels."""
    return isinstance(column, Real)


def codes_of(column):
    """What the labels of a column are as numbers."""
    if isinstance(column, Category):
        return np.arange(len(column.levels), dtype=float)
    return column.center + column.scale * np.arange(2 if isinstance(column, Flag) else 1)


def labels_of(column):
    """The labels of a column, as text; the empty one in quotes, to be seen."""
    return [str(label) or "''" for label in column.write(codes_of(column))]


def numbers_of(estimator, X):
    """Rows as floats in the columns' units, codes of labels; NaN where cells are missing.

    Raises
    ------
    ValueError
        As `score_samples`.
    """
    X = X.toarray() if issparse(X) else X
    table = Table.read(estimator, X, reset=False)
    return estimator._density.columns.numbers(table).astype(float)


def draws_given(estimator, row, n_draws, rng):
    """Rows of numbers, drawn given those of a row that are not NaN.

    Returns
    -------
    ndarray of shape (n_draws, n_features)
    """
    density, known = estimator._density, ~np.isnan(row)
    if not known.any():
        rows = density.ensemble.sample(n_draws, rng, estimator.n_jobs)
    else:
        encoded = density.encode(row[None])
        rows, worth = density._draws(encoded, known[None], n_draws, rng, estimator.n_jobs)
        warn_of_poor_draws(np.atleast_1d(worth))
        rows = rows[:, 0]
    return density.columns._numbers_of(rows)


def on_axis(column, numbers):
    """Numbers of a column as an axis shows them: moments, or floats; of spans of time ticks."""
    missing = np.isnan(numbers)
    cells = column.write(np.where(missing, column.placeholder, numbers))
    if cells.dtype.kind != "M":
        ticks = cells.view(np.int64) if cells.dtype.kind == "m" else cells
        return np.where(missing, np.nan, ticks.astype(float))
    return np.where(missing, np.datetime64("NaT"), cells)


def axis_label(name, column):
    """The name of a column, and the unit of spans of time."""
    dtype = np.dtype(column.dtype)
    return f"{name} [{np.datetime_data(dtype)[0]}]" if dtype.kind == "m" else name


def shortened(names):
    """Names that have room beside an axis: long ones without their middle, or, where they would be
    alike, cut to where they differ."""
    alike = {}
    for name in names:
        alike.setdefault(_without_middle(name), []).append(name)
    short = {}
    for middle_out, group in alike.items():
        differ = len(commonprefix(group))
        for name in group:
            short[name] = middle_out if len(group) == 1 else _around(name, differ)
    return [short[name] for name in names]


def _without_middle(name):
    n = MOST_CHARACTERS // 2
    return name if len(name) <= MOST_CHARACTERS else name[:n] + "…" + name[1 - n :]


def _around(name, place):
    """A part of a name, from a little before a place."""
    start = max(0, place - MOST_CHARACTERS // 3)
    part = name[start : start + MOST_CHARACTERS - 2]
    return "…" * (start > 0) + part + "…" * (start + len(part) < len(name))


def in_lines(label):
    """The label of an axis, in as many lines as it takes."""
    return textwrap.fill(label, MOST_CHARACTERS, max_lines=_LINES, placeholder=" …")


def are_upright(names):
    """Whether names of bars have no room side by side."""
    return sum(map(len, names)) > _SIDE_BY_SIDE


def name_bars(ax, names):
    """Write the names of bars below them."""
    rotation = 90 if are_upright(names) else 0
    ax.set_xticks(range(len(names)), shortened(names), rotation=rotation)


def fit_text(*axes):
    """Make room for text: beside axes, and along them, where it is smaller if it must be."""
    from matplotlib.ticker import FixedLocator

    _lay_out(axes[0].figure.canvas.figure)  # (of a subfigure, the whole)
    for ax in axes:
        room = ax.get_window_extent()
        _fit([ax.title], "width", room.width)
        if legend := ax.get_legend():
            _fit(legend.get_texts(), "width", 0.7 * room.width)  # (beside them are lines)
        exponent = ax.xaxis.get_offset_text().get_window_extent().width  # at the end of the label
        for axis, side in ((ax.xaxis, "width"), (ax.yaxis, "height")):
            length = getattr(room, side)
            _fit([axis.label], side, length - 2 * exponent * (side == "width"))
            if isinstance(axis.get_major_locator(), FixedLocator):
                names = axis.get_ticklabels()
                _fit(names, side, length / max(1, len(names)))


def _lay_out(figure):
    """Place the axes of a figure: by constrained layout, unless the caller has arranged them, or
    so many share so little room that it gives up."""
    is_arranged = vars(figure.subplotpars) != vars(type(figure.subplotpars)())
    if figure.get_layout_engine() is not None or is_arranged:
        figure.draw_without_rendering()
        return
    figure.set_layout_engine("constrained")
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "constrained_layout not applied")
        try:
            figure.draw_without_rendering()
        except UserWarning:
            figure.set_layout_engine("none")
            figure.draw_without_rendering()


def _fit(texts, side, room):
    longest = max((getattr(text.get_window_extent(), side) for text in texts), default=0)
    for text in texts if longest > room else ():
        text.set_size(text.get_size() * room / longest)


def show_moments(axis, cells):
    """Few and short labels of an axis, if it shows moments."""
    if cells.dtype.kind == "M":
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

        locator = AutoDateLocator(minticks=3, maxticks=7)
        axis.set_major_locator(locator)
        axis.set_major_formatter(ConciseDateFormatter(locator))
