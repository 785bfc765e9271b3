"""Likelihood of flags: the sets of the MADE paper and of Lowd and Davis.

    python -m benchmarks.binary --data DIR [--orderings]

Every set is fitted with default parameters, and with ``n_estimators=8, combination="product"``;
validation rows say when training ends. With --orderings, the spread of one default network over
ten random orderings. Figures are nats per test row; `normalizer_error` is the standard error that
a product's estimated constant adds to the one of the rows.
"""

import warnings

import pandas as pd

from benchmarks import tables
from skmade import MADEDensity

# Of the MADE paper's table (Germain et al. 2015: MADE, NADE, EoNADE, DARN) the best of each
# column; for binarized MNIST its own best network, two layers of 8,000 with 32 masks.
MADE_PAPER = {
    "adult": -13.12,
    "connect4": -11.90,
    "dna_made": -79.66,
    "mushrooms": -9.55,
    "binarized_mnist": -86.64,
}
# Of the sets of Lowd and Davis, the best listed of nine model families (LearnSPN, ID-SPN, MT,
# ACMN, Strudel, RAT-SPN, EiNet, HCLT, continuous mixtures).
NINE_FAMILIES = {"nltcs": -5.99, "msnbc": -6.04, "plants": -12.27, "tretail": -10.82}


def main():
    parser = tables.parser(__doc__.splitlines()[0])
    parser.add_argument("--orderings", action="store_true", help="spread over orderings")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    results = tables.Results("orderings" if options.orderings else "binary", options.quick)
    more = {"max_iter": 2} if options.quick else {}
    # hours of fitting are only for those who ask
    left_out = [] if options.orderings else ["binarized_mnist"]
    for name, path in tables.files(options, "binary", unless_named=left_out).items():
        data = tables.load(path)
        if options.quick:
            data = {part: rows[:500] for part, rows in data.items()}
        (spread if options.orderings else compare)(results, name, data, more)
    if options.orderings:
        frame = pd.DataFrame(results.rows)
        table = frame.groupby("set", sort=False)["test"].agg(["mean", "std", "min", "max"])
        results.finish({"spread": table.round(3)})
    else:
        table = results.table("test")
        table["MADE paper's table"] = pd.Series(MADE_PAPER)
        table["nine families"] = pd.Series(NINE_FAMILIES)
        results.finish({"test": table.round(3), "seconds": results.table("fit_s").round(1)})


def compare(results, name, data, more):
    """Default parameters, and a product of eight networks."""
    add(results, name, data, "default", more)
    product = {"n_estimators": 8, "combination": "product"}
    add(results, name, data, "product of 8", {**more, **product})


def spread(results, name, data, more):
    """Ten random orderings of one network."""
    for seed in range(10):
        add(
            results,
            name,
            data,
            f"random_state={seed}",
            {**more, "n_estimators": 1, "random_state": seed},
        )


def add(results, name, data, who, setting):
    """Fit and score."""
    model = MADEDensity(**{"random_state": 0, "n_jobs": 2, **setting})
    _, seconds = tables.timed(model.fit, data["train"], X_val=data["valid"])
    scores = model.score_samples(data["test"])
    results.add(
        set=name, who=who, test=scores.mean(), error=scores.std() / len(scores) ** 0.5,
        normalizer_error=getattr(model, "log_normalizer_se_", 0.0),
        valid=model.score(data["valid"]), fit_s=seconds,
    )  # fmt: skip


if __name__ == "__main__":
    main()
