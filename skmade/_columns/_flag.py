"""Flags: columns of two values."""

from dataclasses import dataclass

import numpy as np

from skmade._columns._column import Column, from_numbers, to_numbers
from skmade._columns._number import alike
from skmade._conditionals import Bernoulli

# Values so near to one of the two (in their distance) are that one, in another precision.
_NEAR = 1e-6


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
    """

    values: list
    origin: int = 0

    @property
    def center(self):
        return self.values[0]

    @property
    def scale(self):
        return self.values[1] - self.values[0]

    @property
    def placeholder(self):
        return self.values[0]

    @property
    def is_linear(self):
        """Whether what is written are the numbers themselves, as they are."""
        return self.values == [0, 1]

    @classmethod
    def learn(cls, cells, dtype, origin):
        """From cells of two values; of one, if it is 0 or 1."""
        values = np.unique(to_numbers(cells, dtype, origin))
        if np.isin(values, [0, 1]).all():
            values = np.array([0.0, 1.0])
        if len(values) != 2:
            wrong = next(x for x in values if x not in (0, 1))
            raise ValueError(
                f"Column {cells.label} has the value {wrong:g}, but a 'bernoulli' conditional "
                "takes 0 and 1 only, or two other values; binarise the column, or choose "
                "'categorical', 'gaussian' or 'gaussian_mixture' for it."
            )
        return cls(
            label=cells.label, dtype=dtype, conditional="bernoulli", values=values.tolist(),
            origin=origin,
        )  # fmt: skip

    def read(self, cells):
        """Numbers; the network's 0 and 1 are told from others when they are standardised."""
        return to_numbers(alike(cells, self.dtype), self.dtype, self.origin)

    def check(self, codes):
        """Raise ValueError where standardised numbers are neither 0 nor 1."""
        wrong = abs(codes - (codes > 0.5)) > (0 if self.values == [0, 1] else _NEAR)
        if wrong.any():
            value = self.values[0] + self.scale * float(codes[wrong][0])
            low, high = (f"{x:g}" for x in self.values)
            raise ValueError(
                f"Column {self.label} has the value {value:g}, but a 'bernoulli' conditional takes "
                f"{low} and {high} only; binarise the column, or choose 'categorical', 'gaussian' "
                "or 'gaussian_mixture' for it."
            )

    def write(self, numbers):
        """The two values, in the column's dtype."""
        low, high = self.values
        return from_numbers(
            np.where(numbers > (low + high) / 2, high, low), self.dtype, self.origin
        )

    def family(self, n_components):
        """Of the conditional."""
        return Bernoulli()
