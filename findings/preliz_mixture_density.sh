#!/usr/bin/env bash
# The density of a mixture is the weighted mean of its components' densities. PreliZ's Mixture documents that,
# and `pdf` is so. `logpdf` is the weighted mean of the logarithms instead, which is the logarithm of no
# density that adds up to 1: between groups it is about right, within each it is far too low. Entropies
# are made of it: of counts they are wrong, of other values they end in an error. And quantiles of counts,
# the median too, come out as fractions, which no count is.
# Seen:
#   PreliZ 0.24.0
#   half about 0, half about 6, deviations 1
#     value   pdf      logpdf   log of pdf   exact
#         0   0.19947   -9.919     -1.612    -1.612
#         3   0.00443   -5.419     -5.419    -5.419
#         6   0.19947   -9.919     -1.612    -1.612
#     integral of pdf 1.0000, of exp(logpdf) 0.0111
#     entropy AttributeError: module 'numpy' has no attribute 'trapzoid'
#   counts, .3 about 2 and .7 about 9
#     entropy 1.071, exact 2.745
#     quantiles .1, .5, .9: 0.746 6.699 11.710 exact 1 7 12
# Whoever scores rows by a mixture takes the logarithm of `pdf`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet preliz==0.24.0 arviz-stats==0.8.0 pytensor==2.38.3 \
  pytensor-distributions==0.1.3 matplotlib==3.10.9 numba==0.65.1 numpy==2.4.6 scipy==1.17.1
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'P'
from importlib.metadata import version

import numpy as np
import preliz as pz
from scipy import stats

print(f"PreliZ {version('preliz')}")
mixture = pz.Mixture([pz.Normal(0.0, 1.0), pz.Normal(6.0, 1.0)], [0.5, 0.5])
values = np.array([0.0, 3.0, 6.0])
exact = 0.5 * stats.norm.pdf(values) + 0.5 * stats.norm.pdf(values, 6)
print("half about 0, half about 6, deviations 1")
print("  value   pdf      logpdf   log of pdf   exact")
for value, pdf, log, right in zip(values, mixture.pdf(values), mixture.logpdf(values), np.log(exact)):
    print(f"  {value:5.0f}   {pdf:.5f}  {log:7.3f}  {np.log(pdf):9.3f}  {right:8.3f}")
steps = np.linspace(-10, 16, 26001)
adds_up = [float(np.trapezoid(density, steps)) for density in (mixture.pdf(steps), np.exp(mixture.logpdf(steps)))]
print(f"  integral of pdf {adds_up[0]:.4f}, of exp(logpdf) {adds_up[1]:.4f}")
try:
    entropy = mixture.entropy()
except AttributeError as error:
    entropy = f"{type(error).__name__}: {error}"
print(f"  entropy {entropy}")
counts = pz.Mixture([pz.Poisson(2.0), pz.Poisson(9.0)], [0.3, 0.7])
support = np.arange(100)
shares = 0.3 * stats.poisson.pmf(support, 2) + 0.7 * stats.poisson.pmf(support, 9)
right = -(shares[shares > 0] * np.log(shares[shares > 0])).sum()
at = np.array([0.1, 0.5, 0.9])
quantiles = np.searchsorted(shares.cumsum(), at)
print("counts, .3 about 2 and .7 about 9")
print(f"  entropy {counts.entropy():.3f}, exact {right:.3f}")
print("  quantiles .1, .5, .9:", *(f"{value:.3f}" for value in counts.ppf(at)) , "exact", *quantiles)
assert np.allclose(mixture.pdf(values), exact)
assert np.allclose(mixture.logpdf(values), 0.5 * stats.norm.logpdf(values) + 0.5 * stats.norm.logpdf(values, 6))
assert abs(adds_up[0] - 1) < 1e-4 and adds_up[1] < 0.1
assert "trapzoid" in str(entropy)
assert counts.entropy() < right - 1 and not np.allclose(counts.ppf(at) % 1, 0)
P
