#!/usr/bin/env bash
# phitter fits some seventy families to a column, and ranks them by tests passed, and then by BIC. The
# density of its GeneralizedGamma is its probability up to there: `pdf` returns what `cdf` returns. Its
# BIC is then about 2 per row, in whatever unit, where that of any true density falls and rises with the
# unit. So this family wins by thousands where numbers are large, and loses where they are small:
# centimetres and metres get different families. The tests, which are of `cdf`, show nothing.
# GeneralizedGamma4P is right. Nothing warns.
# Seen, for 1000 heights, and 1000 lifetimes, the best family of all and its BIC, beside a BIC of SciPy's
# density with the parameters that phitter found:
#   phitter 1.0.4
#                         best                     BIC  its true BIC   that of generalized gamma, and true
#   heights, m            generalized_normal     -1795         -1795     2018   -1794
#   heights, cm           generalized_gamma       2018          7416     2018    7416
#   lifetimes, years      weibull                 1239          1239     2013    1245
#   lifetimes, days       generalized_gamma       2013         13046     2013   13046
#   the integral of GeneralizedGamma's density from 0 to 20, where all rows are below 15: 9.3
# Whoever lets phitter choose excludes "generalized_gamma".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --prefer-binary phitter==1.0.4 numpy==2.4.6 scipy==1.17.1 \
    pandas==2.3.3
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" - <<'P'
import warnings
from importlib.metadata import version

import numpy as np
from phitter import Phitter
from phitter.continuous import CONTINUOUS_DISTRIBUTIONS
from scipy import integrate, stats

warnings.filterwarnings("ignore")
print(f"phitter {version('phitter')}")
rng = np.random.default_rng(0)
heights, lifetimes = rng.normal(1.7, 0.1, 1000), rng.weibull(2, 1000)
columns = {
    "heights, m": heights,
    "heights, cm": 100 * heights,
    "lifetimes, years": lifetimes,
    "lifetimes, days": 365.25 * lifetimes,
}
true = {
    "generalized_gamma": lambda p: stats.gengamma(p["d"] / p["p"], p["p"], scale=p["a"]),
    "generalized_normal": lambda p: stats.gennorm(p["beta"], p["mu"], p["alpha"]),
    "weibull": lambda p: stats.weibull_min(p["alpha"], scale=p["beta"]),
}


def bic(family, parameters, x):
    likelihood = true[family](parameters).logpdf(x).sum()
    return len(parameters) * np.log(len(x)) - 2 * likelihood


print(f"{'':<20}  {'best':<20}  {'BIC':>6}  its true BIC   that of generalized gamma, and true")
winners = []
for name, x in columns.items():
    fitted = Phitter(x)
    fitted.fit()
    results = fitted.sorted_distributions
    best = next(iter(results))
    gamma = results["generalized_gamma"]
    own = bic(best, results[best]["parameters"], x)
    right = bic("generalized_gamma", gamma["parameters"], x)
    print(
        f"{name:<20}  {best:<20}  {results[best]['bic']:6.0f}  {own:12.0f}   {gamma['bic']:6.0f}  {right:6.0f}"
    )
    assert 1900 < gamma["bic"] < 2100 and abs(gamma["bic"] - right) > 500
    assert best == "generalized_gamma" or np.isclose(results[best]["bic"], own, atol=1)
    winners.append(best)
assert winners == ["generalized_normal", "generalized_gamma", "weibull", "generalized_gamma"], winners

one = CONTINUOUS_DISTRIBUTIONS["generalized_gamma"]({"a": 10, "d": 128, "p": 24})
x = np.linspace(5, 15, 101)
assert one.cdf(15.0) > 0.999999 and np.allclose(one.pdf(x), one.cdf(x))
four = CONTINUOUS_DISTRIBUTIONS["generalized_gamma_4p"]({"a": 10, "d": 128, "p": 24, "loc": 0})
assert np.isclose(integrate.quad(four.pdf, 5, 15)[0], 1, atol=1e-3)
area = integrate.quad(one.pdf, 0, 20, points=[10, 15])[0]
print(f"the integral of GeneralizedGamma's density from 0 to 20, where all rows are below 15: {area:.1f}")
assert area > 5
P
