"""Constants: columns of numbers that are all the same."""

from dataclasses import dataclass

import numpy as np

from skmade._columns._column import Column, from_numbers, origin_of, rare_share, to_numbers
from skmade._columns._numeric import alike
from skmade._families import make_family

# Values so near (relative to it) are the constant in another precision.
_NEAR = 1e-6
# Constants smaller than this are taken for 0, and distances larger than this for this.
_SMALL, _LARGE = 1e-300, 1e300
# So many scales away a cell of the Cauchy distribution has its density to all digits.
_FAR = 1e8


@dataclass(kw_only=True)
class Constant(Column):
    """A column in which all rows have the same number.

    Other numbers share the probability `rare`. A Cauchy distribution about the constant, with its
    size (or 1) as scale, says how; of integers, in each of their cells.

    Parameters
    ----------
    value : float
    origin : int
        What `value` is counted from: of moments, and of integers that floats merge.
    """

    value: float
    origin: int = 0

    may_have_atoms = True

    @property
    def reads_numbers(self):
        """Whether an array of numbers is read as it is."""
        return not self.origin

    @property
    def center(self):
        return self.value

    @property
    def placeholder(self):
        return self.value

    @classmethod
    def learn(cls, cells):
        """From cells of one value."""
        dtype, origin = cells.values.dtype.name, origin_of(cells.values)
        numbers = to_numbers(cells, dtype, origin)
        return cls(
            label=cells.label, dtype=dtype, conditional="categorical", value=float(numbers[0]),
            rare=rare_share(0, len(numbers)), origin=origin,
        )  # fmt: skip

    def read(self, cells):
        """Numbers."""
        return to_numbers(alike(cells, self.dtype), self.dtype, self.origin)

    def extras(self, numbers):
        """What is to be added to the log-probability of each cell, besides the offset."""
        is_time = np.dtype(self.dtype).kind in "Mm"
        size = abs(self.value if is_time else self.value + self.origin)
        scale = size if size > _SMALL else 1.0
        numbers = numbers.astype(np.float64, copy=False)
        with np.errstate(over="ignore"):
            away = abs(numbers / 2 - self.value / 2) / scale * 2
        away = np.minimum(away, _LARGE)
        log_density = -np.log(np.pi) - np.log(scale) - 2 * np.log(np.hypot(1, away))
        if np.dtype(self.dtype).kind in "biuMm":
            half = 0.5 / scale
            close = np.minimum(away, _FAR)  # (farther away, a cell has its density)
            # F(away + half) - F(away - half), of which differences of arctan would leave nothing
            inside = np.arctan(2 * half / (1 + (close - half) * (close + half))) / np.pi
            log_density = np.where(away < _FAR, np.log(inside), log_density)
            log_density -= np.log1p(-2 / np.pi * np.arctan(half))  # the cell of the constant
        rare = np.log(self.rare) + log_density - self.offset
        return np.where(away > self.tolerance / scale, rare, 0.0)

    @property
    def tolerance(self):
        """How far from the constant a number may be, and be it in another precision."""
        is_whole = np.dtype(self.dtype).kind in "biuMm"
        return 0.0 if is_whole else _NEAR * abs(self.value)

    def atom_values(self):
        """The constant."""
        return self.write(np.zeros(1))

    def write(self, numbers):
        """The constant."""
        return from_numbers(np.full(len(numbers), self.value), self.dtype, self.origin)

    def family(self, n_components):
        """Of the conditional."""
        return make_family(self.conditional, n_categories=1)
