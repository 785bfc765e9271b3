"""Tables in blocks, beside tables in memory: ``python -m benchmarks.scaling_out [--quick]``.

Fits run in a process of their own each. Memory is the most that the process had of what cannot be
given back to the system (pages of a mapped file can). Scores are of a table that is made block by
block: here one block after the other, and on a cluster of two processes on this machine. It needs
the extras ``benchmarks`` and ``dask``, and scikit-learn 1.9 or later.
"""

import argparse
import multiprocessing
import statistics
import tempfile
import threading
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

N_COLUMNS, BLOCK = 40, 50_000
EPOCHS = 3


class Blocks:
    """A table of flags that depend on each other, made anew whenever it is gone through."""

    def __init__(self, n_rows):
        self.n_rows = n_rows

    def __iter__(self):
        for k in range(self.n_rows // BLOCK):
            yield block(k)


def block(k):
    """The k-th block: (BLOCK, N_COLUMNS), float64."""
    rng = np.random.default_rng([0, k])
    hidden = rng.normal(size=(BLOCK, 4))
    mixing = np.random.default_rng(1).normal(size=(4, N_COLUMNS))
    return (hidden @ mixing + rng.normal(size=(BLOCK, N_COLUMNS)) > 0).astype(float)


def estimator():
    """What is fitted: always by as many steps."""
    from skmade import MADEDensity

    return MADEDensity(
        (128,), n_estimators=1, max_iter=EPOCHS, batch_size=1000, n_iter_no_change=EPOCHS,
        random_state=0, n_jobs=2,
    )  # fmt: skip


class Clock:
    """A callback that notes when training begins, and how long epochs take."""

    def setup(self, estimator, context):
        self.begins = []

    def teardown(self, estimator, context):
        self.end = time.perf_counter()

    def on_fit_task_begin(self, estimator, context):
        if context.task_name == "epoch":
            self.begins.append(time.perf_counter())

    def on_fit_task_end(self, estimator, context):
        pass


def unreturnable():
    """Megabytes of this process that no file backs."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024


class Memory:
    """The most memory while a ``with`` block runs."""

    def __enter__(self):
        self.most, self._ended = 0.0, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def _watch(self):
        while not self._ended.wait(0.02):
            self.most = max(self.most, unreturnable())

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()


def fit(kind, n_rows, folder):
    """Seconds and megabytes of a fit, in memory or in blocks."""
    from skmade import blocks

    warnings.simplefilter("ignore")
    blocks.fit(estimator(), Blocks(BLOCK), folder=folder)  # compiles
    clock, began = Clock(), time.perf_counter()
    model = estimator().set_callbacks(clock)
    with Memory() as memory:
        if kind == "in memory":
            X = np.empty((n_rows, N_COLUMNS))
            for k, rows in enumerate(Blocks(n_rows)):
                X[k * BLOCK : (k + 1) * BLOCK] = rows
            model.fit(X)
        else:
            blocks.fit(model, Blocks(n_rows), folder=folder)
    return {
        "fit": f"{n_rows:,} rows, {kind}",
        "table, MB": n_rows * N_COLUMNS * 8 / 1e6,
        "memory, MB": memory.most,
        "seconds until training": clock.begins[0] - began,
        "seconds of an epoch": (clock.end - clock.begins[0]) / EPOCHS,
        "score of the first block": model.score(block(0)),
    }


def scores(n_rows, repeats):
    """Rows scored in a second, blocks being made meanwhile."""
    import dask.array as da
    from distributed import Client, LocalCluster

    from benchmarks import report
    from skmade import blocks

    wide = {"hidden_layer_sizes": (256, 256), "max_iter": 1}  # scores take as long as blocks
    model = estimator().set_params(**wide).fit(block(0))
    parts = [
        da.from_delayed(delayed_block(k), (BLOCK, N_COLUMNS), float) for k in range(n_rows // BLOCK)
    ]
    X = da.concatenate(parts)

    def here(n_jobs):
        model.set_params(n_jobs=n_jobs)
        return np.concatenate([model.score_samples(rows) for rows in Blocks(n_rows)])

    def on_cluster():
        return blocks.score_samples(model, X).compute()

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster),
    ):
        same = bool(np.all(on_cluster() == here(1)))  # (which loads kernels, too)
        times = report.seconds_in_turn({
            "blocks made, not scored": lambda: [len(rows) for rows in Blocks(n_rows)],
            "here, one thread": lambda: here(1),
            "here, two threads": lambda: here(2),
            f"two processes, {'the same' if same else 'other'} bits": on_cluster,
        }, repeats)  # fmt: skip
    return [
        {"scores": name, "rows in a second": round(n_rows / statistics.median(own), -3),
         "repeats": repeats}
        for name, own in times.items()
    ]  # fmt: skip


def delayed_block(k):
    """A block that a worker makes."""
    import dask

    return dask.delayed(block, pure=True)(k)


def main():
    """Write ``results/scaling_out``."""
    from benchmarks import report

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    sizes, spawn = (
        ([100_000] if quick else [500_000, 2_000_000]),
        multiprocessing.get_context("spawn"),
    )
    fits = []
    with tempfile.TemporaryDirectory() as folder:
        for n_rows in sizes:
            for kind in ("in memory", "in blocks"):
                with ProcessPoolExecutor(1, mp_context=spawn) as pool:
                    fits.append(pool.submit(fit, kind, n_rows, folder).result())
    scored = scores(100_000 if quick else 200_000, 1 if quick else 5)
    tables = {
        "fits": pd.DataFrame(fits).set_index("fit").map(lambda x: float(f"{x:.4g}")),
        "scores": pd.DataFrame(scored).set_index("scores"),
    }
    if quick:
        print(*tables.values(), sep="\n")
    else:
        report.write("scaling_out", [*fits, *scored], tables)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
