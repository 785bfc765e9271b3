#!/usr/bin/env bash
# PyOD gives outliers higher scores than others. QMCD's rise only a little beyond the rows of training,
# and then fall without end: the farther off a row is, the more normal.
# Seen, for 200 normal rows of training in 4 columns, and rows with the same value in all of them:
#   pyod 3.6.7, threshold -3.143
#   value   score       label
#   0            -3.145  0
#   3            -3.140  1
#   5            -3.147  0
#   10           -3.406  0
#   50       -86032.498  0
# Whoever scores new rows with it must ask first whether they lie within the range of training.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet \
    pyod==3.6.7 scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'P'
from importlib.metadata import version

import numpy as np
from pyod.models.qmcd import QMCD

X = np.random.default_rng(0).normal(size=(200, 4))
model = QMCD().fit(X)
print(f"pyod {version('pyod')}, threshold {model.threshold_:.3f}")
print("value   score       label")
seen = {}
for value in (0, 3, 5, 10, 50):
    row = np.full((1, 4), float(value))
    seen[value] = model.decision_function(row)[0], int(model.predict(row)[0])
    print(f"{value:<5}  {seen[value][0]:12.3f}  {seen[value][1]}")
score = {value: s for value, (s, _) in seen.items()}
assert score[3] > score[5] > score[10] > score[50] and score[50] < score[0] - 1000
assert [flag for _, flag in seen.values()] == [0, 1, 0, 0, 0]
P
