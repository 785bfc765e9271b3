#!/usr/bin/env bash
# `lower_bound_` of scikit-learn's BayesianGaussianMixture is documented as a lower bound on the model
# evidence, which is what numbers of components are compared by. It lacks terms of the priors and of the
# likelihood, so that it lies far above the evidence, and what it lacks for each component depends on
# the units. The same rows, with the same fit and priors, are said to have another number of components
# in km than in mm: the most on offer where numbers are small, too few where they are large.
# Seen, for 300 rows in 3 columns, of 3 groups 4 deviations apart:
#   scikit-learn 1.9.1
#   one component    km         m        mm
#   lower_bound_     5379.6    -899.6   -7178.7
#   log evidence     4496.7   -1720.3   -7937.3
#   components, of 1 to 8, at the highest lower_bound_: 8, 4, 2
#   each row has the same label in all units, for each number: True
# Whoever chooses the number of components compares likelihoods of held-out rows instead.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" - <<'P'
import numpy as np
import sklearn
from scipy.special import multigammaln
from sklearn.mixture import BayesianGaussianMixture

print(f"scikit-learn {sklearn.__version__}")
rng = np.random.default_rng(0)
X = np.concatenate([rng.normal(size=(100, 3)) + c for c in ([0, 0, 0], [4, 0, 0], [0, 4, 0])])
n, d = X.shape


def fitted(unit, k):
    # all priors of the default follow the unit, here the floor of variances does so too
    model = BayesianGaussianMixture(
        n_components=k, reg_covar=1e-9 * unit**2, tol=1e-6, max_iter=5000, random_state=0
    )
    return model.fit(unit * X)


def evidence(model, rows):
    # exact for one component: a normal whose mean and precision have a normal-Wishart prior
    b, nu, S = model.mean_precision_prior_, model.degrees_of_freedom_prior_, model.covariance_prior_
    off = rows.mean(0) - model.mean_prior_
    T = S + n * np.cov(rows.T, bias=True) + b * n / (b + n) * np.outer(off, off)
    gammas = multigammaln((nu + n) / 2, d) - multigammaln(nu / 2, d)
    volumes = nu * np.linalg.slogdet(S)[1] - (nu + n) * np.linalg.slogdet(T)[1]
    return gammas + (volumes + d * np.log(b / (b + n)) - n * d * np.log(np.pi)) / 2


print("one component    km         m        mm")
units = {"km": 1e-3, "m": 1.0, "mm": 1e3}
models = {name: [fitted(unit, k) for k in range(1, 9)] for name, unit in units.items()}
bounds = np.array([[model.lower_bound_ for model in models[name]] for name in units])
exact = np.array([evidence(models[name][0], unit * X) for name, unit in units.items()])
print("lower_bound_ " + "".join(f"{v:10.1f}" for v in bounds[:, 0]))
print("log evidence " + "".join(f"{v:10.1f}" for v in exact))
best = 1 + bounds.argmax(axis=1)
print("components, of 1 to 8, at the highest lower_bound_: " + ", ".join(f"{k}" for k in best))
labels = [[models[name][k].predict(unit * X) for k in range(8)] for name, unit in units.items()]
same = all(np.array_equal(labels[0], other) for other in labels[1:])
print(f"each row has the same label in all units, for each number: {same}")

step = n * d * np.log(1e3)
assert np.allclose(np.diff(exact), -step) and not np.allclose(np.diff(bounds[:, 0]), -step, atol=10)
assert np.all(bounds[:, 0] > exact + 500)
assert best[0] == 8 and best[2] == 2 and same
P
