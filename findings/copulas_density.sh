#!/usr/bin/env bash
# `probability_density` of copulas' GaussianMultivariate is documented as the density at each row. It is
# the normal density of the rows after each column has been made normal; the factors of that change
# of columns are left out, so that it is the density neither of the rows nor of the copula. It stays as
# it is when units change, and orders rows otherwise than a density does.
# Seen:
#   copulas 0.14.1
#   two normal columns, deviations 10 and 100: integral 962.4, with the factors 1.000
#   the same with one column in other units, 10 times as large: the same values, True
#   two uniform columns, at the centre over near a corner: 140.5, with the factors 1.7
# Whoever wants likelihoods of it multiplies by each column's density, and divides by the normal
# density of its normal score.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet \
    copulas==0.14.1 numpy==2.4.6 scipy==1.17.1 pandas==2.3.3
cd "$folder"
"$folder/venv/bin/python" - <<'P'
import copulas
import numpy as np
import pandas as pd
from copulas.multivariate import GaussianMultivariate
from copulas.univariate import GaussianUnivariate, UniformUnivariate
from scipy.stats import norm

print(f"copulas {copulas.__version__}")
rng = np.random.default_rng(0)


def table(X):
    return pd.DataFrame(X, columns=["a", "b"])


def fitted(X, margin):
    model = GaussianMultivariate(distribution=margin)
    model.fit(table(X))
    return model


def with_factors(model, rows):
    value = model.probability_density(rows)
    for name, column in zip(model.columns, model.univariates):
        x = rows[name].to_numpy()
        value = value * column.probability_density(x) / norm.pdf(norm.ppf(column.cdf(x)))
    return value


X = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 500) * [10, 100]
model = fitted(X, GaussianUnivariate)
at = np.linspace(-60, 60, 241)
grid = table(np.stack(np.meshgrid(at, 10 * at), -1).reshape(-1, 2))
cell = 10 * (at[1] - at[0]) ** 2
claimed, right = model.probability_density(grid), with_factors(model, grid)
print("two normal columns, deviations 10 and 100: ", end="")
print(f"integral {claimed.sum() * cell:.1f}, with the factors {right.sum() * cell:.3f}")
assert claimed.sum() * cell > 500 and abs(right.sum() * cell - 1) < 0.01
tenfold = fitted(X * [1, 10], GaussianUnivariate).probability_density(grid * [1, 10])
same = np.allclose(claimed, tenfold)
print(f"the same with one column in other units, 10 times as large: the same values, {same}")
assert same

model = fitted(rng.uniform(size=(500, 2)), UniformUnivariate)
rows = table([[0.5, 0.5], [0.02, 0.02]])
ratio, flat = (p[0] / p[1] for p in (model.probability_density(rows), with_factors(model, rows)))
print(f"two uniform columns, at the centre over near a corner: {ratio:.1f}, ", end="")
print(f"with the factors {flat:.1f}")
assert ratio > 20 and 0.5 < flat < 2
P
