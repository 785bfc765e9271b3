"""Draws of mixed tables, and how often they are told from real rows; beside other synthesisers.

    python -m benchmarks.mixed --data DIR [--forests PYTHON]

Rows are permuted by ``default_rng(0)``; one half, 15,000 rows at most, trains, and as many are
drawn as the other half has, 15,000 at most. Gradient boosting tells the two apart by cross-
validation in three parts: the area under its ROC curve, 0.5 is perfect. Drawn rows get the
missing cells of the real ones, but for ``missing="informative"``, where they are drawn, and for
training rows that are drawn again, as a measure of what the small number of rows shows. Rivals that
take no gaps see medians, and most frequent labels, in their place. Bits are of the other half,
lower is better: under one set of columns, so that probabilities of cells are compared with the
like. ``benchmarks/forests.py`` says what `--forests` is.
"""

import warnings

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_score

from benchmarks import tables
from benchmarks.forests import Forest
from benchmarks.synthesisers import GaussianCopula, OneHotMixture
from skmade import MADEDensity

MOST_ROWS = 15_000
# Forests take minutes: UnmaskingTrees for hundreds of rows, adversarial ones for thousands.
MOST_ROWS_OF_FORESTS = 1_000


def main():
    parser = tables.parser(__doc__.splitlines()[0])
    parser.add_argument("--forests", help="Python of an environment with arfpy and utrees")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    results = tables.Results("mixed", options.quick)
    for name, path in tables.files(options, "mixed", unless_named=["adult_test"]).items():
        frame = read(path)
        mixed_table(results, name, frame[:1000] if options.quick else frame, options)
    results.finish({"summary": pd.DataFrame(results.rows).set_index(["set", "who"]).round(3)})


def read(path):
    """A mixed table as a DataFrame; an empty category is one of its own."""
    data = tables.load(path)
    numbers = pd.DataFrame(data["X_num"], columns=data["num_columns"])
    kinds = pd.DataFrame(data["X_cat"], columns=data["cat_columns"]).astype("category")
    return pd.concat([numbers, kinds], axis=1)


def mixed_table(results, name, frame, options):
    """Ours, and other synthesisers, on one table."""
    order, half = np.random.default_rng(0).permutation(len(frame)), len(frame) // 2
    train = frame.iloc[order[:half][:MOST_ROWS]].reset_index(drop=True)
    test = frame.iloc[order[half:][:MOST_ROWS]].reset_index(drop=True)
    about, more = {"set": name, "rows": len(train)}, {"max_iter": 2} if options.quick else {}
    settings = {
        "MADE default": {},
        "independent columns": {"hidden_layer_sizes": (), "direct_connections": False},
    }
    if train.isna().any(axis=None):
        settings["MADE, gaps are outcomes"] = {"missing": "informative"}
    for who, setting in settings.items():
        model = MADEDensity(random_state=0, n_jobs=2, **more, **setting)
        _, seconds = tables.timed(model.fit, train)
        drawn = model.sample(len(test), random_state=0)
        drawn = drawn if "missing" in setting else with_gaps_of(drawn, test)
        bits = -model.score(test) / np.log(2)
        results.add(**about, who=who, told_apart=told_apart(test, drawn), bits=bits, fit_s=seconds)
    again = np.random.default_rng(0).integers(len(train), size=len(test))
    again = train.iloc[again].reset_index(drop=True)
    results.add(**about, who="training rows, drawn again", told_apart=told_apart(test, again))
    for who, draw in rivals(options, len(train)).items():
        drawn, seconds = tables.timed(draw, filled(train), len(test))
        drawn = with_gaps_of(drawn, test)
        results.add(**about, who=who, told_apart=told_apart(test, drawn), fit_s=seconds)


def rivals(options, n_rows):
    """Functions that fit a synthesiser to a frame and draw so many rows."""
    rng = np.random.default_rng(0)
    functions = {
        "Gaussian copula": lambda frame, n: GaussianCopula().fit(frame, rng).sample(n, rng),
        "Gaussian mixture of one-hot codes": lambda frame, n: (
            OneHotMixture().fit(frame, rng).sample(n, rng)
        ),
    }
    if options.forests and n_rows <= MOST_ROWS_OF_FORESTS:
        functions["adversarial random forests"] = Forest(options.forests, "arf").fit_and_sample
        functions["UnmaskingTrees"] = Forest(options.forests, "utrees").fit_and_sample
    return functions


def filled(frame):
    """A frame with medians in place of missing numbers, and the most frequent labels of others."""
    values = {
        name: column.mode()[0] if column.dtype == "category" else column.median()
        for name, column in frame.items()
    }
    return frame.fillna(values)


def with_gaps_of(drawn, test):
    """Drawn rows with cells missing where they are in the rows that they are compared with."""
    return drawn.mask(test.isna())


def told_apart(real, drawn):
    """How well gradient boosting tells drawn rows from real ones."""
    both = pd.concat([real, drawn.astype(real.dtypes.to_dict())], ignore_index=True)
    label = np.repeat([0, 1], [len(real), len(drawn)])
    boosting = HistGradientBoostingClassifier(categorical_features="from_dtype", random_state=0)
    # more than 255 levels are too many for the classifier: their codes will do
    for column in both.select_dtypes("category"):
        if both[column].cat.categories.size > 255:
            both[column] = both[column].cat.codes
    parts = StratifiedKFold(3, shuffle=True, random_state=0)
    return float(cross_val_score(boosting, both, label, scoring="roc_auc", cv=parts).mean())


if __name__ == "__main__":
    main()
