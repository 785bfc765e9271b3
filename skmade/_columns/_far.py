"""What is far from all other numbers of a column: codes, and wild cells.

Numbers are far that are beyond a gap of more than four times the range of the middle nine tenths of
all others; of more than 40 / n times it where these are n values, fewer than ten. (Where the middle
is one value, as 0 often is, the range is that of it and the middle nine tenths of what is left.)

Of these, values that occur in at least 5 rows are codes, such as -9999 for what was not measured,
if there are at most five of them at either end. Others are wild; so is no more than one row in 50
at either end, else they are a part of the column.
"""

from itertools import product

import numpy as np

#: So many rows make a value one that repeats.
FEWEST_ROWS = 5
#: What is far, besides codes, is at most this part of the rows.
MOST_WILD = 1 / 50
_MOST_CODES, _FEWEST_NEAR = 5, 20
# How many ranges wide a gap is, beside so many values, and how many are tried at either end.
_RANGES, _FEW_VALUES, _MOST_GAPS = 4.0, 10, 12


def find_far(numbers, weights=None):
    """Codes, in ascending order, and which numbers are not far from the others; rows count by their
    weights, of mean one.

    Of several ways to cut off what is far, the one is taken that finds the most codes, and of
    these the one that leaves the fewest rows.
    """
    column = _Counted(numbers, np.ones(len(numbers)) if weights is None else weights)
    with np.errstate(over="ignore"):
        low, high = max(
            column.ways_to_cut(), key=lambda ends: (column.n_codes(*ends), -column.n_rows(*ends))
        )
    is_near = (numbers >= column.values[low]) & (numbers <= column.values[high - 1])
    return column.codes(low, high), is_near


class _Counted:
    """The distinct values of a column, in how many rows each is, and the weights of these.

    Values in two rows repeat, too, if these have the weights of five. `rows`, `repeats` and
    `rows_of_repeats` are what is there before each of them: rows, values that repeat, and rows that
    hold these. Values are named by their places, `low` up to `high`.
    """

    def __init__(self, numbers, weights):
        self.values, places, counts = np.unique(numbers, return_inverse=True, return_counts=True)
        self.weights = np.bincount(places, weights)
        is_heavy = (counts >= 2) & (self.weights >= FEWEST_ROWS)
        self.is_repeat = (counts >= FEWEST_ROWS) | is_heavy
        self.rows, self.repeats, self.rows_of_repeats = (
            np.concatenate([[0], np.cumsum(x)])
            for x in (self.weights, self.is_repeat, self.weights * self.is_repeat)
        )

    def ways_to_cut(self):
        """Pairs of places between which values are near; the first has all of them."""
        n, gaps = len(self.values), np.diff(self.values)
        cuts = np.arange(1, n)
        lows = [0, *_widest(cuts[self._may_be_far(0, cuts)], gaps)]
        highs = [*_widest(cuts[self._may_be_far(cuts, n)], gaps), n]
        yield 0, n
        inner, widest = (lows[-1], highs[0]), gaps.max(initial=0)
        # (no gap is wide enough where the widest is not for about the least that could be left)
        if inner[0] >= inner[1] or widest > _RANGES / 2 * self._range(*inner):
            yield from (ends for ends in product(lows, highs) if self._is_cut_off(*ends))

    def n_rows(self, low, high):
        """How many rows hold some values."""
        return self.rows[high] - self.rows[low]

    def n_codes(self, low, high):
        """How many of the other values repeat."""
        return self.repeats[low] + self.repeats[-1] - self.repeats[high]

    def codes(self, low, high):
        """Which these are."""
        is_far = np.ones(len(self.values), bool)
        is_far[low:high] = False
        return self.values[is_far & self.is_repeat]

    def _may_be_far(self, low, high):
        """Whether values at an end are few codes, and few rows besides."""
        n_codes = self.repeats[high] - self.repeats[low]
        of_codes = self.rows_of_repeats[high] - self.rows_of_repeats[low]
        n_wild = self.n_rows(low, high) - of_codes
        return (n_codes <= _MOST_CODES) & (n_wild <= max(1, MOST_WILD * self.rows[-1]))

    def _is_cut_off(self, low, high):
        """Whether gaps beside some values are wide, and there are more of these than of codes."""
        if high - low <= self.n_codes(low, high) or self.n_rows(low, high) < _FEWEST_NEAR:
            return False
        values = self.values
        gaps = [values[cut] - values[cut - 1] for cut in (low, high) if 0 < cut < len(values)]
        least = _RANGES * max(1.0, _FEW_VALUES / (high - low)) * self._range(low, high)
        return bool(gaps) and min(gaps) > least > 0

    def _range(self, low, high):
        """That of the middle nine tenths of the rows that hold some values."""
        values = self.values[low:high]
        first, last = values[_middle(self.rows[low : high + 1])]
        if first == last and len(values) > 1:
            place = np.searchsorted(values, first)
            others, weights = (np.delete(x, place) for x in (values, self.weights[low:high]))
            ends = others[_middle(np.concatenate([[0], np.cumsum(weights)]))]
            first, last = min(first, ends[0]), max(last, ends[1])
        return last - first


def _widest(cuts, gaps):
    """Those at which gaps are widest, in order."""
    return np.sort(cuts[np.argsort(gaps[cuts - 1])[-_MOST_GAPS:]])


def _middle(rows):
    """The first and the last place of the middle nine tenths of rows, of which there are so many
    before each place."""
    outside = (rows[-1] - rows[0]) / 20
    first = np.searchsorted(rows, rows[0] + outside, side="right") - 1
    return [first, max(first, np.searchsorted(rows, rows[-1] - outside, side="left") - 1)]
