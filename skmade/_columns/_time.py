"""Moments and spans of time: real numbers in the unit of their column."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from skmade._columns._column import from_numbers, origin_of, to_numbers
from skmade._columns._lattice import on_lattice
from skmade._columns._learn_number import given_atoms, number_column
from skmade._columns._number import Lattice
from skmade._columns._numeric import alike
from skmade._columns._zones import from_the_wall, on_the_wall

# So many moments are looked at first.
_FEW = 1000


@dataclass(kw_only=True)
class Time(Lattice):
    """A column of moments or spans of time: ticks after its first one, in the column's unit.

    Parameters
    ----------
    center, scale : float
        As of a real column, of ticks.
    step : float
        As of a lattice, for columns with ties; else 0.
    origin : int
        The lowest tick.
    resolution : int
        What all values are multiples of, counted from the origin: that of whole seconds, or
        days, in a finer unit.
    is_zoned : bool
        Whether moments are of a time zone: those of none cannot be compared with them.
    zone : str or None
        The time zone whose clocks ticks are of, where these make all values whole days, or hours;
        None for ticks of UTC.
    """

    origin: int
    resolution: int
    is_zoned: bool
    zone: str | None = None
    step: float = 0.0

    reads_numbers = False

    def read(self, cells):
        """Ticks after the origin.

        Raises
        ------
        ValueError
            For what is no time of the same kind.
        """
        if cells.kind == "M" and cells.is_zoned != self.is_zoned:
            has, had = ("a" if zoned else "no" for zoned in (cells.is_zoned, self.is_zoned))
            raise ValueError(
                f"Column {self.label} holds moments of {has} time zone, but had {had} time zone in "
                "fit; convert it (pandas: dt.tz_localize, polars: dt.replace_time_zone)."
            )
        cells = alike(cells, self.dtype)
        if self.zone is not None:
            cells = by_clocks(cells, self.zone)
        return to_numbers(cells, self.dtype, self.origin)

    def write(self, numbers):
        """Moments or spans of time, in the column's unit."""
        numbers = on_lattice(numbers, self.center, self.step) if self.step else numbers
        return self.write_means(on_lattice(numbers, 0.0, self.resolution))

    def write_means(self, numbers):
        """Moments or spans of time between those that are drawn."""
        times = from_numbers(numbers, self.dtype, self.origin)
        return times if self.zone is None else from_the_wall(times, self.zone)


def learn_time(cells, conditional, weights, atoms):
    """A column of moments or spans of time, from its cells."""
    zone, clocks = _zone_of(cells), None
    if zone is not None:
        clocks = partial(by_clocks, zone=zone)
        cells = clocks(cells)
    label, dtype, origin = cells.label, cells.values.dtype.name, origin_of(cells.values)
    numbers = to_numbers(cells, dtype, origin)
    atoms = given_atoms(atoms, label, dtype, origin, clocks)
    return number_column(
        Time, Time, numbers, conditional, weights, atoms, label=label, dtype=dtype, origin=origin,
        resolution=_resolution(cells.values), is_zoned=cells.is_zoned, zone=zone,
    )  # fmt: skip


def _zone_of(cells):
    """The time zone by whose clocks moments are multiples of more than they are by UTC, or all are
    midnights; else None."""
    if cells.zone is None:
        return None
    for some in (cells.rows(slice(None, None, len(cells.values) // _FEW + 1)), cells):
        shown = by_clocks(some, cells.zone).values
        by_zone, by_utc = _resolution(shown), _resolution(cells.values)
        are_days = np.all(_is_midnight(shown)) and not np.all(_is_midnight(cells.values))
        if by_zone < by_utc or (by_zone == by_utc and not are_days):
            return None  # (what some are no multiples of, all are not)
    return cells.zone


def by_clocks(cells, zone):
    """Cells of moments as clocks of a zone show them."""
    values = cells.values.copy()
    known = ~np.isnat(values)
    values[known] = on_the_wall(values[known], zone)
    return replace(cells, values=values)


def _is_midnight(moments):
    return moments.astype("datetime64[D]") == moments


def _resolution(times):
    """What all of some times are multiples of, in ticks, counted from the first."""
    ticks = times.view(np.uint64) - np.uint64(origin_of(times) % 2**64)  # (which never wraps)
    return max(int(np.gcd.reduce(ticks)), 1)
