"""How long default fits take: ``python -m benchmarks.fits --data DIR [--against DIR]``.

Processor time of ``MADEDensity().fit`` on one thread, and held-out nats. Rows are permuted by
``default_rng(0)``; nine tenths train. Real columns are jittered within their resolution (see
`benchmarks.real`), so that an older checkout, which fits the same rows in turn, in a process of
its own, is compared on the same measure.
"""

import pickle
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import against

_ADBENCH = (
    "14_glass", "18_Ionosphere", "20_letter", "23_mammography", "28_pendigits", "2_annthyroid",
    "30_satellite", "38_thyroid", "40_vowels", "43_WDBC", "4_breastw", "6_cardio",
)  # fmt: skip
_REAL, _FLAGS = ("wine_red", "power_plant", "california_housing"), ("dna_made", "plants")
_MOST_ROWS = 15_000


def calls(path):
    """Processor seconds of a fit to pickled rows, and the mean log-density of others."""
    from skmade import MADEDensity

    warnings.simplefilter("ignore")
    train, test, more = pickle.loads(Path(path).read_bytes())
    # (compiles, for the families that all rows have in use)
    MADEDensity(max_iter=1, n_estimators=1, n_jobs=1).fit(train)
    model, started = MADEDensity(random_state=0, n_jobs=1, **more), time.process_time()
    model.fit(train)
    seconds = time.process_time() - started
    return {"seconds": seconds, "nats": model.score(test), "epochs": int(model.n_iter_)}


def rows_of(options):
    """Tables by name."""
    from benchmarks import tables
    from benchmarks.mixed import read
    from benchmarks.real import jittered

    wanted = [*_REAL, *_ADBENCH, *_FLAGS, "adult_train"]
    options.sets = options.sets or (wanted[:1] if options.quick else wanted)
    found = tables.files(options, "continuous", "adbench", "binary", "mixed")
    for name, path in found.items():
        if name == "adult_train":
            yield name, read(path)
        elif name in _FLAGS:
            yield name, tables.load(path)["train"].astype(bool)
        else:
            data = tables.load(path)
            X = data["X"] if name in _REAL else data["X"][data["y"] == 0]
            yield name, jittered(X.astype(float))


def main():
    """Fit each table by each checkout; write seconds, their ratios and nats."""
    from benchmarks import tables

    parser = tables.parser(__doc__.splitlines()[0])
    parser.add_argument("--against", help="folder of an older checkout")
    options = parser.parse_args()
    results, more = tables.Results("fits", options.quick), {"max_iter": 2} if options.quick else {}
    for name, X in rows_of(options):
        order = np.random.default_rng(0).permutation(len(X))[:_MOST_ROWS]
        train, test = np.split(order, [9 * len(order) // 10])
        rows = [X.iloc[part].reset_index(drop=True) if isinstance(X, pd.DataFrame) else X[part]
                for part in (train, test)]  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "rows.pickle")
            path.write_bytes(pickle.dumps((*rows, more)))
            for who, checkout in against.checkouts(options).items():
                found = against.result_of(checkout, "fits", str(path))
                results.add(set=name, rows=len(train), who=who, **found)
    written = {"fits": results.table(["seconds", "nats", "epochs"]).round(3)}
    if options.against:
        seconds, nats = results.table("seconds"), results.table("nats")
        ratio, gained = seconds["older"] / seconds["skmade"], nats["skmade"] - nats["older"]
        written["ratios"] = pd.DataFrame({"times as fast": ratio, "nats gained": gained}).round(3)
        means = {"times as fast": np.exp(np.log(ratio).mean()), "nats gained": gained.mean()}
        written["means"] = pd.DataFrame(means, index=["mean (geometric, plain)"]).round(3)
    results.finish(written)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
