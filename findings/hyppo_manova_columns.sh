#!/usr/bin/env bash
# hyppo's MANOVA tests whether samples have the same means in several columns. Its documented statistic is made of
# matrices, products of a column vector and a row vector. For arrays of one dimension the code's product is a single
# number, which is put into every place of the matrix. So the statistic is that of all columns taken for one, with the
# degrees of freedom of several: p-values are far too great, it finds little, nothing in 4 columns, and it changes with the
# unit of a column, which MANOVA does not. Nothing warns. Hotelling of the same package, which for two samples is the same
# test, is right.
# Seen:
#   hyppo 0.5.2
#   share of p-values below 0.05, of 300 tables       same means          shifted in one column
#   columns  samples of 20                         hyppo  statsmodels     hyppo  statsmodels
#   2        2                                     0.007        0.067     0.350        0.757
#   2        3                                     0.000        0.053     0.310        0.770
#   4        2                                     0.000        0.050     0.000        0.613
#   p-value of one table, by units of its second column        metres       millimetres
#     hyppo MANOVA                                           0.00034              0.99
#     hyppo Hotelling                                        4.5e-06           4.5e-06
#     statsmodels MANOVA                                     4.5e-06           4.5e-06
# Whoever needs the test takes statsmodels' MANOVA, or Hotelling for two samples.
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
from hyppo.ksample import MANOVA, Hotelling
from statsmodels.multivariate.manova import MANOVA as Other

print(f"hyppo {version('hyppo')}")
rng = np.random.default_rng(0)


def pillai(*samples):
    rows = np.vstack(samples)
    groups = np.repeat(np.arange(len(samples)), [len(sample) for sample in samples])
    test = Other(rows, np.column_stack([np.ones(len(rows)), *(groups == g for g in range(1, len(samples)))]))
    contrast = np.eye(len(samples))[1:]
    line = test.mv_test([("groups", contrast)]).results["groups"]["stat"].loc["Pillai's trace"]
    return float(line["Value"]), float(line["Pr > F"])


print("share of p-values below 0.05, of 300 tables       same means          shifted in one column")
print("columns  samples of 20                         hyppo  statsmodels     hyppo  statsmodels")
shares = {}
for columns, samples in ((2, 2), (2, 3), (4, 2)):
    found = []
    for shift in (0, 1):
        for _ in range(300):
            groups = [rng.normal(size=(20, columns)) for _ in range(samples)]
            groups[0][:, 0] += shift
            found.append([MANOVA().test(*groups)[1], pillai(*groups)[1]])
    share = (np.array(found).reshape(2, 300, 2) < 0.05).mean(1)
    shares[columns, samples] = share
    print(f"{columns:<9}{samples:<33}{share[0, 0]:10.3f}{share[0, 1]:13.3f}{share[1, 0]:10.3f}{share[1, 1]:13.3f}")

a, b = rng.normal(size=(20, 2)), rng.normal(size=(20, 2))
a[:, 0] += 2
print("p-value of one table, by units of its second column        metres       millimetres")
metres = [f.test(a, b)[1] for f in (MANOVA(), Hotelling())] + [pillai(a, b)[1]]
unit = np.array([1, 1000])
small = [f.test(a * unit, b * unit)[1] for f in (MANOVA(), Hotelling())] + [pillai(a * unit, b * unit)[1]]
for label, *values in zip(("hyppo MANOVA", "hyppo Hotelling", "statsmodels MANOVA"), metres, small):
    print(f"  {label:50}{values[0]:12.2g}{values[1]:18.2g}")

for (columns, samples), share in shares.items():
    assert abs(share[0, 1] - 0.05) < 0.04 and share[1, 1] > 0.5
    assert share[0, 0] < 0.012 and share[1, 0] < 0.6 * share[1, 1]
assert small[0] > 0.05 > 1e-4 > metres[1] and np.isclose(metres[1], small[1]) and np.isclose(metres[2], small[2])
# the two right ones are the same test
assert np.isclose(metres[1], metres[2])
# what the statistic is of: the sums of squares of all columns together, as if they were one
means = [a.mean(0), b.mean(0)]
within = ((a - means[0]) ** 2).sum() + ((b - means[1]) ** 2).sum()
between = sum(20 * ((mean - np.vstack([a, b]).mean(0)) ** 2).sum() for mean in means)
assert np.isclose(MANOVA().test(a, b)[0], between / (between + within))
P
