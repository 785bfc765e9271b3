#!/usr/bin/env bash
# `sample` of skpro's Mixture is documented to return independent draws, and `indep_rows` and
# `indep_cols`, both True by default, as independence of rows and columns. What happens is the opposite:
# with `indep_rows=True` one component is chosen for the whole call, and all draws of all rows are of
# it. A mixture of 90 and 10 % gives a thousand draws without the smaller part, or a thousand of
# nothing else. `indep_rows=False` gives independent rows and draws. Distributions of a single number
# are drawn right.
# Seen, for the share of draws from the component of weight 0.1, in 10 calls of 3000 draws each:
#   skpro 2.16.0
#   as by default                     0.00 0.00 0.00 0.00 0.00 1.00 0.00 0.00 1.00 0.00
#   indep_rows=False                  0.10 0.11 0.11 0.11 0.11 0.10 0.10 0.10 0.09 0.10
#   both False                        0.10 0.09 0.11 0.12 0.10 0.08 0.10 0.10 0.11 0.11
#   by `cdf`, and by `mean`           0.10 0.10
# Whoever draws from it asks for one draw at a time, or for `indep_rows=False`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet skpro==2.16.0 scikit-base==1.2.0 scikit-learn==1.9.1 numpy==2.4.6 \
  scipy==1.17.1 pandas==2.3.3
cd "$folder"
"$folder/venv/bin/python" - <<'P'
import numpy as np
import pandas as pd
import skpro
from skpro.distributions import Mixture, Normal

print(f"skpro {skpro.__version__}")
table = {"index": pd.RangeIndex(3), "columns": ["x"]}
parts = [Normal(0, 1, **table), Normal(100, 1, **table)]
np.random.seed(0)


def shares(name, **options):
    mixture = Mixture(parts, weights=[0.9, 0.1], **options)
    found = [(mixture.sample(1000).to_numpy() > 50).mean() for _ in range(10)]
    print(f"{name:<32}  " + " ".join(f"{share:.2f}" for share in found))
    return np.array(found)


default = shares("as by default")
rows = shares("indep_rows=False", indep_rows=False)
both = shares("both False", indep_rows=False, indep_cols=False)
mixture = Mixture(parts, weights=[0.9, 0.1])
beyond = 1 - mixture.cdf(pd.DataFrame(50.0, **table)).to_numpy()
mean = mixture.mean().to_numpy() / 100
print(f"{'by `cdf`, and by `mean`':<32}  {beyond[0, 0]:.2f} {mean[0, 0]:.2f}")
assert np.isin(default, [0, 1]).all()
assert (np.abs(rows - 0.1) < 0.03).all() and (np.abs(both - 0.1) < 0.04).all()
assert np.allclose(beyond, 0.1) and np.allclose(mean, 0.1)
assert "independent" in Mixture.__doc__ or "independently" in Mixture.__doc__
P
