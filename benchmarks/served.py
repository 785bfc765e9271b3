"""Scores by onnxruntime beside ours: ``python -m benchmarks.served``.

Times of scoring one row and 10,000 rows on one thread, by default models of tables of numbers, and
of numbers and flags; and how far the scores are from each other, in nats. The ratio is
onnxruntime's time to ours. It reads arrays as they are, and so do we.
"""

import argparse
import statistics
import warnings

import numpy as np
import onnxruntime
import pandas as pd

from benchmarks import report, tables

_REPEATS = 7


def tables_of(n):
    """Rows of two tables, whose columns go with each other."""
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(n, 10))
    reals = hidden @ rng.normal(size=(10, 10)) + rng.normal(size=(n, 10))
    flags = hidden @ rng.normal(size=(10, 20)) > 1
    return {
        "10 numbers": reals,
        "10 numbers, 20 flags": np.hstack([reals, flags]),
    }


def session_of(model):
    """A session of onnxruntime on one thread."""
    from skmade.onnx import to_onnx

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(to_onnx(model).SerializeToString(), options)


def times(model, X):
    """Median seconds of both, which are timed in turn, and how far apart their scores are."""
    session = session_of(model)
    functions = {
        "skmade": lambda: model.score_samples(X),
        "onnxruntime": lambda: session.run(["score"], {"X": X})[0],
    }
    ours, theirs = (function() for function in functions.values())
    seconds = report.seconds_in_turn(functions, _REPEATS)
    medians = {who: statistics.median(own) for who, own in seconds.items()}
    ratio = medians["onnxruntime"] / medians["skmade"]
    return medians | {"ratio": ratio, "distance": float(abs(ours - theirs).max())}


def main():
    """Write the medians, and their ratios."""
    from skmade import MADEDensity

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few rows, to see it works")
    options = parser.parse_args()
    n, short = (200, {"max_iter": 1}) if options.quick else (10_000, {})
    results = tables.Results("served", options.quick)
    for name, X in tables_of(n).items():
        model = MADEDensity(random_state=0, n_jobs=1, **short).fit(X)
        for rows in (X[:1], X):
            results.add(table=name, rows=len(rows), **times(model, rows))
    table = pd.DataFrame(results.rows).set_index(["table", "rows"])
    results.finish({"times": table.map(lambda x: float(f"{x:.4g}"))})


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
