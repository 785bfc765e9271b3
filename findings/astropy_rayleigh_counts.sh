#!/usr/bin/env bash
# `rayleightest` of Astropy tells whether directions, or hours and months, are uniform. `weights` are
# documented to be for grouped data, and to add up to the number of observations. The p-value is of the
# number of groups, whatever they add up to: counts of 12 months are taken for 12 observations. Of thousands
# of events in a clear season it is about one half, and of uniform ones never below that. `vtest`, a test
# against a known direction, does the same. Nothing warns of it. The mean direction and `circvar` are right.
# Seen, for events in the middle of 12 months, with as many rows as events and by their counts:
#   astropy 8.0.2
#                               Rayleigh            V test
#   season    events      rows    counts      rows    counts
#   0.4          200   2.6e-06   4.7e-01   1.6e-07   1.1e-01
#   0.4         1000   4.6e-22   5.6e-01   0.0e+00   1.4e-01
#   0.4         5000   2.3e-82   6.5e-01   0.0e+00   1.7e-01
#   uniform: share of p-values below 0.5, of 500 tests of 1000 events
#               0.51      0.00
# Whoever has counts repeats each direction by its count.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet astropy==8.0.2 numpy==2.4.6 scipy==1.17.1
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" - <<'P'
from importlib.metadata import version

import numpy as np
from astropy import stats

print(f"astropy {version('astropy')}")
print("                            Rayleigh            V test")
print("season    events      rows    counts      rows    counts")
rng = np.random.default_rng(1)
months = (np.arange(12) + 0.5) * np.pi / 6
share = 1 + 0.4 * np.cos(months - 1)
for events in (200, 1000, 5000):
    counts = rng.multinomial(events, share / share.sum())
    rows = np.repeat(months, counts)
    p = [
        stats.rayleightest(rows),
        stats.rayleightest(months, weights=counts),
        stats.vtest(rows, mu=1.0),
        stats.vtest(months, mu=1.0, weights=counts),
    ]
    # the V test's expansion may fall below 0 by rounding
    p = [max(float(value), 0.0) for value in p]
    print(f"0.4{events:13}" + "".join(f"{value:10.1e}" for value in p))
    assert p[0] < 0.05 and p[2] < 0.05 and p[1] > 0.3 and p[3] > 0.05
    # direction and spread do count the events, so that Rayleigh's p-value is easily had by hand
    assert np.isclose(stats.circmean(rows), stats.circmean(months, weights=counts))
    assert np.isclose(stats.circvar(rows), stats.circvar(months, weights=counts))
    length = 1 - stats.circvar(months, weights=counts)
    assert np.isclose(p[0], np.exp(-events * length**2), rtol=1e-6)
    # it depends on the proportions only
    assert np.isclose(p[1], stats.rayleightest(months, weights=counts * 1000))
print("uniform: share of p-values below 0.5, of 500 tests of 1000 events")
low = []
for _ in range(500):
    counts = rng.multinomial(1000, np.full(12, 1 / 12))
    rows = np.repeat(months, counts)
    low.append((stats.rayleightest(rows) < 0.5, stats.rayleightest(months, weights=counts) < 0.5))
rows, counts = np.mean(low, axis=0)
print(f"{rows:16.2f}{counts:10.2f}")
assert abs(rows - 0.5) < 0.08 and counts == 0
P
