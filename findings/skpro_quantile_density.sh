#!/usr/bin/env bash
# skpro's QPD_Johnson makes a distribution of three quantiles: at alpha, one half, and 1 - alpha. `pdf`,
# `cdf` and `ppf` are listed as exact. Without bounds, which is the default, the density is not the slope
# of `cdf`: it is too low or too high by a factor of alpha alone, the normal quantile of 1 - alpha, so
# that it does not add up to 1. Each row's log-likelihood is off by the same, which decides between forecasts
# of different alpha, and between it and others. With a bound, or with both, it is right. Nothing warns.
# Seen, for quantiles 80, 100, 150:
#   skpro 2.16.0
#   alpha  bounds        integral of pdf  1 / normal quantile  cdf at the three
#    0.05  none                    0.608                0.608  0.050 0.500 0.950
#    0.10  none                    0.780                0.780  0.100 0.500 0.900
#    0.25  none                    1.483                1.483  0.250 0.500 0.750
#    0.10  lower                   1.000                       0.100 0.500 0.900
#    0.10  lower, upper            1.000                       0.100 0.500 0.900
# Whoever takes likelihoods of it multiplies by that quantile where no bound is given.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet skpro==2.16.0 scikit-base==1.2.0 scikit-learn==1.9.1 numpy==2.4.6 \
  scipy==1.17.1 pandas==2.3.3
cd "$folder"
"$folder/venv/bin/python" - <<'P'
import warnings

import numpy as np
import pandas as pd
import skpro
from scipy.integrate import trapezoid
from scipy.stats import norm
from skpro.distributions import QPD_Johnson

warnings.simplefilter("error")
# Of two bounds, the ends of the support divide by 0.
warnings.filterwarnings("ignore", "(divide by zero|invalid value)")
print(f"skpro {skpro.__version__}")
print("alpha  bounds        integral of pdf  1 / normal quantile  cdf at the three")
levels = np.r_[1e-7, np.linspace(1e-6, 1e-3, 300), np.linspace(1e-3, 1 - 1e-3, 3000)]
levels = np.unique(np.r_[levels, 1 - levels])


def check(alpha, **bounds):
    def asked(method, values):
        low, median, high = (np.full((len(values), 1), quantile) for quantile in (80.0, 100.0, 150.0))
        one = QPD_Johnson(alpha=alpha, qv_low=low, qv_median=median, qv_high=high, **bounds)
        at = pd.DataFrame(np.reshape(values, (-1, 1)), index=one.index, columns=one.columns)
        return getattr(one, method)(at).to_numpy()[:, 0]

    x = asked("ppf", levels)
    assert np.allclose(asked("cdf", x), levels, atol=1e-6)
    total = trapezoid(asked("pdf", x), x)
    at = asked("cdf", np.array([80.0, 100, 150]))
    factor = 1 if bounds else 1 / norm.ppf(1 - alpha)
    shown = "" if bounds else f"{factor:.3f}"
    at_three = " ".join(f"{share:.3f}" for share in at)
    print(f"{alpha:5.2f}  {', '.join(bounds) or 'none':<12}  {total:15.3f}  {shown:>19}  {at_three}")
    assert np.allclose(at, [alpha, 0.5, 1 - alpha]) and abs(total / factor - 1) < 0.002


for alpha in (0.05, 0.1, 0.25):
    check(alpha)
check(0.1, lower=0)
check(0.1, lower=0, upper=300)
P
