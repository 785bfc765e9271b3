#!/usr/bin/env bash
# pycircstat2 has distributions of directions, with density, mean and draws. Those of the wrapped stable
# family may be skewed (`beta` other than 0). Its documentation gives the mean direction, and `mean`, `pdf` and
# `cdf` follow it. Draws do not: on their way a shift is subtracted and then added again, so that they are
# turned by beta * gamma * tan(pi * alpha / 2), the more the nearer alpha is to 1, up to any direction. A
# model that is fitted to draws of another has its `delta` elsewhere. Unskewed ones are right.
# Seen, for delta 1, gamma 0.5, and 20000 draws each:
#   pycircstat2 0.1.15
#                  mean direction of     turned by    length of the mean   within 0.5 of mean
#   alpha   beta    density    draws      (formula)    density     draws     density    draws
#   1.5      0.0       1.00     0.99           0.00       0.70      0.70        0.52     0.52
#   1.8      0.5       1.03     0.95          -0.08       0.75      0.75        0.52     0.52
#   1.5      0.5       1.07     0.82          -0.25       0.70      0.70        0.51     0.46
#   1.5     -0.5       0.93     1.17           0.25       0.70      0.70        0.51     0.46
#   1.2      0.5       1.10     0.32          -0.77       0.65      0.65        0.50     0.23
#   1.1      0.5       1.11     5.80          -1.58       0.63      0.63        0.50     0.09
#   0.8      0.5       1.11     1.89           0.77       0.56      0.57        0.50     0.28
# Whoever needs draws puts uniform numbers into `ppf`, or turns the draws back by the difference of the means.
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
from pycircstat2.distributions import wrapstable
from scipy.stats import kstest

print(f"pycircstat2 {version('pycircstat2')}")
print("               mean direction of     turned by    length of the mean   within 0.5 of mean")
print("alpha   beta    density    draws      (formula)    density     draws     density    draws")
for alpha, beta in ((1.5, 0.0), (1.8, 0.5), (1.5, 0.5), (1.5, -0.5), (1.2, 0.5), (1.1, 0.5), (0.8, 0.5)):
    model = wrapstable(1.0, alpha, beta, 0.5)
    x = np.linspace(0, 2 * np.pi, 4001)
    density = model.pdf(x)
    moment = np.trapezoid(density * np.exp(1j * x), x)
    draws = model.rvs(size=20000, random_state=1)
    own = np.mean(np.exp(1j * draws))
    mean = np.angle(moment) % (2 * np.pi)
    turn = 0 if beta == 0 else beta * 0.5 * np.tan(np.pi * alpha / 2)
    near = np.trapezoid(density * (np.cos(x - mean) > np.cos(0.5)), x)
    near_draws = np.mean(np.cos(draws - mean) > np.cos(0.5))
    print(
        f"{alpha:<8}{beta:4.1f}{mean:11.2f}{np.angle(own) % (2 * np.pi):9.2f}{turn:15.2f}{abs(moment):11.2f}"
        f"{abs(own):10.2f}{near:12.2f}{near_draws:9.2f}"
    )
    # the documented mean is that of the density
    documented = 1 + beta * np.tan(np.pi * alpha / 2) * (0.5**alpha - 0.5)
    assert np.isclose(mean, documented % (2 * np.pi), atol=1e-3) and np.isclose(model.mean(), mean, atol=1e-3)
    # draws have the right shape, turned
    assert abs(np.angle(own / moment * np.exp(-1j * turn))) < 0.04 and abs(abs(own) - abs(moment)) < 0.02
    assert (kstest(draws, model.cdf).pvalue > 0.001) == (beta == 0)
    by_quantile = model.ppf(np.random.default_rng(0).random(300))
    assert kstest(by_quantile, model.cdf).pvalue > 0.001
P
