"""Sparse matrices: the same bits as dense tables, which are never made of them as a whole."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from conftest import sizes
from scipy import sparse

from skmade import MADEDensity, MADEOutlierDetector, _threads
from skmade._kernels._constants import SCORE_TILE
from skmade._sparse import SparseRows, n_missing

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N = sizes(150, 24)
FORMATS = ["csr", "csc", "coo", "lil", "dok", "dia", "bsr"]
DTYPES = [bool, np.int8, np.uint16, np.int64, np.float32, np.float64]


@pytest.fixture(autouse=True)
def short_stretches(monkeypatch):
    """Tables of these tests are made dense in several pieces, as large ones are."""
    for name in ("_columns", "_columns._table", "_training"):
        monkeypatch.setattr(f"skmade.{name}.DENSE_CELLS", 400)


def table(dtype, n_rows=N, seed=0):
    """Flags and an empty column; but for bool counts; of floats other kinds and gaps, too."""
    rng = np.random.default_rng(seed)
    flags = rng.random((n_rows, 6)) < 0.2
    flags[:, 1] |= flags[:, 0]
    flags[:2] = [[False] * 6, [True] * 6]
    columns = [flags, np.zeros((n_rows, 1))]
    if dtype is not bool:
        columns += [rng.poisson(0.5, (n_rows, 2)), np.full((n_rows, 1), 3)]
    if np.dtype(dtype).kind == "f":
        columns += [2.5 * flags[:, :1] - 1, rng.normal(size=(n_rows, 1)), flags[:, :1]]
    X = np.hstack(columns).astype(dtype)
    if np.dtype(dtype).kind == "f":
        X[5, 2] = X[9, 11] = X[9, 12] = np.nan
    return X


def quick(kind=MADEDensity, **parameters):
    return kind(
        (16,), max_iter=2, n_components=2, n_estimators=2, random_state=0, **parameters
    )  # fmt: skip


def assert_alike(one, other):
    """Two fitted models are the same to the last bit."""
    assert one.conditionals_ == other.conditionals_
    assert list(one.atoms_) == list(other.atoms_)
    for atoms, others in zip(one.atoms_.values(), other.atoms_.values()):
        np.testing.assert_array_equal(atoms, others)
        assert atoms.dtype == others.dtype
    assert one.loss_curve_ == other.loss_curve_
    assert one.validation_curve_ == other.validation_curve_
    for network, twin in zip(one._density.networks, other._density.networks):
        np.testing.assert_array_equal(network.theta, twin.theta)
    drawn, others = (model.sample(5, random_state=1) for model in (one, other))
    assert drawn.dtype == others.dtype
    np.testing.assert_array_equal(drawn, others)


def assert_scores_alike(model, X, matrix):
    """All that scores says the same of a matrix as of the dense table."""
    np.testing.assert_array_equal(model.score_samples(X), model.score_samples(matrix))
    contributions = model.score_features(matrix)
    assert isinstance(contributions, np.ndarray)
    np.testing.assert_array_equal(model.score_features(X), contributions)
    assert model.score(X) == model.score(matrix)
    if isinstance(model, MADEOutlierDetector):
        for call in (model.predict, model.decision_function, model.p_values):
            np.testing.assert_array_equal(call(X), call(matrix))


@pytest.mark.parametrize("kind", [MADEDensity, MADEOutlierDetector])
@pytest.mark.parametrize("dtype", DTYPES)
def test_fit_and_scores_in_every_dtype(kind, dtype):
    X, fresh = table(dtype), table(dtype, seed=1)
    dense, model = quick(kind).fit(X), quick(kind).fit(sparse.csr_array(X))
    assert_alike(dense, model)
    assert_scores_alike(dense, fresh, sparse.csr_array(fresh))
    assert_scores_alike(model, fresh, sparse.csr_array(fresh))


@pytest.mark.parametrize("make", [sparse.coo_array, sparse.coo_matrix])
@pytest.mark.parametrize("form", FORMATS)
def test_every_format(form, make):
    X = table(np.float64, min(N, 60))  # (SciPy warns of many diagonals)
    matrix = make(X).asformat(form)
    model = quick().fit(matrix)
    assert_alike(quick().fit(X), model)
    assert_scores_alike(model, X, matrix)


PARAMETERS = {
    "X_val": {},
    "many masks": {"n_masks": 3},
    "fresh masks": {"n_masks": None},
    "weighted": {"combination": "weighted"},
    "product": {"combination": "product"},
    "all rows train": {"early_stopping": False},
    "noise": {"input_noise": 0.1, "dropout": 0.0},
    "double": {"dtype": "float64"},
    "informative gaps": {"missing": "informative"},
    "categories": {"conditionals": "categorical", "handle_unknown": "rare"},
    "threads": {"n_jobs": 2},
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_all_ways_to_train(name):
    X, fresh = table(np.float64), table(np.float64, seed=1)
    weights = np.random.default_rng(0).integers(0, 3, N)
    weights[[5, 9]] = 1  # (which have gaps)
    fits = {
        make: quick(**PARAMETERS[name]).fit(
            make(X), sample_weight=weights, X_val=make(fresh) if name == "X_val" else None
        )
        for make in (np.asarray, sparse.csc_array)
    }
    assert_alike(*fits.values())
    if name != "product":
        seen = X if name == "categories" else fresh
        assert_scores_alike(fits[np.asarray], seen, sparse.csr_array(seen))


@pytest.mark.parametrize("kind", [MADEDensity, MADEOutlierDetector])
def test_passes(kind):
    first, second = table(np.int64), table(np.int64, seed=1)
    dense, model = quick(kind), quick(kind)
    for X in (first, second):
        dense.partial_fit(X)
        model.partial_fit(sparse.csr_matrix(X))
    assert_alike(dense, model)
    # sparse and dense rows may take turns
    np.testing.assert_array_equal(
        model.partial_fit(first).score_samples(first),
        dense.partial_fit(sparse.csr_matrix(first)).score_samples(first),
    )


@pytest.mark.parametrize("parameters", [{"trim": 0.1}, {"contamination": 0.1}])
def test_detector(parameters):
    X = table(np.float32)
    predicted = [
        quick(MADEOutlierDetector, **parameters).fit_predict(make(X))
        for make in (np.asarray, sparse.csr_array)
    ]
    assert set(predicted[0]) == {-1, 1}
    np.testing.assert_array_equal(*predicted)
    dense, model = (
        quick(MADEOutlierDetector, **parameters).fit(make(X)).calibrate(make(X))
        for make in (np.asarray, sparse.csr_array)
    )
    assert dense.offset_ == model.offset_
    np.testing.assert_array_equal(dense.held_out_scores_, model.held_out_scores_)


def shuffled(X):
    """CSR of cells in any order, with every nonzero one in two parts, and stored zeros."""
    rng = np.random.default_rng(0)
    rows, columns = np.nonzero(X)
    cells = X[rows, columns]
    zeros = np.argwhere(X == 0)[:10].T
    rows, columns = np.r_[rows, rows, zeros[0]], np.r_[columns, columns, zeros[1]]
    cells = np.r_[cells - 1, np.ones(len(cells), X.dtype), np.zeros(10, X.dtype)]
    order = rng.permutation(len(rows))
    order = order[np.argsort(rows[order], kind="stable")]
    ends = np.searchsorted(rows[order], np.arange(len(X) + 1))
    return sparse.csr_array((cells[order], columns[order], ends), shape=X.shape)


@pytest.mark.parametrize("dtype", [np.int64, np.float64])
@pytest.mark.parametrize("index", [np.int32, np.int64])
def test_cells_in_any_order_with_duplicates_and_stored_zeros(dtype, index):
    X = np.round(np.nan_to_num(table(dtype)), 0)  # so that sums are exact
    matrix = shuffled(X)
    matrix.indices, matrix.indptr = matrix.indices.astype(index), matrix.indptr.astype(index)
    assert matrix.nnz > 2 * np.count_nonzero(X)
    np.testing.assert_array_equal(matrix.toarray(), X)
    arrays = [matrix.data, matrix.indices, matrix.indptr]
    before = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    model = quick().fit(matrix)
    assert_alike(quick().fit(X), model)
    assert_scores_alike(model, X, matrix)
    for array, old, now in zip(
        arrays, before, [matrix.data, matrix.indices, matrix.indptr], strict=True
    ):
        assert now is array
        np.testing.assert_array_equal(array, old)


@pytest.mark.parametrize("value", [0, 1])
def test_tables_that_store_nothing_or_everything(value):
    X = np.full((N, 4), value)
    X[: N // 2, 0] = 1 - value
    matrix = sparse.csr_array(X)
    assert_alike(quick().fit(X), quick().fit(matrix))
    empty = sparse.csr_array(X.shape, dtype=X.dtype)
    assert_scores_alike(quick().fit(X), np.zeros_like(X), empty)


def test_zero_that_is_encoded_as_something_else():
    """Of columns that are never 0, and flags and categories of which 0 is not the first."""
    rng = np.random.default_rng(0)
    X = np.column_stack(
        [
            rng.integers(1, 3, N), rng.integers(-1, 1, N), rng.integers(-1, 2, N),
            rng.integers(-3, 9, N),
        ]
    )  # fmt: skip
    conditionals = ["bernoulli", "bernoulli", "categorical", "gaussian"]
    dense, model = (
        quick(conditionals=conditionals).fit(make(X)) for make in (np.asarray, sparse.csr_array)
    )
    assert_alike(dense, model)
    assert_scores_alike(dense, X, sparse.csr_array(X))
    wrong = sparse.csr_array(np.zeros_like(X))
    with pytest.raises(ValueError, match="Column 0 has the value 0, but had 1 and 2 only in fit"):
        model.score_samples(wrong)
    with pytest.raises(ValueError, match="Column 0 has the value 0, but had 1 and 2 only in fit"):
        model.partial_fit(wrong)


def test_warm_start_and_frames():
    X = table(np.int64)
    frame = pd.DataFrame.sparse.from_spmatrix(sparse.csr_array(X))
    by_frame = quick().fit(frame)
    np.testing.assert_array_equal(
        by_frame.score_samples(frame), quick().fit(sparse.csr_array(X)).score_samples(X)
    )
    dense, model = (quick(warm_start=True).fit(X) for _ in range(2))
    assert_alike(dense.fit(X), model.fit(sparse.csr_array(X)))


@pytest.mark.parametrize("parameters", [{"ordering": "natural"}, {"n_masks": None}])
def test_scores_given_some_columns(parameters):
    X = table(np.int64)
    model = quick(**parameters).fit(X)
    given = [0, 1]
    np.testing.assert_array_equal(
        model.score_samples(X, given), model.score_samples(sparse.csr_array(X), given)
    )


def test_missing_cells_are_filled_in_an_array():
    X = table(np.float64)
    model = quick().fit(X)
    filled = model.sample_conditional(sparse.csr_array(X), random_state=0)
    np.testing.assert_array_equal(filled, model.sample_conditional(X, random_state=0))
    assert not np.isnan(filled).any()


def test_rows_are_named_by_their_place_in_the_matrix():
    """Beside rows of weight zero, and beyond the first rows that are made dense."""
    X = table(np.float64)
    X[N - 2, 1] = np.inf
    weights = np.ones(N)
    weights[:3] = 0
    with pytest.raises(ValueError, match=f"column 1, row {N - 2}"):
        quick().fit(sparse.csr_array(X), sample_weight=weights)
    with pytest.raises(ValueError, match=f"column 1, row {N - 2}"):
        quick().fit(table(np.float64)).score_samples(sparse.csr_array(X))


def test_missing_cells_are_counted():
    rng = np.random.default_rng(0)
    table = rng.random((50, 7)) * (rng.random((50, 7)) < 0.4)
    table[rng.random((50, 7)) < 0.2] = np.nan
    table[:3] = 0
    columns = np.arange(7) % 3 > 0
    found = [n_missing(rows, columns) for rows in (table, SparseRows.of(sparse.csr_array(table)))]
    np.testing.assert_array_equal(*found)
    assert found[0].max() > 1


def test_a_sparse_table_is_written_in_pieces():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 3, (20, 5)) * (rng.random((20, 5)) < 0.4)
    X[:, 2] = 2
    rows = SparseRows.of(sparse.csr_array(X))
    made = SparseRows.like(rows, np.float32)
    expected = np.where(X == 0, np.nan, X / 3).astype(np.float32)
    for begin in range(0, 20, 7):
        piece = slice(begin, min(begin + 7, 20))
        made.write(piece, expected[piece])
    np.testing.assert_array_equal(made.toarray(), expected)
    np.testing.assert_array_equal(list(made.columns()), expected.T)
    np.testing.assert_array_equal(made[[7, 1]].toarray(), expected[[7, 1]])
    assert np.isnan(made.min())
    assert rows.min() == 0


def test_no_more_rows_are_made_dense_than_are_worked_on(monkeypatch):
    """Neither in training nor in scores."""
    n_rows, n_columns, shapes = sizes(2000, 100), 100, []
    to_array = SparseRows.toarray

    def counted(self):
        shapes.append(self.shape)
        return to_array(self)

    monkeypatch.setattr(SparseRows, "toarray", counted)
    monkeypatch.setattr(_threads, "_CHUNK_CELLS", 1)
    rng = np.random.default_rng(0)
    X = sparse.csr_array(rng.random((n_rows, n_columns)) < 0.05)
    model = quick(batch_size=4).fit(X)
    tile = min(SCORE_TILE, n_rows // 10)  # of held-out rows
    assert max(shapes) == (tile, n_columns)
    shapes.clear()
    model.score_features(X)
    assert max(shapes) == (4, n_columns)


MEASURE = """
import sys, tracemalloc, warnings
import numpy as np
from scipy import sparse
from skmade import MADEDensity

def table(n_rows):
    return sparse.random_array(
        (n_rows, 5000), density=0.01, format="csr", rng=np.random.default_rng(0),
        data_sampler=lambda size: np.ones(size),
    )

def peak(X):
    model = MADEDensity((), direct_connections=False, max_iter=2, n_estimators=1, random_state=0)
    tracemalloc.start()
    with warnings.catch_warnings(action="ignore"):
        model.fit(X)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak

peak(table(300))  # the first call compiles
few, X = table(2000), table(20_000)
size = sum(array.nbytes for array in (X.data, X.indices, X.indptr))
print(size, peak(few), peak(X))
"""


@pytest.mark.slow
def test_memory():
    """What 20,000 rows take beside the network, X itself included, is less than thrice their CSR.

    What the network takes, with its batches, is measured on few rows.
    """
    done = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    size, network, peak = map(int, done.stdout.split())
    assert size + peak - network < 3 * size
    assert peak < 20_000 * 5000  # bytes: a dense table of flags
