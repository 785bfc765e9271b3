#!/usr/bin/env bash
# Uncertainty Toolbox compares normal predictions with what was observed. `get_quantile_recalibrator`
# learns from rows held out how to correct quantiles. The shares of rows below quantiles, which it learns
# from, are taken of prediction minus observation, where a quantile is of observations: they are those of
# the mirror image. A prediction that is too low is made lower still, as far again as it was off. The
# shares are documented as "observed proportions below a predicted quantile", and are those above it. With
# symmetric errors, which a wrong spread gives, nothing shows; intervals are right. Nothing warns.
# Seen, for 5000 rows with a deviation of 1, predicted one deviation too low, shares below a quantile:
#   uncertainty-toolbox 0.1.1
#   level  as predicted  recalibrated  by hand  its `obs_proportions`
#    0.10         0.010         0.001    0.101                  0.403
#    0.25         0.045         0.005    0.258                  0.642
#    0.50         0.155         0.019    0.509                  0.848
#    0.75         0.372         0.085    0.749                  0.956
#    0.90         0.605         0.229    0.898                  0.986
# Whoever recalibrates quantiles lets it learn from the negatives of predictions and of observations, and
# asks it for quantiles of predictions as they are; or adds quantiles of the errors, as "by hand".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet uncertainty-toolbox==0.1.1 scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6
cd "$folder"
OMP_NUM_THREADS=1 MPLBACKEND=agg "$folder/venv/bin/python" - <<'P'
from importlib.metadata import version

import numpy as np
from scipy.stats import norm
from uncertainty_toolbox.metrics_calibration import get_proportion_lists_vectorized
from uncertainty_toolbox.recalibration import get_interval_recalibrator, get_quantile_recalibrator

print(f"uncertainty-toolbox {version('uncertainty-toolbox')}")
rng = np.random.default_rng(0)
predicted, spread = rng.normal(size=5000), np.ones(5000)
observed, fresh = (predicted + 1 + rng.normal(size=5000) for _ in range(2))
recalibrated = get_quantile_recalibrator(predicted, spread, observed)
mirrored = get_quantile_recalibrator(-predicted, spread, -observed)
levels = np.array([0.1, 0.25, 0.5, 0.75, 0.9])
expected, shares = get_proportion_lists_vectorized(
    predicted, spread, observed, num_bins=101, prop_type="quantile"
)
print("level  as predicted  recalibrated  by hand  its `obs_proportions`")
for level in levels:
    bounds = (
        predicted + norm.ppf(level) * spread,
        recalibrated(predicted, spread, level),
        predicted + np.quantile(observed - predicted, level),
    )
    plain, learnt, hand = (np.mean(fresh <= bound) for bound in bounds)
    reported = shares[np.argmin(abs(expected - level))]
    print(f" {level:.2f}{plain:14.3f}{learnt:14.3f}{hand:9.3f}{reported:23.3f}")
    below = np.mean(observed <= bounds[0])
    above = np.mean(observed >= predicted + norm.ppf(1 - level) * spread)
    assert learnt < plain / 2 and abs(hand - level) < 0.02
    assert abs(below - norm.cdf(norm.ppf(level) - 1)) < 0.02
    assert abs(reported - above) < 0.005 and reported > below + 0.3
    # learnt from what is mirrored, and used as it is, it is right
    assert abs(np.mean(fresh <= mirrored(predicted, spread, level)) - level) < 0.03
# intervals do not ask for the sign
bounds = get_interval_recalibrator(predicted, spread, observed)(predicted, spread, 0.5)
assert abs(np.mean((fresh >= bounds.lower) & (fresh <= bounds.upper)) - 0.5) < 0.03
P
