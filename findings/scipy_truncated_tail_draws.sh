#!/usr/bin/env bash
# `stats.truncate` of SciPy cuts a distribution off, and its draws are for rare events beyond a limit, such
# as the excess over a threshold. Mean, deviation and density stay right however far off the limit is.
# Draws and `icdf` do not, where the limit is far to the right: they go by the probability below, which is
# nearly 1 there. They come to be few different numbers, and then all of them infinite, before 9
# deviations of a normal, and before 40 means of an exponential, of which what lies beyond a limit is like
# the whole. Nothing warns of it. The same limit to the left, and `iccdf`, are right, as is `truncnorm`.
# Seen, for 10000 draws beyond limits:
#   scipy 1.17.1
#                              draws                                exact
#                limit  different  infinite  median - limit   median - limit  mean - limit
#   normal           5      10000      0.00           0.132            0.132         0.187
#   normal         7.5        288      0.00           0.091            0.090         0.129
#   normal           8          7      0.02           0.077            0.085         0.121
#   normal           9          1      1.00             inf            0.076         0.109
#   left, to -9      9      10000      0.00           0.076            0.076         0.109
#   exponential     10      10000      0.00           0.695            0.693         1.000
#   exponential     34         16      0.06           0.791            0.693         1.000
#   exponential     40          1      1.00             inf            0.693         1.000
# Whoever needs such draws puts uniform numbers into `iccdf`, or turns the distribution about.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet scipy==1.17.1 numpy==2.4.6
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" - <<'P'
import warnings
from importlib.metadata import version

import numpy as np
from scipy import stats

# of nothing does SciPy warn, until the first infinite draw is averaged
warnings.simplefilter("error")
print(f"scipy {version('scipy')}")
print("                           draws                                exact")
print("             limit  different  infinite  median - limit   median - limit  mean - limit")
normal, exponential = stats.Normal(), stats.make_distribution(stats.expon)()
cases = (
    ("normal", normal, 5, 1),
    ("normal", normal, 7.5, 1),
    ("normal", normal, 8, 1),
    ("normal", normal, 9, 1),
    ("left, to -9", normal, 9, -1),
    ("exponential", exponential, 10, 1),
    ("exponential", exponential, 34, 1),
    ("exponential", exponential, 40, 1),
)
seen = {}
for name, whole, limit, side in cases:
    cut = stats.truncate(whole, lb=limit) if side > 0 else stats.truncate(whole, ub=-limit)
    exact = stats.expon(limit) if whole is exponential else stats.truncnorm(limit, np.inf)
    draws = side * cut.sample(10_000, rng=0)
    count, infinite = len(np.unique(draws)), np.isinf(draws).mean()
    middle, right = np.median(draws) - limit, exact.median() - limit
    mean = side * cut.mean() - limit
    print(f"{name:11}{limit:7}{count:11}{infinite:10.2f}{middle:16.3f}{right:17.3f}{mean:14.3f}")
    seen[name, limit] = count, infinite
    # mean, density and the quantile from above are right
    assert np.isclose(mean, exact.mean() - limit, rtol=1e-6)
    assert np.isclose(cut.pdf(side * (limit + 0.1)), exact.pdf(limit + 0.1), rtol=1e-6)
    quantile = cut.iccdf(0.5) if side > 0 else -cut.icdf(0.5)
    assert np.isclose(quantile - limit, right, rtol=1e-4)
    if infinite == 1 and side > 0:
        assert np.isinf(cut.icdf(0.001)) and np.isinf(cut.icdf(0.5))
assert seen["normal", 5] == seen["exponential", 10] == seen["left, to -9", 9] == (10_000, 0)
assert seen["normal", 7.5][0] < 1000 and seen["normal", 8][0] < 20 and seen["exponential", 34][0] < 50
assert seen["normal", 9] == seen["exponential", 40] == (1, 1)
P
