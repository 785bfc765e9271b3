#!/usr/bin/env bash
# gower divides a column by its greatest value before it takes its range. A column whose greatest value
# is 0, such as losses or differences below 0, is divided by nothing and counts as if all rows were
# equal in it; the same column less 1, of which the distances of Gower are the same, does count.
# Seen, for one column -5, -3, 0 and for it less 1:
#   gower 0.1.2
#   -5, -3, 0     0.0  0.0  0.0
#   -6, -4, -1    0.4  1.0  0.6
# Whoever measures how near draws are to rows scales the columns to 0...1 before.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet gower==0.1.2 numpy==2.4.6 scipy==1.17.1 pandas==3.1.1
cd "$folder"
"$folder/venv/bin/python" - <<'P'
from importlib.metadata import version

import gower
import numpy as np
import pandas as pd

print(f"gower {version('gower')}")
pairs = np.triu_indices(3, 1)
seen = {}
for moved in (0, -1):
    column = np.array([-5.0, -3.0, 0.0]) + moved
    seen[moved] = gower.gower_matrix(pd.DataFrame({"a": column}))[pairs]
    print(f"{', '.join(f'{v:g}' for v in column):<12}", *(f"{d:4.1f}" for d in seen[moved]))
assert np.array_equal(seen[0], [0, 0, 0])
assert np.allclose(seen[-1], [0.4, 1, 0.6])
P
