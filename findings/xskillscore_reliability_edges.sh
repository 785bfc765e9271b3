#!/usr/bin/env bash
# xskillscore's `reliability` tells how often an event occurred, by the probability that was forecast; forecasts
# are perfect where both are equal. Its default bins go from 0 to 1 by fifths, include their left edges, and
# are named by their middles. Probabilities of ensembles, shares of members, are edges themselves. Ensembles
# of 4 are right; of 5 or 10 members 0.6 falls below the edge, which is 0.6000000000000001, into the
# bin of 0.4: one bin has no rows, and is nan, its neighbour has twice as many, and what is forecast
# perfectly lies a tenth below the diagonal at one end. `discrimination` has the same bins. Nothing warns.
# Seen, for 200000 events that occur exactly as often as forecast:
#   xskillscore 0.0.29
#   members  bin (middle)              0.1     0.3     0.5     0.7     0.9
#   4        how often it occurred    0.00    0.25    0.50    0.75    1.00
#            rows                    40168   39662   40133   40060   39977
#   5        how often it occurred    0.00    0.20    0.50     nan    0.90
#            rows                    33240   33426   66267       0   67067
#   10       how often it occurred    0.05    0.25    0.50    0.70    0.90
#            rows                    36064   36532   54406   18356   54642
# Whoever has ensembles of n members gives edges between their shares: (arange(n + 2) - 0.5) / n.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet \
    xskillscore==0.0.29 xarray==2026.9.0 xhistogram==0.3.2 properscoring==0.1 \
    dask==2026.8.0 numpy==2.4.6 scipy==1.17.1 pandas==2.3.3 statsmodels==0.15.0
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore - <<'P'
from importlib.metadata import version

import numpy as np
import xarray as xr
import xskillscore as xs

print(f"xskillscore {version('xskillscore')}")
print("members  bin (middle)         " + "".join(f"{middle:8.1f}" for middle in (0.1, 0.3, 0.5, 0.7, 0.9)))
rng = np.random.default_rng(0)
for members in (4, 5, 10):
    chance = rng.integers(0, members + 1, 200000) / members
    event = xr.DataArray(rng.random(200000) < chance, dims="time")
    # the forecast as users have it: the mean over members, of which so many forecast the event
    votes = np.arange(members)[None, :] < np.rint(chance * members)[:, None]
    forecast = xr.DataArray(votes, dims=("time", "member")).mean("member")
    assert np.allclose(forecast, chance)
    seen = xs.reliability(event, forecast)
    print(f"{members:<9}how often it occurred" + "".join(f"{value:8.2f}" for value in seen.values))
    print(f"{'':9}rows{'':17}" + "".join(f"{value:8.0f}" for value in seen.samples.values))
    told = xs.discrimination(event, forecast).values
    if members == 4:
        assert np.allclose(seen, np.arange(5) / 4, atol=0.02)
    if members == 5:
        assert np.isnan(seen.values[3]) and seen.samples.values[3] == 0 and (told[:, 3] == 0).all()
        assert np.allclose(seen.values[:3], [0, 0.2, 0.5], atol=0.02)
    if members == 10:
        assert seen.samples.values[2] > 2.5 * seen.samples.values[3]
    # edges between the shares: all is on the diagonal
    edges = (np.arange(members + 2) - 0.5) / members
    right = xs.reliability(event, forecast, probability_bin_edges=edges)
    assert np.allclose(right, right.forecast_probability, atol=0.02)
P
