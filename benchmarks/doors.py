"""The way in and out: ``python -m benchmarks.doors [--against DIR]``.

Times of encoding mixed tables beside scikit-learn's encoders, of scoring with a category among
numbers, of single rows and of small passes under many draws of masks; with ``--against`` beside an
older checkout of the project, in turn with it.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

REPEATS = 7


def median_seconds(function, repeats=REPEATS):
    """Of a call, the first of which is not counted."""
    function()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        function()
        times.append(time.perf_counter() - started)
    return float(np.median(times))


def mixed_frame(n):
    """Ten columns: five reals, counts, flags, text, labels and categories."""
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            **{f"x{j}": rng.normal(size=n) for j in range(5)},
            "count": rng.poisson(3, n),
            "flag": rng.random(n) > 0.5,
            "text": rng.choice(list("abcd"), n),
            "label": rng.choice(list("abcdefgh"), n).astype(object),
            "category": pd.Categorical(rng.choice(list("xyz"), n)),
        }
    )


def encoding(n):
    """Seconds of reading a mixed frame, ours and by scikit-learn's encoders."""
    from sklearn.preprocessing import OrdinalEncoder, StandardScaler

    from benchmarks import tables
    from skmade import MADEDensity

    frame = mixed_frame(n)
    model = MADEDensity((8,), n_components=2, max_iter=1, n_estimators=1).fit(frame[:2000])
    labels = ["flag", "text", "label", "category"]
    numbers = [name for name in frame if name not in labels]
    ordinal = OrdinalEncoder().fit(frame[labels])
    scaler = StandardScaler().fit(frame[numbers])
    return {
        "skmade": median_seconds(lambda: tables.encoded(model, frame)),
        "scikit-learn": median_seconds(
            lambda: (ordinal.transform(frame[labels]), scaler.transform(frame[numbers]))
        ),
    }


def calls(n):
    """Seconds of what older checkouts can do, too."""
    from skmade import MADEDensity

    rng, seconds = np.random.default_rng(0), {}
    small = {"n_estimators": 1, "n_components": 2, "max_iter": 1, "random_state": 0}
    numbers = pd.DataFrame({f"x{j}": rng.normal(size=n) for j in range(10)})
    mixed = numbers.assign(x9=pd.Categorical(rng.choice(list("xyz"), n)))
    few = 3 if n > 50_000 else REPEATS
    for name, frame in (("score numbers", numbers), ("score a category among them", mixed)):
        model = MADEDensity((16,), **small).fit(frame[:2000])
        seconds[name] = median_seconds(lambda model=model, f=frame: model.score_samples(f), few)
    flags = (rng.random((300, 180)) < 0.2).astype(float)
    agnostic = {"hidden_layer_sizes": (500,), "n_masks": None, "random_state": 0}
    model = MADEDensity(**agnostic, max_iter=1).fit(flags)
    seconds["one row, n_masks=None"] = median_seconds(lambda: model.score_samples(flags[:1]), 25)
    passes = MADEDensity(**agnostic)
    seconds["partial_fit of 100 rows, n_masks=None"] = median_seconds(
        lambda: passes.partial_fit(flags[:100]), 15
    )
    reals = rng.normal(size=(1500, 8))
    seconds["fit 1,500 x 8 numbers, 5 epochs"] = median_seconds(
        lambda: MADEDensity(random_state=0, n_estimators=1, max_iter=5).fit(reals)
    )
    fitted = MADEDensity(random_state=0, n_estimators=1, max_iter=1).fit(reals)
    many = np.resize(reals, (20_000, 8))
    seconds["score 20,000 x 8 numbers"] = median_seconds(lambda: fitted.score_samples(many))
    seconds["sample 20,000 x 8 numbers"] = median_seconds(lambda: fitted.sample(20_000, 0))
    holes = reals[:1].copy()
    holes[:, ::2] = np.nan
    seconds["fill in one row by proposals"] = median_seconds(
        lambda: fitted.sample_conditional(holes, random_state=0), 15
    )
    return seconds


def calls_of(folder, n):
    """`calls` of a checkout, in a process of its own."""
    command = [sys.executable, str(Path(__file__).resolve()), "--child", str(n)]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def main():
    """Write the medians, and their ratios."""
    from benchmarks import tables

    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--against", help="folder of an older checkout")
    options.add_argument("--quick", action="store_true", help="few rows, to see it works")
    options.add_argument("--rounds", type=int, default=3, help="turns with the older checkout")
    options = options.parse_args()
    n, rounds = (2000, 1) if options.quick else (200_000, options.rounds)
    results = tables.Results("doors", options.quick)
    times = encoding(n)
    results.add(task="encode mixed rows", **times, ratio=times["scikit-learn"] / times["skmade"])
    folders = {"skmade": Path(__file__).resolve().parents[1]}
    if options.against:
        folders["older"] = Path(options.against).resolve()
    turns = {who: [] for who in folders}
    for _ in range(rounds):
        for who, folder in folders.items():
            turns[who].append(calls_of(folder, n))
    for task in turns["skmade"][0]:
        medians = {who: np.median([turn[task] for turn in own]) for who, own in turns.items()}
        ratio = medians["older"] / medians["skmade"] if options.against else np.nan
        results.add(task=task, **medians, ratio=ratio)
    table = pd.DataFrame(results.rows).set_index("task")
    results.finish({"times": table.map(lambda x: float(f"{x:.4g}"))})


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    if "--child" in sys.argv:
        print(json.dumps(calls(int(sys.argv[-1]))))
    else:
        main()
