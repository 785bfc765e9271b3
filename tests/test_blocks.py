"""Tables in blocks: the same model, scores and draws as in memory."""

import os
import sys
import tracemalloc
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from conftest import correlated_flags, quick, sizes
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmade import MADEDensity, MADEImputer, MADEOutlierDetector, blocks
from skmade._arguments import to_generator
from skmade._columns import Columns

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def frame_of(n_rows, seed=0):
    """Flags of three dtypes that depend on each other, in the order of one of them."""
    pandas = pytest.importorskip("pandas")
    X = correlated_flags(n_rows, 3, seed)
    X = X[np.argsort(X[:, 2], kind="stable")]
    return pandas.DataFrame({"a": X[:, 0] > 0, "b": X[:, 1].astype(int), "c": X[:, 2]})


def flags(n_rows=300):
    return correlated_flags(n_rows, 5)


def cut(table, *ends):
    """Blocks of unequal sizes, one of them empty."""
    ends = [0, *ends, len(table)]
    return [table[begin:end] for begin, end in pairwise(ends)]


@pytest.mark.parametrize("parameters", [
    {"n_estimators": 2}, {"n_masks": 2}, {"validation_fraction": 0.3},
], ids=str)  # fmt: skip
def test_a_fit_of_blocks_is_that_of_the_table_bit_for_bit(parameters):
    X = flags()
    model = blocks.fit(quick(**parameters), cut(X, 10, 10, 200))
    whole = quick(**parameters).fit(X)
    np.testing.assert_array_equal(model.score_samples(X), whole.score_samples(X))
    assert model.loss_curve_ == whole.loss_curve_
    assert model.validation_curve_ == whole.validation_curve_


@pytest.mark.parametrize("parameters", [
    {}, {"early_stopping": False}, {"combination": "weighted", "n_estimators": 2},
], ids=str)  # fmt: skip
def test_rows_to_judge_by_may_be_given_or_left_out(parameters):
    X = flags()
    if not parameters.get("early_stopping", True):
        model, whole = blocks.fit(quick(**parameters), cut(X, 99)), quick(**parameters).fit(X)
        np.testing.assert_array_equal(model.score_samples(X), whole.score_samples(X))
    X_val = correlated_flags(50, 5, seed=1)
    whole = quick(**parameters).fit(X, X_val=X_val)
    for given in (X_val, lambda: X_val):
        model = blocks.fit(quick(**parameters), cut(X, 99), X_val=given)
        np.testing.assert_array_equal(model.score_samples(X), whole.score_samples(X))


def test_a_detector_of_blocks_has_the_threshold_of_the_table():
    X = flags()
    parameters = {"n_estimators": 1, "max_iter": 2, "random_state": 0}
    detector = blocks.fit(MADEOutlierDetector((8,), **parameters), cut(X, 50, 90))
    whole = MADEOutlierDetector((8,), **parameters).fit(X)
    assert detector.offset_ == whole.offset_
    np.testing.assert_array_equal(detector.held_out_scores_, whole.held_out_scores_)
    assert vars(detector).keys() == vars(whole).keys()  # (no rows are kept)


@pytest.mark.parametrize("sees_all", [True, False])
def test_labels_of_single_rows_set_the_threshold_where_all_rows_were_seen(sees_all, monkeypatch):
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"town": rng.zipf(1.4, 200).astype(str).astype(object), "x": rng.random(200)})
    parameters = {"n_estimators": 1, "max_iter": 2, "random_state": 0}
    if not sees_all:
        monkeypatch.setattr(blocks, "_MOST_LEARNT_FROM", 199)
    changed, original = [], Columns.as_fresh

    def spied(self, table, extras):
        fresh = original(self, table, extras)
        changed.append(np.any(fresh[0] != table))
        return fresh

    monkeypatch.setattr(Columns, "as_fresh", spied)
    blocks.fit(MADEOutlierDetector((8,), **parameters), [X[:90], X[90:]])
    assert changed == [sees_all]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_blocks_of_frames_keep_their_names_and_dtypes(library):
    frame = frame_of(200)
    if library == "polars":
        frame = pytest.importorskip("polars").from_pandas(frame)
    parts = cut(frame, 70, 70, 150)
    model, whole = blocks.fit(quick(max_iter=1), parts), quick(max_iter=1).fit(frame)
    np.testing.assert_array_equal(model.score_samples(frame), whole.score_samples(frame))
    drawn, expected = (m.sample(20, random_state=0) for m in (model, whole))
    assert drawn.equals(expected)


def test_training_goes_on_where_warm_start_asks_for_it():
    X = flags()
    model = blocks.fit(blocks.fit(quick(warm_start=True), cut(X, 100)), cut(X, 30))
    whole = quick(warm_start=True).fit(X).fit(X)
    np.testing.assert_array_equal(model.score_samples(X), whole.score_samples(X))


def test_columns_are_learnt_from_rows_of_all_blocks(monkeypatch):
    monkeypatch.setattr(blocks, "_MOST_LEARNT_FROM", 200)
    monkeypatch.setattr(blocks, "_MOST_HELD_OUT", 150)
    rng = np.random.default_rng(0)
    X = np.sort(rng.normal(size=(4000, 1)), axis=0)  # each block has a range of its own
    parts = np.array_split(X, 20)
    drawn = blocks._RowSample.of(parts, 200)
    assert drawn.n_rows == 4000
    np.testing.assert_array_equal(drawn.rows, X[drawn.positions])
    assert np.all(np.diff(drawn.positions) > 0)
    per_block = np.bincount(drawn.positions // 200, minlength=20)
    assert per_block.sum() == 200 and 1 <= per_block.min() and per_block.max() <= 25
    model = blocks.fit(quick(max_iter=sizes(10, 2)), parts)
    assert model.score(X) == pytest.approx(quick(max_iter=sizes(10, 2)).fit(X).score(X), abs=0.2)


def test_rows_are_drawn_with_equal_probability():
    X, counts = np.arange(60.0)[:, None], np.zeros(60)
    for seed in range(400):
        drawn = blocks._RowSample(10)
        drawn._rng = np.random.default_rng(seed)
        for part in cut(X, 5, 7, 40):
            drawn._add(part)
        drawn._reduce()
        assert len(drawn.positions) == 10
        counts[drawn.positions] += 1
    assert np.abs(counts - 400 / 6).max() < 4.5 * np.sqrt(400 / 6 * 5 / 6)


def test_labels_that_are_too_rare_to_be_learnt_are_explained(monkeypatch):
    monkeypatch.setattr(blocks, "_MOST_LEARNT_FROM", 50)
    frame = frame_of(200).assign(kind=np.resize(["up", "down"], 200))
    missed = next(k for k in range(200) if k not in blocks._RowSample.of([frame], 50).positions)
    frame.loc[missed, "kind"] = "unheard of"
    with pytest.raises(ValueError, match="kind") as caught:
        blocks.fit(quick(), cut(frame, 60))
    assert "learnt from 50 of the 200 rows" in caught.value.__notes__[0]


class Table:
    """Blocks that are made anew, and never all in memory."""

    def __init__(self, n_blocks, n_rows=20_000, n_columns=50):
        self.n_blocks, self.shape_of_block = n_blocks, (n_rows, n_columns)

    def __iter__(self):
        for k in range(self.n_blocks):
            yield (np.random.default_rng(k).random(self.shape_of_block) < 0.3).astype(float)


@pytest.mark.skipif(sizes(False, True), reason="interpreted kernels take long")
def test_memory_holds_a_fraction_of_the_table(monkeypatch, tmp_path):
    monkeypatch.setattr(blocks, "_MOST_LEARNT_FROM", 5000)
    monkeypatch.setattr(blocks, "_MOST_HELD_OUT", 1000)
    model = MADEDensity((8,), n_estimators=1, max_iter=1, random_state=0)
    blocks.fit(model, Table(1, 2000))  # compiles
    tracemalloc.start()
    blocks.fit(model, Table(20), folder=tmp_path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    n_bytes = 20 * 20_000 * 50 * 8
    assert peak < n_bytes / 3
    assert not any(tmp_path.iterdir())


@pytest.mark.skipif(os.name != "posix", reason="concerns permissions of POSIX")
def test_files_in_between_are_for_nobody_else(tmp_path):
    modes = []

    class Watched(list):
        def __iter__(self):
            modes.extend(path.stat().st_mode & 0o777 for path in tmp_path.iterdir())
            return super().__iter__()

    blocks.fit(quick(max_iter=1), Watched(cut(flags(), 100)), folder=tmp_path)
    assert set(modes) == {0o700}


@pytest.mark.parametrize(("model", "given", "error", "message"), [
    (MADEImputer(), [flags()], TypeError, "fitted by MADEDensity"),
    (quick(), flags(), TypeError, "in a list"),
    (quick(), 7, TypeError, "iterable of tables"),
    (quick(), iter([flags()]), ValueError, "gone through twice"),
    (quick(), [], ValueError, "0 sample"),
    (MADEOutlierDetector(trim=0.1), [flags()], ValueError, "trim=0"),
    (MADEOutlierDetector(contamination=0.1), [flags()], ValueError, "contamination='auto'"),
    (quick(hidden_layer_sizes="many"), [flags()], ValueError, "hidden_layer_sizes"),
])  # fmt: skip
def test_what_cannot_be_fitted_in_blocks_is_refused(model, given, error, message):
    with pytest.raises(error, match=message):
        blocks.fit(model, given)
    assert not hasattr(model, "_density")


def test_sparse_blocks_are_refused():
    from scipy.sparse import csr_array

    with pytest.raises(TypeError, match="vstack"):
        blocks.fit(quick(), [csr_array(flags())])


@pytest.mark.parametrize("other", [["b", "a", "c"], ["a", "b", "d"], None], ids=str)
def test_blocks_with_other_columns_are_refused(other):
    parts = cut(frame_of(90), 30, 60)
    parts[2] = parts[2].to_numpy() if other is None else parts[2].set_axis(other, axis=1)
    with pytest.raises(ValueError, match=r"Block 2 .* the same columns in the same order"):
        blocks.fit(quick(), parts)


def test_blocks_that_change_are_refused():
    class Growing(Table):
        def __iter__(self):
            self.n_blocks += 1
            return super().__iter__()

    with pytest.raises(ValueError, match="must be the same"):
        blocks.fit(quick(), Growing(1, 100, 3))


def test_callbacks_are_told_of_fits_of_blocks():
    pytest.importorskip("sklearn.callback", reason="scikit-learn before 1.9 has none")
    from test_callbacks import Recorder

    recorder = Recorder()
    blocks.fit(quick(max_iter=2).set_callbacks(recorder), cut(flags(), 100))
    assert recorder.paths("end epoch") == [(0, 0), (0, 1)]
    assert recorder.told[-1] == ("teardown", ())


@pytest.fixture(scope="module")
def detector():
    parameters = {"n_estimators": 1, "max_iter": 1, "random_state": 0}
    return MADEOutlierDetector((8,), **parameters).fit(flags())


@pytest.mark.parametrize("chunks", [(100, 5), ((0, 7, 293), 5), (50, 2)], ids=str)
@pytest.mark.parametrize("method", ["score_samples", "decision_function", "p_values", "predict"])
def test_values_of_dask_arrays_are_those_in_memory(method, chunks, detector):
    da = pytest.importorskip("dask.array")
    X = flags()
    lazy = getattr(blocks, method)(detector, da.from_array(X, chunks=chunks))
    expected = getattr(detector, method)(X)
    assert lazy.shape == (300,) and lazy.dtype == expected.dtype
    computed = lazy.compute(scheduler="threads")
    assert computed.dtype == expected.dtype
    np.testing.assert_array_equal(computed, expected)


def test_scores_given_columns_are_those_in_memory():
    da = pytest.importorskip("dask.array")
    X, model = flags(), quick(ordering="natural", max_iter=1).fit(flags())
    lazy = blocks.score_samples(model, da.from_array(X, chunks=(70, 5)), given=[0, 1])
    np.testing.assert_array_equal(lazy, model.score_samples(X, given=[0, 1]))


def test_pipelines_are_scored_lazily():
    da = pytest.importorskip("dask.array")
    model = MADEOutlierDetector((8,), n_estimators=1, max_iter=1, random_state=0)
    X = np.random.default_rng(0).normal(size=(100, 2))
    pipeline, lazy = make_pipeline(StandardScaler(), model).fit(X), da.from_array(X, chunks=(30, 2))
    for method in ("score_samples", "decision_function", "predict"):
        values = getattr(blocks, method)(pipeline, lazy)
        np.testing.assert_array_equal(values, getattr(pipeline, method)(X))
    with pytest.raises(TypeError, match="given columns are those of a MADEDensity; got Pipeline"):
        blocks.score_samples(pipeline, lazy, given=[0])
    with pytest.raises(TypeError, match=r"Pipeline has no p_values.*the last step"):
        blocks.p_values(pipeline, lazy)
    with pytest.raises(TypeError, match=r"Pipeline has no sample\b"):
        blocks.sample(pipeline, 10)
    with pytest.raises(TypeError, match=r"MADEDensity has no predict. Pass a MADEOutlierDetector"):
        blocks.predict(quick(max_iter=1).fit(X), lazy)


def test_dask_dataframes_are_fitted_scored_and_drawn():
    dd = pytest.importorskip("dask.dataframe")
    frame = frame_of(200)
    lazy = dd.from_pandas(frame, npartitions=4)
    model, whole = blocks.fit(quick(max_iter=1), lazy), quick(max_iter=1).fit(frame)
    scores = blocks.score_samples(model, lazy)
    computed = scores.compute(scheduler="threads")
    assert computed.index.equals(frame.index) and computed.name == "score_samples"
    np.testing.assert_array_equal(computed, whole.score_samples(frame))
    some = lazy[lazy.c > 0]  # of the first block nothing is left
    assert len(some.partitions[0]) == 0
    np.testing.assert_array_equal(
        blocks.score_samples(model, some).compute(), whole.score_samples(frame[frame.c > 0])
    )
    drawn = blocks.sample(model, 50, random_state=0, rows_per_block=20)
    assert drawn.npartitions == 3
    assert dict(drawn.dtypes) == dict(whole.sample().dtypes)
    seeds = to_generator(0).integers(2**31 - 1, size=3)
    last = whole.sample(10, random_state=int(seeds[2]))
    assert drawn.partitions[2].compute().equals(last)


def test_dask_arrays_are_fitted_and_drawn(detector):
    da = pytest.importorskip("dask.array")
    X = flags()
    model = blocks.fit(quick(), da.from_array(X, chunks=(80, 3)))
    np.testing.assert_array_equal(model.score_samples(X), quick().fit(X).score_samples(X))
    drawn = blocks.sample(model, 50, random_state=0, rows_per_block=20)
    assert drawn.chunks == ((20, 20, 10), (5,)) and drawn.dtype == X.dtype
    np.testing.assert_array_equal(drawn, drawn.compute(scheduler="threads"))
    assert len(np.unique(np.asarray(drawn), axis=0)) > 5
    with pytest.raises(ValueError, match="must be positive"):
        blocks.sample(model, 0)


def test_tables_in_memory_are_no_dask_collections(detector):
    pytest.importorskip("dask")
    with pytest.raises(TypeError, match=r"model\.predict"):
        blocks.predict(detector, flags())


def test_without_dask_the_error_says_what_to_install(detector, monkeypatch):
    monkeypatch.setitem(sys.modules, "dask", None)
    with pytest.raises(ImportError, match=r"skmade\[dask\]"):
        blocks.sample(detector, 5)


@pytest.mark.slow
def test_workers_score_and_feed_a_table_that_exceeds_their_memory(cluster, tmp_path):
    da = pytest.importorskip("dask.array")
    # 2 GB: 100 blocks of 40,000 rows
    X = (da.random.default_rng(0).random((4_000_000, 64), chunks=(40_000, 64)) < 0.3).astype(float)
    limits = [worker["memory_limit"] for worker in cluster.scheduler_info()["workers"].values()]
    assert len(limits) == 2 and X.nbytes > 4 * max(limits)
    model = MADEDensity((16,), n_estimators=1, max_iter=1, random_state=0, batch_size=1000)
    blocks.fit(model, X, folder=tmp_path)
    scores = blocks.score_samples(model, X)
    assert scores.mean().compute() == pytest.approx(-64 * 0.6109, rel=0.01)  # nats of 30 % flags
    some = X.blocks[7].compute()
    np.testing.assert_array_equal(scores.blocks[7].compute(), model.score_samples(some))
    drawn = blocks.sample(model, 100_000, random_state=0, rows_per_block=50_000)
    assert drawn.mean().compute() == pytest.approx(0.3, abs=0.02)


@pytest.mark.slow
@pytest.mark.filterwarnings("error")
def test_workers_have_the_threads_that_dask_gives_them(cluster, detector):
    da, X = pytest.importorskip("dask.array"), flags()
    many = detector.set_params(n_jobs=7)
    values = blocks.predict(many, da.from_array(X, chunks=(100, 5))).compute()
    np.testing.assert_array_equal(values, many.predict(X))
    assert many.n_jobs == 7


@pytest.mark.slow
def test_a_search_on_a_cluster_finds_what_one_here_finds(cluster):
    from joblib import parallel_config
    from sklearn.model_selection import GridSearchCV

    from skmade._threads import n_threads

    X = flags()
    search = GridSearchCV(quick(), {"dropout": [0.0, 0.5], "max_iter": [1, 3]}, cv=2)
    expected = search.fit(X).cv_results_["mean_test_score"]
    with parallel_config(backend="dask"):
        found = search.fit(X).cv_results_["mean_test_score"]
        assert n_threads(None) <= n_threads(-1) <= os.cpu_count()
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("call", [blocks.score_samples, blocks.sample])
def test_models_that_are_not_fitted_are_refused_before_anything_is_computed(call):
    da = pytest.importorskip("dask.array")
    with pytest.raises(NotFittedError):
        call(quick(), 3 if call is blocks.sample else da.zeros((4, 2)))


@pytest.mark.parametrize("fraction, n_rows, n_held_out", [(0.1, 3, 1), (0.9, 2, 1), (0.25, 40, 10)])
def test_some_rows_train_and_some_judge(fraction, n_rows, n_held_out, rng):
    positions = blocks._held_out(fraction, n_rows, rng)
    assert len(np.unique(positions)) == n_held_out
    assert positions.max() < n_rows
