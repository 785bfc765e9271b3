"""Atoms: values that repeat more often than any smooth density could make them; and bounds.

A value is an atom if it occurs

- more than twice as often as its neighbourhood explains: the largest of the mean counts of cells
  at most 1, 2, 4 or 8 away, and of what the two counts on either side go on to geometrically (so
  that the first count of a steep distribution is none);
- so often that a Poisson number of that mean would be as large with a probability below 1e-4,
  divided by the number of distinct values;
- in at least 5 rows, and one in 500;
- and more often than one and a half times what its neighbourhood explains in each half of the
  rows by itself.

Cells are the points of a lattice if the column is on one, else the distinct values. Where a
column has atoms, and few values that occur often, all of these are atoms.
"""

import numpy as np
from scipy.stats import poisson

_WINDOWS = (1, 2, 4, 8)
_FACTOR, _FACTOR_OF_HALVES = 2.0, 1.5
_LEVEL = 1e-4
_FEWEST_ROWS, _LEAST_SHARE = 5, 1 / 500
# Counts below this are too uncertain to be gone on with.
_FEWEST_TO_GO_ON = 10
# Columns with at most so many values, of which each occurs in so many rows in the mean, have few.
_FEW_VALUES, _ROWS_PER_VALUE = 128, 20
# So many atoms at most: those that occur most often.
_MOST_ATOMS = 128
# An end of a column is a bound if values near it are at most so many times as far apart as in
# the middle.
_SPREAD_AT_BOUND = 3.0


def find_atoms(numbers, step):
    """Atoms of a column, in ascending order.

    Parameters
    ----------
    numbers : ndarray of shape (n,)
    step : float
        Distance of the points of its lattice; 0 for columns on none.
    """
    values, counts = np.unique(numbers, return_counts=True)
    if counts.max() < _FEWEST_ROWS or len(values) < 2:
        return values[:0]
    is_atom = _stands_out(values, counts, step, _FACTOR)
    is_atom &= poisson.sf(counts - 1, _explained(values, counts, step)) < _LEVEL / len(values)
    is_atom &= counts >= max(_FEWEST_ROWS, _LEAST_SHARE * len(numbers))
    for half in (numbers[::2], numbers[1::2]):
        own, own_counts = np.unique(half, return_counts=True)
        found = own[_stands_out(own, own_counts, step, _FACTOR_OF_HALVES)]
        is_atom &= np.isin(values, found)
    if is_atom.any() and has_few_values(values, len(numbers)):
        is_atom |= counts >= _FEWEST_ROWS
    often = np.sort(np.argsort(-counts[is_atom], kind="stable")[:_MOST_ATOMS])
    return values[is_atom][often]


def has_few_values(values, n_rows):
    """Whether a column of so many rows has few distinct values."""
    return len(values) <= min(_FEW_VALUES, n_rows / _ROWS_PER_VALUE)


def _stands_out(values, counts, step, factor):
    return counts > factor * _explained(values, counts, step)


def _explained(values, counts, step):
    """How often each value would occur by what its neighbourhood says, once at least."""
    cells = np.arange(len(values))
    if step > 0:
        cells = np.rint((values - values[0]) / step).astype(np.int64)
    before = np.concatenate([[0], np.cumsum(counts)])
    most = np.ones(len(values))
    for reach in _WINDOWS:
        first = np.searchsorted(cells, cells - reach, "left")
        last = np.searchsorted(cells, cells + reach, "right")
        n_cells = np.minimum(cells + reach, cells[-1]) - np.maximum(cells - reach, 0)
        near = before[last] - before[first] - counts
        most = np.maximum(most, near / np.maximum(n_cells, 1))
    for way in (1, -1):
        near, far = (_count_at(cells + way * k, cells, counts) for k in (1, 2))
        goes_on = np.where(far >= _FEWEST_TO_GO_ON, near**2 / np.maximum(far, 1), 0)
        most = np.maximum(most, goes_on)
    return most


def _count_at(wanted, cells, counts):
    """Counts of some cells, 0 of those that nobody is in."""
    place = np.minimum(np.searchsorted(cells, wanted), len(cells) - 1)
    return np.where(cells[place] == wanted, counts[place], 0).astype(float)


def find_bounds(numbers, atoms):
    """The bounds that a column shows, or None for each end: of values that are no atoms, too.

    An end is a bound if it is an atom, or if values do not thin out towards it; and nothing
    that is never negative becomes so.
    """
    ordered = np.sort(numbers)
    low, high = ordered[0], ordered[-1]
    has_low = low in atoms or _ends_at_once(ordered)
    has_high = high in atoms or _ends_at_once(-ordered[::-1])
    lowest = float(low) if has_low else (0.0 if low >= 0 else None)
    return lowest, float(high) if has_high else (0.0 if high <= 0 else None)


def _ends_at_once(ordered):
    """Whether the lower end of sorted values is a sharp one."""
    n = len(ordered)
    reach = int(np.sqrt(n))
    if reach < 5:
        return False
    quarter = ordered[3 * n // 4] - ordered[n // 4]
    return (ordered[reach] - ordered[0]) / reach <= _SPREAD_AT_BOUND * quarter / (n / 2)
