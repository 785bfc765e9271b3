#!/usr/bin/env bash
# RDT turns the columns of a table into numbers for synthetic data, and the numbers back. It takes
# timestamps as counts of the unit that their column is kept in, and reads the counts as nanoseconds on
# the way back. Columns of polars come to pandas in microseconds: their dates come back from January
# 1970, without a warning, also where they are to stay within the range of the column. Fitted on one
# unit, it gives rows of another numbers that are 1000 times off. And OptimizedTimestampEncoder, told to
# stay within that range, returns January 1, 1970 for every row, in nanoseconds as well.
# Seen, for the noon of March 1, 5 and 20, 2024, there and back:
#   rdt 2.0.0, pandas 2.3.3, polars 2.1.0
#   datetime64[ns]:
#     HyperTransformer                    2024-03-01  2024-03-05  2024-03-20
#     UnixTimestampEncoder                2024-03-01  2024-03-05  2024-03-20
#     UnixTimestampEncoder, in range      2024-03-01  2024-03-05  2024-03-20
#     OptimizedTimestampEncoder           2024-03-01  2024-03-05  2024-03-20
#     OptimizedTimestampEncoder, in range 1970-01-01  1970-01-01  1970-01-01
#   datetime64[us]:
#     HyperTransformer                    1970-01-20  1970-01-20  1970-01-20
#     UnixTimestampEncoder                1970-01-20  1970-01-20  1970-01-20
#     UnixTimestampEncoder, in range      1970-01-20  1970-01-20  1970-01-20
#     OptimizedTimestampEncoder           1970-01-20  1970-01-20  1970-01-20
#     OptimizedTimestampEncoder, in range 1970-01-01  1970-01-01  1970-01-01
#   fitted on the former, the first row of each: 1.70929e+18, 1.70929e+15
# Whoever hands it a frame that came from polars, or from a file, makes its timestamps nanoseconds first,
# and compares the dates of what comes back with those of the table.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet \
    rdt==2.0.0 pandas==2.3.3 numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1 polars==2.1.0 pyarrow==26.0.1
cd "$folder"
"$folder/venv/bin/python" - <<'P'
from datetime import datetime
from importlib.metadata import version

import pandas as pd
import polars as pl
from rdt import HyperTransformer
from rdt.transformers import OptimizedTimestampEncoder, UnixTimestampEncoder

names = ("rdt", "pandas", "polars")
print(", ".join(f"{name} {version(name)}" for name in names))
noons = [datetime(2024, 3, day, 12) for day in (1, 5, 20)]
plain = pl.DataFrame({"when": noons}).to_pandas()
fine = plain.astype({"when": "datetime64[ns]"})
assert plain["when"].tolist() == fine["when"].tolist() == [pd.Timestamp(noon) for noon in noons]


def there_and_back(table):
    whole = HyperTransformer()
    whole.detect_initial_config(table)
    yield "HyperTransformer", whole.reverse_transform(whole.fit_transform(table))
    for kind in (UnixTimestampEncoder, OptimizedTimestampEncoder):
        for bounded in (False, True):
            column = kind(enforce_min_max_values=bounded)
            back = column.reverse_transform(column.fit_transform(table, "when"))
            yield kind.__name__ + (", in range" if bounded else ""), back


for table in (fine, plain):
    print(f"{table['when'].dtype}:")
    for name, back in there_and_back(table):
        print(f"  {name:36}" + "  ".join(back["when"].dt.strftime("%Y-%m-%d")))
        if table is fine and name != "OptimizedTimestampEncoder, in range":
            assert back["when"].tolist() == fine["when"].tolist()
        else:
            assert (back["when"] < pd.Timestamp("1970-02-01")).all()
column = UnixTimestampEncoder()
column.fit(fine, "when")
numbers = [column.transform(table)["when"].iloc[0] for table in (fine, plain)]
print(f"fitted on the former, the first row of each: {numbers[0]:.6g}, {numbers[1]:.6g}")
assert numbers[0] == 1000 * numbers[1]
P
