"""Novelty detection on the tables of ADBench, beside what people use today.

    python -m benchmarks.novelty --data DIR [--unsupervised] [--splits 3] [--rows 1000] [--resume]

Half of the normal rows (at most 1,000) train; of the other half, and of the anomalies, at most
1,000 each test; columns are standardised on the training rows. With --unsupervised all rows (at
most 10,000) train, and are scored; there our detector is tried with ``trim=0.1``, too. Accuracy is
the area under the ROC curve. All have one thread; times are medians, as some fits compile kernels.

Candidates for our detector are compared in the same run (`benchmarks.candidates`). "MADE, left out"
is, for each table, the candidate that has the best mean over the other tables: what choosing among
them is worth on tables that had no part in it. Means are over tables and splits, ranks are taken
split by split, and each of ours has its rank among the rivals alone. Splits are done one after the
other, means are written after each, and ``--resume`` goes on where a run was interrupted. Who has
not done all of them yet has no rank, and is in nobody's.
"""

import warnings
from functools import partial

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from benchmarks import tables
from benchmarks.candidates import candidates
from benchmarks.detectors import RIVALS

LEFT_OUT = "MADE, left out"


def main():
    parser = tables.parser(__doc__.splitlines()[0])
    parser.add_argument("--unsupervised", action="store_true", help="train on anomalies, too")
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--rows", type=int, default=1000, help="rows that train, at most")
    parser.add_argument("--resume", action="store_true", help="keep results that there are")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    name = "unsupervised" if options.unsupervised else "novelty"
    results = tables.Results(name, options.quick, options.resume)
    ours = candidates(**({"max_iter": 3} if options.quick else {}))
    if options.unsupervised:
        make = ours["MADE"]
        ours = {"MADE": make, "MADE, trim=0.1": partial(make, trim=0.1)}
    for seed in range(1 if options.quick or options.unsupervised else options.splits):
        for name, path in tables.files(options, "adbench").items():
            run(results, {**RIVALS, **ours}, options, seed, name, tables.load(path))
        results.finish(summaries(pd.DataFrame(results.rows), list(ours)))


def run(results, detectors, options, seed, name, data):
    """Fit and score all detectors on a split of one table."""
    if options.unsupervised:
        train, test, is_anomaly = everything(**data, seed=seed)
    else:
        train, test, is_anomaly = split(**data, seed=seed, n_rows=options.rows)
    for who, make in detectors.items():
        if results.has(set=name, split=seed, who=who):
            continue
        model, fit_s = tables.timed(make().fit, train)
        scores, score_s = tables.timed(model.score_samples, test)
        results.add(
            set=name, split=seed, who=who, auroc=roc_auc_score(is_anomaly, -scores),
            fit_s=fit_s, score_s=score_s, rows=len(train),
        )  # fmt: skip


def summaries(rows, ours):
    """Areas by table, and means over all."""
    aurocs = rows.pivot_table("auroc", ["set", "split"], "who", sort=False)
    rivals = [who for who in aurocs.dropna(axis=1) if who not in ours]
    summary = rows.groupby("who", sort=False)[["fit_s", "score_s"]].median()
    summary.columns = ["median fit [s]", "median scoring [s]"]
    if aurocs.index.unique("set").size > 1:
        aurocs[LEFT_OUT] = left_out(aurocs[ours])
    summary = summary.reindex(aurocs.columns)
    summary.insert(0, "mean", aurocs.mean())
    summary.insert(1, "mean rank", mean_ranks(aurocs, rivals))
    summary.insert(2, "splits", aurocs.count())
    by_set = aurocs.groupby("set", sort=False).mean()
    return {"auroc": by_set.round(3), "summary": summary.round(4)}


def left_out(aurocs):
    """For each table, areas of the candidate that has the best mean over the other tables."""
    sets, chosen = aurocs.index.get_level_values("set"), pd.Series(0.0, aurocs.index)
    for name in sets.unique():
        best = aurocs[sets != name].mean().idxmax()
        chosen[sets == name] = aurocs.loc[sets == name, best]
    return chosen


def mean_ranks(aurocs, rivals):
    """Mean ranks of each of ours among the rivals; of rivals beside the detector as it is."""

    def ranks(who):
        return aurocs[[*rivals, who]].rank(axis=1, ascending=False).mean()

    complete = aurocs.dropna(axis=1)
    return pd.Series({**ranks("MADE"), **{w: ranks(w)[w] for w in complete if w not in rivals}})


def everything(X, y, seed, n_rows=10_000):
    """Rows that train and are scored, and which of these are anomalies."""
    X = X.astype(float)
    rows = np.random.default_rng(seed).permutation(len(X))[:n_rows]
    Z = standardised(X, X[rows])[rows]
    return Z, Z, y[rows]


def split(X, y, seed, n_rows, n_of_each=1000):
    """Training rows, test rows, and which of these are anomalies."""
    X, rng = X.astype(float), np.random.default_rng(seed)
    normal, anomalies = (rng.permutation(np.flatnonzero(y == kind)) for kind in (0, 1))
    half = len(normal) // 2
    train = normal[:half][:n_rows]
    test = np.r_[normal[half:][:n_of_each], anomalies[:n_of_each]]
    Z = standardised(X, X[train])
    return Z[train], Z[test], y[test]


def standardised(X, reference):
    """X by the means and standard deviations of other rows."""
    deviation = reference.std(axis=0)
    return (X - reference.mean(axis=0)) / np.where(deviation > 0, deviation, 1)


if __name__ == "__main__":
    main()
