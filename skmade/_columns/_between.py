"""Lattices that most values of a column are on, and others between its points.

Ages are whole years but for a few halves, and months of children; heights whole inches, grades
tenths. By the distance of neighbouring values such a column is on a lattice of hundredths, of which
few points are taken: each year would be an atom, as frequent as it happened to be in a few rows.
Instead, with r what a value is above the next lower year, in hundredths, its probability is

    p(x) = P(x - 1/2 < X < x + 1/2) q(r),    sum of q(r) over the r of a year = 1

where X is of the column's family, and q(r) the share of the rows that are r above a year. Of those
between years, what no row was has what Good and Turing's estimate gives it. (The sum of p over the
lattice of hundredths is 1, whatever X is.)

That supposes that no other column says where between points a value is; `tells_between` looks.

A coarser lattice counts if four fifths of the rows are on it, and if rows are likelier by how many
others are near, and where these are above points, than by how often their values are there; or if
most rows are no atoms of the finer one, which alone would have all its points alike.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import binom, poisson

from skmade._columns._atoms import has_few_values
from skmade._columns._column import rare_share
from skmade._columns._far import FEWEST_ROWS
from skmade._columns._lattice import on_lattice

#: Numbers so many steps away are taken for points.
MOST_STEPS = 2.0**40
# So many places are a cell.
_SIZES = (1000, 500, 250, 200, 125, 100, 60, 50, 25, 20, 12, 10, 8, 5, 4, 2)
# What part of the rows is on the lattice, at least; over how many of its cells the middle nine
# tenths of the rows reach; how many points are taken, where they explain rows better than atoms.
_LEAST_SHARE, _LEAST_REACH, _FEWEST_POINTS = 0.8, 5, 12
# So few rows are on a lattice by chance; and so many on one where this is likelier than the level
# below.
_FEWEST_ROWS = 30
# So many spikes at most, values so many times as frequent as all others, tell nothing of a lattice.
_MOST_SPIKES, _SPIKE = 3, 3.0
# A value between points stands out if it occurs so many times as often as is explained, and a
# Poisson number would with a probability below this, divided by the number of values.
_FACTOR, _LEVEL = 2.0, 1e-4
# Neighbours in the order of another column are as near as in a copy of it if they are so many times
# as far apart as evenly spread numbers are; so many rows tell.
_APART_IN_COPIES, _FEWEST_IN_ORDER = 4.0, 30
# Another column tells which numbers are between points if its groups, values or so many blocks of
# rows, differ by so many deviations, and by so many nats of a row.
_BLOCKS, _CLEAR, _LEAST_TOLD = 16, 8.0, 0.02
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
        return np.log(len(self.shares) * self.shares)[self.places(numbers)]

    def places(self, numbers):
        """How many steps numbers are above points."""
        with np.errstate(over="ignore"):
            steps = np.round((numbers.astype(np.float64) - self.origin) / self.fine)
        steps[~(abs(steps) < MOST_STEPS)] = 0.0  # (nor are missing cells anywhere)
        return (steps % len(self.shares)).astype(np.int64)

    def beside(self, atom, numbers, weights):
        """How often a draw in the cell of an atom is between points, from the numbers of rows."""
        above, near = self.places(numbers) / len(self.shares), self.fine / 2
        point = numbers - self.step * above
        part = np.where(abs(point - atom) < near, 1 - above, 0.0)
        part += np.where(abs(point + self.step - atom) < near, above, 0.0)
        part, is_atom = weights * part, abs(numbers - atom) < near
        between = part[~is_atom].sum()
        return float(between / (between + weights[is_atom].sum()))

    def of_rows(self, numbers, weights):
        """The same with the shares of some numbers, whose rows have weights."""
        places, n_places = self.places(numbers), len(self.shares)
        rows, weights = (np.bincount(places, own, n_places) for own in (None, weights))
        return replace(self, shares=_shares(rows, weights))

    def draw(self, points, is_between, rng):
        """Values whose cells, about themselves, hold draws that were anywhere in those of points of
        the lattice; some are known to be between these."""
        n_places, of_others = len(self.shares), self.shares[1:] / self.shares[1:].sum()
        above = rng.choice(n_places, size=len(points), p=self.shares)
        others = rng.choice(np.arange(1, n_places), size=len(points), p=of_others)
        above = np.where(is_between, others, above)
        is_below = rng.random(len(points)) < above / n_places
        return points + self.fine * (above - n_places * is_below)

    def explains(self, numbers, atoms):
        """Whether enough points are taken, and numbers that are no atoms are likelier by how many
        others are near and where these are above points, than by how often their values are there,
        each left out.
        """
        numbers = numbers[~np.isin(self.points(numbers), atoms)]
        values, counts = np.unique(numbers, return_counts=True)
        n_places, n, above = len(self.shares), len(numbers), self.places(values)
        steps = np.round((values - self.origin) / self.fine)
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

    def stands_out(self, numbers, atoms):
        """Whether a number between points is more frequent than the next points that are no atoms,
        and its place, explain."""
        values, counts = np.unique(numbers, return_counts=True)
        above = self.places(values)
        is_usual = (above == 0) & ~np.isin(values, atoms)
        points, of_points = values[is_usual], counts[is_usual]
        place = np.searchsorted(points, values).clip(1, len(points) - 1)
        near = np.sqrt(of_points[place - 1] * of_points[place])  # (one of them may be a spike)
        expected = np.maximum(near * self.shares[above] / self.shares[0], 1.0)
        often = (above > 0) & (counts >= FEWEST_ROWS) & (counts > _FACTOR * expected)
        return bool(np.any(often & (poisson.sf(counts - 1, expected) < _LEVEL / len(values))))


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
    if len(numbers) < _FEWEST_ROWS or has_few_values(values, len(numbers)):
        return None
    is_usual = counts <= _most_usual(counts)
    spikes, values, counts = values[~is_usual], values[is_usual], counts[is_usual]
    steps = np.round((values - values[0]) / step)
    low, high = np.quantile(steps, [0.05, 0.95], weights=counts, method="inverted_cdf")
    for n_places in _SIZES:
        if n_places * _LEAST_REACH > high - low:
            continue
        rows = np.bincount((steps % n_places).astype(np.int64), counts, n_places)
        n, n_on = rows.sum(), rows.max()
        if not _LEAST_SHARE * n <= n_on < n or binom.sf(n_on - 1, n, 1 / n_places) > _LEVEL:
            continue
        origin = values[0] + step * rows.argmax()
        of_places = np.roll(rows, -rows.argmax())
        between = Between(float(origin), step, _shares(of_places, of_places))
        return between if between.holds(spikes) else None
    return None


def in_order(cells):
    """The rows of a column in its order, those that do not know it last; how many know it; and in
    which block, and at which of its values, each is: two ways to tell rows that are alike.

    Returns
    -------
    order : ndarray of int of shape (n,)
    n_known : int
    groups : list of ndarray of int of shape (n,)
    """
    order, n_known = np.argsort(cells, kind="stable"), np.count_nonzero(~np.isnan(cells))
    is_new = np.diff(cells[order], prepend=np.nan) != 0
    is_new[n_known + 1 :] = False  # (to lack a cell is one value)
    block = np.minimum(np.arange(len(order)) * _BLOCKS // max(1, n_known), _BLOCKS)
    return order, n_known, [np.cumsum(is_new) - 1, block]


def tells_between(numbers, between, order, n_known, groups):
    """Whether another column, of which `in_order` says the rest, tells more about numbers than
    their cells, or which of them are between points.

    That is so if numbers of rows that follow each other in its order are nearly one, or if in
    groups of its rows there are more or fewer between points than chance explains.
    """
    ordered = numbers[order]
    known, both = ~np.isnan(ordered), ordered[:n_known][~np.isnan(ordered[:n_known])]
    if len(both) >= _FEWEST_IN_ORDER:
        apart, evenly = abs(np.diff(both)).mean(), np.ptp(both) / len(both)
        if apart < max(between.step, _APART_IN_COPIES * evenly):
            return True
    is_between = between.places(ordered[known]) > 0
    return any(_depends(is_between, group[known]) for group in groups)


def _depends(is_between, group):
    """Whether numbers are between points more often in some groups than in others: by Pearson's
    chi-squared statistic, if it is clear and says enough of a row."""
    share, n = is_between.mean(), len(group)
    if not 0 < share < 1:
        return False
    sizes = np.bincount(group)
    observed, sizes = np.bincount(group, is_between)[sizes > 0], sizes[sizes > 0]
    variances = sizes * share * (1 - share)
    more = np.sum((observed - sizes * share) ** 2 / variances) - (len(sizes) - 1)
    spread = np.sqrt(np.sum(2 + np.maximum(1 / variances - 6 / sizes, 0)))
    return more > _CLEAR * spread and more > 2 * _LEAST_TOLD * n


def _most_usual(counts):
    """How often values occur at most that are no spikes."""
    first = np.sort(counts)[::-1][: _MOST_SPIKES + 1]
    spikes = np.flatnonzero(first[:-1] > _SPIKE * first[1:])
    return first[spikes[-1] + 1] if len(spikes) else first[0]


def _shares(rows, weights):
    """Probabilities of places, from numbers of rows and their weights: the first is that of points,
    and some others may be in no row."""
    is_new, total = rows[1:] == 0, weights.sum()
    n_once, n_others = np.count_nonzero(rows[1:] == 1), rows[1:].sum()
    rare = rare_share(n_once, n_others) if is_new.any() else 0.0
    of_new = rare / max(1, np.count_nonzero(is_new))
    others = weights[1:].sum()
    of_others = np.where(is_new, of_new, (1 - rare) * weights[1:] / (others or 1.0))
    if not others:  # (all that are no atoms are points)
        others, total = 0.5, total + 0.5
    return np.append(weights[0], others * of_others / of_others.sum()) / total
