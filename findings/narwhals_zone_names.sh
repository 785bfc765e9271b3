#!/usr/bin/env bash
# narwhals says what dtype a column has in words of its own, whatever library it is of. The dtype of a
# pandas column of moments in a time zone it reads from the text of pandas' dtype, by a pattern that
# knows letters and slashes in the names of zones, but neither underscores nor digits. So a column in
# New York's time has the dtype `Unknown`, where one in Berlin's is a Datetime; in polars both are.
# Without an error: code that asks `is_temporal()` takes the one column for no moments.
# Seen, for the same hours in several zones:
#   narwhals 2.29.0, pandas 3.1.1, polars 2.1.0
#   Europe/Berlin        pandas Datetime   polars Datetime
#   Asia/Kolkata         pandas Datetime   polars Datetime
#   America/New_York     pandas Unknown    polars Datetime
#   America/St_Johns     pandas Unknown    polars Datetime
#   Etc/GMT+5            pandas Unknown    polars Datetime
# Whoever reads frames by narwhals looks at pandas' own dtype where that is one of a time zone.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet narwhals==2.29.0 pandas==3.1.1 polars==2.1.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'P'
from importlib.metadata import version

import narwhals.stable.v2 as nw
import pandas as pd
import polars as pl

print(", ".join(f"{name} {version(name)}" for name in ("narwhals", "pandas", "polars")))
hours, found = pd.date_range("2026-01-01", periods=3, freq="h", tz="UTC"), {}
universal = pl.Series(hours.tz_localize(None).to_numpy()).dt.replace_time_zone("UTC")
zones = ("Europe/Berlin", "Asia/Kolkata", "America/New_York", "America/St_Johns", "Etc/GMT+5")
for zone in zones:
    own = pd.Series(hours.tz_convert(zone)), universal.dt.convert_time_zone(zone)
    dtypes = [nw.from_native(column, series_only=True).dtype for column in own]
    found[zone] = [type(dtype).__name__ for dtype in dtypes]
    print(f"{zone:20} pandas {found[zone][0]:10} polars {found[zone][1]}")
    assert dtypes[1].is_temporal()

assert [found[zone][0] for zone in zones[:2]] == ["Datetime", "Datetime"]
assert [found[zone][0] for zone in zones[2:]] == ["Unknown"] * 3
P
