#!/usr/bin/env bash
# hmmlearn's `aic` and `bic` compare hidden Markov models by their likelihood and number of free parameters.
# GMMHMM gives each state a mixture of its own, of which all but one weight are free: with k states and m
# components k * (m - 1) are. Those of one state only are counted, m - 1, whatever the number of states; all
# other parameters are counted once for each state. So models with more states and components seem
# better than they are, by 2 for each weight left out in AIC, and by the logarithm of the rows in BIC.
# Seen, for 3000 rows of 6 states:
#   hmmlearn 0.3.3
#   components  free weights  counted       bic  by hand       aic  by hand
#            1             0        0     19547    19547     19265    19265
#            2             6        1     19655    19695     19295    19305
#            3            12        2     19759    19839     19321    19341
#            4            18        3     19855    19975     19339    19369
# Whoever chooses states or components adds what is missing.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet hmmlearn==0.3.3 numpy==2.4.6 scipy==1.17.1 \
  scikit-learn==1.9.1
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore - <<'P'
from importlib.metadata import version

import numpy as np
from hmmlearn.hmm import GMMHMM, GaussianHMM

print(f"hmmlearn {version('hmmlearn')}")
rng = np.random.default_rng(0)
truth = GaussianHMM(6, covariance_type="diag")
truth.startprob_ = np.full(6, 1 / 6)
truth.transmat_ = np.full((6, 6), 0.04) + 0.76 * np.eye(6)
truth.means_ = 6.0 * np.arange(6)[:, None]
truth.covars_ = np.ones((6, 1))
rows, _ = truth.sample(3000, random_state=0)
print("components  free weights  counted       bic  by hand       aic  by hand")
for components in (1, 2, 3, 4):
    model = GMMHMM(6, n_mix=components, covariance_type="diag", random_state=0, n_iter=10).fit(rows)
    likelihood = model.score(rows)
    others = 5 + 6 * 5 + 2 * 6 * components
    free = model.weights_.size - len(model.weights_)
    by_hand = others + free
    counted = (model.aic(rows) + 2 * likelihood) / 2 - others
    bic, aic = (-2 * likelihood + factor * by_hand for factor in (np.log(3000), 2))
    print(f"{components:10}  {free:12}  {counted:7.0f}  {model.bic(rows):8.0f} {bic:8.0f}  {model.aic(rows):8.0f} {aic:8.0f}")
    assert free == 6 * (components - 1) and round(counted) == components - 1
    assert np.isclose(bic - model.bic(rows), 5 * (components - 1) * np.log(3000))
P
