#!/usr/bin/env bash
# weightedstats has weighted and unweighted means and medians of lists. `median` sorts the list that it is
# given, in place, and so does `weighted_median` without weights. The list no longer goes with its weights:
# a weighted mean or median asked for afterwards gives each value another row's weight, as does whatever
# else goes by the order of the rows, such as a column beside it. The documentation's example asks in that
# order, of a list that is sorted already. `mean` and the functions for NumPy leave the list as it is.
# Seen, for eight ages and their weights:
#   weightedstats 0.4.1
#                          weighted mean   weighted median   ages
#   before                          29.5              22.0   34 19 71 52 28 45 63 22
#   after mean                      29.5              22.0   34 19 71 52 28 45 63 22
#   after median                    42.6              45.0   19 22 28 34 45 52 63 71
# Whoever keeps the list passes a copy, `median(list(ages))`, or takes `statistics.median`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet weightedstats==0.4.1 numpy==2.4.6
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore - <<'P'
from importlib.metadata import version

import weightedstats as ws

print(f"weightedstats {version('weightedstats')}")
print("                       weighted mean   weighted median   ages")
first = [34, 19, 71, 52, 28, 45, 63, 22]
weights = [1, 9, 2, 1, 8, 1, 1, 7]
ages = list(first)


def show(label):
    seen = ws.weighted_mean(ages, weights=weights), ws.weighted_median(ages, weights=weights)
    print(f"{label:23}{seen[0]:13.1f}{seen[1]:18.1f}   {' '.join(map(str, ages))}")
    return seen


before = show("before")
ws.mean(ages), ws.numpy_weighted_median(ages), ws.numpy_weighted_mean(ages, weights=weights)
assert ages == first and show("after mean") == before
assert ws.median(ages) == 39.5
after = show("after median")
assert ages == sorted(first) and after[0] > before[0] + 10 and after[1] > before[1] + 20
ages = list(first)
assert ws.weighted_median(ages) == 39.5 and ages == sorted(first)
P
