#!/usr/bin/env bash
# scikit-learn's IsolationForest takes `sample_weight`. Half of all weight may lie on a few rows, and they
# still are the most anomalous: weights only tell how likely rows are to be drawn for a tree. Drawn without
# replacement, as by default, no row is in a tree twice; with max_samples=1.0 all rows are in all trees,
# and weights change nothing at all, to the last digit. With bootstrap=True a row drawn many times counts
# once in the depth of its leaf. Rows repeated by their weights, which should be the same, are as normal
# as others. Nothing warns of it.
# Seen, for 1000 rows about 0, and 20 rows about 5 that weigh 50 times as much:
#   scikit-learn 1.9.1
#                                 score of the 20 rows         share of them flagged
#                               none  weights  repeated       none  weights  repeated
#   as by default              -0.73    -0.60     -0.50       1.00     1.00      0.45
#   max_samples=1.0            -0.66    -0.66     -0.49       1.00     1.00      0.35
#   bootstrap=True             -0.74    -0.61     -0.50       1.00     1.00      0.50
# Whoever has counts or weights repeats the rows.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W error - <<'P'
from importlib.metadata import version

import numpy as np
from sklearn.ensemble import IsolationForest

print(f"scikit-learn {version('scikit-learn')}")
rng = np.random.default_rng(0)
X = np.r_[rng.normal(0, 1, (1000, 2)), rng.normal(5, 0.3, (20, 2))]
weights = np.r_[np.ones(1000, int), np.full(20, 50)]
few = weights > 1
assert weights[few].sum() == weights[~few].sum()
print("                              score of the 20 rows         share of them flagged")
print("                            none  weights  repeated       none  weights  repeated")
for name, options in {
    "as by default": {},
    "max_samples=1.0": {"max_samples": 1.0},
    "bootstrap=True": {"bootstrap": True},
}.items():
    scores, flagged = [], []
    for rows, given in ((X, None), (X, weights), (np.repeat(X, weights, axis=0), None)):
        forest = IsolationForest(n_estimators=200, random_state=0, **options)
        forest.fit(rows, sample_weight=given)
        scores.append(forest.score_samples(X))
        flagged.append((forest.predict(X)[few] == -1).mean())
    mean = [score[few].mean() for score in scores]
    print(
        f"{name:24}{mean[0]:8.2f}{mean[1]:9.2f}{mean[2]:10.2f}"
        f"{flagged[0]:11.2f}{flagged[1]:9.2f}{flagged[2]:10.2f}"
    )
    assert flagged[0] == flagged[1] == 1 and flagged[2] < 0.7
    assert mean[1] < mean[2] - 0.08 and mean[1] < np.quantile(scores[1][~few], 0.1)
    if "max_samples" in options:
        assert np.array_equal(scores[0], scores[1])
P
