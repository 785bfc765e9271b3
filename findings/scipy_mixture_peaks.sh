#!/usr/bin/env bash
# SciPy's new `stats.Mixture` has exact densities, probabilities and moments, but no formulas for
# `entropy` and `mode`: it integrates, and searches, over the whole support. Both miss a component
# that is narrow beside the others, without a warning, even where it holds almost a third of all.
# From some width on the entropy no longer changes, and the mode is that of a wider, lower one.
# Seen, for .7 of a standard normal and .3 of a normal about 3, by width of the latter:
#   SciPy 1.17.1
#     width    entropy   integrated about 3       mode   where the density is
#     1.0000    1.87984             1.87984    0.01486                0.01486
#     0.1000    1.32739             1.32739    0.00000                2.99992
#     0.0100    1.24293             0.64657    0.00000                3.00000
#     0.0010    1.24293            -0.04276    0.00000                3.00000
# Whoever measures models by entropy, or looks for the likeliest value of values that repeat, must
# integrate and search about each component.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet scipy==1.17.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'P'
import numpy as np
import scipy
from scipy import integrate, stats

print(f"SciPy {scipy.__version__}")
print("  width    entropy   integrated about 3       mode   where the density is")
found = {}
for width in (1.0, 0.1, 0.01, 0.001):
    normals = [stats.Normal(mu=0.0, sigma=1.0), stats.Normal(mu=3.0, sigma=width)]
    mixture = stats.Mixture(normals, weights=[0.7, 0.3])

    def surprise(x):
        log_density = mixture.logpdf(x)
        return -np.exp(log_density) * log_density

    ends = [-40, -8, *(3 + width * np.array([-8, -3, 0, 3, 8])), 40]
    parts = [integrate.quad(surprise, *np.sort(pair))[0] for pair in zip(ends, ends[1:])]
    grid = np.concatenate([np.linspace(-1, 1, 200_001), 3 + width * np.linspace(-1, 1, 200_001)])
    entropy, right = float(mixture.entropy()), float(np.sum(parts))
    mode, highest = float(mixture.mode()), float(grid[mixture.pdf(grid).argmax()])
    found[width] = entropy, right, mode, highest
    print(f"{width:8.4f}   {entropy:8.5f}   {right:17.5f}   {mode:8.5f}   {highest:20.5f}")

for width in (1.0, 0.1):
    assert np.isclose(*found[width][:2], atol=1e-6)
for width in (0.01, 0.001):
    assert found[width][0] > found[width][1] + 0.5
assert found[0.01][0] == found[0.001][0]
assert all(abs(found[width][2]) < 1e-3 < found[width][3] for width in (0.1, 0.01, 0.001))
P
