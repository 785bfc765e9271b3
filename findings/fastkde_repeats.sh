#!/usr/bin/env bash
# fastKDE sums its density from a finite Fourier series, which repeats. `pdf_at_points` does not stop
# at the end of the first period: rows far from all data get the density of rows among them, and
# others a density below 0. Within the first period the estimate is good.
# Seen, for 500 draws of a standard normal:
#   fastkde 2.1.5
#   density at 0              0.380
#   highest beyond 10         0.380, at -42.0
#   lowest                    -0.009
#   integral from -5 to 5     1.006
#   integral from -60 to 60   8.997
# Whoever scores rows with it must ask first whether they lie within the range of the data, and
# must not compare its held-out likelihood with that of others.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet fastkde==2.1.5 numpy==2.4.6 scipy==1.17.1
cd "$folder"
"$folder/venv/bin/python" - <<'P'
from importlib.metadata import version

import fastkde
import numpy as np

print(f"fastkde {version('fastkde')}")
x = np.random.default_rng(0).normal(size=500)
at = np.linspace(-60, 60, 2401)
density = fastkde.pdf_at_points(x, list_of_points=list(at))
far = np.abs(at) > 10
top = density[far].argmax()
near = np.abs(at) <= 5
one, many = (density[where].sum() * (at[1] - at[0]) for where in (near, slice(None)))
print(f"density at 0              {density[1200]:.3f}")
print(f"highest beyond 10         {density[far][top]:.3f}, at {at[far][top]:.1f}")
print(f"lowest                    {density.min():.3f}")
print(f"integral from -5 to 5     {one:.3f}")
print(f"integral from -60 to 60   {many:.3f}")
assert abs(density[1200] - 0.4) < 0.05 and abs(one - 1) < 0.02
assert density[far].max() > 0.3 and many > 5
assert density.min() < -0.005
P
