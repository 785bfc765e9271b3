#!/usr/bin/env bash
# skpro's distributions are of a table, or of a single number. A Mixture of single numbers takes
# `weights`, normalizes them, and draws by them, but its mean, density, probabilities and quantiles
# leave them out: they are those of equal weights, whatever was given, without a warning. The same
# mixture as a table of one row and one column is right in all of these.
# Seen, for .9 of a normal about 0 and .1 of one about 100, both with a deviation of 1:
#   skpro 2.16.0
#                        exact   number    table
#   mean                 10.00    50.00    10.00
#   variance            901.00  2501.00   901.00
#   density at 0         0.359    0.199    0.359
#   probability < 50     0.900    0.500    0.900
#   quantile .7           0.76    99.75     0.76
#   mean of draws                 10.22
# Whoever builds mixtures of single numbers gives each an index and columns.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet skpro==2.16.0 scikit-base==1.2.0 scikit-learn==1.9.1 numpy==2.4.6 \
  scipy==1.17.1 pandas==2.3.3
cd "$folder"
"$folder/venv/bin/python" - <<'P'
import warnings

import numpy as np
import pandas as pd
import skpro
from scipy import stats
from scipy.optimize import brentq
from skpro.distributions import Mixture, Normal

print(f"skpro {skpro.__version__}")
warnings.filterwarnings("ignore", "(?s).*numerically exact implementation of the 'ppf'")
place = {"index": pd.RangeIndex(1), "columns": ["x"]}


def made(**options):
    return Mixture([Normal(0, 1, **options), Normal(100, 1, **options)], weights=[0.9, 0.1])


def cdf(x):
    return 0.9 * stats.norm.cdf(x) + 0.1 * stats.norm.cdf(x, 100)


number, table = made(), made(**place)
rows = [
    ("mean", 10.0, "mean", None, 2),
    ("variance", 901.0, "var", None, 2),
    ("density at 0", 0.9 * stats.norm.pdf(0), "pdf", 0.0, 3),
    ("probability < 50", 0.9, "cdf", 50.0, 3),
    ("quantile .7", brentq(lambda x: cdf(x) - 0.7, -5, 5), "ppf", 0.7, 2),
]
print(f"{'':<17}  {'exact':>7}  {'number':>7}  {'table':>7}")
found = {}
for name, exact, method, x, digits in rows:
    values = [
        float(np.asarray(getattr(one, method)(*([] if x is None else [value])), dtype=float).item())
        for one, value in ((number, x), (table, x if x is None else pd.DataFrame([[x]], **place)))
    ]
    found[name] = values
    print(f"{name:<17}  {exact:7.{digits}f}  {values[0]:7.{digits}f}  {values[1]:7.{digits}f}")
    assert np.isclose(values[1], exact, atol=0.02), name
    assert not np.isclose(values[0], exact, rtol=0.2), name
np.random.seed(0)
draws = number.sample(5000).to_numpy().mean()
print(f"{'mean of draws':<17}  {'':>7}  {draws:7.2f}")
assert abs(draws - 10) < 2
assert np.isclose(found["mean"][0], 50) and np.isclose(found["probability < 50"][0], 0.5)
P
