#!/usr/bin/env bash
# NewRowSynthesis of SDMetrics tells what share of synthetic rows are new, not copies of real ones. A
# number counts as copied where it is within 1 % of its own size of a real one. Dates are compared so
# too, as the nanoseconds since 1970, of which 1 % are half a year and more. Dates a season apart
# match, and a table of dates and labels has no new row at all, though none of its dates is a real one.
# Seen, for 200 synthetic dates of the month from ... on, none of them equal to a real one:
#   SDMetrics 0.32.0, real dates of January 2025
#               new rows, of dates  of days since 2025
#   2025-01-01               0.000               0.385
#   2025-03-01               0.000               1.000
#   2025-06-01               0.000               1.000
#   2025-09-01               1.000               1.000
# Whoever looks for copied rows of tables with dates gives a `numerical_match_tolerance` of next to 0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet sdmetrics==0.32.0 numpy==2.4.6 scipy==1.17.1 pandas==2.3.3
cd "$folder"
"$folder/venv/bin/python" - <<'P'
from importlib.metadata import version

import numpy as np
import pandas as pd
from sdmetrics.single_table import NewRowSynthesis

print(f"SDMetrics {version('sdmetrics')}, real dates of January 2025")
print(f"{'':<10}  new rows, of dates  of days since 2025")
rng = np.random.default_rng(0)


def month(start, odd):
    """Give 200 rows of a month, at odd or at even seconds."""
    seconds = 2 * rng.integers(0, 31 * 43_200, 200) + odd
    when = pd.Timestamp(start) + pd.to_timedelta(seconds, unit="s")
    return pd.DataFrame({"when": when, "label": rng.choice(["a", "b"], 200)})


def share(real, synthetic, sdtype, **options):
    columns = {"when": {"sdtype": sdtype}, "label": {"sdtype": "categorical"}}
    return NewRowSynthesis.compute(real.copy(), synthetic.copy(), {"columns": columns}, **options)


def days(table):
    return table.assign(when=(table["when"] - pd.Timestamp("2025-01-01")).dt.total_seconds() / 86_400)


real = month("2025-01-01", 0)
found = {}
for start in ("2025-01-01", "2025-03-01", "2025-06-01", "2025-09-01"):
    synthetic = month(start, 1)
    assert not set(real["when"]) & set(synthetic["when"])
    found[start] = share(real, synthetic, "datetime"), share(days(real), days(synthetic), "numerical")
    print(f"{start}  {found[start][0]:18.3f}  {found[start][1]:18.3f}")
    assert share(real, synthetic, "datetime", numerical_match_tolerance=1e-15) == 1
    # The same by hand.
    old, new = (table["when"].to_numpy().astype("M8[ns]").astype(float) for table in (real, synthetic))
    same = real["label"].to_numpy() == synthetic["label"].to_numpy()[:, None]
    near = np.abs(old - new[:, None]) <= 0.01 * new[:, None]
    assert np.isclose(found[start][0], 1 - (near & same).any(axis=1).mean())
assert [value[0] for value in found.values()] == [0, 0, 0, 1]
assert [value[1] for value in found.values()][1:] == [1, 1, 1] and 0.1 < found["2025-01-01"][1] < 0.6
assert 0.01 * (pd.Timestamp("2025-03-01") - pd.Timestamp("1970-01-01")) > pd.Timedelta(days=182)
P
