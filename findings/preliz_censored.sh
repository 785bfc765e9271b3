#!/usr/bin/env bash
# PreliZ's Censored distributions put what lies beyond a limit onto the limit, as a detection limit does.
# `cdf` is 1 only above the upper limit: at it, where no draw can be greater, it is what it was without limits.
# So the probability of the limit itself is missing. `skewness` and `kurtosis` weight the part between the
# limits by what it has on a scale of its own, and come out as other numbers than those of draws, also of
# another sign. Means and variances are right. Nothing warns.
# Seen, for a normal with mean 1 and deviation 2, and 200000 draws:
#   PreliZ 0.24.0
#   limits         cdf at upper           variance            skewness            kurtosis
#                 PreliZ  exact  PreliZ  draws  exact  PreliZ  draws  exact  PreliZ  draws  exact
#   -1...3         0.841  1.000    2.06   2.07   2.06    0.00  -0.00   0.00   -0.48  -1.39  -1.39
#   0...inf        1.000  1.000    2.21   2.22   2.21    0.35   1.01   1.01   -0.43   0.47   0.46
#   -inf...2       0.691  1.000    2.21   2.22   2.21   -0.35  -1.02  -1.01   -0.43   0.48   0.46
#   0...2          0.691  1.000    0.74   0.74   0.74    0.00  -0.00   0.00   -1.17  -1.74  -1.74
# Whoever needs them takes the moments of draws, and asks for 1 at the upper limit.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet preliz==0.24.0 arviz-stats==0.8.0 pytensor==2.38.3 \
  pytensor-distributions==0.1.3 matplotlib==3.10.9 numba==0.65.1 numpy==2.4.6 scipy==1.17.1
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'P'
from importlib.metadata import version

import numpy as np
import preliz as pz
from scipy import integrate, stats

print(f"PreliZ {version('preliz')}")
normal = stats.norm(1, 2)


def exact(lower, upper, power, center):
    inside = integrate.quad(lambda x: (x - center) ** power * normal.pdf(x), max(lower, -30), min(upper, 30))[0]
    below = (lower - center) ** power * normal.cdf(lower) if np.isfinite(lower) else 0
    above = (upper - center) ** power * normal.sf(upper) if np.isfinite(upper) else 0
    return inside + below + above


print(f"{'limits':<12} {'cdf at upper':>14}      {'variance':>13}        {'skewness':>12}        {'kurtosis':>12}")
print(" " * 12 + "  PreliZ  exact" + "  PreliZ  draws  exact" * 3)
for lower, upper in ((-1.0, 3.0), (0.0, np.inf), (-np.inf, 2.0), (0.0, 2.0)):
    censored = pz.Censored(pz.Normal(1.0, 2.0), lower, upper)
    draws = censored.rvs(200000, random_state=0)
    mean = exact(lower, upper, 1, 0)
    spread = exact(lower, upper, 2, mean)
    right = spread, exact(lower, upper, 3, mean) / spread**1.5, exact(lower, upper, 4, mean) / spread**2 - 3
    drawn = draws.var(), stats.skew(draws), stats.kurtosis(draws)
    seen = censored.var(), censored.skewness(), censored.kurtosis()
    at = float(censored.cdf(np.array(upper))), float((draws <= upper).mean())
    print(f"{f'{lower:g}...{upper:g}':<12}  {at[0]:6.3f}  {at[1]:5.3f}", end="")
    print("".join(f"  {a:6.2f} {b:6.2f} {c:6.2f}" for a, b, c in zip(seen, drawn, right)))
    assert np.allclose(drawn, right, atol=0.04) and np.isclose(seen[0], right[0], rtol=0.01)
    assert abs(seen[2] - right[2]) > 0.4 and at[1] == 1
    assert (at[0] < 0.9) == np.isfinite(upper)
P
