#!/usr/bin/env bash
# KDEMultivariate of statsmodels takes ordered columns beside continuous ones. The bandwidth of an
# ordered column is a probability, but the default rule sets it by the spread of the column as for
# continuous ones, so that of counts it goes above 1, and the density below 0. Cross-validation by
# likelihood starts there and may end at 1, where the density of every value is 0. Warnings say nothing of it.
# Seen, for 300 draws of a Poisson distribution with mean 30, at 20 to 40:
#   statsmodels 0.15.0
#   normal_reference  bandwidth 1.94  density between -4.8e+05 and -3.7e+02
#   cv_ml             bandwidth 1.00  density between 0 and 0
#   cv_ls             bandwidth 0.65  density between 0.017 and 0.067
# Whoever takes it for counts asks for "cv_ls", and looks whether each of `bw` is below 1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet \
    statsmodels==0.15.0 numpy==2.4.6 scipy==1.17.1 pandas==3.1.1
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'P'
import numpy as np
import statsmodels
from statsmodels.nonparametric.kernel_density import KDEMultivariate

print(f"statsmodels {statsmodels.__version__}")
counts = np.random.default_rng(0).poisson(30, 300)
seen = {}
for rule in ("normal_reference", "cv_ml", "cv_ls"):
    model = KDEMultivariate([counts], var_type="o", bw=rule)
    density = model.pdf(np.arange(20, 41))
    seen[rule] = model.bw[0], density.min(), density.max()
    print(f"{rule:<16}  bandwidth {model.bw[0]:.2f}  ", end="")
    print(f"density between {density.min():.2g} and {density.max():.2g}")
default = KDEMultivariate([counts], var_type="o").bw[0]
assert default == seen["normal_reference"][0] > 1 and seen["normal_reference"][2] < 0
assert abs(seen["cv_ml"][0] - 1) < 1e-9 and abs(seen["cv_ml"][2]) < 1e-9
assert seen["cv_ls"][0] < 1 and 0 < seen["cv_ls"][1] < seen["cv_ls"][2] < 0.1
P
