"""Flags: columns of two values."""

from dataclasses import dataclass

import numpy as np

from skmade._columns._column import (
    LARGEST_EXACT,
    Column,
    exact_numbers,
    origin_of,
    rare_share,
    to_numbers,
)
from skmade._columns._numeric import alike
from skmade._families import make_family

# Values so near to one of the two (relative to it) are that one, in single precision.
_NEAR = 2.0**-23
# But nothing farther from it than this part of their distance.
_NEAREST = 1 / 4


@dataclass(kw_only=True)
class Flag(Column):
    """A column of two values, whatever they are: the network sees 0 for the first, 1 for the other.

    Parameters
    ----------
    values : list of two numbers
        The lower one comes first. (False and True are 0 and 1; of moments, ticks after the
        origin.)
    origin : int
        Of moments.
    rare : float or None
        Probability of a third value, of which the network sees that it is missing.
    """

    values: list
    origin: int = 0

    @property
    def reads_numbers(self):
        """Whether floats can tell its values apart; else it reads codes."""
        return max(map(abs, self.values)) <= LARGEST_EXACT

    @property
    def center(self):
        return self.values[0] if self.reads_numbers else 0.0

    @property
    def scale(self):
        return self.values[1] - self.values[0] if self.reads_numbers else 1.0

    @property
    def placeholder(self):
        return self.center

    @property
    def is_linear(self):
        """Whether what is written are the numbers themselves, as they are."""
        return self.values == [0, 1] and np.dtype(self.dtype).kind not in "Mm"

    @classmethod
    def learn(cls, cells, handle_unknown):
        """From cells of two values; of one, if it is 0 or 1."""
        dtype, rare = cells.values.dtype.name, None
        origin = origin_of(cells.values) if cells.kind in ("M", "m") else 0
        numbers = exact_numbers(cells, dtype)
        low, high = numbers.min(), numbers.max()
        is_low, is_high = numbers == low, numbers == high
        values = {x.item() for x in (low, high, *numbers[~(is_low | is_high)][:1])}
        values = [value - origin for value in sorted(values)]
        n_once = sum(np.count_nonzero(which) == 1 for which in (is_low, is_high))
        if set(values) <= {0, 1}:
            values = [0, 1]
            may_be_number = False
        else:  # a number that is all but constant, in other rows of which there are others
            may_be_number = n_once > 0
        if (handle_unknown == "rare" or may_be_number) and np.dtype(dtype).kind != "b":
            rare = rare_share(n_once, len(numbers))
        if len(values) != 2:
            wrong = next(x for x in values if x not in (0, 1))
            raise ValueError(
                f"Column {cells.label} has the value {wrong:g}, but a 'bernoulli' conditional "
                "takes 0 and 1 only, or two other values; binarise the column, or choose "
                "'categorical', 'gaussian' or 'gaussian_mixture' for it."
            )
        return cls(
            label=cells.label, dtype=dtype, conditional="bernoulli", values=values, origin=origin,
            rare=rare,
        )  # fmt: skip

    def read(self, cells):
        """Numbers; the network's 0 and 1 are told from others when they are standardised."""
        cells = alike(cells, self.dtype)
        if self.reads_numbers:
            return to_numbers(cells, self.dtype, self.origin)
        numbers = exact_numbers(cells, self.dtype)
        low, high = (value + self.origin for value in self.values)
        codes = np.where(numbers == high, 1.0, np.where(numbers == low, 0.0, 0.5))
        if cells.missing is not None:
            codes[cells.missing] = np.nan
        if self.rare is None and np.any(codes == 0.5):
            self._refuse(cells.values[codes == 0.5][0])
        return codes

    def round_codes(self, codes):
        """Standardised numbers as 0 and 1; NaN where they are neither.

        Raises
        ------
        ValueError
            For a third value, if it has no probability.
        """
        wrong = self._is_third(codes)
        if wrong.any() and self.rare is None:
            self._refuse(self._value_of(self.center + self.scale * float(codes[wrong][0])))
        return np.where(wrong, np.nan, np.rint(codes))

    def _value_of(self, number):
        """A number as messages show it; of moments and spans, the value itself."""
        if np.dtype(self.dtype).kind in "Mm":
            return np.array([round(number) + self.origin]).view(self.dtype)[0]
        return f"{number:.15g}" if self.reads_numbers else number

    def _refuse(self, value):
        low, high = map(self._value_of, self.values)
        raise ValueError(
            f"Column {self.label} has the value {value}, but had {low} and {high} only in fit: "
            "its probability is not defined. Set handle_unknown='rare' to give others one, or "
            "choose another family than 'bernoulli' for it in conditionals."
        )

    def _is_third(self, codes):
        is_high = codes > 0.5
        return abs(codes - is_high) > np.where(is_high, self.near_high, self.near_low)

    @property
    def near_low(self):
        """How far from 0 what is standardised may be, and be the lower value."""
        return self._near(self.values[0])

    @property
    def near_high(self):
        """How far from 1 what is standardised may be, and be the higher value."""
        return self._near(self.values[1])

    def _near(self, value):
        is_whole = np.dtype(self.dtype).kind in "biuMm"
        return 0.0 if is_whole else min(_NEAR * abs(value) / self.scale, _NEAREST)

    def extras(self, numbers):
        """What is to be added to the log-probability of each cell, besides the offset."""
        numbers = numbers.astype(np.float64, copy=False)
        with np.errstate(over="ignore"):
            is_third = self._is_third((numbers - self.center) / self.scale)
        return np.where(is_third, np.log(self.rare) - self.offset, 0.0)

    def write(self, numbers):
        """The two values, in the column's dtype."""
        is_high = numbers > self.center + self.scale / 2
        if np.dtype(self.dtype).kind in "Mm":
            values = np.array(list(map(self._value_of, self.values)), self.dtype)
            return values[is_high.astype(np.intp)]
        return np.array(self.values, self.dtype)[is_high.astype(np.intp)]

    def family(self, n_components):
        """Of the conditional."""
        return make_family(self.conditional)
