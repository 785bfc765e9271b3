"""Lattices that most values of a column are on, and others between its points.

Ages are whole years but for a few halves, and months of children; heights whole inches, grades
tenths. By the distance of neighbouring values such a column is on a lattice of hundredths, of which
few points are taken: each year would be an atom, as frequent as it happened to be in a few rows.
Instead, with r what a value is above the next lower year, in hundredths, its probability is

    p(x) = P(x - 1/2 < X < x + 1/2) q(r),    sum of q(r) over the r of a year = 1

where X is of the column's family, and q(r) the share of the rows that are r above a year. Of those
between years, what no row was has what Good and Turing's estimate gives it. (The sum of p over the
lattice of hundredths is 1, whatever X is.)

A coarser lattice counts if four fifths of the rows are on it, and if rows are likelier by how many
others are near, and where these are above points, than by how often their values are there.
"""

from dataclasses import dataclass

import numpy as np

from skmade._columns._atoms import has_few_values
from skmade._columns._column import rare_share
from skmade._columns._lattice import on_lattice

#: Numbers so many steps away are taken for points.
MOST_STEPS = 2.0**40
# So many places are a cell.
_SIZES = (1000, 500, 250, 200, 125, 100, 60, 50, 25, 20, 12, 10, 8, 5, 4, 2)
# What part of the rows is on the lattice, at least; over how many of its cells the middle four
# fifths of the rows reach; how many points are taken.
_LEAST_SHARE, _LEAST_REACH, _FEWEST_POINTS = 0.8, 5, 12
# So many spikes at most, values so many times as frequent as all others, tell nothing of a lattice.
_MOST_SPIKES, _SPIKE = 3, 3.0
# How many cells away neighbours are.
_WINDOWS = (1, 2, 4, 8)


@dataclass(frozen=True)
class Between:
    """What values of a lattice are above its points, in steps of a finer one.

    Parameters
    ----------
    origin : float
        A point of the lattice.
    fine : float
        The step of the finer one.
    shares : ndarray of shape (n_places,)
        How often values are 0, 1, 2, ... of these above a point.
    """

    origin: float
    fine: float
    shares: np.ndarray

    @property
    def step(self):
        """Of the lattice."""
        return self.fine * len(self.shares)

    def points(self, numbers):
        """Numbers, of which those between points of the lattice are the nearest of these."""
        near = on_lattice(numbers, self.origin, self.step)
        return np.where(abs(near - numbers) < self.fine / 2, numbers, near)

    def holds(self, numbers):
        """Whether all of some numbers are points."""
        return np.array_equal(self.points(numbers), numbers)

    def points_about(self, number):
        """The points below and above a number."""
        n_places, steps = len(self.shares), round((number - self.origin) / self.fine)
        below, above = steps // n_places, -(-steps // n_places)
        return self.origin + self.step * below, self.origin + self.step * above

    def log_weights(self, numbers):
        """Logarithms of what densities of numbers are multiplied by, which are means over cells."""
        n_places = len(self.shares)
        with np.errstate(over="ignore"):
            steps = np.round((numbers - self.origin) / self.fine)
        steps[~(abs(steps) < MOST_STEPS)] = 0.0  # (nor are missing cells anywhere)
        return np.log(n_places * self.shares)[(steps % n_places).astype(np.int64)]

    def draw(self, points, rng):
        """Values whose cells, about themselves, hold draws that were anywhere in those of points of
        the lattice."""
        n_places = len(self.shares)
        above = rng.choice(n_places, size=len(points), p=self.shares)
        is_below = rng.random(len(points)) < above / n_places
        return points + self.fine * (above - n_places * is_below)

    def explains(self, numbers):
        """Whether some numbers, none of them atoms, are likelier by what their neighbours and their
        places say than by how often their values are there, each left out; and take enough points.
        """
        values, counts = np.unique(numbers, return_counts=True)
        n_places, n = len(self.shares), len(numbers)
        steps = np.round((values - self.origin) / self.fine)
        above = (steps % n_places).astype(np.int64)
        if np.count_nonzero(above == 0) < _FEWEST_POINTS:
            return False
        rare = rare_share(np.count_nonzero(counts == 1), n)
        of_any = rare / (steps[-1] - steps[0] + 1)
        by_values = np.log((1 - rare) * (counts - 1) / n + of_any) @ counts
        before = np.concatenate([[0], np.cumsum(counts)])
        for reach in _WINDOWS:
            width = (2 * reach + 1) * n_places
            first, last = (
                np.searchsorted(steps, steps + way * width / 2, side)
                for way, side in ((-1, "left"), (1, "right"))
            )
            near = (before[last] - before[first] - 1) * n_places / width
            by_places = np.log((1 - rare) * near * self.shares[above] / n + of_any) @ counts
            if by_places > by_values:
                return True
        return False


def find_between(numbers, step):
    """Where numbers of a column are besides the points of a lattice that most of them are on, if
    there is such a lattice; else None.

    Parameters
    ----------
    numbers : ndarray of shape (n,)
    step : float
        Distance of neighbouring values.
    """
    values, counts = np.unique(numbers, return_counts=True)
    if has_few_values(values, len(numbers)):
        return None
    if len(values) < _FEWEST_POINTS:
        return None
    is_usual = counts <= _most_usual(counts)
    spikes, values, counts = values[~is_usual], values[is_usual], counts[is_usual]
    steps = np.round((values - values[0]) / step)
    low, high = np.quantile(steps, [0.1, 0.9], weights=counts, method="inverted_cdf")
    for n_places in _SIZES:
        if n_places * _LEAST_REACH > high - low:
            continue
        rows = np.bincount((steps % n_places).astype(np.int64), counts, n_places)
        if not _LEAST_SHARE * rows.sum() <= rows.max() < rows.sum():
            continue
        origin = values[0] + step * rows.argmax()
        between = Between(float(origin), step, _shares(np.roll(rows, -rows.argmax())))
        return between if between.holds(spikes) else None
    return None


def _most_usual(counts):
    """How often values occur at most that are no spikes."""
    first = np.sort(counts)[::-1][: _MOST_SPIKES + 1]
    spikes = np.flatnonzero(first[:-1] > _SPIKE * first[1:])
    return first[spikes[-1] + 1] if len(spikes) else first[0]


def _shares(rows):
    """Probabilities of places, of which the first is that of points, and some others may have been
    in no row."""
    n, others = rows.sum(), rows[1:]
    is_new = others == 0
    rare = rare_share(np.count_nonzero(others == 1), others.sum()) if is_new.any() else 0.0
    of_others = np.where(
        is_new, rare / max(1, np.count_nonzero(is_new)), (1 - rare) * others / others.sum()
    )
    return np.append(rows[0], others.sum() * of_others) / n
