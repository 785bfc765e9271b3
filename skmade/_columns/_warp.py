"""Maps of columns whose numbers are of many sizes: prices, populations, concentrations.

Mixtures have few components, and these one smallest scale. Where numbers span orders of magnitude,
the network sees ``asinh((x - middle) / width)``: a logarithm of the distance from the middle, but
linear within the width of it. The middle is 0 for numbers of one sign, which have one long tail, or
the median, for two. (Another end than 0 is where the column happens to end: distances from it have
no logarithms that other columns were related to.)

Of some middles and widths the map is chosen after which a Gaussian fits the column best, as that
of Box and Cox is [1]_, if it gains so much that nobody doubts it.

References
----------
.. [1] G. E. P. Box and D. R. Cox. An analysis of transformations. Journal of the Royal Statistical
   Society B 26, 1964.
"""

from dataclasses import dataclass

import numpy as np

from skmade._families._scales import SCALE_FLOOR

# The least gain, in nats of a row, and of all rows.
_LEAST_GAIN, _LEAST_GAIN_OF_ROWS = 0.1, 5.0
# What of the rows is left out at each end, so that wild values do not choose.
_WILD = 0.005
# Widths that are tried are quantiles of the distances from the middle.
_WIDTHS = (0.005, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75)
# And not smaller than this part of the largest number, about another middle than 0, and than this.
_SMALLEST, _TINY = 1e-12, 1e-300
# In standard deviations of all; and of the narrower of its two sides.
_WIDEST_GAP, _WIDEST_OF_SIDES = 0.75, 14.0
# So many rows choose, at most, evenly among all in order.
_MOST_ROWS = 10_000
# A block of neighbouring rows is one of so many.
_BLOCKS = 16


@dataclass(frozen=True)
class Warp:
    """The map ``asinh((x - middle) / width)``."""

    middle: float
    width: float

    def __call__(self, numbers):
        with np.errstate(over="ignore"):
            return np.arcsinh((numbers - self.middle) / self.width)

    def inverse(self, warped):
        """Numbers from what they became; infinite ones where floats do not suffice."""
        with np.errstate(over="ignore"):
            return self.middle + self.width * np.sinh(warped)

    def log_slope(self, numbers):
        """Logarithm of the derivative."""
        return -np.log(np.hypot(self.width / 2, numbers / 2 - self.middle / 2)) - np.log(2)


def find_warp(numbers, zero=0.0):
    """The map that a column wants, or None.

    Parameters
    ----------
    numbers : ndarray of shape (n,)
        Those that are no atoms.
    zero : float
        Where numbers change their sign, if they are counted from elsewhere.
    """
    n_wild = int(_WILD * len(numbers))
    inner = np.sort(numbers)[n_wild : len(numbers) - n_wild] - zero
    inner = inner[:: len(inner) // _MOST_ROWS + 1]
    if inner[0] == inner[-1]:
        return None
    unit = 2.0 ** (np.frexp(abs(inner).max())[1] - 1)  # (no overflow, whatever the units)
    inner = inner / unit
    best, most = None, max(_LEAST_GAIN, _LEAST_GAIN_OF_ROWS / len(inner))
    for warp in _candidates(inner):
        gained = _gain(warp, inner)
        if gained > most and unit * warp.width > _TINY:
            best, most = Warp(zero + unit * warp.middle, unit * warp.width), gained
    return best


def _gain(warp, ordered):
    """What a Gaussian gains by a map, in nats of a row; minus infinity where it makes a part of the
    column narrower beside the rest than it was, or tears it apart.

    Rows do not count that are all but one value even after the map: these would be fitted as narrow
    as anything allows.
    """
    warped = warp(ordered)
    before, after = (_widths(numbers) / numbers.std() for numbers in (ordered, warped))
    counts = after > SCALE_FLOOR
    if counts.mean() < 1 / 2 or after[counts].min() < before[counts].min():
        return -np.inf
    if np.any(after[~counts] < before[~counts]):
        return -np.inf
    if _tears(warp, warped):
        return -np.inf
    shift = np.log(ordered.std()) - np.log(warped.std())
    return warp.log_slope(ordered[counts]).mean() + shift


def _tears(warp, ordered):
    """Whether a map leaves a wide gap in the middle nine tenths of the rows, as between numbers
    about a constant and all others.

    Columns may have two kinds of sizes, as sums for each head beside those of all: logarithms of
    both are wide then.
    """
    n_outer = len(ordered) // 20
    inner = ordered[n_outer : len(ordered) - n_outer]
    place = np.diff(inner).argmax() + 1
    gap = inner[place] - inner[place - 1]
    if gap <= _WIDEST_GAP * ordered.std():
        return False
    has_sizes = warp.middle == 0 and abs(ordered[[0, -1]]).min() > 0
    sides = inner[:place].std(), inner[place:].std()
    return not has_sizes or gap > _WIDEST_OF_SIDES * min(sides)


def _candidates(ordered):
    """Maps that are tried for numbers in ascending order."""
    low, high = ordered[[0, -1]]
    is_near_zero = 0 <= low < high - low or 0 >= high > low - high
    for middle in (np.median(ordered), *([0.0] if is_near_zero else [])):
        for width in np.quantile(abs(ordered - middle), _WIDTHS):
            if width > (_SMALLEST if middle else 0):
                yield Warp(float(middle), float(width))


def _widths(ordered):
    """How far apart the neighbours of each of the numbers are, a sixteenth of them."""
    place, reach = np.arange(len(ordered)), max(1, len(ordered) // (2 * _BLOCKS))
    above, below = np.minimum(place + reach, len(ordered) - 1), np.maximum(place - reach, 0)
    return ordered[above] - ordered[below]
