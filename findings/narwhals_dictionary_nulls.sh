#!/usr/bin/env bash
# narwhals reads a dictionary-encoded column of pyarrow as labels. Asked for a NumPy array of it, it
# returns one of the labels where the column has a null: without an error, and unlike for a plain
# column of strings, whose null comes back as None. `is_null` still tells.
# Seen (in other columns the label in the gap was the first of the dictionary):
#   narwhals 2.29.0, pyarrow 26.0.1
#   strings:    ['x', None, 'y']  is_null [False, True, False]
#   dictionary: ['x', 'y', 'y']  is_null [False, True, False]
# Whoever reads labels through narwhals must take what is missing from is_null.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet narwhals==2.29.0 pyarrow==26.0.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'P'
import narwhals
import narwhals.stable.v2 as nw
import pyarrow as pa

print(f"narwhals {narwhals.__version__}, pyarrow {pa.__version__}")
strings = pa.chunked_array([["x", None, "y"]])
seen = {}
for name, column in {"strings": strings, "dictionary": strings.dictionary_encode()}.items():
    series = nw.from_native(column, series_only=True)
    seen[name] = series.to_numpy().tolist(), series.is_null().to_numpy().tolist()
    print(f"{name + ':':<11} {seen[name][0]}  is_null {seen[name][1]}")
assert seen["strings"] == (["x", None, "y"], [False, True, False])
labels, is_null = seen["dictionary"]
assert is_null == [False, True, False]
assert labels[0] == "x" and labels[2] == "y" and labels[1] in ("x", "y")
P
