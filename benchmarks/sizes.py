"""How many units and networks how many rows want: ``python -m benchmarks.sizes --data DIR``.

Of each table, 4,000 rows or a quarter are held out at random, and the first of the others train.
Figures are nats per held-out row and seconds of processor time on one thread, of one network by its
hidden layers, and of several with default layers by how they are combined. ``--rows`` gives the
numbers of training rows.
"""

import time
import warnings

import numpy as np
import pandas as pd

from benchmarks import mixed, tables
from skmade import MADEDensity

SETS = ("california_housing", "adult_train")
N_ROWS = (300, 3000)
SIZES = ((), (32,), (128, 128), (256, 256), (512, 512))
COMBINED = ((1, "mixture"), (2, "mixture"), (5, "mixture"), (5, "product"))
HELD_OUT = 4000


def main():
    parser = tables.parser(__doc__.splitlines()[0])
    parser.add_argument("--rows", nargs="+", type=int, default=N_ROWS, help="of training")
    options = parser.parse_args()
    options.sets = options.sets or SETS[: 1 if options.quick else None]
    warnings.simplefilter("ignore")
    results = tables.Results("sizes", options.quick)
    for name, path in tables.files(options, "continuous", "mixed").items():
        is_mixed = "X_cat" in tables.load(path)
        X = mixed.read(path) if is_mixed else pd.DataFrame(tables.load(path)["X"])
        order = np.random.default_rng(0).permutation(len(X))
        n_held_out = min(HELD_OUT, len(X) // 4)
        test, rest = X.iloc[order[:n_held_out]], X.iloc[order[n_held_out:]]
        for n in sorted({min(n, len(rest)) for n in options.rows[: 1 if options.quick else None]}):
            compare(results, name, rest.iloc[:n], test, {"max_iter": 2} if options.quick else {})
    frame = pd.DataFrame(results.rows)
    results.finish({
        f"{by}_{value}": laid_out(frame[frame["by"] == by], value, digits)
        for by in ("layers", "networks")
        for value, digits in (("nats", 2), ("fit_s", 1))
    })  # fmt: skip


def laid_out(frame, value, digits):
    """A value by table, rows and setting."""
    return frame.pivot_table(value, ["set", "rows"], "setting", sort=False).round(digits)


def compare(results, name, train, test, more):
    """All settings on some rows."""
    settings = {("layers", str(s)): {"hidden_layer_sizes": s, "n_estimators": 1} for s in SIZES}
    settings |= {
        ("networks", f"{k}, {how}" if k > 1 else "1"): {"n_estimators": k, "combination": how}
        for k, how in COMBINED
    }
    MADEDensity(n_estimators=2, combination="product", max_iter=1).fit(train)  # compiles
    for (by, setting), parameters in settings.items():
        model, began = MADEDensity(random_state=0, **parameters, **more), time.process_time()
        model.fit(train)
        seconds = time.process_time() - began
        about = {"set": name, "rows": len(train), "by": by, "setting": setting}
        results.add(**about, nats=model.score(test), fit_s=seconds)


if __name__ == "__main__":
    main()
