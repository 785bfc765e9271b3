#!/usr/bin/env bash
# quantile-forest's forests take `sample_weight`, without which rows are documented to weigh the same. Weights
# choose where trees split, and go no further: quantiles, and the mean, are of the rows in a leaf, one
# like another. Half of the rows weighed down to a fifth still are half of what is predicted.
# ExtraTreesQuantileRegressor, which draws no rows by default, so leaves weights out of what it predicts; where
# rows are drawn for each tree, scikit-learn 1.9.1 draws them by weight (1.6.1 does not), and all is
# right. The mean of scikit-learn's own forest of the same kind is right. Nothing warns.
# Seen, for half of 4000 rows about 0 and half about 10, weights 4 and 1 (so that .2 are about 10):
#   quantile-forest 1.4.2, scikit-learn 1.9.1
#                                               mean  median  quantile .7
#   ExtraTreesQuantileRegressor                 5.01    4.38         9.74
#   the same, rows repeated                     2.02    0.40         1.18
#   the same, bootstrap=True                    2.07    0.42         1.21
#   RandomForestQuantileRegressor               2.04    0.41         1.20
#   the same, bootstrap=False                   4.97    4.76         9.70
#   scikit-learn, ExtraTreesRegressor           2.02
#   by the weights, of all rows                 2.03    0.40         1.18
# Whoever weights rows repeats them instead, or asks for `bootstrap=True`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet quantile-forest==1.4.2 scikit-learn==1.9.1 numpy==2.4.6 \
  scipy==1.17.1
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore - <<'P'
from importlib.metadata import version

import numpy as np
from quantile_forest import ExtraTreesQuantileRegressor, RandomForestQuantileRegressor
from sklearn.ensemble import ExtraTreesRegressor

print(f"quantile-forest {version('quantile-forest')}, scikit-learn {version('scikit-learn')}")
rng = np.random.default_rng(0)
rows = rng.uniform(size=(4000, 1))
high = rng.permutation(np.arange(4000) < 2000)
target = 10 * high + rng.normal(size=4000)
weights = np.where(high, 1, 4)
asked = rng.uniform(size=(200, 1))
options = dict(n_estimators=20, min_samples_leaf=200, random_state=0)
print(f"{'':<42}  mean  median  quantile .7")
seen = []
for name, forest, repeat in (
    ("ExtraTreesQuantileRegressor", ExtraTreesQuantileRegressor(max_samples_leaf=None, **options), False),
    ("the same, rows repeated", ExtraTreesQuantileRegressor(max_samples_leaf=None, **options), True),
    ("the same, bootstrap=True", ExtraTreesQuantileRegressor(max_samples_leaf=None, bootstrap=True, **options), False),
    ("RandomForestQuantileRegressor", RandomForestQuantileRegressor(max_samples_leaf=None, **options), False),
    ("the same, bootstrap=False", RandomForestQuantileRegressor(max_samples_leaf=None, bootstrap=False, **options), False),
):
    if repeat:
        forest.fit(np.repeat(rows, weights, axis=0), np.repeat(target, weights))
    else:
        forest.fit(rows, target, sample_weight=weights)
    quantiles = forest.predict(asked, quantiles=[0.5, 0.7]).mean(axis=0)
    seen.append((forest.predict(asked, quantiles="mean").mean(), *quantiles))
    print(f"{name:<42} {seen[-1][0]:5.2f}  {seen[-1][1]:6.2f}       {seen[-1][2]:6.2f}")
mean = ExtraTreesRegressor(**options).fit(rows, target, sample_weight=weights).predict(asked).mean()
print(f"{'scikit-learn, ExtraTreesRegressor':<42} {mean:5.2f}")
print(f"{'by the weights, of all rows':<42} {np.average(target, weights=weights):5.2f}", end="")
repeated = np.repeat(target, weights)
print(f"  {np.median(repeated):6.2f}       {np.quantile(repeated, 0.7):6.2f}")
for index in (0, 4):
    assert abs(seen[index][0] - 5) < 0.4 and seen[index][2] > 8
for index in (1, 2, 3):
    assert abs(seen[index][0] - 2) < 0.3 and seen[index][2] < 3
assert abs(mean - 2) < 0.3
P
