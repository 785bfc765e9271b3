#!/usr/bin/env bash
# scikit-learn's ScoringMonitor, a callback of 1.9, documents `scoring=None` as the estimator's own
# criterion. A fit that it watches then ends in an error, also of scikit-learn's own estimators; with
# the name of a scorer it runs.
# Seen:
#   scikit-learn 1.9.1
#   accuracy  runs
#   None      TypeError: 'float' object is not iterable
# Whoever lets users choose the scorer must not hand on None as it is.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet scikit-learn==1.9.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'P'
import numpy as np
import sklearn
from sklearn.callback import ScoringMonitor
from sklearn.linear_model import LogisticRegression

print(f"scikit-learn {sklearn.__version__}")
X = np.random.default_rng(0).normal(size=(60, 2))
y = (X.sum(axis=1) > 0).astype(int)
seen = {}
for scoring in ("accuracy", None):
    monitor = ScoringMonitor(scoring=scoring)
    try:
        LogisticRegression().set_callbacks(monitor).fit(X, y)
        seen[scoring] = "runs"
    except Exception as error:
        seen[scoring] = type(error).__name__ + ": " + str(error)[:60]
    print(f"{scoring!s:<9} {seen[scoring]}")
assert seen["accuracy"] == "runs"
assert seen[None].startswith("TypeError")
P
