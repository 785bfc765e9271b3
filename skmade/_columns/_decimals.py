"""How finely numbers are written: their decimals, and what they are multiples of."""

import numpy as np

from skmade._columns._column import LARGEST_EXACT
from skmade._columns._lattice import precision

# So many values show, mostly, that a column is not rounded.
_FEW = 100
# What part of the numbers may have more decimals than draws, where they are on no lattice.
_FEW_OTHERS = 1 / 50
# Of so many numbers, multiples of one are none by chance.
_FEWEST_SPACED = 20


def decimals_of(numbers, atoms, dtype, has_others):
    """To how many decimals all numbers and atoms of a dtype are rounded, or nearly all numbers if
    it has others; None where these would be all the digits that it can hold."""
    few, n_others = numbers[:: len(numbers) // _FEW + 1], _FEW_OTHERS if has_others else 0.0
    size = float(max(abs(numbers).max(initial=0), abs(atoms).max(initial=0)))
    relative = precision(dtype) if np.dtype(dtype).kind == "f" else 1.0
    for n in range(16):
        if n > 0 and size * 10.0**n * relative > 1 / 4:
            break
        is_other = np.mean(_rounded(few, n, dtype) != few) > 1 / 4 if len(few) else False
        if is_other or not np.array_equal(_rounded(atoms, n, dtype), atoms):
            continue
        if not len(numbers) or np.mean(_rounded(numbers, n, dtype) != numbers) <= n_others:
            return n
    return None


def spacing_of(numbers, decimals):
    """What numbers are multiples of, if it is more than their last decimal, as parameters of a
    column; none of few numbers, which may be so by chance."""
    if decimals is None or len(numbers) < _FEWEST_SPACED:
        return {}
    first, unit = float(numbers.min()), 10.0**-decimals
    with np.errstate(over="ignore"):
        ticks = np.rint((numbers - first) / unit)
    if not ticks.max() <= LARGEST_EXACT:
        return {}
    spacing = float(np.gcd.reduce(ticks.astype(np.int64)) * unit)
    return {"spacing": spacing, "first": first} if spacing > 1.5 * unit else {}


def _rounded(values, n, dtype):
    return in_precision(np.round(values, n), dtype)


def in_precision(numbers, dtype):
    """Numbers as those of a dtype are, if it is one of floats."""
    return numbers.astype(dtype) if np.dtype(dtype).kind == "f" else numbers
