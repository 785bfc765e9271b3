#!/usr/bin/env bash
# SynthEval measures whether synthetic rows give real ones away, by distances to the nearest row. A copy of
# the real table is the worst case, and what such measures are tried with. Where both tables are equal,
# row by row, SynthEval takes them for one table, and leaves out each row's distance to itself: a copy
# scores as safe, with an identifiability risk of 0, the lowest there is, and the distance that real rows
# have among themselves. The same copy in another order of rows has a risk of 1 and a distance of 0. The
# docstring has an example of a copy with risk 0, without a word on it. Nothing warns.
# Seen, for 500 rows:
#   SynthEval 1.7.3
#                             identifiability risk  median distance  distance ratio
#   copy                                     0.000            1.000           0.807
#   copy, shuffled                           1.000            0.000           0.000
#   copy, one cell + 1e-6                    1.000            0.000           0.000
#   fresh rows                               0.492            1.012           0.802
# Whoever tries the measures on a copy shuffles its rows.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --prefer-binary syntheval==1.7.3 numpy==2.4.6 scipy==1.17.1 \
    pandas==2.3.3 scikit-learn==1.9.1
cd "$folder"
OMP_NUM_THREADS=1 MPLBACKEND=agg "$folder/venv/bin/python" - <<'P'
import warnings
from importlib.metadata import version

import numpy as np
import pandas as pd
from syntheval import SynthEval

warnings.filterwarnings("ignore")
print(f"SynthEval {version('syntheval')}")
rng = np.random.default_rng(0)


def drawn():
    table = pd.DataFrame(rng.normal(size=(500, 4)), columns=list("abcd"))
    return table.assign(e=rng.choice(list("xyz"), 500))


real, fresh = drawn(), drawn()
shuffled = real.sample(frac=1, random_state=0).reset_index(drop=True)
one_off = real.copy()
one_off.loc[0, "a"] += 1e-6
names = ("identifiability risk", "median distance", "distance ratio")
print(f"{'':<24}  " + "  ".join(names))
found = {}
for name, synthetic in (
    ("copy", real.copy()),
    ("copy, shuffled", shuffled),
    ("copy, one cell + 1e-6", one_off),
    ("fresh rows", fresh),
):
    evaluation = SynthEval(real.copy(), verbose=False, console="off", enable_plots=False)
    results = evaluation.evaluate(synthetic, eps_risk={}, dcr={}, nndr={}).set_index("metric")["val"]
    values = [float(results[key]) for key in ("eps_identif_risk", "median_DCR", "avg_nndr")]
    print(f"{name:<24}  " + "  ".join(f"{v:{len(n)}.3f}" for v, n in zip(values, names)))
    found[name] = values
assert found["copy"][0] == 0 and found["copy"][1] > 0.9 and found["copy"][2] > 0.7
for name in ("copy, shuffled", "copy, one cell + 1e-6"):
    assert found[name][0] > 0.99 and max(found[name][1:]) < 0.01
assert 0.4 < found["fresh rows"][0] < 0.6
P
