#!/usr/bin/env bash
# POT's distances in one dimension, and its sliced ones, give equal weights to all rows by default.
# The weights take the dtype of the rows: of integers 1/n is 0, and so the distance of any two tables
# of integers is 0, without a warning. `ot.emd2_1d`, which solves the same problem, is right.
# Seen, for counts around 3 and around 30:
#   POT 0.9.7.post1
#                                    of integers  of floats
#   wasserstein_1d                          0.00      26.56
#   emd2_1d, metric="euclidean"            26.56      26.56
#   sliced_wasserstein_distance             0.00      24.64
#   max_sliced_wasserstein_distance         0.00      36.94
# Whoever compares draws of counts, flags or codes with real rows must make floats of both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet POT==0.9.7.post1 numpy==2.4.6 scipy==1.17.1
cd "$folder"
"$folder/venv/bin/python" - <<'P'
import numpy as np
import ot

print(f"POT {ot.__version__}")
rng = np.random.default_rng(0)
few, many = rng.poisson(3, (50, 2)), rng.poisson(30, (50, 2))
distances = {
    "wasserstein_1d": lambda a, b: ot.wasserstein_1d(a[:, 0], b[:, 0]),
    'emd2_1d, metric="euclidean"': lambda a, b: ot.emd2_1d(a[:, 0], b[:, 0], metric="euclidean"),
    "sliced_wasserstein_distance": lambda a, b: ot.sliced_wasserstein_distance(a, b, seed=0),
    "max_sliced_wasserstein_distance": lambda a, b: ot.max_sliced_wasserstein_distance(a, b, seed=0),
}
print(f"{'':<31}  of integers  of floats")
for name, distance in distances.items():
    integers, floats = distance(few, many), distance(1.0 * few, 1.0 * many)
    print(f"{name:<31}  {integers:11.2f}  {floats:9.2f}")
    assert floats > 10 and integers == (floats if name.startswith("emd2") else 0)
P
