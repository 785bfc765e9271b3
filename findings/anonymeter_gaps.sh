#!/usr/bin/env bash
# Anonymeter measures whether synthetic rows give people away: an attacker who knows some columns looks
# for the nearest synthetic row, and guesses a secret from it. Distances add up over the columns. A gap
# in a column of numbers, in the known row only, makes each distance nan, so that the nearest row of
# whoever has one gap is any row, the same for all of them, whatever the other columns say. Where
# real rows have gaps and synthetic ones do not, as after filling in, the attack fails for all these people,
# and the risk looks low: an attacker who knows less, without the column, finds them all. Gaps in labels
# are right. Nothing warns or documents it.
# Seen, for synthetic rows that are copies of 1000 real ones, with gaps in one of four known columns:
#   anonymeter 1.1.0
#              risk, by the known columns   own row found     rows found for
#   with a gap  all four  without height  no gap   with a gap  people with a gap
#         0.00      1.00            1.00    1.00          nan                  0
#         0.30      0.70            1.00    1.00         0.00                  1
#         0.60      0.42            1.00    1.00         0.00                  1
#         0.91      0.12            1.00    1.00         0.00                  1
# Whoever measures risk fills gaps in before, or tries sets of columns without gaps as well.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet anonymeter==1.1.0 numba==0.59.1 numpy==1.26.4 pandas==2.2.3 scikit-learn==1.5.2 scipy==1.15.3 joblib==1.4.2 polars==1.30.0 pyarrow==21.0.0
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore - <<'P'
from importlib.metadata import version

import numpy as np
import pandas as pd
from anonymeter.evaluators import InferenceEvaluator
from anonymeter.neighbors.mixed_types_kneighbors import MixedTypeKNeighbors

print(f"anonymeter {version('anonymeter')}")
known = ["age", "height", "income", "town"]


def people(seed):
    rng = np.random.default_rng(seed)
    return pd.DataFrame({
        "age": rng.integers(18, 90, 1000).astype(float),
        "height": rng.normal(170, 10, 1000).round(1),
        "income": rng.lognormal(10, 0.5, 1000).round(),
        "town": rng.choice(list("abcdefgh"), 1000),
        "secret": rng.choice(list("vwxyz"), 1000),
    })


def risk(real, drawn, others, columns):
    np.random.seed(0)
    measure = InferenceEvaluator(
        ori=real, syn=drawn, control=others, aux_cols=columns, secret="secret", n_attacks=500
    )
    return measure.evaluate(n_jobs=1).risk().value


print("           risk, by the known columns   own row found     rows found for")
print("with a gap  all four  without height  no gap   with a gap  people with a gap")
drawn = people(1)
for share in (0.0, 0.3, 0.6, 0.9):
    real, others = people(1), people(2)
    gap = np.random.default_rng(3).random(1000) < share
    for table in (real, others):
        table.loc[gap, "height"] = np.nan
    found = risk(real, drawn, others, known)
    without = risk(real, drawn, others, ["age", "income", "town"])
    nearest = MixedTypeKNeighbors(n_neighbors=1, n_jobs=1).fit(drawn[known])
    rows = nearest.kneighbors(real[known]).ravel()
    own = rows == np.arange(1000)
    kept, lost = own[~gap].mean(), own[gap].mean() if share else np.nan
    print(f"{gap.mean():10.2f}{found:10.2f}{without:16.2f}{kept:8.2f}{lost:13.2f}{len(set(rows[gap])):19}")
    assert without > 0.95 and kept > 0.95 and abs(found - (1 - gap.mean())) < 0.12
    if share:
        assert lost < 0.02 and len(set(rows[gap])) <= 5
# a gap in labels only counts as one more label
real = people(1)
real.loc[gap, "town"] = np.nan
rows = MixedTypeKNeighbors(n_neighbors=1, n_jobs=1).fit(drawn[known]).kneighbors(real[known]).ravel()
assert np.mean(rows == np.arange(1000)) > 0.9
P
