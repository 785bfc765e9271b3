#!/usr/bin/env bash
# `decision_function` of PyOD's ECOD and COPOD puts the rows that it is given beside those of training,
# and takes tails of both together. So a row's score and label depend on which rows it comes with: a
# fault that is flagged alone is not flagged where it is there many times, as a broken sensor gives it.
# Other detectors (here IForest) score a row the same in any batch.
# Seen, for 200 normal rows of training, and a row 4 deviations off in each of 4 columns:
#   pyod 3.6.7
#              alone        20 times     200 times
#   ECOD       21.2  1       9.6  1       2.8  0
#   COPOD      21.2  1       9.6  1       1.4  0
#   IForest     0.2  1       0.2  1       0.2  1
# Whoever puts their scores beside others' must score row by row.
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
from pyod.models.copod import COPOD
from pyod.models.ecod import ECOD
from pyod.models.iforest import IForest

print(f"pyod {version('pyod')}")
X = np.random.default_rng(0).normal(size=(200, 4))
fault = np.full((1, 4), 4.0)
print(f"{'':<9}  {'alone':<11}  {'20 times':<11}  200 times")
for model in (ECOD(), COPOD(), IForest(random_state=0)):
    model.fit(X)
    name = type(model).__name__
    batches = [np.repeat(fault, times, axis=0) for times in (1, 20, 200)]
    scores = [model.decision_function(batch)[0] for batch in batches]
    labels = [int(model.predict(batch)[0]) for batch in batches]
    print(f"{name:<9}", *(f"{s:5.1f}  {flag:<5}" for s, flag in zip(scores, labels)))
    if name == "IForest":
        assert np.ptp(scores) == 0 and labels == [1, 1, 1]
    else:
        assert scores[0] > 5 * scores[2] and labels[0] == 1 and labels[2] == 0
P
