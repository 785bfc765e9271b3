#!/usr/bin/env bash
# skpro's Hurdle is 0 with some probability, and otherwise of a distribution cut off at 0. `var` is
# listed among its exact methods. But of the mean of the positive part, which belongs squared, it takes the
# mean as it is: the variance is too low where the part lies above 1, too high where it lies below,
# and changes with units otherwise than a variance does. Mean, quantiles and draws are right, also its
# sibling ZeroInflated.
# Seen, for 1 of 2 rows 0 and a Gamma distribution with a deviation of half its mean otherwise:
#   skpro 2.16.0
#   mean of the part         0.1       1      10     100
#   deviation, skpro      0.1619  0.6104   3.845   35.41
#   deviation of draws   0.06126  0.6109   6.061   61.92
#   deviation, exact     0.06124  0.6124   6.124   61.24
# Whoever takes intervals of sums, or weights by variance, takes the variance of draws.
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
import skpro
from skpro.distributions import Gamma, Hurdle, ZeroInflated

print(f"skpro {skpro.__version__}")
# Mean and variance of the part that is cut off are integrated numerically, which a warning says.
warnings.filterwarnings("ignore", "(?s).*numerically exact implementation of the")
np.random.seed(0)
means = np.array([0.1, 1, 10, 100])
lines = []
for mean in means:
    part = Gamma(alpha=4, beta=4 / mean)
    assert np.isclose(part.mean(), mean) and np.isclose(part.var(), mean**2 / 4)
    hurdle = Hurdle(0.5, part)
    draws = hurdle.sample(20_000).to_numpy()
    # of an equal mixture with 0: mean of squares less square of the mean
    exact = 0.5 * (part.var() + mean**2) - (0.5 * mean) ** 2
    lines.append((hurdle.var(), draws.var(), exact))
    assert np.isclose(hurdle.mean(), mean / 2, rtol=0.01) and abs(draws.mean() / mean - 0.5) < 0.03
    assert np.isclose(ZeroInflated(0.5, part).var(), exact, rtol=0.01)
deviations = np.sqrt(np.array(lines, dtype=float)).T
print("mean of the part    " + "".join(f"{mean:8g}" for mean in means))
for name, values in zip(("deviation, skpro", "deviation of draws", "deviation, exact"), deviations):
    print(f"{name:<20}" + "".join(f"{value:8.4g}" for value in values))
assert np.allclose(deviations[1], deviations[2], rtol=0.05)
assert np.isclose(deviations[0, 1], deviations[2, 1], rtol=0.02)
assert deviations[0, 0] > 2 * deviations[2, 0] and deviations[0, 3] < 0.7 * deviations[2, 3]
assert "var" in Hurdle(0.5, Gamma(4, 4)).get_tag("capabilities:exact")
P
