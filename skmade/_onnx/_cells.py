"""Cells of a table, and the inputs of networks, as graphs make them.

Columns that are computed alike are one group: their values have the shape (n, n_columns, ...).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from skmade._columns._between import MOST_STEPS
from skmade._columns._category import Category
from skmade._columns._constant import Constant
from skmade._columns._flag import Flag
from skmade._columns._number import Warped
from skmade._onnx._values import Value, concatenate


@dataclass(frozen=True)
class Group:
    """Columns that are computed alike: their places in the table, and what was learnt of them."""

    places: list[int]
    columns: list[Any]
    families: list[Any]
    offsets: np.ndarray

    @property
    def first(self):
        """The family, beside atoms and gaps, of one of them: they differ in constants only."""
        return self.families[0]

    def of_columns(self, name):
        """An attribute of each column, which is a number."""
        return np.array([getattr(column, name) for column in self.columns], float)

    def of_families(self, name):
        """As `of_columns`, of each family, for components of mixtures: (n_columns, 1)."""
        return np.array([[getattr(mixed.family, name)] for mixed in self.families], float)


@dataclass(frozen=True)
class Cells:
    """The cells of a group, as graphs see them.

    Parameters
    ----------
    values : Value of shape (n, n_columns)
        As the network sees them, doubles; 0 where cells are gone.
    gone : Value of shape (n, n_columns)
        Where cells are missing, and where a flag has a third value.
    extras : Value of shape (n, n_columns)
        What is added to the log-probability of the network and the offset; NaN for what has none.
    is_one : Value of shape (n, n_columns, n_categories), or None
        Of labels, which they are.
    is_atom : Value of shape (n, n_columns, n_atoms), or None
    counts : Value of shape (n, n_columns), or None
        Whole numbers from 0 on.
    """

    values: Value
    gone: Value
    extras: Value
    is_one: Value | None = None
    is_atom: Value | None = None
    counts: Value | None = None


def make_groups(density):
    """The groups of the columns of a density."""
    made, columns = {}, density.columns
    for place, (column, mixed) in enumerate(zip(columns.columns, density.architecture.families)):
        key = (
            type(column), type(mixed.family), mixed.n_inputs, mixed.n_outputs, mixed.n_states,
            mixed.n_shown, mixed.has_gaps, mixed.is_informative, mixed.is_alone, has_cells(mixed),
            column.fine > 0,
        )  # fmt: skip
        made.setdefault(key, []).append(place)
    return [
        Group(
            places,
            [columns.columns[place] for place in places],
            [density.architecture.families[place] for place in places],
            columns.offsets[places],
        )
        for places in made.values()
    ]


def has_cells(mixed):
    """Whether the family gives values on a lattice the mean density of their cell."""
    return getattr(mixed.family, "half", 0.0) > 0


def read(group, x):
    """The cells of a group, from numbers in the units of the columns."""
    missing = x.is_nan()
    extras = x.is_inf().where(np.nan, missing.where(-group.offsets, 0.0))
    of_kinds = {Flag: _read_flags, Category: _read_labels, Constant: _read_constants}
    return of_kinds.get(type(group.columns[0]), _read_numbers)(group, x, missing, extras)


def _of_rare(group):
    """What cells that were not seen in fit add, NaN where they have no probability."""
    rare = np.array([np.nan if c.rare is None else c.rare for c in group.columns])
    return np.log(rare) - group.of_columns("offset")


def _read_flags(group, x, missing, extras):
    codes = (x - group.of_columns("center")) / group.of_columns("scale")
    rounded = (codes > 0.5).where(1.0, 0.0)
    near_low, near_high = map(group.of_columns, ("near_low", "near_high"))
    is_third = abs(codes - rounded) > rounded * (near_high - near_low) + near_low
    gone, extras = missing | is_third, extras + is_third.where(_of_rare(group), 0.0)
    return Cells(gone.where(0.0, rounded), gone, extras)


def _read_labels(group, x, missing, extras):
    n_levels = group.first.family.n_categories
    is_one = x.with_axis(-1).equals(np.arange(n_levels))
    is_new, is_known = x.equals(n_levels), is_one.cast(float).sum(-1) > 0.5
    extras += (missing | is_known).where(0.0, is_new.where(_of_rare(group), np.nan))
    return Cells(missing.where(0.0, x), missing, extras, is_one=is_one)


def _read_constants(group, x, missing, extras):
    is_other = abs(x - group.of_columns("value")) > group.of_columns("tolerance")
    return Cells(missing.where(0.0, 0.0), missing, extras + is_other.where(np.nan, 0.0))


def _read_numbers(group, x, missing, extras):
    columns, is_atom, counts = group.columns, None, None
    z = (_warped(group, x) - group.of_columns("center")) / group.of_columns("scale")
    if group.first.family.support == "counts":
        is_count = x.equals(abs(x.floor()))
        counts = is_count.where(x, 0.0)
        extras += (missing | is_count).where(0.0, np.nan)
    if group.first.atoms:
        atoms = np.array([column.atoms_in_order() for column in columns])
        single = np.where(atoms == np.round(atoms), atoms, atoms.astype(np.float32))
        near = np.array([column.atom_tolerance(own) for column, own in zip(columns, atoms)])
        each = x.with_axis(-1)
        is_atom = each.equals(atoms) | each.equals(single) | (abs(each - atoms) < near)
        of_points = [column.extra_of_points if column.has_points else 0.0 for column in columns]
        extras += any_of(is_atom).where(np.array(of_points), 0.0)
    if isinstance(columns[0], Warped):
        slopes = missing.where(0.0, _log_slopes(group, x))
        if is_atom is not None:
            slopes = any_of(is_atom).where(0.0, slopes)
        extras += slopes
    if columns[0].fine:
        extras += missing.where(0.0, _of_places(group, x))
    low, high = np.transpose([column.ends for column in columns])
    beyond = [np.log(column.beyond) if column.is_cut_off else 0.0 for column in columns]
    of_others = ((x < low) | (x > high)).where(np.array(beyond), 0.0)
    # (codes are beyond the bounds)
    extras += of_others if is_atom is None else any_of(is_atom).where(0.0, of_others)
    return Cells(missing.where(0.0, z), missing, extras, is_atom=is_atom, counts=counts)


def _of_places(group, x):
    """What numbers have for how far they are above the points of their lattices."""
    logs = [np.log(len(column.shares) * np.array(column.shares)) for column in group.columns]
    n_places = np.array([len(own) for own in logs], float)
    steps = ((x - group.of_columns("center")) / group.of_columns("fine")).round()
    steps = (abs(steps) < MOST_STEPS).where(steps, 0.0)
    above = steps - (steps / n_places).floor() * n_places
    return (above + np.cumsum(n_places) - n_places).places_in(np.concatenate(logs))


def _warped(group, x):
    if not isinstance(group.columns[0], Warped):
        return x
    return ((x - group.of_columns("middle")) / group.of_columns("width")).arcsinh()


def _log_slopes(group, x):
    """Logarithms of the derivatives of maps."""
    width = group.of_columns("width")
    return -abs((x - group.of_columns("middle")) / width).log_hypot() - np.log(width)


def any_of(flags):
    """Whether any along the last axis is true."""
    return flags.cast(float).sum(-1) > 0.5


def units_of(group, cells, density):
    """Inputs of the networks, column by column: (n, n_units)."""
    limit, mixed = density.architecture.input_limit, group.first
    if cells.is_one is not None and mixed.family.n_categories > 1:
        parts = [cells.is_one.cast(density.dtype)]
    else:
        is_label = mixed.family.is_one_hot  # one that is the only one says nothing
        seen = cells.values * 0.0 if is_label else cells.values.clip(-limit, limit)
        parts = [seen.cast(density.dtype).with_axis(-1)]
    if mixed.n_shown:
        shown = cells.is_atom.take(range(mixed.n_shown), axis=-1)
        parts.append(shown.cast(density.dtype))
    if mixed.has_gaps:
        parts.append(cells.gone.cast(density.dtype).with_axis(-1))
    return concatenate(parts).reshape(0, -1)
