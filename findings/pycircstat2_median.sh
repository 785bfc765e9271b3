#!/usr/bin/env bash
# pycircstat2's distributions of directions have `median`, documented as the circular median. It is the angle up
# to which half lies, counted from angle 0, wherever that is among the rows. So it changes with the
# direction that is called 0, and for a distribution about 0, such as wind from the north or nights, it is
# the opposite of where the rows are. The von Mises alone, the first that one tries, gives its mean direction.
# `interval` counts from 0 for all of them, the von Mises too: the arc that holds 90 % goes the long way
# round. The circular median of draws, by `circ_median` of the same package, is right.
# Seen, for symmetrical distributions about 0, 1 and 3, of which mean and median should be the same; of
# 1001 draws by quantiles:
#   pycircstat2 0.1.15
#                  about   mean  median   of draws   density at mean, median   interval(0.9)   its length
#   vonmises         0.0   0.00    0.00       6.26            0.87   0.867         0.06 to 6.23       6.17
#   vonmises         1.0   1.00    1.00       0.96            0.87   0.867         0.30 to 1.89       1.59
#   vonmises         3.0   3.00    3.00       2.97            0.87   0.867         2.22 to 3.78       1.56
#   wrapcauchy       0.0   0.00    3.14       0.00            1.43   0.018         0.04 to 6.25       6.21
#   wrapcauchy       1.0   1.00    1.05       1.00            1.43   1.376         0.42 to 4.89       4.47
#   wrapcauchy       3.0   3.00    3.00       3.00            1.43   1.432         1.82 to 4.27       2.45
#   wrapnorm         0.0   0.00    3.14       0.04            0.60   0.000         0.08 to 6.20       6.12
#   wrapnorm         1.0   1.00    1.11       1.00            0.60   0.589         0.21 to 5.87       5.66
#   wrapnorm         3.0   3.00    3.00       3.01            0.60   0.597         1.90 to 4.10       2.20
#   cartwright       0.0   0.00    3.14       6.25            0.65   0.000         0.08 to 6.21       6.13
#   cartwright       1.0   1.00    1.08       0.99            0.65   0.642         0.22 to 2.72       2.51
#   cartwright       3.0   3.00    3.00       3.01            0.65   0.647         2.01 to 3.99       1.99
# Whoever needs them turns rows and model first, so that the mean is at pi, and turns the results back.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet \
    pycircstat2==0.1.15 numpy==2.4.6 scipy==1.17.1 pandas==2.3.3 matplotlib==3.11.2
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore - <<'P'
from importlib.metadata import version

import numpy as np
from pycircstat2 import distributions
from pycircstat2.descriptive import circ_median

print(f"pycircstat2 {version('pycircstat2')}")
print("               about   mean  median   of draws   density at mean, median   interval(0.9)   its length")
rng = np.random.default_rng(0)
for name, shape in {"vonmises": 5, "wrapcauchy": 0.8, "wrapnorm": 0.8, "cartwright": 0.2}.items():
    for about in (0.0, 1.0, 3.0):
        model = getattr(distributions, name)(about, shape)
        draws = model.ppf(rng.random(1001))
        mean, median, own = model.mean() % (2 * np.pi), model.median(), circ_median(draws)
        low, high = model.interval(0.9)
        print(
            f"{name:15}{about:5.1f}{mean:7.2f}{median:8.2f}{own:11.2f}{model.pdf(mean):16.2f}{model.pdf(median):8.3f}"
            f"{low:13.2f} to {high:4.2f}{high - low:11.2f}"
        )
        assert np.cos(mean - about) > 0.999 and np.cos(own - about) > 0.99
        if about == 0:
            assert high - low > 5.5
            if name != "vonmises":
                assert np.isclose(median, np.pi, atol=1e-3) and model.pdf(median) < 0.05 * model.pdf(mean)
        if name == "vonmises":
            assert np.isclose(median, about)
        if about == 1 and name == "wrapcauchy":
            assert abs(median - about) > 0.04
P
