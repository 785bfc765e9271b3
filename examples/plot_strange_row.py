"""
Why a row is strange
====================

A detector says that a row is strange; this is how to find the cell that makes it so. The rows are
tumours, described by the nuclei of their cells, and the area of one of them is spoilt.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_breast_cancer

from skmade import ColumnDensityDisplay, ContributionsDisplay, MADEOutlierDetector

X = load_breast_cancer(as_frame=True).data.filter(like="mean")
X.columns = [name.removeprefix("mean ") for name in X.columns]
row, others = X.iloc[[100]], X.drop(index=100)
spoilt = row.assign(area=row["area"] * 2.2)
detector = MADEOutlierDetector(hidden_layer_sizes=(32, 32), n_estimators=4, random_state=0)
detector.fit(others)
for name, one in (("as it was", row), ("spoilt", spoilt)):
    print(f"{name}: {detector.score_samples(one)[0]:.1f} nats, p = {detector.p_values(one)[0]:.2f}")

# %%
# The spoilt area is not an extreme one, so that a look at the column by itself does not find it:
print(f"{(X['area'] > spoilt['area'].iloc[0]).mean():.0%} of all areas are larger")

# %%
# It is strange beside the other cells of its row. ``score_features`` splits the log-density into
# what each feature adds to it, and :class:`~skmade.ContributionsDisplay` draws that, less what it
# is in usual rows.
ContributionsDisplay.from_estimator(detector, spoilt, reference=others)

# %%
# The density of the area given all other cells of the row says where it should have been.
figure, ax = plt.subplots(layout="constrained")
cells = spoilt.drop(columns="area").iloc[0].to_dict()
ColumnDensityDisplay.from_estimator(detector, "area", random_state=0, ax=ax)
ColumnDensityDisplay.from_estimator(detector, "area", given=cells, random_state=0, ax=ax)
ax.axvline(spoilt["area"].iloc[0], color="black", linestyle="--")
ax.axvline(row["area"].iloc[0], color="black", linestyle=":")
ax.set_xlim(0, 2000)
ax.legend(ax.lines, ["all rows", "given the others of this row", "spoilt", "as it was"])
