#!/usr/bin/env bash
# Evidently compares the rows of today with rows of reference, column by column. For labels in up to 1000
# rows of reference its preset takes the chi-squared test with a level of 5 %, so that about 5 of 100
# unchanged columns should be found to drift. The test takes the shares of the reference for known
# probabilities, as if only today's rows were drawn: where both are, its statistic is too large by
# 1 + today's rows / reference rows. With as many rows of both, half of the unchanged columns with 10 labels
# drift; with more rows today, nearly all columns do. Columns of two labels have another test, which is right.
# Seen, for 50 unchanged columns, the share in which drift is found, by number of labels; by chi-squared with
# its statistic so stretched; and by SciPy's test of both counts:
#   evidently 0.7.23, SciPy 1.17.1
#                          2 labels      5     10     20
#   500 rows, today 500
#     Evidently              0.08   0.26   0.44   0.86
#     by its formula         0.05   0.31   0.49   0.72
#     of both counts         0.08   0.02   0.04   0.00
#   500 rows, today 5000
#     Evidently              0.06   0.96   1.00   1.00
#     by its formula         0.05   0.93   1.00   1.00
#     of both counts         0.06   0.08   0.08   0.04
# Whoever watches labels runs `chi2_contingency` of SciPy on the table of both counts.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet evidently==0.7.23 scipy==1.17.1 numpy==2.4.6 pandas==2.3.3
cd "$folder"
export DO_NOT_TRACK=1 OMP_NUM_THREADS=1
"$folder/venv/bin/python" -W ignore - <<'P'
from importlib.metadata import version

import numpy as np
import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset
from scipy.stats import chi2, chi2_contingency

print(f"evidently {version('evidently')}, SciPy {version('scipy')}")
rng = np.random.default_rng(0)
names = [f"column {i}" for i in range(50)]
definition = DataDefinition(categorical_columns=names)


def drifting(reference, current):
    old, new = (Dataset.from_pandas(t, data_definition=definition) for t in (reference, current))
    first, *others = Report([DataDriftPreset()]).run(new, old).dict()["metrics"]
    methods = {metric["config"]["method"] for metric in others}
    assert len(others) == 50 and {metric["config"]["threshold"] for metric in others} == {0.05}
    return first["value"]["share"], methods


print(f"{'':<23}{'2 labels':>8}{5:>7}{10:>7}{20:>7}")
for n, m in ((500, 500), (500, 5000)):
    shares = {"Evidently": [], "by its formula": [], "of both counts": []}
    for k in (2, 5, 10, 20):
        labels = np.array([f"label {i}" for i in range(k)])
        tables = [pd.DataFrame(rng.choice(labels, (rows, 50)), columns=names) for rows in (n, m)]
        share, methods = drifting(*tables)
        assert methods == {"Z-test p_value" if k == 2 else "chi-square p_value"}
        counts = [pd.concat([t[c].value_counts() for t in tables], axis=1).fillna(0) for c in names]
        right = np.mean([chi2_contingency(c.T, correction=False)[1] < 0.05 for c in counts])
        # the statistic is 1 + m / n times one with the distribution of chi-squared
        stretched = chi2.sf(chi2.isf(0.05, k - 1) / (1 + m / n), k - 1) if k > 2 else 0.05
        for name, value in zip(shares, (share, stretched, right)):
            shares[name].append(value)
    print(f"{n} rows, today {m}")
    for name, values in shares.items():
        print(f"  {name:<19}" + "".join(f"{v:{8 if i == 0 else 7}.2f}" for i, v in enumerate(values)))
    found, stretched, right = shares.values()
    assert np.all(np.abs(np.subtract(found, stretched)) < 0.2) and max(right + found[:1]) < 0.17
    assert found[2] > 0.3 and found[3] > 0.5 and (m == n or min(found[1:]) > 0.75)
P
