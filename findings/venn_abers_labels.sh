#!/usr/bin/env bash
# `VennAbersCalibrator` of venn-abers calibrates probabilities of a classifier that is fitted, by `p_cal`, `y_cal` and
# `p_test`. `y_cal` is documented as class labels, and `predict` gives them back. Labels of two classes are taken for the
# numbers that they are: 1 and 2, or -1 and 1, which scikit-learn takes, give "probabilities" far above 1, or below 0, and
# labels made of these, without a warning. With an estimator instead of probabilities, the same class takes
# any labels, and with 0 and 1 both are right.
# Seen, for 500 rows to calibrate on and 500 new ones:
#   venn-abers 1.5.4
#   labels                    least   greatest     mean   right labels   with estimator: mean   right labels
#   0 and 1                    0.02       0.91     0.37           0.77                    0.37           0.75
#   False and True             0.02       0.91     0.37           0.77                    0.37           0.75
#   1 and 2                    0.50       8.00     1.93           0.39                    0.37           0.75
#   -1 and 1                 -24.50       0.91    -2.12           0.70                    0.37           0.75
#   share of the second label: 0.39
# Whoever has other labels hands over `y_cal == classes_[1]`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet venn-abers==1.5.4 numpy==2.4.6 scipy==1.17.1 pandas==2.3.3 scikit-learn==1.9.1
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore - <<'P'
from importlib.metadata import version

import numpy as np
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from venn_abers import VennAbersCalibrator

print(f"venn-abers {version('venn-abers')}")
print("labels                    least   greatest     mean   right labels   with estimator: mean   right labels")
rng = np.random.default_rng(0)
x = rng.normal(size=(1500, 3))
y = (x[:, 0] + rng.normal(0, 1, 1500) > 0.5).astype(int)
seen = {}
for label, labels in (("0 and 1", y), ("False and True", y == 1), ("1 and 2", y + 1), ("-1 and 1", 2 * y - 1)):
    model = LogisticRegression().fit(x[:500], labels[:500])
    known = dict(p_cal=model.predict_proba(x[500:1000]), y_cal=labels[500:1000], p_test=model.predict_proba(x[1000:]))
    chance = VennAbersCalibrator().predict_proba(**known)[:, 1]
    hits = (VennAbersCalibrator().predict(**known, one_hot=False) == labels[1000:]).mean()
    whole = VennAbersCalibrator(LogisticRegression(), inductive=True, cal_size=0.5, random_state=0)
    whole.fit(x[:1000], labels[:1000])
    other = whole.predict_proba(x[1000:])[:, 1].mean()
    other_hits = (whole.predict(x[1000:], one_hot=False) == labels[1000:]).mean()
    seen[label] = chance, hits, other, other_hits
    print(
        f"{label:20}{chance.min():11.2f}{chance.max():11.2f}{chance.mean():9.2f}{hits:15.2f}"
        f"{other:24.2f}{other_hits:15.2f}"
    )
print(f"share of the second label: {y[1000:].mean():.2f}")
assert np.array_equal(seen["0 and 1"][0], seen["False and True"][0])
assert seen["1 and 2"][0].max() > 2 and seen["1 and 2"][1] < 0.5 and seen["-1 and 1"][0].min() < -2
assert seen["-1 and 1"][1] < seen["0 and 1"][1] - 0.03
assert len({found[2] for found in seen.values()}) == 1 and len({found[3] for found in seen.values()}) == 1
# by definition: isotonic regressions of the calibration rows and a new one with either label
model = LogisticRegression().fit(x[:500], y[:500])
score, new = model.predict_proba(x[500:1000])[:, 1], model.predict_proba(x[1000:1020])[:, 1]
ends = np.array(
    [[IsotonicRegression().fit([*score, s], [*y[500:1000], end]).predict([s])[0] for s in new] for end in (0, 1)]
)
assert np.allclose(ends[1] / (1 - ends[0] + ends[1]), seen["0 and 1"][0][:20])
P
