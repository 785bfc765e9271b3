#!/usr/bin/env bash
# `generate_survival_curves` of arviz-stats turns predictive draws into survival curves, to lay beside
# the Kaplan-Meier curve of what was observed. `extrapolation_factor` is documented as a limit of how
# far the curves go beyond the last observation. But draws beyond it are dropped before the shares are
# taken, so that every curve falls to 0 there, whatever the model says. Also, each time counts once,
# however many draws have it, so that curves of whole days fall along a straight line. The right model
# looks far wrong in both cases.
# Seen, for draws of the very distribution that the data come from, the share that outlives a time:
#   arviz-stats 0.8.0
#   scale 20, observed up to time 10, as by default
#     time  exact  Kaplan-Meier  arviz-stats
#        2  0.905         0.906        0.793
#        5  0.779         0.785        0.507
#       10  0.607         0.609        0.127
#   whole days, each the end of half of those left, no limit
#     time  exact  Kaplan-Meier  arviz-stats
#        1  0.500         0.509        0.904
#        2  0.250         0.255        0.808
#        4  0.062         0.062        0.617
# Whoever checks a model of times takes the share of draws beyond each time by hand.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "arviz-stats[xarray]==0.8.0" arviz-base==0.8.2 xarray==2026.9.0 \
  numpy==2.4.6 scipy==1.17.1
cd "$folder"
"$folder/venv/bin/python" - <<'P'
import arviz_base
import arviz_stats
import numpy as np

print(f"arviz-stats {arviz_stats.__version__}")
rng = np.random.default_rng(0)


def at(time, curve):
    """Read the last step of a curve until a time."""
    times, shares = curve
    return shares[times <= time][-1] if (times <= time).any() else 1.0


def compare(name, draws, observed, ended, exact, times, **options):
    data = {
        "posterior_predictive": {"t": draws[None]},
        "observed_data": {"t": observed},
        "constant_data": {"t": ended},
    }
    data = arviz_base.from_dict(data)
    curves = arviz_stats.generate_survival_curves(data, "t", num_samples=draws.shape[0], **options)
    steps = np.moveaxis(curves["t"].values, 1, 0)
    steps = [curve[:, np.isfinite(curve[0])] for curve in steps]
    limit = arviz_stats.kaplan_meier(data, "t")["t"].values
    print(name)
    print("  time  exact  Kaplan-Meier  arviz-stats")
    found = []
    for time in times:
        predicted = np.mean([at(time, curve) for curve in steps])
        found.append((exact(time), at(time, limit), predicted))
        print(f"{time:6d}  {found[-1][0]:.3f}  {found[-1][1]:12.3f}  {found[-1][2]:11.3f}")
        assert abs((draws > time).mean() - exact(time)) < 0.01 and abs(found[-1][1] - exact(time)) < 0.04
    assert all(curve[1][-1] == 0 for curve in steps)
    return np.array(found)


times = rng.exponential(20, 2000)
found = compare(
    "scale 20, observed up to time 10, as by default",
    rng.exponential(20, (50, 1000)), np.minimum(times, 10), (times <= 10).astype(int),
    lambda time: np.exp(-time / 20), (2, 5, 10),
)
# What is shown is the share among the draws until 12.
assert np.allclose(found[:, 2], (found[:, 0] - np.exp(-12 / 20)) / (1 - np.exp(-12 / 20)), atol=0.02)
found = compare(
    "whole days, each the end of half of those left, no limit",
    rng.geometric(0.5, (50, 1000)), rng.geometric(0.5, 2000), np.ones(2000, int),
    lambda time: 0.5**time, (1, 2, 4), extrapolation_factor=None,
)
assert (found[:, 2] > found[:, 0] + 0.35).all() and np.isclose(found[1, 2], 2 * found[0, 2] - 1)
P
