"""Novelty detection on the tables of ADBench, beside what people use today.

    python -m benchmarks.novelty --data DIR [--unsupervised] [--splits 4]

Half of the normal rows (at most 5,000) train; the other half and all anomalies (at most
10,000 rows) test; columns are standardised on the training rows. With --unsupervised all
rows (at most 10,000) train, and are scored; there our detector is tried with ``trim=0.1``,
too. Accuracy is the area under the ROC curve. Means are also over some random splits, where
there is something to split; ranks are taken split by split.
"""

import warnings

import numpy as np
from sklearn.metrics import roc_auc_score

from benchmarks import tables
from benchmarks.detectors import RIVALS
from skmade import MADEOutlierDetector


def main():
    parser = tables.parser(__doc__.splitlines()[0])
    parser.add_argument("--unsupervised", action="store_true", help="train on anomalies, too")
    parser.add_argument("--splits", type=int, default=4)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    results = tables.Results("unsupervised" if options.unsupervised else "novelty", options.quick)
    more = {"max_iter": 3, "n_estimators": 1} if options.quick else {}
    detectors = {**RIVALS, "MADE": lambda: MADEOutlierDetector(random_state=0, n_jobs=2, **more)}
    if options.unsupervised:
        detectors["MADE, trim=0.1"] = lambda: detectors["MADE"]().set_params(trim=0.1)
    n_splits = 1 if options.quick or options.unsupervised else options.splits
    for name, path in tables.files(options, "adbench").items():
        for seed in range(n_splits):
            train, test, is_anomaly = split(
                **tables.load(path), everything=options.unsupervised, seed=seed
            )
            for who, make in detectors.items():
                model, fit_s = tables.timed(make().fit, train)
                scores, score_s = tables.timed(model.score_samples, test)
                results.add(
                    set=name, split=seed, who=who, auroc=roc_auc_score(is_anomaly, -scores),
                    fit_s=fit_s, score_s=score_s, rows=len(train),
                )  # fmt: skip
    aurocs = results.table("auroc", index=["set", "split"])
    summary = aurocs.agg(["mean"])
    summary.loc["mean rank"] = aurocs.rank(axis=1, ascending=False).mean()
    summary.loc["mean fit [s]"] = results.table("fit_s").mean()
    summary.loc["mean scoring [s]"] = results.table("score_s").mean()
    by_set = aurocs.groupby("set", sort=False).mean()
    results.finish({"auroc": by_set.round(3), "summary": summary.round(4)})


def split(X, y, everything, seed):
    """Training rows, test rows, and which of these are anomalies."""
    X, rng = X.astype(float), np.random.default_rng(seed)
    if everything:
        rows = rng.permutation(len(X))[:10_000]
        Z = standardised(X, X[rows])[rows]
        return Z, Z, y[rows]
    normal = rng.permutation(np.flatnonzero(y == 0))
    half = len(normal) // 2
    train, test = normal[:half][:5000], np.r_[normal[half:], np.flatnonzero(y == 1)]
    if len(test) > 10_000:
        test = rng.permutation(test)[:10_000]
    Z = standardised(X, X[train])
    return Z[train], Z[test], y[test]


def standardised(X, reference):
    """X by the means and standard deviations of other rows."""
    deviation = reference.std(axis=0)
    return (X - reference.mean(axis=0)) / np.where(deviation > 0, deviation, 1)


if __name__ == "__main__":
    main()
