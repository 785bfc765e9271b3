#!/usr/bin/env bash
# polars-ds computes errors of predictions in polars. Where a prediction is missing, its row adds nothing to
# the sum of errors, but is counted in their number, for which only actual values are looked at: a missing
# prediction counts as an exact one. `query_l1` documents that nulls are not counted. The fewer rows
# a model predicts, as forecasts that need a history do, the better its error and its r2. `query_mape`
# leaves these rows out. `weighted_mean` counts the weight of a missing value in the same way, so that gaps
# are taken for 0. Nothing warns.
# Seen, for predictions that are off by a deviation of 1, as much as the values themselves:
#   polars-ds 0.13.0, polars 2.1.0
#                         all rows  a quarter predicted  of these alone
#   absolute error           0.825                0.215           0.858
#   squared error            1.046                0.278           1.111
#   log-cosh                 0.392                0.103           0.414
#   symmetric percentage     0.042                0.011           0.044
#   r2                      -0.096                0.709          -0.146
#   percentage error         0.084                0.086           0.086
#   weighted mean            9.944                2.496           9.985
# Whoever compares such models drops rows without a prediction first.
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
rng = np.random.default_rng(0)
n = 1000
actual = rng.normal(10, 1, n)
table = pl.DataFrame({"actual": actual, "predicted": actual + rng.normal(size=n), "w": np.ones(n)})
errors = {
    "absolute error": pds.query_l1,
    "squared error": pds.query_l2,
    "log-cosh": pds.query_log_cosh,
    "symmetric percentage": pds.query_smape,
    "r2": pds.query_r2,
    "percentage error": pds.query_mape,
    "weighted mean": lambda a, p: pds.weighted_mean(p, "w"),
}
gaps = table.with_columns(
    pl.when(pl.int_range(pl.len()) % 4 == 0).then("predicted").alias("predicted")
)
print(f"{'':<20}  all rows  a quarter predicted  of these alone")
for name, error in errors.items():
    whole, part, alone = (
        one.select(error("actual", "predicted")).item() for one in (table, gaps, gaps.drop_nulls())
    )
    print(f"{name:<20}  {whole:8.3f}  {part:19.3f}  {alone:14.3f}")
    if name == "percentage error":
        assert np.isclose(part, alone)
    elif name == "r2":
        assert part > 0.7 and abs(alone) < 0.3
    else:
        assert np.isclose(part, alone / 4)
P
