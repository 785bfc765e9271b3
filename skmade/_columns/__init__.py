"""Columns of a table: from cells of any library to the numbers the network sees, and back.

A kind of column is one class, in a file of its own. What a column is follows from its own dtype
and values, never from its neighbours: but that a few of its numbers may be between the points of a
lattice supposes that these say nothing of it.
"""

import copy
from dataclasses import replace
from numbers import Integral

import numpy as np

from skmade._columns._assemble import check_further_columns, select, with_columns
from skmade._columns._between import in_order, tells_between
from skmade._columns._category import Category
from skmade._columns._column import LARGEST_SEEN
from skmade._columns._constant import Constant
from skmade._columns._dtypes import container_of, plain_container
from skmade._columns._flag import Flag
from skmade._columns._frames import fill_frame, make_frame
from skmade._columns._lattice import ROUNDING_OF_DOUBLES
from skmade._columns._learn_number import learn_number
from skmade._columns._number import Lattice, Real, Warped, restore
from skmade._columns._numeric import numeric
from skmade._columns._rules import make_rules, rules_of_kept
from skmade._columns._table import Table, array_dtype, missing_value
from skmade._columns._time import Time, learn_time
from skmade._sparse import DENSE_CELLS, SparseRows, columns_of

# So many rows tell whether columns are related.
_ROWS_OF_RELATIONS = 1_000

_KINDS = {kind.__name__: kind for kind in (Flag, Category, Constant, Real, Warped, Lattice, Time)}


def learn_column(cells, weights, rule):
    """The kind of a column, and what is to be learnt about it.

    Parameters
    ----------
    cells : Cells
        Of the training rows.
    weights : ndarray of shape (n,)
    rule : Rule

    Raises
    ------
    TypeError
        If it holds a mixture, as of numbers and text.
    ValueError
        If the column does not hold what it is to be, or infinite or only missing cells.
    """
    if cells.problem is not None:
        raise cells.problem
    _check_finite(cells)
    if cells.kind == "":
        raise ValueError(
            f"Column {cells.label} is missing in every row: nothing can be learnt about it. Drop "
            "it."
        )
    if cells.missing is None:
        return _learn_present(cells, weights, rule)
    known = ~cells.missing
    column = _learn_present(cells.rows(known), weights[known], rule)
    column.gaps = rule.missing
    return column


def _learn_present(cells, weights, rule):
    """As `learn_column`, of a column without missing cells."""
    is_label = cells.kind == "L"
    auto = rule.conditional == "auto"
    if rule.names_atoms and (is_label or cells.kind == "b" or rule.is_categorical):
        raise ValueError(
            f"atoms names column {cells.label}, which holds {cells.describe()}: only columns of "
            "numbers have atoms; leave it out of atoms."
        )
    if (
        rule.is_categorical
        or rule.conditional == "categorical"
        or (auto and is_label and rule.labels_are_categories)
    ):
        return Category.learn(cells, rule.handle_unknown)
    if not is_label:
        return _learn_numbers(cells, weights, rule)
    if auto and cells.holds_text and not rule.labels_are_categories:
        raise ValueError(
            f"Column {cells.label} holds {cells.describe()}, but is not named in "
            "categorical_features: name it there, too, or set 'from_dtype'."
        )
    column = _learn_numbers(numeric(cells), weights, rule)
    if cells.declared and not _draws_levels(column, cells.levels):
        raise ValueError(
            f"Column {cells.label} has a category dtype, but a {column.conditional!r} "
            "conditional would draw numbers that are none of them: convert it to numbers first "
            "(pandas: astype(float)), or choose 'categorical' for it in conditionals."
        )
    return column


def _draws_levels(column, levels):
    """Whether all that is drawn for a column is among the levels of its dtype."""
    return isinstance(column, Constant) or (
        isinstance(column, Flag) and set(column.values) <= set(levels)
    )


def _learn_numbers(cells, weights, rule):
    """A column of numbers, flags, moments or spans of time."""
    auto = rule.conditional == "auto"
    n_values = 2 if cells.kind == "b" else _n_values(cells.values)
    if rule.conditional == "bernoulli" or (auto and n_values == 2 and not rule.names_atoms):
        return Flag.learn(cells, rule.handle_unknown)
    if auto and n_values == 1:
        return Constant.learn(cells)
    family = rule.of_numbers if auto else rule.conditional
    if cells.kind in ("M", "m"):
        return learn_time(cells, family, weights, rule.atoms)
    return learn_number(cells, family, weights, rule.atoms, rule.takes_between, takes_warp=auto)


def _n_values(values):
    """1 for a constant (but for the rounding of doubles), 2 for two values of which one repeats, 3
    for all others."""
    low, high = values.min(), values.max()
    rounding = ROUNDING_OF_DOUBLES * max(-low, high) if values.dtype == float else 0
    if low == high or (rounding and high / 2 - low / 2 < rounding / 2):
        return 1
    return 2 if len(values) > 2 and np.all((values == low) | (values == high)) else 3


def _check_finite(cells):
    """Raise ValueError for infinite cells."""
    if cells.values.dtype.kind == "f" and np.isinf(cells.values).any():
        row = cells.position(np.isinf(cells.values))
        raise ValueError(
            f"Input X contains infinity or a value too large: column {cells.label}, row {row}. "
            "Replace it by a finite number, or drop the row."
        )


class Columns:
    """What was learnt about the columns of a table.

    Parameters
    ----------
    columns : list of Column
    container : dict
        What draws come back in: a record of the array or frame of `fit`.
    """

    def __init__(self, columns, container):
        self.columns, self.container = columns, container
        self.center = np.array([column.center for column in columns], float)
        self.scale = np.array([column.scale for column in columns], float)
        has_density = [column.has_density for column in columns]
        #: What each column adds to the log-density of the network, whatever the row: log |dz/dx|
        #: turns a density of what the network sees into one of x.
        self.offsets = -np.log(np.where(has_density, self.scale, 1.0))
        self.offsets += [column.offset for column in columns]
        self.offset = self.offsets.sum()
        #: Whether each column is one of flags or categories.
        self.is_discrete = [c.family.support in ("flags", "codes") for c in self.families(1)]
        self._flags = _places(columns, Flag)
        self._constants = np.array(_places(columns, Constant), int)
        self._with_extras = [j for j, column in enumerate(columns) if column.has_extras]
        # Constants and flags may be rare, but these values of them are not.
        rare = [j for j in _places(columns, (Constant, Flag)) if columns[j].has_extras]
        self._may_be_rare = np.array(rare, int)
        self._low = self.center[self._may_be_rare]
        width = np.where(np.isin(rare, self._flags), self.scale[self._may_be_rare], 0.0)
        self._high = self._low + width
        self._with_atoms = [j for j, column in enumerate(columns) if len(column.atoms)]
        self._warped = _places(columns, Warped)
        self._with_between = [j for j, column in enumerate(columns) if column.fine]
        self._is_plain = not (self.center.any() or (self.scale != 1).any() or self._warped)
        self._reads_numbers = all(column.reads_numbers for column in columns)
        self._linear = [j for j, column in enumerate(columns) if column.is_linear]
        self._written = set(range(len(columns))).difference(self._linear)
        self._recalled = {}

    @classmethod
    def learn(cls, table, weights, rules, more_follow=False):
        """Learn the columns of a table of training rows, which may be the first of more."""
        if more_follow:
            rules = [replace(rule, takes_between=False) for rule in rules]
        learnt = [learn_column(c, weights, rule) for c, rule in zip(table.cells(), rules)]
        for column in learnt if more_follow else ():
            column.forget_bounds()
        columns = cls(learnt, table.container())
        related = columns._related_between(table)
        for j, cells in enumerate(table.cells()) if related else ():
            if j in related:
                learnt[j] = learn_column(cells, weights, replace(rules[j], takes_between=False))
        return cls(learnt, table.container()) if related else columns

    def _related_between(self, table):
        """Columns in which others tell which numbers are between the points of their lattice."""
        if not self._with_between:
            return set()
        chosen = np.random.default_rng(0).permutation(len(table)) < _ROWS_OF_RELATIONS
        some = table.rows(chosen)
        numbers = self.numbers(next(some.stretches())[1] if some.is_sparse else some)
        others = [in_order(cells) for cells in numbers.T]
        return {
            j
            for j in self._with_between
            if any(
                tells_between(numbers[:, j], self.columns[j].between, *others[k])
                for k in range(len(self.columns))
                if k != j
            )
        }

    @property
    def names(self):
        """What the columns are called in messages."""
        return [column.label for column in self.columns]

    @property
    def conditionals(self):
        """Family of each column."""
        return [column.conditional for column in self.columns]

    def families(self, n_components):
        """Family of each column beside atoms and gaps, with so many components, if it is a
        mixture."""
        return [column.mixed(n_components) for column in self.columns]

    @property
    def atoms(self):
        """Atoms of each column of numbers or moments, by its name or position."""
        names = self.container.get("names") or range(len(self.columns))
        columns = zip(names, self.columns)
        return {name: column.atom_values() for name, column in columns if column.may_have_atoms}

    def mask_of(self, given, parameter):
        """Columns by names or positions, as a mask; none for None.

        Raises
        ------
        ValueError
            For what is no column, and for columns that are named twice.
        """
        names, mask = self.container.get("names", []), np.zeros(len(self.columns), bool)
        is_one = isinstance(given, str) or not np.iterable(given)
        for column in [] if given is None else [given] if is_one else given:
            place = names.index(column) if column in names else column
            is_place = isinstance(place, Integral) and not isinstance(place, (bool, np.bool_))
            if not is_place or not 0 <= place < len(mask) or mask[place]:
                raise ValueError(
                    f"{parameter} must hold names or positions of columns, each once, among "
                    f"{names or f'0 to {len(mask) - 1}'}; got {given!r}."
                )
            mask[place] = True
        return mask

    def encoded(self, table, dtype):
        """Rows of a table as the networks see them.

        Parameters
        ----------
        table : Table
        dtype : dtype
            Of the networks.

        Returns
        -------
        encoded : ndarray or SparseRows of shape (n, n_features)
        extras : ndarray of shape (n,)
            See `add_extras`.
        """
        if table.is_sparse:
            return self._encoded_by_stretch(table, dtype)
        numbers = self.numbers(table)
        encoded, extras = np.empty(numbers.shape, dtype), np.zeros(len(numbers))
        self.encode(numbers, encoded)
        self.add_extras(numbers, extras, may_have_gaps=table.may_have_gaps)
        return encoded, extras

    def _encoded_by_stretch(self, table, dtype):
        encoded, extras = SparseRows.like(table.block, dtype), np.zeros(len(table))
        for rows, stretch in table.stretches():
            seen, extras[rows] = self.encoded(stretch, dtype)
            encoded.write(rows, seen)
        return encoded, extras

    def numbers(self, table):
        """Rows of a dense table as floats in the columns' own units, codes for labels; NaN where
        cells are missing.

        Raises
        ------
        ValueError
            For what a column cannot hold, and infinite cells.
        """
        self._check_names(table)
        block = table.block
        if block is not None and self._reads_numbers:
            _check_block(table)
            return block if block.dtype in (np.float32, np.float64) else block.astype(float)
        numbers = np.empty(table.shape)
        for j, (column, cells) in enumerate(zip(self.columns, table.cells())):
            _check_finite(cells)
            numbers[:, j] = column.read(cells)
        return numbers

    def _check_names(self, table):
        """Raise ValueError where names that scikit-learn does not look at have another order."""
        names = self.container.get("names", []) if table.is_frame else []
        if any(not isinstance(name, str) for name in names) and table.names() != names:
            raise ValueError(
                f"The feature names should match those that were passed during fit, {names}, in "
                f"their order; got {table.names()}. Reorder or rename the columns."
            )

    def encode(self, numbers, table):
        """Write rows of numbers as the network sees them; NaN where cells are missing.

        Raises
        ------
        ValueError
            For a third value in a column of flags.
        """
        if self._is_plain:
            values = numbers
        else:
            values = numbers.astype(np.float64, copy=bool(self._warped))
            for j in self._warped:
                values[:, j] = self.columns[j].warp(values[:, j])
            with np.errstate(over="ignore"):
                values = (values - self.center) / self.scale
            values = np.clip(values, -LARGEST_SEEN, LARGEST_SEEN)
        table[:] = values
        if self._flags:
            self._round_flags(values, table)
        if len(self._constants):
            table[:, self._constants] = np.where(np.isnan(numbers[:, self._constants]), np.nan, 0)
        for j in self._with_atoms:
            self.columns[j].mark_atoms(numbers[:, j], table[:, j])

    def _round_flags(self, values, table):
        flags = values if len(self._flags) == len(self.columns) else values[:, self._flags]
        if not np.all((flags == 0) | (flags == 1) | np.isnan(flags)):
            for j in self._flags:
                table[:, j] = self.columns[j].round_codes(values[:, j])

    @property
    def gaps_are_outcomes(self):
        """Of which columns to be missing is an outcome."""
        return np.array([column.gaps == "informative" for column in self.columns])

    def add_extras(self, numbers, scores, contributions=None, may_have_gaps=True):
        """Add what cells have beyond the network's log-probability and the offsets.

        Those are log-probabilities of what is rare; of atoms, which have no density that could
        be in other units; and of missing cells, which have no value.
        """
        nothing = self._without_rare_cells(numbers)
        for j in self._with_extras:
            if j not in nothing:
                extras = self.columns[j].extras(numbers[:, j])
                self._add(np.where(np.isnan(numbers[:, j]), 0.0, extras), j, scores, contributions)
        if may_have_gaps:
            missing = np.isnan(numbers)
            for j in np.flatnonzero(missing.any(axis=0) & (self.offsets != 0)):
                extras = np.where(missing[:, j], -self.offsets[j], 0.0)
                self._add(extras, j, scores, contributions)

    def as_fresh(self, table, extras):
        """Encoded rows of `fit` and their extras, as if `fit` had not seen them: a label that no
        other row has is then one that was not seen."""
        if isinstance(table, SparseRows):
            return table, extras
        table, extras = table.copy(), extras.copy()
        for j, column in enumerate(self.columns):
            if isinstance(column, Category) and column.single:
                codes = table[:, j].astype(float)
                table[:, j] = column.as_unseen(codes)
                extras += column.extras(table[:, j].astype(float)) - column.extras(codes)
        return table, extras

    def far_cells(self, table, limits):
        """Of encoded rows, columns that hold numbers farther from their center than a limit, in
        deviations, besides atoms; each with which of its cells these are."""
        limited = {j for j in _places(self.columns, Real) if limits[j] < np.inf}
        if not limited:  # (sparse rows are made dense)
            return
        for j, cells in enumerate(columns_of(table)):
            if j not in limited:
                continue
            is_far = abs(cells) > limits[j]
            if is_far.any():
                is_far &= ~np.isin(cells, self.columns[j].seen_atoms().astype(cells.dtype))
            if is_far.any():
                yield j, is_far

    def forget_single_labels(self):
        """Take no label for one that a single row has: there were rows that were not looked at."""
        for column in self.columns:
            if isinstance(column, Category):
                column.single = []

    def _without_rare_cells(self, numbers):
        """Constants and flags that hold nothing else."""
        is_usual = np.ones(len(self._may_be_rare), bool)
        size = max(1, DENSE_CELLS // max(1, len(is_usual)))
        for begin in range(0, len(numbers), size):
            cells = numbers[begin : begin + size, self._may_be_rare]
            is_known = (cells == self._low) | (cells == self._high) | np.isnan(cells)
            is_usual &= is_known.all(axis=0)
        return set(self._may_be_rare[is_usual].tolist())

    def _add(self, extras, j, scores, contributions):
        scores += extras
        if contributions is not None:
            contributions[:, j] += extras

    def add_between(self, table, known, rng):
        """Let points of lattices that were drawn be values about them, as often as these are.

        Parameters
        ----------
        table : ndarray of shape (..., n, n_features)
            Drawn rows as networks see them.
        known : ndarray of bool of shape (n, n_features), or None
            Which cells were not drawn.
        rng : numpy.random.Generator
        """
        for j in self._with_between:
            seen = table[..., j].reshape(-1)
            made = self.columns[j].add_between(seen, rng).reshape(table.shape[:-1])
            table[..., j] = made if known is None else np.where(known[:, j], table[..., j], made)

    def decode(self, table):
        """Rows the network drew, as an array or frame like that of `fit`."""
        if self.container["library"] != "numpy":
            return make_frame(self.container, self._values(table), np.isnan(table))
        return self._array(table, array_dtype(self.container))

    def recalling(self, numbers, dtype):
        """The same columns, for rows that may hold cells of others, which are given as `numbers`.

        Of these, numbers and moments come back as they were, not as networks of a `dtype` see
        them.
        """
        columns, seen = copy.copy(self), np.empty(numbers.shape, dtype)
        self.encode(numbers, seen)
        columns._recalled = {}
        for j in _places(self.columns, Real):
            values, first = np.unique(seen[:, j], return_index=True)
            columns._recalled[j] = values, numbers[first, j]
        return columns

    def means(self, draws):
        """Means of each cell's draws, an array of shape (n_draws, n, n_features)."""
        means = draws.mean(axis=0, dtype=np.float64)
        for j in self._warped:
            column = self.columns[j]
            numbers = column.numbers_of(draws[:, :, j].astype(np.float64))
            means[:, j] = column.standardised(numbers.mean(axis=0))
        return means

    def log_slopes(self, table):
        """What maps of columns, and places between points of lattices, add to the log-density of
        rows as networks see them."""
        total, numbers = np.zeros(len(table)), self._numbers_of(table)
        for j in self._warped:
            total += self.columns[j].log_slopes(numbers[:, j])
        for j in self._with_between:
            total += self.columns[j].between.log_weights(numbers[:, j])
        return total

    def fill(self, given, table, missing, are_means=False):
        """A copy of `given`, a table that was read, with its missing cells from drawn rows.

        Means of draws may lie between the values of a lattice.
        """
        if given.is_frame:
            record = self.container if "dtypes" in self.container else None
            return fill_frame(given.given, record, self._values(table, are_means), missing)
        filled = np.array(given.given)
        filled[missing] = self._array(table, filled.dtype, are_means)[missing]
        return filled

    def _array(self, table, dtype, are_means=False):
        is_written = self._written or self._with_atoms or dtype.kind == "O"
        if self._is_plain and not is_written:  # numbers stand for themselves
            return table.astype(dtype, copy=False)
        numbers = self._numbers_of(table, dtype if dtype.kind == "f" else np.float64)
        written = range(len(self.columns)) if dtype.kind == "O" else self._written
        if not written:
            return numbers.astype(dtype, copy=False)
        made = np.empty(table.shape, dtype)
        for j in range(len(self.columns)):
            is_written = j in written
            made[:, j] = self._write(j, numbers[:, j], are_means) if is_written else numbers[:, j]
        if np.isnan(table.min(initial=0)):
            made[np.isnan(table)] = missing_value(dtype)
        return made

    def _numbers_of(self, table, dtype=np.float64):
        """Rows the network drew, in the columns' own units; none beyond what a dtype can hold."""
        with np.errstate(over="ignore"):
            seen = table.astype(np.float64)
            numbers = self.center + self.scale * seen
            for j in self._warped:
                numbers[:, j] = self.columns[j].numbers_of(seen[:, j])
        most = float(np.finfo(dtype).max)
        np.clip(numbers, -most, most, out=numbers)
        for j in self._with_atoms:
            self.columns[j].restore_atoms(table[:, j], numbers[:, j])
        for j, (seen, own) in self._recalled.items():
            restore(table[:, j], seen, own, numbers[:, j])
        return numbers

    def _values(self, table, are_means=False):
        """What each column makes of drawn rows; anything where cells are missing."""
        numbers = self._numbers_of(table)
        return [self._write(j, values, are_means) for j, values in enumerate(numbers.T)]

    def _write(self, j, numbers, are_means=False):
        column, missing = self.columns[j], np.isnan(numbers)
        if missing.any():
            numbers = np.where(missing, column.placeholder, numbers)
        if are_means:
            return column.write_means(numbers)
        written = column.write(numbers)
        if j in self._recalled:  # (a few may have more decimals than draws)
            is_own = np.isin(numbers, self._recalled[j][1])
            written = np.where(is_own, column.write_means(numbers), written)
        return written

    def state(self):
        """The columns as plain arrays and values."""
        return {
            "columns": [column.state() for column in self.columns],
            "container": plain_container(self.container),
        }

    @classmethod
    def from_state(cls, state):
        """The columns from what `state` returned."""
        made = []
        for values in state["columns"]:
            values = dict(values)
            made.append(_KINDS[values.pop("kind")](**values))
        return cls(made, container_of(state["container"]))


def _places(columns, kinds):
    return [j for j, column in enumerate(columns) if isinstance(column, kinds)]


def _check_block(table):
    """As `_check_finite`, of all columns of an array of numbers at once where all is well."""
    if table.may_have_gaps:
        for cells in table.cells():
            _check_finite(cells)


__all__ = [
    "Columns", "Table", "check_further_columns", "make_rules", "rules_of_kept", "select",
    "with_columns",
]  # fmt: skip
