"""The way in and out: ``python -m benchmarks.doors [--against DIR]``.

Times of encoding mixed tables beside scikit-learn's encoders, of scoring with a category among
numbers, of single rows and of small passes under many draws of masks; with ``--against`` beside an
older checkout of the project, in turn with it.
"""

import argparse
import warnings

import numpy as np
import pandas as pd

from benchmarks import against
from benchmarks.against import REPEATS, median_seconds


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


def main():
    """Write the medians, and their ratios."""
    from benchmarks import tables

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    against.add_options(parser, rounds=3)
    options = parser.parse_args()
    n = 2000 if options.quick else 200_000
    results = tables.Results("doors", options.quick)
    times = encoding(n)
    results.add(task="encode mixed rows", **times, ratio=times["scikit-learn"] / times["skmade"])
    for row in against.medians_in_turn("doors", n, options):
        results.add(**row)
    table = pd.DataFrame(results.rows).set_index("task")
    results.finish({"times": table.map(lambda x: float(f"{x:.4g}"))})


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
