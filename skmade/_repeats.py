"""Rows that repeat others: what they lack is found in the other row.

Tables often hold a row more than once: it was measured again, or entered twice. Networks, which
are smooth, make little of that. Here a row comes from them, or, with the probability `share`, it is
a copy of another row of the table, whichever. Cells that both rows know are then equal, and those
that only the copy knows are distributed as in their columns. The share is the one under which
training rows are likeliest, each as a copy of others than itself. What a row is a copy of is drawn
given its known cells.

Densities count as the probabilities of cells as wide as the resolution of their column, and all
logarithms are those of ratios to the probability that columns have by themselves.
"""

import numpy as np
from scipy.special import logsumexp

from skmade._columns._column import rare_share
from skmade._combination import learn_weights
from skmade._particles import LOWEST, index_by_weight

# Rows that others may be copies of, and rows that the share is learnt from, at most.
_MOST_DONORS, _MOST_JUDGED = 10_000, 2_000
# Fewer copies than this are left to the networks.
_LEAST_SHARE = 0.01
# Pairs of rows that are compared at a time: bounds the memory.
_PAIRS = 2**22


class Repeats:
    """Rows that others may be copies of.

    Parameters
    ----------
    columns : Columns
    dtype : dtype
        Of the networks.
    numbers : ndarray of shape (n_donors, n_features)
        The rows in the columns' own units, codes for labels; NaN where cells are missing.
    share : float
        Probability that a row is a copy of one of them.
    """

    def __init__(self, columns, dtype, numbers, share):
        self.numbers, self.share = numbers, share
        self.donors = np.empty(numbers.shape, dtype)
        columns.encode(numbers, self.donors)
        self._known = (~np.isnan(numbers)).astype(np.float32)
        self._marginals = [_Marginal(*pair) for pair in zip(columns.columns, self.donors.T)]

    @classmethod
    def learn(cls, columns, dtype, numbers, score):
        """Those of training rows, given as numbers; None where hardly any row repeats another.

        `score` returns log-densities of encoded rows.
        """
        numbers = numbers[np.random.default_rng(0).permutation(len(numbers))[:_MOST_DONORS]]
        repeats, n_others, logs = cls(columns, dtype, numbers, 0.5), max(1, len(numbers) - 1), []
        judged = repeats.donors[:_MOST_JUDGED]
        for rows, log_copies, log_networks in repeats._compare(judged, score):
            own = np.arange(rows.stop - rows.start)
            log_copies[own, own + rows.start] = -np.inf
            log_mean = logsumexp(log_copies, axis=1) - np.log(n_others)
            logs.append([np.fmax(log_mean, LOWEST), log_networks])
        logs = np.concatenate(logs, axis=1)
        share = float(learn_weights(logs, np.ones(logs.shape[1]))[0][0])
        share *= len(judged) / (len(judged) + 1)  # (even if all repeat, the next row need not)
        return cls(columns, dtype, numbers, share) if share >= _LEAST_SHARE else None

    def draw(self, table, n_draws, score, rng):
        """Which row each row is a copy of, given its known cells, so many times.

        Parameters
        ----------
        table : ndarray of shape (n, n_features)
            Encoded; NaN where cells are missing.
        n_draws : int
        score : callable
        rng : numpy.random.Generator

        Returns
        -------
        ndarray of int of shape (n_draws, n)
            -1 for what comes from the networks, as copies of rows do that lack the same cells (and
            of the row itself, where it is among the donors).
        """
        chosen, lacks = np.full((n_draws, len(table)), -1), np.isnan(table).astype(np.float32)
        for rows, log_copies, log_networks in self._compare(table, score):
            log_copies[lacks[rows] @ self._known.T == 0] = -np.inf
            may_be_copy = log_copies.max(axis=1) > -np.inf
            logs = np.column_stack([log_copies, log_networks])[may_be_copy]
            logs[:, :-1] += np.log(self.share / len(self.donors))
            logs[:, -1] += np.log1p(-self.share)
            cumulated = np.cumsum(np.exp(logs - logs.max(axis=1, keepdims=True)), axis=1)
            for own in chosen[:, rows]:
                index = index_by_weight(cumulated, rng)
                own[may_be_copy] = np.where(index == len(self.donors), -1, index)
        return chosen

    def _compare(self, table, score):
        """Parts of a table: log-probabilities of known cells as copies of each donor, and under the
        networks."""
        marginals = [own.logs(cells) for own, cells in zip(self._marginals, table.T)]
        log_columns, log_widths = np.stack(marginals, axis=2)
        log_networks = np.fmax(score(table), LOWEST) + (log_widths - log_columns).sum(axis=1)
        at_a_time = max(1, _PAIRS // len(self.donors))
        for begin in range(0, len(table), at_a_time):
            rows = slice(begin, min(begin + at_a_time, len(table)))
            log_copies = -log_columns[rows] @ self._known.T
            log_copies[self._are_apart(table[rows])] = -np.inf
            yield rows, log_copies, log_networks[rows]

    def _are_apart(self, table):
        """Which rows differ from which donors in a cell that both know: (n, n_donors)."""
        are_apart = np.zeros((len(table), len(self.donors)), bool)
        for cells, others in zip(table.T, self.donors.T):
            are_apart |= cells[:, None] < others  # (never of NaN)
            are_apart |= cells[:, None] > others
            if are_apart.all():
                break
        return are_apart


class _Marginal:
    """Probabilities of values of one column: others that have a value speak for it.

    Parameters
    ----------
    column : Column
    cells : ndarray of shape (n,)
        Encoded.
    """

    def __init__(self, column, cells):
        known = cells[~np.isnan(cells)]
        if not len(known):  # (of 10,000 rows none may know a cell: any value will do)
            known = np.zeros(1, cells.dtype)
        self.values, counts = np.unique(known, return_counts=True)
        self.width = _resolution(column, self.values)
        span = np.ptp(self.values.astype(float)) + self.width
        rare = rare_share(np.count_nonzero(counts == 1), len(known)) * self.width / span
        self.log_rare, self.log_values = np.log(rare), np.log((counts - 1) / len(known) + rare)
        self.has_density, self.points = column.has_density, []
        self.center, self.scale = column.center, column.scale
        self.between = column.between
        if column.has_density and column.has_points:
            self.points = column.standardised(np.array(column.atoms)).astype(cells.dtype)

    def logs(self, cells):
        """Log-probability of each cell, and what makes one of its density; 0 where missing.

        Returns
        -------
        ndarray of shape (2, n)
        """
        place = np.searchsorted(self.values, cells).clip(max=len(self.values) - 1)
        log_own = np.where(self.values[place] == cells, self.log_values[place], self.log_rare)
        is_dense = self.has_density & ~np.isin(cells, self.points)
        logs = np.stack([log_own, np.where(is_dense, np.log(self.width), 0.0)])
        if self.between is not None:
            logs[1] += self.between.log_weights(self.center + self.scale * cells.astype(float))
        return np.where(np.isnan(cells), 0.0, logs)


def _resolution(column, values):
    """How far apart values of a column are at least, as the networks see them."""
    if not column.may_have_atoms or len(values) < 2:
        return 1.0
    step = column.fine or column.step
    return float(step / column.scale or np.diff(values.astype(float)).min())
