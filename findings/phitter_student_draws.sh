#!/usr/bin/env bash
# `sample` of phitter's distributions draws by putting uniform numbers into `ppf`. `ppf` of its TStudent
# takes the smallest tail of all the numbers it is given for each of them: quantiles of an array are that
# one, or its negative, and so are all draws. The more draws, the farther out both values lie. A single
# number is right, and so are density and probability, and TStudent3P.
# Seen, for 8 degrees of freedom:
#   phitter 1.0.4
#   quantiles .1, .25, .5, .9   TStudent  -1.40 -1.40  0.00  1.40   TStudent3P  -1.40 -0.71  0.00  1.40
#       draws  different values  deviation                 TStudent3P, and exactly
#          10                 2       5.05                       1.84         1.15
#        1000                 2       6.32                       1.16         1.15
#      100000                 2       8.94                       1.16         1.15
# Whoever simulates heavy tails takes TStudent3P with loc 0 and scale 1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --prefer-binary phitter==1.0.4 numpy==2.4.6 scipy==1.17.1 \
    pandas==2.3.3
cd "$folder"
"$folder/venv/bin/python" - <<'P'
from importlib.metadata import version

import numpy as np
from phitter.continuous import CONTINUOUS_DISTRIBUTIONS
from scipy import stats

print(f"phitter {version('phitter')}")
student = CONTINUOUS_DISTRIBUTIONS["t_student"]({"df": 8})
sibling = CONTINUOUS_DISTRIBUTIONS["t_student_3p"]({"df": 8, "loc": 0, "scale": 1})
exact = stats.t(8)

levels = np.array([0.1, 0.25, 0.5, 0.9])
rows = [" ".join(f"{value:5.2f}" for value in one.ppf(levels)) for one in (student, sibling)]
print(f"quantiles .1, .25, .5, .9   TStudent  {rows[0]}   TStudent3P  {rows[1]}")
assert np.allclose([student.ppf(level) for level in levels], exact.ppf(levels), atol=1e-6)
assert np.allclose(sibling.ppf(levels), exact.ppf(levels))
assert not np.allclose(student.ppf(levels), exact.ppf(levels), atol=0.5)
x = np.linspace(-4, 4, 9)
assert np.allclose(student.pdf(x), exact.pdf(x)) and np.allclose(student.cdf(x), exact.cdf(x))

print(f"{'draws':>9}  different values  deviation                 TStudent3P, and exactly")
for n in (10, 1000, 100_000):
    draws, others = student.sample(n, seed=1), sibling.sample(n, seed=1)
    different = len(np.unique(draws.round(9)))
    print(f"{n:9}  {different:16}  {draws.std():9.2f}  {others.std():25.2f}  {exact.std():11.2f}")
    assert different == 2
    assert len(np.unique(others)) == n
assert draws.std() > 8 and abs(others.std() - exact.std()) < 0.05
P
