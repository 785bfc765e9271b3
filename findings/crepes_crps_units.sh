#!/usr/bin/env bash
# crepes' conformal predictive systems give CRPS among their metrics. With difficulty estimates (sigmas)
# each predictive distribution is in units of the target, but the step of it that holds the true value
# is multiplied by the row's sigma once more. CRPS has the unit of the target: metres for kilometres
# should give 1000 times as much, and give some 23000 times. Where sigmas are about 1 the error is small,
# so that targets of another size look far worse predicted. Without sigmas the metric is right.
# Seen, for the same predictions in other units, divided by these; by crepes, and by scoringrules from
# the distributions that crepes predicts:
#   crepes 0.9.1
#   1 in other units            1       10     1000
#   sigmas, crepes         0.6822   0.8158  15.5156
#   sigmas, scoringrules   0.6785   0.6785   0.6785
#   without, crepes        0.6982   0.6982   0.6982
# Whoever reports CRPS of normalized systems computes it from `predict_cpds`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet crepes==0.9.1 scoringrules==0.10.0 numpy==2.4.6 scipy==1.17.1 \
  pandas==3.1.1 scikit-learn==1.9.1
cd "$folder"
"$folder/venv/bin/python" - <<'P'
from importlib.metadata import version

import numpy as np
import scoringrules
from crepes import ConformalPredictiveSystem

print(f"crepes {version('crepes')}")
rng = np.random.default_rng(0)
spread = rng.uniform(0.5, 2, 500)
residuals = spread * rng.normal(size=500)
predicted = rng.normal(size=500)
new_spread = rng.uniform(0.5, 2, 500)
true = predicted + new_spread * rng.normal(size=500)


def score(units, sigmas):
    """Give the CRPS of crepes, and that of its distributions as ensembles, over the units."""
    old, new = (units * spread, units * new_spread) if sigmas else (None, None)
    system = ConformalPredictiveSystem().fit(units * residuals, sigmas=old)
    scores = system.evaluate(units * predicted, units * true, sigmas=new, metrics=["CRPS"])
    steps = system.predict_cpds(units * predicted, sigmas=new)
    right = scoringrules.crps_ensemble(units * true, steps, estimator="nrg", backend="numpy")
    # The same by hand: the mean distance from the true value less half of that between two draws.
    apart = np.abs(units * true[:, None] - steps).mean(axis=1)
    among = [np.abs(row[:, None] - row).mean() / 2 for row in steps]
    assert np.allclose(right, apart - among)
    return scores["CRPS"] / units, right.mean() / units


every = (1, 10, 1000)
with_sigmas = np.array([score(units, True) for units in every]).T
without = np.array([score(units, False) for units in every]).T
print(f"{'1 in other units':<20}", *(f"{units:8d}" for units in every))
print("sigmas, crepes      ", *(f"{value:8.4f}" for value in with_sigmas[0]))
print("sigmas, scoringrules", *(f"{value:8.4f}" for value in with_sigmas[1]))
print("without, crepes     ", *(f"{value:8.4f}" for value in without[0]))
assert np.allclose(without[0], without[1]) and np.ptp(without[0]) < 1e-6
assert np.ptp(with_sigmas[1]) < 1e-6
assert with_sigmas[0][2] > 20 * with_sigmas[1][2] and with_sigmas[0][1] > 1.1 * with_sigmas[1][1]
assert np.isclose(*with_sigmas[:, 0], rtol=0.02)
P
