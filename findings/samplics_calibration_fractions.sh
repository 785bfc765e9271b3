#!/usr/bin/env bash
# samplics calibrates survey weights, so that weighted totals of columns are those known of the population.
# `calib_covariates` makes the matrix of these columns for `calibrate`: `x_cat` are labels, and `x_cont` is
# documented as continuous variables. Continuous ones are cut off to integers on the way. Small ones, such as
# hours, shares or rates, lose half of what they are, so that weights are twisted towards rows with great
# values until the totals of the integers are the known ones; the total of the column itself is then far
# above. With domains the matrix is of floats, but of the same cut-off numbers. Nothing warns.
# Seen, for 1000 rows, whose weights of 10 are to be calibrated to known totals:
#   samplics 0.6.1
#   hours          0.15  3.83  1.08  0.73  0.06  2.71
#   in matrix      0.00  3.00  1.00  0.00  0.00  2.00
#                                total of f       m   hours   weight of a row with 6 hours or more
#   known                              5000    5000   15000
#   before                             4630    5370   14729        10.0
#   calib_covariates                   5000    5000   19437        22.9
#   matrix of floats                   5000    5000   15000        10.6
# Whoever calibrates to continuous columns makes the matrix without it, of floats, or in smaller units.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet \
    samplics==0.6.1 numpy==2.4.6 scipy==1.17.1 pandas==2.3.3 polars==2.1.0 statsmodels==0.15.0 \
    matplotlib==3.11.2
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore - <<'P'
from importlib.metadata import version

import numpy as np
import pandas as pd
from samplics.weighting import SampleWeight

print(f"samplics {version('samplics')}")
rng = np.random.default_rng(0)
data = pd.DataFrame({"sex": rng.choice(["f", "m"], 1000), "hours": rng.exponential(1.5, 1000).round(2)})
weights, known = np.full(1000, 10.0), {"f": 5000, "m": 5000, "hours": 15000}
work = SampleWeight()
matrix, keys = work.calib_covariates(data, x_cat=["sex"], x_cont=["hours"])
assert list(keys) == list(known)
print("hours        " + "".join(f"{h:6.2f}" for h in data.hours[:6]))
print("in matrix    " + "".join(f"{h:6.2f}" for h in matrix[:6, 2]))
assert np.array_equal(matrix[:, 2], np.floor(data.hours))
own = np.column_stack([data.sex == "f", data.sex == "m", data.hours]).astype(float)
print("                             total of f       m   hours   weight of a row with 6 hours or more")
seen = {}
for label, x in (("known", None), ("before", None), ("calib_covariates", matrix), ("matrix of floats", own)):
    if label == "known":
        print(f"{label:26}{5000:13}{5000:8}{15000:8}")
        continue
    w = weights if x is None else work.calibrate(weights, x, known)
    heavy = w[data.hours >= 6].mean()
    totals = [w[data.sex == "f"].sum(), w[data.sex == "m"].sum(), (w * data.hours).sum()]
    seen[label] = totals, heavy
    print(f"{label:26}{totals[0]:13.0f}{totals[1]:8.0f}{totals[2]:8.0f}{heavy:12.1f}")
assert np.allclose(seen["matrix of floats"][0], [5000, 5000, 15000])
assert np.allclose(seen["calib_covariates"][0][:2], 5000)
assert seen["calib_covariates"][0][2] > 17000
assert seen["calib_covariates"][1] > 1.5 * seen["matrix of floats"][1]
P
