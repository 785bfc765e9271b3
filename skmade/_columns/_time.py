"""Moments and spans of time: real numbers in the unit of their column."""

from dataclasses import dataclass

import numpy as np

from skmade._columns._column import from_numbers, origin_of, to_numbers
from skmade._columns._lattice import on_lattice
from skmade._columns._number import Lattice, alike, given_atoms, number_column


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
    """

    origin: int
    resolution: int
    is_zoned: bool
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
        return to_numbers(alike(cells, self.dtype), self.dtype, self.origin)

    def write(self, numbers):
        """Moments or spans of time, in the column's unit."""
        numbers = on_lattice(numbers, self.center, self.step) if self.step else numbers
        return from_numbers(on_lattice(numbers, 0.0, self.resolution), self.dtype, self.origin)


def learn_time(cells, conditional, weights, atoms):
    """A column of moments or spans of time, from its cells."""
    dtype = cells.values.dtype.name
    origin = origin_of(cells.values)
    ticks = cells.values.view(np.uint64) - np.uint64(origin % 2**64)  # (which never wraps)
    resolution = max(int(np.gcd.reduce(ticks)), 1)
    numbers = to_numbers(cells, dtype, origin)
    atoms = given_atoms(atoms, cells.label, dtype, origin)
    return number_column(
        Time, Time, numbers, conditional, weights, atoms, label=cells.label, dtype=dtype,
        origin=origin, resolution=resolution, is_zoned=cells.is_zoned,
    )  # fmt: skip
