#!/usr/bin/env bash
# physt's histograms keep sums of the values that they are filled with, so that mean and deviation are
# documented as precise, whatever the bins. A histogram may be multiplied, divided or normalized, which
# gives each value another weight, so that mean and deviation stay as they are. The sum of squares is
# multiplied by the square of the factor: doubled counts have ten times the deviation, a normalized
# histogram, or a mean of several, has a variance below 0, and a deviation of nan. The same histogram
# added to itself, and values filled in with weights of 2, are right.
# Seen, for 10000 draws of a normal with mean 50 and deviation 5:
#   physt 0.11.0
#                       total   mean     std  variance
#   as filled           10000  50.03    4.99      24.9
#   added to itself     20000  50.03    4.99      24.9
#   weights of 2        20000  50.03    4.99      24.9
#   times 2             20000  50.03   50.53    2553.0
#   divided by 2         5000  50.03     nan   -1239.1
#   normalized              1  50.03     nan   -2502.9
# Whoever needs the deviation takes it before the histogram is scaled.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet physt==0.11.0 numpy==2.4.6
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" - <<'P'
import warnings
from importlib.metadata import version

import numpy as np
import physt

print(f"physt {version('physt')}")
values = np.random.default_rng(0).normal(50, 5, 10_000)
filled = physt.h1(values, 40)
found = {
    "as filled": filled,
    "added to itself": filled + filled,
    "weights of 2": physt.h1(values, 40, weights=np.full(10_000, 2)),
    "times 2": filled * 2,
    "divided by 2": filled / 2,
    "normalized": filled.normalize(),
}
print(f"{'':<16}{'total':>9}{'mean':>7}{'std':>8}{'variance':>10}")
for name, histogram in found.items():
    with warnings.catch_warnings():
        # the root of a number below 0, of which NumPy warns
        warnings.simplefilter("ignore", RuntimeWarning)
        total, of = histogram.total, histogram.statistics
        print(f"{name:<16}{total:9.0f}{of.mean:7.2f}{of.std:8.2f}{of.variance:10.1f}")
        assert np.isclose(of.mean, values.mean())
        if name in ("as filled", "added to itself", "weights of 2"):
            assert np.isclose(of.std, values.std())
        elif name == "times 2":
            assert of.std > 50
        else:
            assert np.isnan(of.std) and of.variance < -1000
# what it multiplies: the sum of squares by the square of the factor, in place of the factor
for factor in (2, 0.5, 1 / filled.total):
    squares = np.mean(values**2) * factor - values.mean() ** 2
    assert np.isclose((filled * factor).statistics.variance, squares)
P
