#!/usr/bin/env bash
# hyppo's FriedmanRafsky tests whether two samples are of the same distribution: it joins all rows to a tree, cuts the
# edges between the samples, and counts the parts. Few parts mean different samples. But the p-value is the share of
# permutations with at least as many parts, as if many meant so. Samples that have nothing in common have a p-value of
# 1, and ones whose rows lie beside each other, pair by pair, a small one. Its documentation says neither. Statistic and
# number of parts are right, and other tests of the package, such as Energy, reject as they should.
# Seen, for two samples of 40 rows in 2 columns:
#   hyppo 0.5.2
#   second sample       parts   statistic   p-value   lower tail by hand   p-value of Energy
#   same                   46        1.03     0.174               0.8986               0.592
#   2 away                 16       -6.20     1.000               0.0005               0.005
#   5 away                  2       -9.90     1.000               0.0005               0.005
#   beside the first       56        3.26     0.005               0.9995               1.000
# Whoever needs the test compares its statistic, which is standardized, with the lower tail of a normal distribution.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet \
    hyppo==0.5.2 numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1 pandas==2.3.3 numba==0.68.1 \
    autograd==1.9.1 statsmodels==0.15.0 patsy==1.0.3 future==1.0.0
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore - <<'P'
from importlib.metadata import version

import numpy as np
from hyppo.ksample import Energy, FriedmanRafsky
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import cdist

print(f"hyppo {version('hyppo')}")
print("second sample       parts   statistic   p-value   lower tail by hand   p-value of Energy")
rng = np.random.default_rng(0)
seen = {}
labels = np.repeat([0.0, 1.0], 40)
first, second = rng.normal(size=(2, 40, 2))
mixed = first + rng.normal(0, 0.05, (40, 2))
for label, other in (("same", second), ("2 away", second + 2), ("5 away", second + 5), ("beside the first", mixed)):
    rows = np.vstack([first, other])
    found = FriedmanRafsky().test(rows, labels, reps=200, random_state=1)
    # by hand: a tree over all rows, cut where labels differ; few parts mean different samples
    tree = minimum_spanning_tree(cdist(rows, rows)).tocoo()

    def parts(names):
        return 1 + int((names[tree.row] != names[tree.col]).sum())

    shuffled = np.array([parts(rng.permutation(labels)) for _ in range(2000)])
    lower = (1 + (shuffled <= parts(labels)).sum()) / 2001
    energy = Energy().test(first, other, reps=200, auto=False, random_state=1)[1]
    seen[label] = found.pvalue, lower, energy
    assert found.uncor_stat == parts(labels)
    print(
        f"{label:18}{found.uncor_stat:7}{found.stat:12.2f}{found.pvalue:10.3f}{lower:21.4f}{energy:20.3f}"
    )
assert seen["5 away"][0] == 1 and seen["5 away"][1] < 0.001 and seen["5 away"][2] < 0.02
assert seen["2 away"][0] > 0.95 and seen["2 away"][1] < 0.05 and seen["2 away"][2] < 0.02
assert seen["beside the first"][0] < 0.02 and seen["beside the first"][1] > 0.95
P
