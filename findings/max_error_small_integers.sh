#!/usr/bin/env bash
# scikit-learn's `mean_squared_error` and most other errors count small integers in floats, and are right
# for columns of uint8 or int8. `max_error` and `median_absolute_error` subtract in the dtype of the
# column, whose differences wrap around, without a warning: an error of 1 too low counts as 255.
# Seen, for uint8 and the same numbers as floats:
#   scikit-learn 1.9.1
#                            uint8   float
#   mean_absolute_error       1.00    1.00
#   mean_squared_error        1.40    1.40
#   median_absolute_error   254.00    1.00
#   max_error               255.00    2.00
# Whoever measures how far filled-in pixels, flags or small counts are off must make floats of both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet scikit-learn==1.9.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'P'
import numpy as np
import sklearn
from sklearn import metrics

print(f"scikit-learn {sklearn.__version__}")
right = np.array([3, 3, 3, 3, 3], dtype=np.uint8)
filled = np.array([3, 2, 2, 1, 4], dtype=np.uint8)
print(f"{'':<21}    uint8   float")
for name in ("mean_absolute_error", "mean_squared_error", "median_absolute_error", "max_error"):
    error = getattr(metrics, name)
    small, floats = error(right, filled), error(1.0 * right, 1.0 * filled)
    print(f"{name:<21}   {small:6.2f}  {floats:6.2f}")
    assert (small == floats) == name.startswith("mean_")
P
