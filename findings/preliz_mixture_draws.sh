#!/usr/bin/env bash
# `rvs` of PreliZ's Mixture returns draws that lie one component after the other, in the order that the components
# are given in. Each draw of a distribution is independent of others, so that any part of them may be
# taken: the first half, or every other row put beside another column. Here the first half is of another
# distribution than the second. Draws of the shape (rows, columns) come back as one long column, where all
# other distributions keep the shape. Nothing warns or documents it.
# Seen, for .5 of a normal about 0 and .5 of one about 6:
#   PreliZ 0.24.0
#   of 10000 draws                as drawn  shuffled
#   mean of all                       3.01      3.01
#   mean of the first 4000           -0.01      3.00
#   mean of the last 4000             6.01      3.00
#   correlation with the next         0.90      0.01
#   draws of shape (3, 4): (12,), of a normal (3, 4)
# Whoever draws from it shuffles the draws, and gives them their shape.
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

print(f"PreliZ {version('preliz')}")
mixture = pz.Mixture([pz.Normal(0.0, 1.0), pz.Normal(6.0, 1.0)], [0.5, 0.5])
draws = mixture.rvs(10000, random_state=0)
shuffled = np.random.default_rng(0).permutation(draws)
print(f"{'of 10000 draws':<28}  as drawn  shuffled")
seen = {
    "mean of all": (draws.mean(), shuffled.mean()),
    "mean of the first 4000": (draws[:4000].mean(), shuffled[:4000].mean()),
    "mean of the last 4000": (draws[-4000:].mean(), shuffled[-4000:].mean()),
    "correlation with the next": tuple(np.corrcoef(column[:-1], column[1:])[0, 1] for column in (draws, shuffled)),
}
for name, values in seen.items():
    print(f"{name:<28}  {values[0]:8.2f}  {values[1]:8.2f}")
shapes = [distribution.rvs((3, 4), random_state=0).shape for distribution in (mixture, pz.Normal(0.0, 1.0))]
print(f"draws of shape (3, 4): {shapes[0]}, of a normal {shapes[1]}")
assert (np.diff(draws > 3) != 0).sum() < 60
assert abs(seen["mean of the first 4000"][0]) < 0.2 and seen["mean of the last 4000"][0] > 5.8
assert seen["correlation with the next"][0] > 0.8 and abs(seen["correlation with the next"][1]) < 0.05
assert shapes == [(12,), (3, 4)]
P
