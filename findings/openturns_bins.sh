#!/usr/bin/env bash
# KernelSmoothing of OpenTURNS puts samples of more than 1024 rows on a regular grid over their whole
# range, by default and to save time. The bandwidth does not follow the grid: where one row lies far off,
# the steps are wider than the kernels, and the density becomes a comb with teeth at the grid's nodes,
# whose heights the far row decides. Even the median goes astray. Nothing warns.
# Seen, for 2000 draws of a standard normal, the first of them replaced by a value far off:
#   OpenTURNS 1.27.post1
#                density at 0, 1, 2    median   without bins          median
#   no such row  0.380  0.233  0.053    -0.03     0.380  0.233  0.053    -0.03
#   999          0.727  0.475  0.133    -0.00     0.379  0.233  0.053    -0.03
#   9999         0.000  0.000  0.000    -3.90     0.379  0.233  0.053    -0.03
# Whoever takes it for more rows than that asks for KernelSmoothing(ot.Normal(), False), without bins.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet openturns==1.27.post1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'P'
import numpy as np
import openturns as ot

print(f"OpenTURNS {ot.__version__}")
print("             density at 0, 1, 2    median   without bins          median")
draws = np.random.default_rng(0).normal(size=2000)
seen = {}
for far in (None, 999.0, 9999.0):
    rows = draws.copy()
    if far is not None:
        rows[0] = far
    found = []
    for smoothing in (ot.KernelSmoothing(), ot.KernelSmoothing(ot.Normal(), False)):
        density = smoothing.build(ot.Sample(rows[:, None]))
        found += [density.computePDF(v) for v in (0.0, 1.0, 2.0)]
        found.append(density.computeQuantile(0.5)[0])
    seen[far] = np.array(found)
    name = "no such row" if far is None else f"{far:.0f}"
    halves = [found[:4], found[4:]]
    text = "   ".join("".join(f"{v:7.3f}" for v in h[:3]) + f"{h[3]:9.2f}" for h in halves)
    print(f"{name:11}{text}")

normal = np.exp(-0.5 * np.arange(3) ** 2) / np.sqrt(2 * np.pi)
for found in seen.values():
    assert np.allclose(found[4:7], normal, atol=0.03) and abs(found[7]) < 0.1
assert np.allclose(seen[None][:4], seen[None][4:], atol=0.001)
assert np.all(seen[999.0][:3] > 1.5 * seen[999.0][4:7])
assert np.all(seen[9999.0][:3] < 1e-6) and seen[9999.0][3] < -3
P
