"""Lattices, on which rounded numbers lie; and numbers that differ by the rounding of floats alone.

Sums of decimals are two numbers where they should be one, as .3 and .1 + .2 are.
"""

import numpy as np

#: What of a step the points of a lattice may be off.
OFF_LATTICE = 1e-3
# Steps of lattices that are tried, besides the least distance of the values, and most of them.
_DECIMAL_STEPS, _MOST_CELLS = 10.0 ** -np.arange(7), 1e7
# Values that differ by so many units in the last place of themselves are one; on a lattice also
# those that differ by so many of a number that is larger than a quarter of all, as differences do.
_ULPS, _ULPS_OF_SUMS = 4, 64
# So many such values at most are one, and others are so many times as far apart.
_ALIKE, _APART = 16, 1000
#: Whole numbers never differ by rounding.
_LEAST_OF_WHOLE = 1 / 4
#: Doubles that differ by less than this part of themselves do so by rounding.
ROUNDING_OF_DOUBLES = (_ULPS + 1) * np.finfo(float).eps


def lattice_step(column, dtype="float64"):
    """Distance of neighbouring values, if a column has ties and lies on a lattice; else 0."""
    values = np.unique(column)
    if len(values) < 2 or len(values) == len(column):
        return 0.0
    with np.errstate(over="ignore", invalid="ignore"):  # (a wild value is on no lattice)
        extent, rounding = values[-1] - values[0], _ULPS * precision(dtype) * abs(values).max()
        for step in (np.diff(values).min(), *_DECIMAL_STEPS):
            n_cells = np.round(extent / step)
            off = n_cells * rounding / step  # (the least distance is as exact as values are)
            off = OFF_LATTICE + (off if off <= 1 / 4 else 0)
            if not 1 <= n_cells < _MOST_CELLS or abs(extent / step - n_cells) > off:
                continue
            place = (values - values[0]) / extent * n_cells
            cell = np.round(place)
            is_near = np.all(np.abs(place - cell) < OFF_LATTICE)
            if is_near and np.all(np.diff(cell) > 0):  # (no two values in one cell)
                return float(extent / n_cells)
    return 0.0


def without_rounding(numbers, dtype):
    """Numbers of a dtype, of which those that differ by rounding alone are the most frequent one of
    them; and the step of the lattice that they are on, or 0."""
    step = lattice_step(numbers, dtype)
    if step or np.dtype(dtype).kind != "f":
        return numbers, step
    values, counts = np.unique(numbers, return_counts=True)
    size, others = abs(values), abs(numbers[numbers != 0])
    of_values = _ULPS * precision(dtype) * np.maximum(size[1:], size[:-1])
    of_sums = _ULPS_OF_SUMS * precision(dtype) * (np.quantile(others, 0.25) if len(others) else 0)
    for tolerance in (np.maximum(of_values, of_sums), of_values):
        merged = _merged(numbers, values, counts, np.minimum(tolerance, _LEAST_OF_WHOLE))
        step = 0.0 if merged is numbers else lattice_step(merged, dtype)
        if step:
            return merged, step
    # (beside a lattice, short floats have nothing that knows them to be one: see `rounding_of`)
    return numbers if _is_short(dtype) else merged, 0.0


def _merged(numbers, values, counts, tolerance):
    """Numbers, of which the most frequent stands for its neighbours, if these are within tolerances
    of each other that all others are far beyond; else the numbers themselves."""
    with np.errstate(over="ignore"):
        apart = np.diff(values)
    is_same = apart <= tolerance
    if is_same.all() or not is_same.any():
        return numbers
    groups = np.concatenate([[0], np.cumsum(~is_same)])
    is_clear = np.all(apart[~is_same] >= _APART * tolerance[~is_same])
    if not is_clear or np.bincount(groups).max() > _ALIKE:
        return numbers
    by_count = np.lexsort((-counts, groups))
    _, first = np.unique(groups[by_count], return_index=True)
    return values[by_count[first]][groups][np.searchsorted(values, numbers)]


def rounding_of(values, step, dtype):
    """Within what of each value of a column numbers differ from it by rounding alone: a part of the
    step of its lattice; without one, of doubles."""
    tolerance = np.full(len(values), OFF_LATTICE * step)
    if not step and not _is_short(dtype):
        tolerance = ROUNDING_OF_DOUBLES * abs(values)
    return np.minimum(tolerance, _LEAST_OF_WHOLE)


def in_short_floats(numbers, dtype):
    """Numbers as a column of a dtype has them, where that is one of floats shorter than doubles.

    But for whole numbers: those of doubles are told apart, as far as doubles can.
    """
    if not _is_short(dtype):
        return numbers
    with np.errstate(over="ignore"):
        rounded = numbers.astype(dtype).astype(numbers.dtype)
    is_whole = (numbers == np.round(numbers)) & (abs(numbers) < 1 / np.finfo(float).eps)
    return np.where(is_whole, numbers, rounded)


def nearest_place(values, numbers):
    """The place of the nearest of some values, in ascending order, for each number."""
    return np.searchsorted(values[1:] / 2 + values[:-1] / 2, numbers)


def on_lattice(values, origin, step):
    """The nearest points of a lattice."""
    return origin + step * np.round((values - origin) / step)


def precision(dtype):
    """Of floats of a dtype; of other numbers that of the floats that they become."""
    return float(np.finfo(dtype if np.dtype(dtype).kind == "f" else float).eps)


def _is_short(dtype):
    """Whether a dtype is one of floats that are shorter than doubles."""
    return np.dtype(dtype).kind == "f" and np.dtype(dtype).itemsize < 8
