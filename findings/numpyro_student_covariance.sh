#!/usr/bin/env bash
# NumPyro's MultivariateStudentT has `variance`, which is that of its draws, and `covariance_matrix`, whose
# diagonal is not: it is the matrix of scales, without the factor df / (df - 2), and `precision_matrix` is
# its inverse. The variance that a fitted model seems to have depends on which of them is asked, by a
# factor of 5 with 2.5 degrees of freedom. Only a comment in the source says so. The matrices of
# MultivariateNormal, which have the same names, are what they are called.
# Seen, for scales whose matrix is [[2.0, 0.5], [0.5, 1.0]], and 200000 draws:
#   numpyro 0.22.0
#                       variance      covariance_matrix, diagonal      that of draws
#   normal           2.00   1.00                    2.00     1.00       1.99    1.00
#   df=10            2.50   1.25                    2.00     1.00       2.50    1.25
#   df=5             3.33   1.67                    2.00     1.00       3.35    1.68
# Whoever needs the covariance multiplies by df / (df - 2).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet numpyro==0.22.0 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6 scipy==1.17.1
cd "$folder"
JAX_PLATFORMS=cpu OMP_NUM_THREADS=1 "$folder/venv/bin/python" - <<'P'
from importlib.metadata import version

import jax
import numpy as np
import numpyro.distributions as dist

print(f"numpyro {version('numpyro')}")
print("                    variance      covariance_matrix, diagonal      that of draws")
scales = np.array([[2.0, 0.5], [0.5, 1.0]])
root = np.linalg.cholesky(scales)
models = {
    "normal": dist.MultivariateNormal(np.zeros(2), scale_tril=root),
    "df=10": dist.MultivariateStudentT(10.0, np.zeros(2), root),
    "df=5": dist.MultivariateStudentT(5.0, np.zeros(2), root),
}
for name, model in models.items():
    draws = np.asarray(model.sample(jax.random.PRNGKey(0), (200_000,)), dtype=float)
    variance, matrix = np.asarray(model.variance), np.asarray(model.covariance_matrix)
    drawn = np.cov(draws.T)
    print(
        f"{name:12}{variance[0]:9.2f}{variance[1]:7.2f}{matrix[0, 0]:24.2f}{matrix[1, 1]:9.2f}"
        f"{drawn[0, 0]:11.2f}{drawn[1, 1]:8.2f}"
    )
    assert np.allclose(variance, np.diag(drawn), rtol=0.05)
    assert np.allclose(matrix, scales, rtol=1e-4)
    assert np.allclose(model.precision_matrix, np.linalg.inv(scales), rtol=1e-4)
    df = np.inf if name == "normal" else float(model.df)
    factor = 1.0 if name == "normal" else df / (df - 2)
    assert np.allclose(drawn, factor * matrix, rtol=0.05, atol=0.03)
P
