#!/usr/bin/env bash
# NGBoost's NormalFixedMean is a normal about 0, of which trees learn the logarithm of the scale. Each model
# starts from the distribution that fits all rows. Here the start is the standard deviation where its
# logarithm belongs: scales start at the exponential of the deviation. Where that is about 1 the trees make
# up for it; in other units all scales are far too large after the default's 500 trees, or infinite,
# without an error. `Normal` is the same in all units.
# Seen, for 500 rows whose true deviations are 1.5 in the mean, in several units, divided by these:
#   ngboost 0.6.0, scikit-learn 1.6.1
#   true deviation                  1.53
#   1 in other units                   1        30       100      1000
#   NormalFixedMean, start          4.33  4.27e+17  4.91e+61       inf
#   NormalFixedMean, learnt          1.3       2.2      24.3       inf
#   Normal, start                   1.47      1.47      1.47      1.47
#   Normal, learnt                   1.1       1.1       1.1       1.1
# Whoever models the scale of errors divides these by their deviation before.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet ngboost==0.6.0 scikit-learn==1.6.1 lifelines==0.30.3 numpy==2.4.6 \
  scipy==1.17.1 pandas==2.3.3
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore - <<'P'
from importlib.metadata import version

import numpy as np
from ngboost import NGBRegressor
from ngboost.distns import Normal, NormalFixedMean

print(f"ngboost {version('ngboost')}, scikit-learn {version('scikit-learn')}")
rng = np.random.default_rng(0)
rows = rng.uniform(size=(500, 1))
errors = (1 + rows[:, 0]) * rng.normal(size=500)
units = 1, 30, 100, 1000
print(f"{'true deviation':<26} {(1 + rows[:, 0]).mean():9.3g}")
print(f"{'1 in other units':<26}" + "".join(f" {unit:9g}" for unit in units))
seen = {}
for distribution in (NormalFixedMean, Normal):
    starts, ends = [], []
    for unit in units:
        start = distribution(np.reshape(distribution.fit(unit * errors), (-1, 1))).scale[0] / unit
        starts.append(start)
        model = NGBRegressor(Dist=distribution, verbose=False, random_state=0)
        model.fit(rows, unit * errors)
        ends.append(model.pred_dist(rows).scale.mean() / unit)
    seen[distribution] = starts, ends
    for name, values in (("start", starts), ("learnt", ends)):
        print(f"{distribution.__name__ + ', ' + name:<26}" + "".join(f" {value:9.3g}" for value in values))
starts, ends = seen[NormalFixedMean]
deviation = errors.std()
assert np.allclose(starts[:3], [np.exp(unit * deviation) / unit for unit in units[:3]])
assert abs(ends[0] - 1.5) < 0.2 and ends[2] > 10 and ends[3] == np.inf
assert np.ptp(seen[Normal][1]) < 1e-6
P
