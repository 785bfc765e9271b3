#!/usr/bin/env bash
# MAPIE's `expected_calibration_error` puts scores into bins of equal width, of equal counts, or by
# "array split". The last one cuts the scores into parts in the order that the rows come in, and takes
# the greatest of each part for a border. Where rows are shuffled, as test rows are, all borders are
# near 1 and almost all rows are in the first bin, in which errors of both signs cancel: scores that are
# far too sure pass as calibrated. Rows in the order of their scores give the right value.
# Seen, for scores s of events that occur with probability .4 + .2 s, of which the error is .2:
#   MAPIE 1.6.0
#                shuffled  in order of scores
#   uniform         0.192               0.192
#   quantile        0.192               0.192
#   array split     0.003               0.192
# Whoever measures calibration in bins of equal counts asks for "quantile".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet mapie==1.6.0 scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1
cd "$folder"
"$folder/venv/bin/python" - <<'P'
from importlib.metadata import version

import numpy as np
from mapie.metrics.calibration import expected_calibration_error

print(f"MAPIE {version('mapie')}")
print(f"{'':<11}  shuffled  in order of scores")
rng = np.random.default_rng(0)
scores = rng.uniform(size=20_000)
events = (rng.uniform(size=20_000) < 0.4 + 0.2 * scores).astype(int)
order = np.argsort(scores)

# The error by hand, in ten bins, and without bins from the probabilities.
bins = np.array_split(order, 10)
by_hand = np.mean([abs(events[rows].mean() - scores[rows].mean()) for rows in bins])
assert np.isclose(np.abs(scores - (0.4 + 0.2 * scores)).mean(), 0.2, atol=0.005)
assert np.isclose(by_hand, 0.2, atol=0.015)

for strategy in ("uniform", "quantile", "array split"):
    shuffled, sorted_ = (
        expected_calibration_error(events[rows], scores[rows], num_bins=10, split_strategy=strategy)
        for rows in (np.arange(20_000), order)
    )
    print(f"{strategy:<11}  {shuffled:8.3f}  {sorted_:18.3f}")
    assert np.isclose(sorted_, by_hand, atol=0.01)
    assert shuffled < 0.02 if strategy == "array split" else np.isclose(shuffled, sorted_)
P
