#!/usr/bin/env bash
# `simu_mixture` of pycop draws rows of a mixture of copulas. Its documentation's example is of a Clayton and
# a Student copula. Draws of the Student part are made, and then not put into the table: its rows stay what
# they were filled with, independent uniform numbers. So the more weight the Student part has, the less the
# columns depend on each other, and extremes, for which Student's copula is taken, hardly ever come together.
# All columns are still uniform, so nothing looks odd. Gaussian and Archimedean parts, and `simu_tstudent`
# by itself, are right.
# Seen, for 20000 rows of Clayton (theta 4, Kendall's tau 0.67) and of another copula with a correlation
# of 0.9 (tau 0.71; Student with 2 degrees of freedom); "together" is the share of the rows with one column
# above 0.99 that have both above it:
#   pycop 0.0.13
#                              tau         rows of the part that is not Clayton
#   weight  part        seen  should be        tau    together
#   0.5     gaussian    0.69       0.68       0.71        0.56
#   0.5     student     0.30       0.69       0.00        0.01
#   1.0     student     0.00       0.71       0.00        0.01
#   simu_tstudent       0.71       0.71       0.71        0.74
# Whoever needs Student's copula in a mixture draws how many rows each part has, and each part by itself.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pycop==0.0.13 numpy==2.4.6 scipy==1.17.1 pandas==2.3.3 matplotlib==3.10.8
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore - <<'P'
from importlib.metadata import version

import numpy as np
from pycop import simulation
from scipy.stats import kendalltau, kstest

print(f"pycop {version('pycop')}")
print("                           tau         rows of the part that is not Clayton")
print("weight  part        seen  should be        tau    together")
rows, correlation = 20000, np.array([[1, 0.9], [0.9, 1]])
elliptic = 2 / np.pi * np.arcsin(0.9)


def together(u):
    high = u > 0.99
    return high.all(0).sum() / high[0].sum()


def draw(kind, weight):
    parts = [{"type": kind, "weight": weight, "corrMatrix": correlation, "nu": 2}]
    if weight < 1:
        parts.append({"type": "clayton", "weight": 1 - weight, "theta": 4})
    np.random.seed(0)
    u = np.array(simulation.simu_mixture(2, rows, parts))
    # which rows are of which part: the generator is asked as `simu_mixture` asks it
    np.random.seed(0)
    np.random.uniform(0, 1, (2, rows))
    part = np.random.multinomial(1, [p["weight"] for p in parts], size=rows)[:, 0] == 1
    return u, u[:, part]


seen = {}
for kind, weight in (("gaussian", 0.5), ("student", 0.5), ("student", 1.0)):
    u, own = draw(kind, weight)
    assert all(kstest(column, "uniform").pvalue > 0.001 for column in u)
    # what it should be: rows of each part, drawn by themselves
    np.random.seed(1)
    if kind == "student":
        right = simulation.simu_tstudent(2, own.shape[1], correlation, 2)
    else:
        right = simulation.simu_gaussian(2, own.shape[1], correlation)
    if weight < 1:
        clayton = np.array(simulation.simu_archimedean("clayton", 2, rows - own.shape[1], 4))
        right = np.hstack([right, clayton])
    tau, should = kendalltau(*u)[0], kendalltau(*right)[0] if weight < 1 else elliptic
    seen[kind, weight] = tau, should, kendalltau(*own)[0], together(own)
    print(f"{weight:<8}{kind:9}{tau:7.2f}{should:11.2f}{seen[kind, weight][2]:11.2f}{seen[kind, weight][3]:12.2f}")
np.random.seed(2)
alone = simulation.simu_tstudent(2, rows, correlation, 2)
tau = kendalltau(*alone)[0]
print(f"simu_tstudent{tau:11.2f}{elliptic:11.2f}{tau:11.2f}{together(alone):12.2f}")
tau_seen, should, own, _ = seen["gaussian", 0.5]
assert abs(tau_seen - should) < 0.02 and abs(own - elliptic) < 0.02
for weight in (0.5, 1.0):
    tau_seen, should, own, both = seen["student", weight]
    assert should - tau_seen > 0.3 and abs(own) < 0.02 and both < 0.06
assert abs(tau - elliptic) < 0.02 and together(alone) > 0.6
P
