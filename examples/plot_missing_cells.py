"""
Missing cells and how to fill them in
=====================================

Rows with missing cells are learnt from by the cells that they have. :class:`~skmade.MADEImputer`
then fills in the others: by draws, which vary as the cells do, or by means, which are nearest to
them.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_moons

from skmade import MADEDensity, MADEImputer

complete, _ = make_moons(1500, noise=0.08, random_state=0)
X = complete.copy()
is_missing = np.random.default_rng(0).random(len(X)) < 0.3
X[is_missing, 1] = np.nan

density = MADEDensity(hidden_layer_sizes=(64, 64), n_estimators=2, random_state=0)
imputers = {
    strategy: MADEImputer(density, strategy=strategy, random_state=0).fit(X)
    for strategy in ("draw", "mean")
}
filled = {strategy: imputer.transform(X) for strategy, imputer in imputers.items()}

# %%
# Where x0 leaves two values open for x1, a draw takes one of them. The mean takes neither, and is
# nearer to both.
figure, axes = plt.subplots(1, 3, figsize=(10, 3.2), sharey=True, layout="constrained")
pictures = {"as they were": complete, "draws": filled["draw"], "means": filled["mean"]}
for ax, (title, rows) in zip(axes, pictures.items()):
    ax.scatter(*X[~is_missing].T, s=3, c="0.75", label="x1 known")
    ax.scatter(*rows[is_missing].T, s=5, c="tab:orange", label="x1 missing")
    ax.set(title=title, xlabel="x0")
axes[0].set_ylabel("x1")
axes[0].legend(markerscale=3)

# %%
# Which is better depends on what for. Errors of means are smaller:
for strategy, rows in filled.items():
    error = np.sqrt(np.mean((rows - complete)[is_missing, 1] ** 2))
    spread = rows[is_missing, 1].std() / complete[is_missing, 1].std()
    print(f"{strategy}: root mean squared error {error:.2f}, spread of x1 {spread:.0%} of true")

# %%
# Draws keep the distribution, and several of them say how sure a filled cell is. Here are a hundred
# for each of three rows.
rows = np.repeat([[-0.9, np.nan], [0.0, np.nan], [0.5, np.nan]], 100, axis=0)
draws = imputers["draw"].estimator_.sample_conditional(rows, random_state=0)
figure, ax = plt.subplots(layout="constrained")
ax.scatter(*complete.T, s=3, c="0.85")
ax.scatter(*draws.T, s=8, c="tab:orange", alpha=0.5)
ax.set(xlabel="x0", ylabel="x1", aspect="equal")
