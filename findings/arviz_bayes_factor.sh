#!/usr/bin/env bash
# `bayes_factor` of arviz-stats divides the density of prior draws by that of posterior draws at a value.
# Its argument `prior` is documented to replace the draws that the data hold; it is overwritten by them,
# without a warning, so nothing else can be given. And their density comes from 512 bins over their
# whole range. Draws of a Cauchy prior, the usual one for effects, lie thousands of units off; the bins
# are wider than the effect, and the more draws, the wider: evidence for an effect comes out as strong
# evidence for none. Only a reference outside of the range of draws is warned of.
# Seen, for a posterior of mean .4 and scale .2, the Bayes factor for an effect by number of draws:
#   arviz-stats 0.8.0
#               normal prior  Cauchy prior  Cauchy, and prior= normal draws
#       1000            1.51          1.32          1.32
#       4000            1.49          0.06          0.06
#      64000            1.50          0.01          0.01
#   exact               1.48          1.67          1.48
# Whoever takes Bayes factors from draws divides by hand, with the exact density of the prior.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "arviz-stats[xarray]==0.8.0" arviz-base==0.8.2 xarray==2026.9.0 \
  numpy==2.4.6 scipy==1.17.1
cd "$folder"
"$folder/venv/bin/python" - <<'P'
import warnings

import arviz_base
import arviz_stats
import numpy as np
from scipy import stats

posterior, normal, cauchy = stats.norm(0.4, 0.2), stats.norm(0, 1), stats.cauchy(0, 0.707)
print(f"arviz-stats {arviz_stats.__version__}")
print(f"{'':<8}  {'normal prior':>14}  {'Cauchy prior':>12}  Cauchy, and prior= normal draws")
for draws in (1000, 4000, 64_000):
    shape = 4, draws // 4
    rows = posterior.rvs(shape, random_state=0)
    normals, cauchys = (prior.rvs(shape, random_state=10) for prior in (normal, cauchy))

    def factor(draws_of_prior, **options):
        data = arviz_base.from_dict({"posterior": {"d": rows}, "prior": {"d": draws_of_prior}})
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            factors = arviz_stats.bayes_factor(data, "d", **options)
        return factors["d"]["BF10"]

    by_normal, by_cauchy = factor(normals), factor(cauchys)
    given = factor(cauchys, prior={"d": normals})
    print(f"{draws:8d}  {by_normal:14.2f}  {by_cauchy:12.2f}  {given:12.2f}")
    assert given == by_cauchy and abs(by_normal - 1.48) < 0.15
    # The share of the same draws near the value, over the width, is right.
    right = (np.abs(cauchys) < 0.1).mean() / 0.2 / posterior.pdf(0)
    assert abs(right - 1.67) < (0.6 if draws == 1000 else 0.2)
    assert draws < 4000 or by_cauchy < 0.1
exact = [prior.pdf(0) / posterior.pdf(0) for prior in (normal, cauchy)]
print(f"{'exact':<8}  {exact[0]:14.2f}  {exact[1]:12.2f}  {exact[0]:12.2f}")
P
