"""Tables in blocks: larger than memory, or spread over a Dask cluster."""

import contextlib
import copy
import tempfile
from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

import narwhals.stable.v2 as nw
import numpy as np
from scipy.sparse import issparse
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import check_is_fitted

from skmade import _training
from skmade._arguments import to_generator
from skmade._columns import Table
from skmade._columns._frames import as_frame, names_of
from skmade._made import MADEDensity
from skmade._outlier import MADEOutlierDetector
from skmade._progress import Callbacks
from skmade._sklearn import callback_context, fit_context, unchanged_on_error
from skmade._types import ColumnNames, Rows, RowsOrCall, Seed

__all__ = ["decision_function", "fit", "p_values", "predict", "sample", "score_samples"]

Model = TypeVar("Model", bound=MADEDensity)

# Columns are learnt from so many rows, at most, and so many are held out.
_MOST_LEARNT_FROM = _MOST_HELD_OUT = 100_000


def fit(
    model: Model,
    blocks: Iterable[Rows],
    X_val: RowsOrCall | None = None,
    folder: str | PathLike[str] | None = None,
) -> Model:
    """Fit a model to a table that comes in blocks.

    1. Go through the blocks, and learn kinds, scales and levels of the columns from 100,000 rows
       drawn from all of them, or from all rows if these are no more.
    2. Go through them again, and write their rows as the networks see them to a file, four bytes
       for each cell (eight with ``dtype="float64"``). Rows to judge by are drawn from all blocks,
       at most 100,000, and held in memory.
    3. Train on the file as on a table in memory: batches are drawn from all rows, in random order.

    One block at a time is in memory, and with it some tens of bytes for each row of the table. Of a
    table of up to 100,000 rows the model is the same, bit for bit, as that of `model.fit` on the
    whole.

    Parameters
    ----------
    model : MADEDensity or MADEOutlierDetector
    blocks : dask array, dask dataframe, or iterable of array-likes or frames
        Anything that can be gone through twice: a list of memory-mapped files, or an object whose
        `__iter__` reads files. Sparse matrices are not among them: they seldom exceed memory.
        Categories of pandas that differ between blocks are text in draws.
    X_val : array-like of shape (n_validation, n_features), or callable that returns one, \
            default=None
        Rows to judge by, in place of those drawn.
    folder : str or path, default=None
        Where the file is kept until the end. By default the system's folder of temporary files,
        which may be in memory.

    Returns
    -------
    model

    Raises
    ------
    ValueError
        As `model.fit`; for blocks that can be gone through but once, or whose columns have other
        names than those of the first; for labels that were not
        among the rows that columns are learnt from; and for parameters that need all rows at once
        (`trim`, and a number for `contamination`).
    TypeError
        For a model of another class, and for a table where blocks are expected.

    Examples
    --------
    >>> import numpy as np
    >>> import skmade.blocks
    >>> rng = np.random.default_rng(0)
    >>> blocks = [rng.normal(size=(500, 2)) for _ in range(4)]
    >>> model = skmade.MADEDensity((8,), n_estimators=1, random_state=0)
    >>> model = skmade.blocks.fit(model, blocks)
    >>> whole = skmade.MADEDensity((8,), n_estimators=1, random_state=0).fit(np.vstack(blocks))
    >>> bool(np.all(model.score_samples(blocks[0]) == whole.score_samples(blocks[0])))
    True
    """
    _check_model(model)
    return _fit(model, blocks, X_val, folder)


def _check_model(model):
    if not isinstance(model, MADEDensity):
        raise TypeError(
            f"Blocks are fitted by MADEDensity and MADEOutlierDetector; got {model!r}. Fit one of "
            "these, or pass a table in memory to the fit of yours."
        )
    if getattr(model, "trim", 0) or getattr(model, "contamination", "auto") != "auto":
        raise ValueError(
            "trim and a number for contamination rank all rows at once: with blocks leave them at "
            "trim=0 and contamination='auto', and set false_alarm_rate."
        )


@fit_context(prefer_skip_nested_validation=True)
def _fit(model, blocks, X_val, folder):
    callbacks = Callbacks.of(model, callback_context(model), blocks, None, None)
    with (
        unchanged_on_error(model),
        # (Windows removes no file that is still mapped)
        tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as own_folder,
    ):
        rng, drawn = to_generator(model.random_state), _RowSample.of(blocks, _MOST_LEARNT_FROM)
        columns, table = _learn_columns(model, drawn)
        if len(table) < drawn.n_rows:
            columns.forget_single_labels()
        X_val = X_val() if callable(X_val) else X_val
        validation = model._validation_rows(columns, X_val)
        is_held_out = np.zeros(drawn.n_rows, bool)
        if X_val is None and model.early_stopping:
            is_held_out[_held_out(model.validation_fraction, drawn.n_rows, rng)] = True
        with _explaining(drawn):
            training, held_out = _store(model, columns, blocks, is_held_out, Path(own_folder))
        typical = table.rows(~is_held_out[drawn.positions])
        typical = model._encode(columns, typical, np.ones(len(typical)))
        training, validation = model._split(training, validation or held_out, rng)
        model._fit_rows(columns, training, validation, rng, callbacks, typical=typical)
        model._settle(None, None)
        callbacks.end()
    return model


class _RowSample:
    """Rows drawn from all blocks, in their order: those with the lowest of random numbers."""

    def __init__(self, size):
        self._size, self._rng, self._bound = size, np.random.default_rng(0), 1.0
        self._parts = []  # of rows, their random numbers and their positions
        self.n_rows = 0

    @classmethod
    def of(cls, blocks, size):
        """At most so many rows of blocks."""
        drawn = cls(size)
        for block in _in_turn(blocks):
            drawn._add(block)
        drawn._reduce()
        return drawn

    @property
    def rows(self):
        """What was drawn, in one table; without any rows, the error that `fit` has for these."""
        return self._parts[0][0] if self._parts else np.empty((0, 1))

    @property
    def positions(self):
        """Where each row was, in all blocks together."""
        return self._parts[0][2] if self._parts else np.arange(0)

    def _add(self, block):
        numbers = self._rng.random(_n_rows(block))
        chosen = np.flatnonzero(numbers < self._bound)
        self._parts.append((_safe_indexing(block, chosen), numbers[chosen], self.n_rows + chosen))
        self.n_rows += len(numbers)
        if sum(len(positions) for *_, positions in self._parts) > 2 * self._size:
            self._reduce()

    def _reduce(self):
        """Make one part of all, and let the rows go that are too many."""
        if not self._parts:
            return
        blocks, *arrays = zip(*self._parts)
        rows, (numbers, positions) = _concatenated(blocks), map(np.concatenate, arrays)
        if len(numbers) > self._size:
            self._bound = np.partition(numbers, self._size)[self._size]
            kept = np.flatnonzero(numbers < self._bound)
            rows, numbers, positions = _safe_indexing(rows, kept), numbers[kept], positions[kept]
        self._parts = [(rows, numbers, positions)]


def _in_turn(blocks):
    """One block that has rows after the other, each as it is needed."""
    if _is_dask(blocks):
        blocks = _computed(blocks)
    elif hasattr(blocks, "shape") or not hasattr(blocks, "__iter__"):
        raise TypeError(
            f"Blocks must be a dask collection or an iterable of tables; got {type(blocks)}. Pass "
            "a table in memory to model.fit, or to this function in a list."
        )
    elif iter(blocks) is blocks:
        raise ValueError(
            "Blocks are gone through twice, which an iterator or generator does not allow: pass a "
            "list, or an object whose __iter__ begins anew."
        )
    names = None
    for number, block in enumerate(blocks):
        if issparse(block):
            raise TypeError(
                "Blocks must be dense: stack sparse matrices by scipy.sparse.vstack, and pass the "
                "result to model.fit."
            )
        if _n_rows(block):
            block = block if hasattr(block, "shape") else np.asarray(block)
            names = _checked_names(block, names, number)
            yield block


def _checked_names(block, names, number):
    """Names of the columns of a block, None if it is no frame.

    Raises
    ------
    ValueError
        If they are not those of the blocks before.
    """
    frame = as_frame(block)
    own = None if frame is None else names_of(frame)
    if names is not None and own != names:
        raise ValueError(
            f"Block {number} (counted from 0) has columns {own or 'without names'}, but those "
            f"before it have {names}; give all blocks the same columns in the same order."
        )
    return own


def _n_rows(block):
    return block.shape[0] if hasattr(block, "shape") else len(block)


def _concatenated(blocks):
    """Blocks of one kind as one."""
    if isinstance(blocks[0], np.ndarray):
        return np.concatenate(blocks)
    return nw.concat([nw.from_native(block) for block in blocks]).to_native()


def _learn_columns(model, drawn):
    """The columns of all blocks, and the table of the drawn rows that they are learnt from."""
    before = model._density_to_continue()
    table = Table.read(model, drawn.rows, reset=before is None, n_least=2)
    if before is not None:
        return before.columns, table
    return model._learn_columns(table, np.ones(len(table))), table


def _held_out(fraction, n_rows, rng):
    """Positions of the rows to judge by."""
    n = min(max(1, round(fraction * n_rows)), n_rows - 1, _MOST_HELD_OUT)
    return rng.permutation(n_rows)[:n]


def _store(model, columns, blocks, is_held_out, folder):
    """Encoded rows: those to train on, in a file, and those that are held out, or None."""
    path, n_rows, first = folder / "rows", len(is_held_out), 0
    extras, held_out = [], []
    with open(path, "wb") as file:
        for block in _in_turn(blocks):
            table = Table.read(model, block, reset=False)
            own = is_held_out[first : first + len(table)]
            first += len(table)
            if first > n_rows:
                break
            rows = model._encode(columns, table, np.ones(len(table)))
            rows.table[~own].tofile(file)
            extras.append(rows.extras[~own])
            held_out.append(rows.part(own))
    if first != n_rows:
        raise ValueError(
            f"The blocks had {n_rows} rows when they were gone through first, and other ones when "
            "they were gone through again; they must be the same."
        )
    n_kept, dtype = n_rows - np.count_nonzero(is_held_out), model._network_dtype(columns)
    stored = np.asarray(np.memmap(path, dtype, "r+", shape=(n_kept, table.shape[1])))
    training = _training.Rows(stored, np.ones(n_kept), np.concatenate(extras))
    return training, _joined(held_out) if is_held_out.any() else None


def _joined(parts):
    """Encoded rows as one table."""
    fields = [(part.table, part.weights, part.extras) for part in parts]
    return _training.Rows(*map(np.concatenate, zip(*fields)))


@contextlib.contextmanager
def _explaining(drawn):
    """Errors on what columns cannot hold say what these were learnt from."""
    try:
        yield
    except ValueError as error:
        if len(drawn.positions) < drawn.n_rows:
            error.add_note(
                f"Columns were learnt from {len(drawn.positions)} of the {drawn.n_rows} rows. "
                "Labels that are not among these are admitted by handle_unknown='rare', or by "
                "dtypes that declare them."
            )
        raise


def score_samples(model: MADEDensity, X: Any, given: ColumnNames = None) -> Any:
    """Log-density of each row of a dask collection, when it is computed.

    Parameters
    ----------
    model : MADEDensity, or pipeline that ends in one
        Fitted.
    X : dask array or dask dataframe of shape (n_samples, n_features)
    given : sequence of str or int, or one of these, default=None
        As in `MADEDensity.score_samples`; not of a pipeline.

    Returns
    -------
    dask array or dask Series of shape (n_samples,), float64
        Lazy, in the blocks of X and with its index: `model.score_samples` of each block, and so
        the same bits as of the whole table in memory.

    Raises
    ------
    NotFittedError
        Before `fit`.
    TypeError
        If X is no dask collection, and for a model that has no such scores.
    """
    options = {} if given is None else {"given": given}
    if options and not isinstance(model, MADEDensity):
        raise TypeError(
            f"Scores given columns are those of a MADEDensity; got {type(model).__name__}. Of a "
            "pipeline pass the last step, and transform X by the others."
        )
    return _by_blocks(model, "score_samples", X, np.float64, **options)


def decision_function(model: MADEOutlierDetector, X: Any) -> Any:
    """As `score_samples`, of `MADEOutlierDetector.decision_function`.

    Parameters
    ----------
    model : MADEOutlierDetector, or pipeline that ends in one
        Fitted.
    X : dask array or dask dataframe of shape (n_samples, n_features)

    Returns
    -------
    dask array or dask Series of shape (n_samples,), float64
    """
    return _by_blocks(model, "decision_function", X, np.float64)


def p_values(model: MADEOutlierDetector, X: Any) -> Any:
    """As `score_samples`, of `MADEOutlierDetector.p_values`.

    Parameters
    ----------
    model : MADEOutlierDetector
        Fitted.
    X : dask array or dask dataframe of shape (n_samples, n_features)

    Returns
    -------
    dask array or dask Series of shape (n_samples,), float64
    """
    return _by_blocks(model, "p_values", X, np.float64)


def predict(model: MADEOutlierDetector, X: Any) -> Any:
    """As `score_samples`, of `MADEOutlierDetector.predict`.

    Parameters
    ----------
    model : MADEOutlierDetector, or pipeline that ends in one
        Fitted.
    X : dask array or dask dataframe of shape (n_samples, n_features)

    Returns
    -------
    dask array or dask Series of shape (n_samples,), int
    """
    return _by_blocks(model, "predict", X, np.int64)


def sample(
    model: MADEDensity,
    n_samples: int,
    random_state: Seed = None,
    rows_per_block: int = 100_000,
) -> Any:
    """Independent rows, drawn block by block when they are computed.

    Parameters
    ----------
    model : MADEDensity
        Fitted.
    n_samples : int
    random_state : int, RandomState or Generator instance, or None, default=None
    rows_per_block : int, default=100_000
        Rows depend on it, but not on who draws them.

    Returns
    -------
    dask array or dask dataframe of shape (n_samples, n_features)
        Columns in the dtypes of `fit`. Each block is ``model.sample(n, random_state=seed)`` with
        a seed of its own from `random_state`.

    Raises
    ------
    NotFittedError
        Before `fit`.
    ValueError
        If a number of rows is not positive.
    """
    dask = _dask()
    _check_has(model, "sample")
    if min(n_samples, rows_per_block) < 1:
        raise ValueError(
            "n_samples and rows_per_block must be positive; got "
            f"n_samples={n_samples!r}, rows_per_block={rows_per_block!r}."
        )
    example, sender = model.sample(random_state=0), _sent(dask, model)
    sizes = [min(rows_per_block, n_samples - i) for i in range(0, n_samples, rows_per_block)]
    seeds = to_generator(random_state).integers(2**31 - 1, size=len(sizes))
    blocks = [dask.delayed(_drawn)(sender, n, int(seed)) for n, seed in zip(sizes, seeds)]
    if not isinstance(example, np.ndarray):
        import dask.dataframe

        return dask.dataframe.from_delayed(blocks, meta=_as_pandas(example).iloc[:0])
    width, dtype = example.shape[1], example.dtype
    arrays = [dask.array.from_delayed(block, (n, width), dtype) for block, n in zip(blocks, sizes)]
    return dask.array.concatenate(arrays)


def _drawn(model, n_samples, seed):
    rows = model.sample(n_samples, random_state=seed)
    return rows if isinstance(rows, np.ndarray) else _as_pandas(rows)


def _as_pandas(frame):
    """Dask's dataframes are made of those of pandas."""
    return nw.from_native(frame).to_pandas()


def _by_blocks(model, method, X, dtype, **options):
    """A method of a model on each block, when it is computed."""
    _check_has(model, method)
    if not _is_dask(X):
        raise TypeError(
            f"X must be a dask array or dataframe; got {type(X)}. Pass a table in memory to "
            f"model.{method}."
        )
    sender = _sent(_dask(), model)
    if hasattr(X, "map_partitions"):
        import pandas

        meta = pandas.Series([], dtype=dtype, name=method)
        return X.map_partitions(_of_block, sender, method, dtype, options, meta=meta)
    whole_rows = X.rechunk({1: -1})
    return whole_rows.map_blocks(
        _of_block, sender, method, dtype, options,
        drop_axis=1, dtype=dtype, meta=np.empty(0, dtype),
    )  # fmt: skip


def _check_has(model, method):
    """That a model is fitted, and has a method."""
    check_is_fitted(model)
    if not hasattr(model, method):
        raise TypeError(
            f"{type(model).__name__} has no {method}. Pass a MADEOutlierDetector, for "
            "score_samples and sample a MADEDensity, and of a pipeline the last step."
        )


def _of_block(block, model, method, dtype, options):
    """A method of a model on a block, which may have no rows; with its index, if it has one."""
    values = np.empty(0, dtype)
    if len(block):
        values = getattr(model, method)(block, **options)
    if isinstance(block, np.ndarray):
        return values
    import pandas

    return pandas.Series(values, index=block.index, name=method)


def _sent(dask, model):
    """A model as one node of a graph, which each worker gets once; how many threads score is for
    Dask to say."""
    model = copy.copy(model)
    if isinstance(model, MADEDensity):
        model.n_jobs = None
    return dask.delayed(model, traverse=False)


def _computed(collection):
    """Blocks of a dask collection, one after the other."""
    if not hasattr(collection, "map_partitions"):
        collection = collection.rechunk({1: -1})
    for block in np.ravel(collection.to_delayed()):
        yield block.compute()


def _is_dask(X):
    return hasattr(X, "__dask_graph__")


def _dask():
    """Dask with its arrays."""
    try:
        import dask.array
    except ImportError as error:
        raise ImportError("Lazy scores and draws need dask: pip install 'skmade[dask]'.") from error
    return dask
