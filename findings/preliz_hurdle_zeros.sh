#!/usr/bin/env bash
# PreliZ's Hurdle is 0 with some probability and otherwise of a distribution without 0. `cdf` gives that
# probability at every value below 0 as well, so that 4 of 10 rows seem to lie below -1000. Where the other
# part is continuous, such as amounts or rain, variance and entropy are integrals over the density, in
# which a single value counts next to nothing: the rows of 0 are left out. The mean is right since 0
# adds nothing to it, and draws are right. Of counts variances are right.
# Seen, for 4 of 10 rows 0:
#   PreliZ 0.24.0
#   cdf at                            -1000    -1     0     1
#   Hurdle of Gamma                   0.40  0.40  0.40  0.59
#   Hurdle of Poisson                 0.40  0.40  0.40  0.47
#   ZeroInflatedPoisson               0.00  0.00  0.42  0.48
#   shares of draws, Hurdle of Gamma  0.00  0.00  0.40  0.59
#   mean of the Gamma         0.15   1.5    15   150
#   deviation, PreliZ         0.0814   0.8146    8.205    87.77
#   deviation of draws       0.09931   0.9931    9.931    99.31
#   deviation, exact          0.0995    0.995     9.95     99.5
#   entropy, PreliZ           -0.383   0.9994    2.392    3.883
#   entropy, exact           -0.01588    1.366    2.747    4.129
#   variance of Hurdle of Poisson   5.05, of draws 5.04
# Whoever takes intervals of sums from it, or its entropy, takes them of draws.
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
from scipy import stats

print(f"PreliZ {version('preliz')}")
share, shape = 0.6, 3.0
at = np.array([-1000.0, -1.0, 0.0, 1.0])
counts = pz.Hurdle(pz.Poisson(3.5), share)
inflated = pz.ZeroInflatedPoisson(share, 3.5)
print("cdf at                            -1000    -1     0     1")
hurdles = {"Hurdle of Gamma": pz.Hurdle(pz.Gamma(shape, 2.0), share), "Hurdle of Poisson": counts}
for name, distribution in (hurdles | {"ZeroInflatedPoisson": inflated}).items():
    print(f"{name:<32}" + "".join(f" {value:5.2f}" for value in distribution.cdf(at)))
print("shares of draws, Hurdle of Gamma", end="")
draws = hurdles["Hurdle of Gamma"].rvs(100000, random_state=0)
print("".join(f" {(draws <= value).mean():5.2f}" for value in at))
print("mean of the Gamma         0.15   1.5    15   150")
rows = {}
for mean in (0.15, 1.5, 15.0, 150.0):
    rate = shape / mean
    hurdle = pz.Hurdle(pz.Gamma(shape, rate), share)
    deviation = np.sqrt(share * (shape / rate**2 + mean**2) - (share * mean) ** 2)
    draws = hurdle.rvs(200000, random_state=0)
    rows.setdefault("deviation, PreliZ", []).append(hurdle.std())
    rows.setdefault("deviation of draws", []).append(draws.std())
    rows.setdefault("deviation, exact", []).append(deviation)
    rows.setdefault("entropy, PreliZ", []).append(hurdle.entropy())
    right = share * stats.gamma(shape, scale=1 / rate).entropy() - share * np.log(share) - 0.4 * np.log(0.4)
    rows.setdefault("entropy, exact", []).append(right)
for name, values in rows.items():
    print(f"{name:<22} " + "".join(f"  {value:7.4g}" for value in values))
variance = counts.rvs(200000, random_state=0).var()
print(f"variance of Hurdle of Poisson   {counts.var():.2f}, of draws {variance:.2f}")
assert np.isclose(counts.var(), variance, rtol=0.02)
for distribution in hurdles.values():
    assert np.allclose(distribution.cdf(at)[:3], 0.4)
assert (inflated.cdf(at)[:2] == 0).all()
seen, drawn, right = (np.array(rows[name]) for name in ("deviation, PreliZ", "deviation of draws", "deviation, exact"))
assert (seen < 0.9 * right).all() and np.allclose(drawn, right, rtol=0.02)
assert (np.array(rows["entropy, PreliZ"]) < np.array(rows["entropy, exact"]) - 0.2).all()
P
