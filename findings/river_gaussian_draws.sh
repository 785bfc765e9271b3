#!/usr/bin/env bash
# `sample` of river's MultivariateGaussian draws a row of the distribution that it has learnt. Each
# call takes a fresh generator with a seed of 0 to 1024, so that there are no more than 1025 different
# rows, with whatever seed; from some tens of draws on some come twice, and of 10000 draws nine in ten are
# copies. Nothing warns or documents it. The univariate Gaussian's draws are all different.
# Seen, for models of rows with 3 normal columns:
#   river 0.26.1
#    draws  different rows, by seed 0      1      2  univariate
#      100                         94     97     91         100
#     1000                        635    655    633        1000
#    10000                       1025   1025   1025       10000
# Whoever needs many draws takes `mu` and `var`, and draws by NumPy.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet river==0.26.1 numpy==2.4.6 scipy==1.17.1 pandas==2.3.3
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" - <<'P'
import numpy as np
import river
from river import proba

print(f"river {river.__version__}")
rng = np.random.default_rng(0)
single, models = proba.Gaussian(seed=0), []
for seed, place in ((0, 0), (1, 50), (2, 0)):
    models.append(proba.MultivariateGaussian(seed=seed))
    for row in rng.normal(place, 1, (500, 3)).tolist():
        models[-1].update(dict(zip("abc", row)))
        single.update(row[0])


def drawn(model, n):
    return [tuple(model.sample().values()) for _ in range(n)]


print(f"{'draws':>6}  {'different rows, by seed 0':>25}  {'1':>5}  {'2':>5}  univariate")
for n in (100, 1000, 10_000):
    counts = [len(set(drawn(model, n))) for model in models]
    of_one = len({single.sample() for _ in range(n)})
    print(f"{n:6d}  {counts[0]:25d}  {counts[1]:5d}  {counts[2]:5d}  {of_one:10d}")
    assert of_one == n and max(counts) <= 1025
assert counts == [1025] * 3
P
