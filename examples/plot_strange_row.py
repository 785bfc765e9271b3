"""
Why a row is strange
====================

A detector says that a row is strange; this is how to find the cell that makes it so. The rows are
wines, described by chemistry, and the hue of one of them is spoilt.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_wine

from skmade import ColumnDensityDisplay, ContributionsDisplay, MADEOutlierDetector

X = load_wine(as_frame=True).data
detector = MADEOutlierDetector(hidden_layer_sizes=(32, 32), random_state=0).fit(X[1:])
wine = X.iloc[[0]]
spoilt = wine.assign(hue=1.6)
for name, row in (("as it was", wine), ("spoilt", spoilt)):
    print(f"{name}: {detector.score_samples(row)[0]:.1f} nats, p = {detector.p_values(row)[0]:.2f}")

# %%
# The spoilt value occurs among the wines, and so no look at the column by itself finds it: it is
# strange beside the other cells of this wine. `score_features` splits the log-density into what each
# feature adds to it, and `ContributionsDisplay` draws that, less what it is in usual rows.
ContributionsDisplay.from_estimator(detector, spoilt, reference=X, n_features=8)

# %%
# The density of the hue given all other cells of this wine has its mass elsewhere.
others = spoilt.drop(columns="hue").iloc[0].to_dict()
figure, ax = plt.subplots(layout="constrained")
alone = ColumnDensityDisplay.from_estimator(detector, "hue", random_state=0, ax=ax)
given = ColumnDensityDisplay.from_estimator(
    detector, "hue", given=others, random_state=0, ax=ax
)
ax.axvline(1.6, color="black", linestyle="--")
ax.axvline(wine["hue"].iloc[0], color="black", linestyle=":")
ax.legend(["all wines", "given the other cells of this wine", "spoilt", "as it was"])
