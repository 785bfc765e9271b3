"""Atoms: values that repeat more often than any smooth density could make them; and bounds.

A value is an atom if it occurs

- more than twice as often as its neighbourhood explains: the largest of the mean counts of cells
  at most 1, 2, 4 or 8 away, and of what the two counts on either side go on to geometrically (so
  that the first count of a steep distribution is none);
- so often that a Poisson number of that mean would be as large with a probability below 1e-4,
  divided by the number of distinct values;
- in at least 5 rows, and one in 500;
- and more often than one and a half times what its neighbourhood explains in each of two
  random halves of the rows by itself.

Cells are the points of a lattice if the column is on one, else the distinct values.

Other columns are atoms, and little else:

- those on no lattice that have few values, or hardly any new ones to come; and rough ones, of few
  values of which a twentieth (two at least; five will do) are atoms, or kinks in the logarithms of
  the counts: all values are atoms;
- those with holes, on a lattice, that have hardly any new values to come though most cells about
  values are empty, and whose rows are likelier by their values than by their neighbourhood: all
  values that repeat are atoms, if these are 300 at most;
- clumped ones, that have less than half as many distinct values as a density would have that is
  smooth over 32 neighbouring rows, on the lattice or at the least distance of the values: all
  values that repeat are atoms, if these are 300 at most.

Codes (see `skmade._columns._far`) are atoms, too; these rules are for what is near.
"""

import numpy as np
from scipy.stats import poisson

from skmade._columns._column import rare_share
from skmade._columns._far import FEWEST_ROWS, find_far
from skmade._columns._lattice import OFF_LATTICE

_WINDOWS = (1, 2, 4, 8)
_FACTOR, _FACTOR_OF_HALVES = 2.0, 1.5
_LEVEL = 1e-4
_LEAST_SHARE = 1 / 500
# Counts below this are too uncertain to be gone on with.
_FEWEST_TO_GO_ON = 10
# Columns have few values if these are not more than atoms may be, and occur in so many rows each in
# the mean; or, on no lattice, where no value would occur twice, in so many in the median.
_ROWS_PER_VALUE, _MEDIAN_ROWS = 20, 10
# Such a column is rough if a twentieth of them are atoms or kinks, from two to five at least.
_SHARE_OF_KINKS, _KINKS = 1 / 20, (2, 5)
# A kink is a fall of the slope of logarithms of counts by so much, and by so many deviations of it.
_LEAST_KINK, _DEVIATIONS_OF_KINK = np.log(4), 4.0
# So many wild values are atoms where all others are.
_FEW_WILD = 5
# So many atoms at most: those that occur most often.
_MOST_ATOMS = 300
# New values are rare if they have no larger share than this. Columns have holes if not more than
# this part of the cells about rows are taken, and rows are likelier by their values than by their
# neighbourhood by so many nats each.
_MOST_NEW, _MOST_TAKEN, _LEAST_GAIN = 0.02, 2 / 3, 0.1
# Neighbouring rows over which a density would be smooth.
_BLOCK = 32
# An end of a column is a bound if values near it are at most so many times as far apart as in
# the middle, and as those beside them.
_SPREAD_AT_BOUND, _SPREAD_BESIDE_BOUND = 3.0, 2.5
# So many values near an end tell, and no fewer.
_FEWEST_AT_BOUND = 15


def find_atoms(numbers, step, far=None):
    """Atoms of a column, in ascending order.

    Parameters
    ----------
    numbers : ndarray of shape (n,)
    step : float
        Distance of the points of its lattice; 0 for columns on none.
    far : tuple, optional
        What `find_far` says of the numbers, where that is known.
    """
    codes, is_near = far or find_far(numbers)
    near, wild = numbers[is_near], np.setdiff1d(numbers[~is_near], codes)
    atoms = _near_atoms(near, step)
    if len(wild) <= _FEW_WILD and not len(np.setdiff1d(near, atoms)):
        atoms = np.union1d(atoms, wild)  # (then all values are)
    return np.union1d(codes, atoms)


def _near_atoms(numbers, step):
    """Atoms of numbers none of which is far from the others."""
    values, counts = np.unique(numbers, return_counts=True)
    if counts.max() < FEWEST_ROWS or len(values) < 2:
        return values[:0]
    if step == 0 and len(values) <= _MOST_ATOMS:
        if np.median(counts) >= _MEDIAN_ROWS or _are_all(counts):
            return values
    is_atom = _stand_out(numbers, values, counts, step)
    if has_few_values(values, len(numbers)):
        n_rough = np.count_nonzero(is_atom | _is_kink(values, counts, step))
        if n_rough >= np.clip(_SHARE_OF_KINKS * len(values), *_KINKS):
            return values
    repeats = counts > 1
    if repeats.sum() <= _MOST_ATOMS:
        if _is_clumped(numbers, step or np.diff(values).min()) or (
            step > 0 and _are_all(counts) and _has_holes(values, counts, step)
        ):
            is_atom |= repeats
    often = np.sort(np.argsort(-counts[is_atom], kind="stable")[:_MOST_ATOMS])
    return values[is_atom][often]


def _stand_out(numbers, values, counts, step):
    """Which values are more frequent than their neighbourhood explains."""
    explained = _explained(values, counts, step)
    is_atom = (counts > _FACTOR * explained) & (counts >= _LEAST_SHARE * len(numbers))
    is_atom &= counts >= FEWEST_ROWS
    is_atom &= poisson.sf(counts - 1, explained) < _LEVEL / len(values)
    mixed = np.random.default_rng(0).permutation(numbers)  # (tables may hold rows by turns)
    for half in (mixed[::2], mixed[1::2]):
        own, own_counts = np.unique(half, return_counts=True)
        stands_out = own_counts > _FACTOR_OF_HALVES * _explained(own, own_counts, step)
        is_atom &= np.isin(values, own[stands_out])
    return is_atom


def _is_clumped(numbers, step):
    """Whether numbers take few of the values that they could."""
    ordered = np.sort(numbers)
    starts = np.arange(0, len(ordered) - _BLOCK + 1, _BLOCK)
    is_new = np.diff(ordered, prepend=-np.inf) > 0
    is_new[starts] = True
    n_cells = (ordered[starts + _BLOCK - 1] - ordered[starts]) / step + 1
    n_values = np.add.reduceat(is_new[: starts[-1] + _BLOCK], starts) if len(starts) else n_cells
    expected = -n_cells * np.expm1(_BLOCK * np.log1p(-1 / np.maximum(n_cells, 1.5)))
    wide = n_cells > 1.5  # (else all rows have one value)
    return wide.any() and n_values[wide].sum() < expected[wide].sum() / 2


def _are_all(counts):
    """Whether hardly any row to come has a new value: most values repeat, and few enough were seen
    once. The most frequent one does not count, as it may be a spike beside a few others."""
    n_once, n_others = np.count_nonzero(counts == 1), counts.sum() - counts.max()
    return np.median(counts) > 1 and rare_share(n_once, n_others) <= _MOST_NEW


def _has_holes(values, counts, step):
    """Whether most cells about values are empty, and rows are likelier by how often their values
    are there than by how many others are near, each left out."""
    n, cells = counts.sum(), _cells(values, step)
    rare, n_cells = rare_share(np.count_nonzero(counts == 1), n), cells[-1] + 1
    by_values = np.log((1 - rare) * (counts - 1) / n + rare / n_cells) @ counts
    before = np.concatenate([[0], np.cumsum(counts)])
    for reach in _WINDOWS:
        first = np.searchsorted(cells, cells - reach, "left")
        last = np.searchsorted(cells, cells + reach, "right")
        width = np.minimum(cells + reach, cells[-1]) - np.maximum(cells - reach, 0) + 1
        if (last - first) @ counts > _MOST_TAKEN * (width @ counts):
            return False
        near = (before[last] - before[first] - 1) / width
        by_near = np.log((1 - rare) * near / n + rare / n_cells) @ counts
        if by_near > by_values - _LEAST_GAIN * n:
            return False
    return True


def has_few_values(values, n_rows):
    """Whether a column of so many rows has few distinct values."""
    return len(values) <= min(_MOST_ATOMS, n_rows / _ROWS_PER_VALUE)


def _is_kink(values, counts, step):
    """Where the logarithms of the counts have an edge or a peak."""
    cells = _cells(values, step)
    before, after = (_count_at(cells + way, cells, counts) for way in (-1, 1))
    three = np.stack([before, counts, after])
    three = np.maximum(three, 0.5)
    logs, deviation = np.log(three), np.sqrt([1, 4, 1] @ (1 / three))
    kink = 2 * logs[1] - logs[0] - logs[2]
    inside = (cells > 0) & (cells < cells[-1])
    return inside & (kink > np.maximum(_LEAST_KINK, _DEVIATIONS_OF_KINK * deviation))


def _cells(values, step):
    if step > 0:
        return np.rint((values - values[0]) / step).astype(np.int64)
    return np.arange(len(values))


def _explained(values, counts, step):
    """How often each value would occur by what its neighbourhood says, once at least."""
    cells = _cells(values, step)
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


def find_bounds(numbers, atoms, step, zero=0.0, warp=None):
    """The bounds that a column shows, or None for each end, and whether one of them is sharp.

    An end is sharp if it is an atom, or if values do not thin out towards it: it, or `zero` if
    that is next to it, is a bound. And nothing that never changes its sign does so. In place of
    `zero`, a lattice of a `step` has the first of its points from there on.

    Parameters
    ----------
    numbers : ndarray of shape (n,)
    atoms : ndarray of shape (n_atoms,)
    step : float
        See `find_atoms`.
    zero : float
        Where numbers change their sign, if they are counted from elsewhere.
    warp : Warp, optional
        The map through which the column is seen: values thin out, or not, where it leads.
    """
    seen, seen_zero = numbers, zero
    if warp is not None:
        seen, seen_zero = warp(numbers[~np.isin(numbers, atoms)]), warp(zero)
    low, low_is_sharp = _lower_bound(numbers, atoms, step, zero, seen, seen_zero)
    high, high_is_sharp = _lower_bound(-numbers, -atoms, step, -zero, -seen, -seen_zero)
    return (low, None if high is None else -high), low_is_sharp or high_is_sharp


def _lower_bound(numbers, atoms, step, zero, seen, seen_zero):
    """The lower bound of values, and whether it is sharp."""
    low, seen = float(numbers.min()), np.sort(seen)
    n, first = len(seen), _first_of_lattice(low, step, zero)
    if low in atoms:
        return low, True
    reach = int(np.sqrt(n))
    if reach >= _FEWEST_AT_BOUND:
        quarter = seen[3 * n // 4] - seen[n // 4]
        near = (seen[reach] - seen[0]) / reach
        # (quarters tell little where there are groups, far from each other)
        beside = min((seen[k * reach] - seen[reach] + step) / (k - 1) for k in (2, 4)) / reach
        if near <= min(_SPREAD_AT_BOUND * quarter / (n / 2), _SPREAD_BESIDE_BOUND * beside):
            return (first if 0 <= seen[0] - seen_zero <= near else low), True
    return (first if low >= zero else None), False


def _first_of_lattice(value, step, zero):
    """The first point from `zero` on of the lattice that a value is on; `zero` if it is on none."""
    above = value - zero - step * np.floor((value - zero) / step) if step > 0 else 0.0
    is_zero = min(above, step - above) < OFF_LATTICE * step
    return float(zero if is_zero or step == 0 else zero + above)
