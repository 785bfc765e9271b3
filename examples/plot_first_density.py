"""
A first density
===============

:class:`~skmade.MADEDensity` learns the density of a table, here of two columns, so that all of it
can be seen.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_moons
from sklearn.model_selection import train_test_split

from skmade import DrawsDisplay, LossCurveDisplay, MADEDensity

X, _ = make_moons(3000, noise=0.08, random_state=0)
train, test = train_test_split(X, random_state=0)
model = MADEDensity(hidden_layer_sizes=(64, 64), n_estimators=2, random_state=0).fit(train)

# %%
# ``score`` is the mean log-density of rows, in nats. That of rows the model has not seen says how
# good it is: higher is better.
print(f"{model.score(test):.2f} nats per held-out row, {model.score(train):.2f} in training")

# %%
# ``score_samples`` has the log-density of each row. On a grid it is a picture of the density, which
# sums to 1 over the plane.
side = np.linspace(-2, 3, 200), np.linspace(-1.5, 2, 200)
grid = np.stack(np.meshgrid(*side), axis=-1)
density = np.exp(model.score_samples(grid.reshape(-1, 2))).reshape(200, 200)
cell = (side[0][1] - side[0][0]) * (side[1][1] - side[1][0])
print(f"sum over the grid: {density.sum() * cell:.3f}")

figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
shown = ax.pcolormesh(*side, density, cmap="Blues", rasterized=True)
figure.colorbar(shown, label="density")
ax.set(xlabel="x0", ylabel="x1", aspect="equal")

# %%
# ``sample`` draws new rows. They should look like rows that the model has not seen.
DrawsDisplay.from_estimator(model, test, random_state=0)

# %%
# Each of the two networks was trained until its score on rows that are held out from training rose
# no more, and the best one was kept. Training losses are those of networks of which a part is left
# out at random, by dropout, and so they may be the higher ones.
LossCurveDisplay.from_estimator(model)

# %%
# In a notebook, a fitted model shows its parameters, and what it has learnt.
model
