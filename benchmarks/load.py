"""Long mixed use under a watch of memory.

    python -m benchmarks.load [--minutes 60] [--rows 10000000]

A file of so many rows of 20 numbers is scored without reading it whole, and a tenth of it is
fitted from disk by passes over its parts. Then, for so many minutes, models of all kinds are
fitted, pickled, scored and drawn from, on tables of all kinds. Each minute the resident memory is
noted: "growth" is how far its median over the last quarter is above that over the second one, as
the first compiles kernels. Any error, or a score or draw that is another after a pickle, ends it.
"""

import argparse
import ctypes
import gc
import pickle
import tempfile
import time
import warnings
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from benchmarks import tables
from skmade import MADEDensity, MADEImputer, MADEOutlierDetector

_COLUMNS, _CHUNK = 20, 100_000


def resident():
    """Megabytes of memory that the process has, without those that it keeps for later."""
    gc.collect()
    if hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def file_of_rows(path, n):
    """A file of rows of related numbers, written in parts."""
    rng = np.random.default_rng(0)
    relation = rng.normal(size=(_COLUMNS, _COLUMNS)).astype(np.float32)
    mapped = np.lib.format.open_memmap(path, mode="w+", dtype="float32", shape=(n, _COLUMNS))
    for begin in range(0, n, _CHUNK):
        part = mapped[begin : begin + _CHUNK]
        part[:] = rng.standard_normal(part.shape, dtype=np.float32) @ relation
    mapped.flush()


def large_file(results, n, n_to_fit):
    """Fit the first rows of a file by passes over its parts, and score all."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rows.npy")
        file_of_rows(path, n)
        rows = np.load(path, mmap_mode="r")
        model = MADEDensity(n_estimators=1, random_state=0)
        before = resident()

        def one_pass():
            for begin in range(0, n_to_fit, _CHUNK):
                model.partial_fit(rows[begin : min(begin + _CHUNK, n_to_fit)])

        for name, call, n_rows in (
            ("partial_fit", one_pass, n_to_fit), ("score_samples", lambda: model.score(rows), n),
        ):  # fmt: skip
            _, seconds = tables.timed(call)
            # (pages of the file that are in memory are the system's to give away)
            results.add(what=name, rows=n_rows, seconds=seconds, megabytes=resident() - before)


def table(rng):
    """A table of some kind."""
    n = int(rng.integers(50, 1500))
    hidden = rng.normal(size=(n, 3))
    numbers = hidden @ rng.normal(size=(3, 5)) + rng.normal(size=(n, 5))
    kind = rng.choice(["numbers", "flags", "sparse", "frame"])
    if kind == "flags":
        return (numbers > 0).astype(float)
    if kind == "sparse":
        return sparse.csr_array((numbers > 1).astype(float))
    if kind == "frame":
        frame = pd.DataFrame(numbers, columns=list("abcde"))
        frame["count"] = rng.poisson(np.exp(hidden[:, 0] / 2))
        frame["label"] = np.where(hidden[:, 1] > 0, "this", "that")
        return frame.mask(rng.random(frame.shape) < 0.1)
    return numbers


def estimator(rng, X):
    """An unfitted model of some kind that takes the table."""
    parameters = {
        "hidden_layer_sizes": (int(rng.integers(8, 64)),) * int(rng.integers(1, 3)),
        "n_estimators": int(rng.integers(1, 4)), "max_iter": int(rng.integers(2, 30)),
        "dtype": str(rng.choice(["float32", "float64"])), "n_jobs": int(rng.integers(1, 3)),
        "random_state": int(rng.integers(1000)),
    }  # fmt: skip
    kinds = [MADEDensity, MADEOutlierDetector]
    if not sparse.issparse(X):
        kinds.append(MADEImputer)
        parameters["n_masks"] = [1, 3, None][rng.integers(3)]
    kind = kinds[rng.integers(len(kinds))]
    if kind is MADEImputer:
        return MADEImputer(MADEDensity(**parameters), random_state=0)
    combination = ["mixture", "weighted", "product"][rng.integers(3)]
    return kind(**parameters, combination=combination)


def use(model, X):
    """What a model says of a table: scores, draws and filled rows."""
    if isinstance(model, MADEImputer):
        return [model.transform(X)]
    said = [model.score_samples(X), model.sample(50, random_state=0)]
    if isinstance(model, MADEOutlierDetector):
        said.append(model.predict(X))
    if not sparse.issparse(X):
        said.append(model.sample_conditional(X[:20], random_state=0))
    return said


def one_round(rng):
    """Fit a model, and compare what it says before and after a pickle."""
    X = table(rng)
    model = estimator(rng, X).fit(X)
    for before, after in zip(use(model, X), use(pickle.loads(pickle.dumps(model)), X), strict=True):
        pd.testing.assert_frame_equal(pd.DataFrame(before), pd.DataFrame(after), check_exact=True)
    if not isinstance(model, MADEImputer):
        assert np.isfinite(model.score_samples(X)).all()


def rounds(results, minutes):
    """Go round until the time is up; note memory twenty times and more."""
    rng, began, n_noted = np.random.default_rng(0), time.monotonic(), 0
    for n_rounds in count(1):
        one_round(rng)
        passed = (time.monotonic() - began) / 60
        if passed >= n_noted * min(1, minutes / 20):
            n_noted += 1
            results.add(what="rounds", rows=n_rounds, seconds=60 * passed, megabytes=resident())
        if passed >= minutes:
            return


def growth(noted):
    """How far memory of the last quarter is above that of the second."""
    _, second, _, last = (np.median(part) for part in np.array_split(noted.megabytes, 4))
    return pd.DataFrame([{"rounds": noted.rows.max(), "growth": last - second, "last": last}])


def main():
    """Score and fit from disk, then go round."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few rows, half a minute")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rows", type=int, default=10_000_000)
    options = parser.parse_args()
    if options.quick:
        options.rows, options.minutes = 20_000, 0.5
    results = tables.Results("load", options.quick)
    large_file(results, options.rows, options.rows // 10)
    rounds(results, options.minutes)
    rows = pd.DataFrame(results.rows)
    results.finish({"growth": growth(rows[rows.what == "rounds"]).round(1)})


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
