#!/usr/bin/env bash
# scikit-lego's GMMClassifier fits a mixture of normals to each class, and `predict_proba` is said to
# give the probabilities of the classes. It leaves out how often each class occurs: the densities alone
# are made to add up to 1, as if all classes were equally frequent. BayesianGMMClassifier does the same,
# although its sibling BayesianKernelDensityClassifier takes account of the frequencies. With one
# component, the former is scikit-learn's QuadraticDiscriminantAnalysis (QDA) with equal priors.
# Seen, for 20000 rows, 1 of 50 of a class that lies one deviation off in each of 2 columns:
#   scikit-lego 0.9.10, scikit-learn 1.9.1
#                                      mean probability   rows predicted   log loss
#   GMMClassifier                                 0.335            0.253      0.496
#   BayesianGMMClassifier                         0.333            0.251      0.493
#   BayesianKernelDensityClassifier               0.018            0.000      0.079
#   QDA, equal priors                             0.335            0.253      0.496
#   QDA                                           0.020            0.000      0.079
#   how often the class occurs                    0.020
# Whoever needs probabilities multiplies by each class's frequency, and divides by the sum.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet \
    scikit-lego==0.9.10 scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1 pandas==2.3.3
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" - <<'P'
from importlib.metadata import version

import numpy as np
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.metrics import log_loss
from sklego.mixture import BayesianGMMClassifier, GMMClassifier
from sklego.neighbors import BayesianKernelDensityClassifier

print(f"scikit-lego {version('scikit-lego')}, scikit-learn {version('scikit-learn')}")
rng = np.random.default_rng(0)
y = (np.arange(20_000) % 50 == 0).astype(int)
X = rng.normal(size=(len(y), 2)) + y[:, None]
models = {
    "GMMClassifier": GMMClassifier(),
    "BayesianGMMClassifier": BayesianGMMClassifier(),
    "BayesianKernelDensityClassifier": BayesianKernelDensityClassifier(bandwidth=0.4),
    "QDA, equal priors": QuadraticDiscriminantAnalysis(priors=[0.5, 0.5]),
    "QDA": QuadraticDiscriminantAnalysis(),
}
print("                                   mean probability   rows predicted   log loss")
seen = {}
for name, model in models.items():
    model.fit(X, y)
    p = model.predict_proba(X)
    seen[name] = p, p[:, 1].mean(), (model.predict(X) == 1).mean()
    print(f"{name:35}{seen[name][1]:16.3f}{seen[name][2]:17.3f}{log_loss(y, p):11.3f}")
print(f"{'how often the class occurs':35}{y.mean():16.3f}")

gaussian, equal = seen["GMMClassifier"][0], seen["QDA, equal priors"][0]
assert np.allclose(gaussian, equal, atol=1e-3)
weighted = gaussian * [1 - y.mean(), y.mean()]
weighted /= weighted.sum(axis=1, keepdims=True)
assert np.allclose(weighted, seen["QDA"][0], atol=1e-3)
for name in ("GMMClassifier", "BayesianGMMClassifier"):
    assert seen[name][1] > 0.3 and seen[name][2] > 0.2
for name in ("BayesianKernelDensityClassifier", "QDA"):
    assert abs(seen[name][1] - y.mean()) < 0.003
P
