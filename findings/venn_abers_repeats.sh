#!/usr/bin/env bash
# `VennAbersRegressor` of venn-abers gives a prediction with a lower and an upper bound. They are isotonic regressions
# of the rows held out and a new one, which has the least label, or the greatest; so the lower bound cannot be above
# the upper. The lower one subtracts the label of one row where it should subtract those of all rows with the same score.
# Scores that are all different are right. Trees predict the same for all rows of a leaf: for 4 to 5 of 10
# rows the bounds are crossed, and the prediction, which is made of both, is farther off than the tree's own. Nothing
# warns of it (a RuntimeWarning of nan comes with right bounds too).
# Seen, for 1000 new rows, of a sine with normal noise:
#   venn-abers 1.5.4
#   model               mean lower   upper   lower above upper   mean error    lower by definition   error of the model
#   boosting                  0.42    0.69               0.009         0.28                   0.40                 0.24
#   tree, 200 leaves          0.44    0.64               0.036         0.43                   0.42                 0.46
#   tree, 30 leaves           0.63    0.63               0.414         0.30                   0.43                 0.25
#   tree, 8 leaves            1.09    0.59               0.522         0.61                   0.51                 0.48
# Whoever calibrates trees takes scikit-learn's IsotonicRegression with the new row added, as below.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet venn-abers==1.5.4 numpy==2.4.6 scipy==1.17.1 pandas==2.3.3 scikit-learn==1.9.1
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore - <<'P'
from importlib.metadata import version

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.isotonic import IsotonicRegression
from sklearn.tree import DecisionTreeRegressor
from venn_abers import VennAbers, VennAbersRegressor

print(f"venn-abers {version('venn-abers')}")
rng = np.random.default_rng(0)
x = rng.uniform(0, 10, (3000, 1))
truth = 3 * np.sin(x[:, 0])
y = truth + rng.normal(0, 1, 3000)
models = {
    "boosting": HistGradientBoostingRegressor(random_state=0),
    "tree, 200 leaves": DecisionTreeRegressor(max_leaf_nodes=200, random_state=0),
    "tree, 30 leaves": DecisionTreeRegressor(max_leaf_nodes=30, random_state=0),
    "tree, 8 leaves": DecisionTreeRegressor(max_leaf_nodes=8, random_state=0),
}
print("model               mean lower   upper   lower above upper   mean error    lower by definition   error of the model")
seen = {}
for label, model in models.items():
    regressor = VennAbersRegressor(model, inductive=True, cal_size=0.4, random_state=0)
    regressor.fit(x[:2000], y[:2000], epsilon=0.02)
    middle, bounds = regressor.predict(x[2000:])
    inner = regressor.va_calibrator
    scores, low = inner.clf_p_cal[0], inner.clf_y_cal_lower[0]
    # by definition: isotonic regression of all rows held out and a new one with the least label
    new = inner.estimators[1].predict(x[2000:])
    right = {
        score: IsotonicRegression().fit([*scores, score], [*low, low.min()]).predict([score])[0]
        for score in np.unique(new)
    }
    right = np.array([right[score] for score in new])
    crossed = (bounds[:, 0] > bounds[:, 1]).mean()
    errors = [abs(value - truth[2000:]).mean() for value in (middle, new)]
    seen[label] = bounds[:, 0].mean(), bounds[:, 1].mean(), crossed, errors[0], right.mean(), errors[1]
    print(
        f"{label:20}{seen[label][0]:10.2f}{seen[label][1]:8.2f}{crossed:20.3f}{errors[0]:13.2f}"
        f"{right.mean():23.2f}{errors[1]:21.2f}"
    )
    assert np.all(right <= bounds[:, 1] + 1e-9)
for label in ("tree, 30 leaves", "tree, 8 leaves"):
    assert seen[label][2] > 0.3 and seen[label][0] > seen[label][4] + 0.1
# scores that are all different are right, to the last digit
score, label = rng.random(100), rng.normal(size=100)
manual = VennAbers(setting="regression")
manual.fit(score, label)
told = manual.predict_proba(score)[1]
for column, extreme in enumerate((label.min(), label.max())):
    by_hand = [IsotonicRegression().fit([*score, s], [*label, extreme]).predict([s])[0] for s in score]
    assert np.allclose(told[:, column], by_hand)
P
