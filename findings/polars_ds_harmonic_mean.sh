#!/usr/bin/env bash
# polars-ds adds statistics to polars. Its `weighted_hmean`, the weighted harmonic mean of a column, does
# not depend on the column: it is the sum of weights by the number of rows, that is the mean weight, and
# of weights that add up to 1, told so, one by the number of rows. Any speeds, prices or ratios give the
# same. And `cosine_sim` takes a square root too many of the lengths, so that it grows with the numbers: it
# is 1 for hardly any column with itself. `hmean`, `weighted_mean` and `weighted_cosine_sim` are right.
# Nothing warns.
# Seen, for weights 1, 2, 3, 4:
#   polars-ds 0.13.0, polars 2.1.0
#                          weighted harmonic mean   exact  of shares   cosine of it with itself   weighted
#   30, 50, 60, 120                          2.50   63.83       0.25                     146.29       1.00
#   1, 2, 4, 8                               2.50    3.08       0.25                       9.22       1.00
#   0.01, 0.02, 0.03, 0.5                    2.50    0.03       0.25                       0.50       1.00
# Whoever averages rates divides the sum of weights by that of weights over values.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet polars-ds==0.13.0 polars==2.1.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'P'
from importlib.metadata import version

import numpy as np
import polars as pl
import polars_ds as pds

print(f"polars-ds {version('polars-ds')}, polars {pl.__version__}")
weights = np.array([1.0, 2.0, 3.0, 4.0])


def of(values):
    table = pl.DataFrame({"x": values, "w": weights, "share": weights / weights.sum()})
    return {
        "mean": table.select(pds.weighted_mean("x", "w")).item(),
        "plain": table.select(pds.hmean("x")).item(),
        "weighted": table.select(pds.weighted_hmean("x", "w")).item(),
        "shares": table.select(pds.weighted_hmean("x", "share", is_normalized=True)).item(),
        "cosine": table.select(pds.cosine_sim("x", "x")).item(),
        "weighted cosine": table.select(pds.weighted_cosine_sim("x", "x", "w")).item(),
    }


print(f"{'':<21}  weighted harmonic mean   exact  of shares   cosine of it with itself   weighted")
for values in ([30.0, 50.0, 60.0, 120.0], [1.0, 2.0, 4.0, 8.0], [0.01, 0.02, 0.03, 0.5]):
    values = np.array(values)
    found = of(values)
    exact = weights.sum() / (weights / values).sum()
    print(
        f"{', '.join(f'{v:g}' for v in values):<21}  {found['weighted']:22.2f}  {exact:6.2f}  "
        f"{found['shares']:9.2f}  {found['cosine']:25.2f}  {found['weighted cosine']:9.2f}"
    )
    assert np.isclose(found["mean"], np.average(values, weights=weights))
    assert np.isclose(found["plain"], len(values) / (1 / values).sum())
    assert np.isclose(found["weighted"], weights.mean()) and np.isclose(found["shares"], 0.25)
    assert np.isclose(found["cosine"], np.linalg.norm(values))
    assert np.isclose(found["weighted cosine"], 1)
P
