#!/usr/bin/env bash
# imbalanced-learn's SMOTE draws synthetic rows between a row and a near neighbour, so that each column
# keeps its mean. In a table it gives columns the dtypes that they had: what falls between two integers
# is not rounded but cut off towards 0, and what falls between False and True is always True. The same
# flag becomes rarer as 0 and 1, and more frequent as booleans; counts shrink, and so do negative ones
# in size. BorderlineSMOTE and ADASYN do the same. Nothing warns of it. The same columns as floats keep
# their means.
# Seen, for 400 rows of the rare class among 4000, with 5 more columns of floats:
#   imbalanced-learn 0.14.2
#                      mean of   mean of synthetic rows
#   column           real rows   as it is   as floats
#   flag as 0 and 1       0.48       0.25        0.47
#   flag as booleans      0.48       0.69        0.47
#   counts                2.93       2.59        2.91
#   counts times -1      -2.93      -2.59       -2.91
# Whoever oversamples such a table makes integers and booleans floats before, or names them as labels
# for SMOTENC.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet \
    imbalanced-learn==0.14.2 scikit-learn==1.9.1 pandas==3.0.6 numpy==2.4.6 scipy==1.17.1
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W error - <<'P'
from importlib.metadata import version

import numpy as np
import pandas as pd
from imblearn.over_sampling import ADASYN, SMOTE, BorderlineSMOTE

print(f"imbalanced-learn {version('imbalanced-learn')}")
rng = np.random.default_rng(0)
table = pd.DataFrame(rng.normal(0, 3, (4000, 5)), columns=list("abcde"))
flag = rng.random(4000) < 0.5
table["flag as 0 and 1"] = flag.astype(int)
table["flag as booleans"] = flag
table["counts"] = rng.poisson(3, 4000)
table["counts times -1"] = -table["counts"]
columns = table.columns[5:]
rare = np.arange(4000) < 400
print("                   mean of   mean of synthetic rows")
print("column           real rows   as it is   as floats")
seen = {}
for method in (SMOTE, BorderlineSMOTE, ADASYN):
    means = [table.loc[rare, columns].mean()]
    for rows in (table, table.astype(float)):
        drawn, _ = method(random_state=0).fit_resample(rows, rare.astype(int))
        assert (drawn.dtypes == rows.dtypes).all() and len(drawn) > 7000
        means.append(drawn.iloc[4000:][columns].mean())
    for column in columns:
        real, same, floats = (float(mean[column]) for mean in means)
        if method is SMOTE:
            print(f"{column:16}{real:10.2f}{same:11.2f}{floats:12.2f}")
        assert abs(floats - real) < 0.1
        if column == "flag as booleans":
            assert same > real + 0.15
        else:
            assert abs(same) < abs(real) - 0.15
P
