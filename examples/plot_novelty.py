"""
Novelty: thresholds and p-values
================================

:class:`~skmade.MADEOutlierDetector` learns what normal rows are like, and flags rows whose
log-density is below a threshold. It is fitted here to benign tumours; malignant ones are what it
has never seen.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

from skmade import MADEOutlierDetector, PValuesDisplay

table = load_breast_cancer(as_frame=True)
X = table.data.filter(like="mean")
benign, malignant = X[table.target == 1], X[table.target == 0]
train, fresh = train_test_split(benign, test_size=0.4, random_state=0)
detector = MADEOutlierDetector(
    hidden_layer_sizes=(32, 32), n_estimators=2, validation_fraction=0.4, random_state=0
).fit(train)

# %%
# The threshold comes from rows that were held out from training. With the default
# ``false_alarm_rate=0.05`` about one of twenty fresh benign tumours should be flagged. Only 43 rows
# were held out to set it, though, and so the share that it really flags may be smaller or larger.
print(f"{len(detector.held_out_scores_)} rows set the threshold")
for name, rows in (("benign", fresh), ("malignant", malignant)):
    print(f"{name} tumours flagged: {np.mean(detector.predict(rows) == -1):.0%}")

figure, ax = plt.subplots(layout="constrained")
bins = np.linspace(detector.offset_ - 40, detector.held_out_scores_.max() + 5, 50)
for name, rows in (("benign, fresh", fresh), ("malignant", malignant)):
    scores = detector.score_samples(rows).clip(min=bins[0])
    ax.hist(scores, bins, density=True, alpha=0.6, label=name)
ax.axvline(detector.offset_, color="black", linestyle="--", label="threshold")
ax.set(xlabel="log-density [nats]; the first bin holds all below", ylabel="density of rows")
ax.legend()

# %%
# Another rate needs no new training: ``calibrate`` sets the threshold anew.
for rate in (0.02, 0.1, 0.2):
    detector.set_params(false_alarm_rate=rate).calibrate()
    benign_share, malignant_share = (
        np.mean(detector.predict(rows) == -1) for rows in (fresh, malignant)
    )
    print(f"rate {rate:.2f}: {benign_share:.0%} of benign, {malignant_share:.0%} of malignant")

# %%
# ``p_values`` has the threshold at which each row would just be flagged, as a rate. Those of fresh
# normal rows are uniform: their distribution follows the diagonal. How closely it can do so depends
# on how many rows were held out, and how many there are now; the band has room for both. P-values
# of malignant tumours are far from uniform.
figure, ax = plt.subplots(layout="constrained")
display = PValuesDisplay.from_estimator(detector, fresh, ax=ax)
ax.ecdf(detector.p_values(malignant), label=f"{len(malignant)} malignant tumours")
ax.legend(loc="lower right")
