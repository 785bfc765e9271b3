#!/usr/bin/env bash
# skpro's Histogram gives `pdf` and `log_pdf` of values. Beyond its bins `pdf` is 0, but `log_pdf` is 0
# as well, which is a density of 1: unless bins are narrower than 1, rows outside of the histogram are
# the most likely of all, and a mean log-likelihood gets better the more rows it misses. Nothing warns.
# And `energy()`, the mean distance of two draws, takes two draws of the same bin as equal; CRPS is made of
# it, and comes out too high, the more so the wider the bins, so that other distributions win.
# Seen, for bins 0, 10, 20, 30 with shares .2, .5, .3:
#   skpro 2.16.0
#   value     pdf    log_pdf  log of pdf
#       5   0.020     -3.912      -3.912
#      15   0.050     -2.996      -2.996
#    1000   0.000      0.000        -inf
#   mean distance of two draws   7.400, exact 8.667
#   CRPS at 15                   2.550, exact 1.917
# Whoever scores rows with it takes the logarithm of `pdf`, and CRPS by draws.
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
from skpro.distributions import Histogram
from skpro.metrics import CRPS

print(f"skpro {skpro.__version__}")
edges, shares = np.array([0.0, 10, 20, 30]), np.array([0.2, 0.5, 0.3])
one = Histogram(bins=edges.tolist(), bin_mass=shares.tolist())
place = {"index": pd.RangeIndex(1), "columns": ["x"]}
table = Histogram(bins=[[edges]], bin_mass=[[shares]], **place)
print("value     pdf    log_pdf  log of pdf")
for value in (5.0, 15.0, 1000.0):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        density, log = float(one.pdf(value)), float(one.log_pdf(value))
        at = pd.DataFrame([[value]], **place)
        assert table.pdf(at).iloc[0, 0] == density and table.log_pdf(at).iloc[0, 0] == log
    with np.errstate(divide="ignore"):
        right = np.log(density)
    print(f"{value:5.0f}  {density:6.3f}  {log:9.3f}  {right:10.3f}")
    assert np.isclose(log, right) if value < 30 else (log == 0 and density == 0)

# Exact, by a fine grid of quantiles.
draws = np.interp((np.arange(100_000) + 0.5) / 100_000, np.r_[0, shares.cumsum()], edges)
n = len(draws)
exact = 2 * ((2 * np.arange(1, n + 1) - n - 1) * draws).sum() / n**2
print(f"mean distance of two draws   {one.energy():.3f}, exact {exact:.3f}")
at = pd.DataFrame([[15.0]], **place)
by_skpro, crps = CRPS()(at, table), np.abs(draws - 15).mean() - exact / 2
print(f"CRPS at 15                   {by_skpro:.3f}, exact {crps:.3f}")
# What lacks is the distance within a bin, a third of its width.
assert np.isclose(exact - one.energy(), (shares**2).sum() * 10 / 3, atol=1e-3)
P
