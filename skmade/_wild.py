"""Cells so far from all others of their column that training would look at little else.

They are drawn in for training, and rows that hold one do not judge it. In a column where more than
one row in 50 has such cells, they are a part of it, and stay.
"""

from dataclasses import replace

import numpy as np

from skmade._columns._far import MOST_WILD
from skmade._sparse import SparseRows


def find_limits(columns, training, limit):
    """How far from the center of each column, in deviations, cells are wild: `limit`, or infinity
    where they are a part of it."""
    limits = np.full(len(columns.columns), float(limit))
    if limit < np.inf:
        for j, is_far in columns.far_cells(training.table, limits.copy()):
            are_wild = np.count_nonzero(is_far) <= max(1, MOST_WILD * len(is_far))
            limits[j] = limit if are_wild else np.inf
    return limits


def drawn_in(columns, rows, limits):
    """Rows to train on: their wild cells are no farther than the limits."""
    table = None
    for j, is_far in columns.far_cells(rows.table, limits):
        table = _to_change(rows) if table is None else table
        if isinstance(table, SparseRows):
            table.hold_within(limits[j], j, is_far)
        else:
            table[is_far, j] = np.copysign(limits[j], table[is_far, j])
    return rows if table is None else replace(rows, table=table)


def without_wild(columns, rows, limits):
    """Rows to judge by: those without wild cells, or with these drawn in if most have some."""
    is_near = np.ones(len(rows.table), bool)
    for _, is_far in columns.far_cells(rows.table, limits):
        is_near &= ~is_far
    if is_near.all():
        return rows
    if is_near.mean() < 1 / 2:
        return drawn_in(columns, rows, limits)
    return rows.part(np.flatnonzero(is_near))


def _to_change(rows):
    """A copy of a table; of one in a file, of the parts alone that are changed."""
    if not rows.are_in_file:
        return rows.table.copy()
    stored = rows.table.base
    stored.flush()
    return np.asarray(np.memmap(stored.filename, stored.dtype, "c", shape=stored.shape))
