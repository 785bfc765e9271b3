"""Tables that are mostly zero: ``python -m benchmarks.zeros [--against DIR]``.

Times of scores and of steps of training (of 100 rows, with one network of a hidden layer of 500)
on one thread; with ``--against`` beside an older checkout of the project, in turn with it.
"""

import argparse
import warnings
from functools import partial

import numpy as np
import pandas as pd

from benchmarks import against
from benchmarks.against import median_seconds

#: Labels of the groups of adult's flags.
_GROUPS = (9, 8, 16, 7, 15, 6, 5, 2, 41, 14)


def tables_of(n):
    """Rows of flags, and numbers beside them, where nothing can be skipped."""
    rng = np.random.default_rng(0)
    shares = np.clip(rng.beta(0.5, 3.3, 784), 0.01, 0.9)  # 13 % on average
    labels = [np.eye(size)[rng.integers(0, size, n)] for size in _GROUPS]
    return {
        "digits, 784 columns, 13 % ones": rng.random((n, 784)) < shares,
        "labels, 123 columns, 8 % ones": np.hstack(labels),
        "baskets, 190 columns, 2 % ones": rng.random((n, 190)) < 0.02,
        "flags, 180 columns, 50 % ones": rng.random((n, 180)) < 0.5,
        "numbers, 16 columns": rng.normal(size=(n, 16)),
    }


def calls(n):
    """Seconds of what older checkouts can do, too."""
    from skmade import MADEDensity

    seconds = {}
    for name, table in tables_of(n).items():
        X, n_steps = table.astype(np.float32), n // 100
        model = MADEDensity(
            (500,), batch_size=100, dropout=0.0, alpha=0.0, max_iter=1, random_state=0,
            early_stopping=False, n_estimators=1, n_jobs=1,
        ).fit(X)  # fmt: skip
        seconds[f"score {n:,} rows: {name}"] = median_seconds(partial(model.score_samples, X))
        seconds[f"step: {name}"] = median_seconds(partial(model.partial_fit, X)) / n_steps
    return seconds


def main():
    """Write the medians, and their ratios."""
    from benchmarks import report, tables

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    against.add_options(parser, rounds=7)
    options = parser.parse_args()
    results = tables.Results("zeros", options.quick)
    print(report.processor())
    for row in against.medians_in_turn("zeros", 200 if options.quick else 4000, options):
        results.add(**row)
    table = pd.DataFrame(results.rows).set_index("task")
    results.finish({"times": table.map(lambda x: float(f"{x:.4g}"))})


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
