"""
Masks, and which feature sees which
===================================

An autoencoder becomes a density by masks: no output may see its own feature, or a later one. Units
are given degrees, and a weight is kept where it does not lead to a lower degree, nor to an output
of the same. With the units in the order of their degrees, what is kept is a staircase.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_wine

from skmade import DependenciesDisplay, MADEDensity, MasksDisplay

X = load_wine(as_frame=True).data.rename(columns={"od280/od315_of_diluted_wines": "od280/od315"})
model = MADEDensity(hidden_layer_sizes=(48, 48), n_estimators=2, random_state=0).fit(X)

# %%
# The masks of one network, from the inputs to the outputs; about half of all weights are left.
display = MasksDisplay.from_estimator(model)
kept = np.mean(np.concatenate([mask.ravel() for mask in display.masks]))
print(f"{kept:.0%} of the weights are kept")

# %%
# All paths together say which conditional depends on which feature: the feature that comes first
# sees none, and the last one all others. The other network has another ordering.
figure, axes = plt.subplots(1, 2, figsize=(10, 5.5), layout="constrained")
for index, ax in enumerate(axes):
    DependenciesDisplay.from_estimator(model, index=index, ax=ax)
    ax.set_title(f"network {index}")

# %%
# That these are the dependencies shows in the scores. In one network, a change of a feature changes
# what features after it contribute, and nothing before it.
single = MADEDensity((48, 48), ordering="natural", n_estimators=1, random_state=0).fit(X)
changed = X.assign(hue=X["hue"] + 0.2)
difference = np.abs(single.score_features(changed) - single.score_features(X)).mean(axis=0)
figure, ax = plt.subplots(layout="constrained")
ax.bar(X.columns, difference)
ax.tick_params("x", rotation=90)
ax.set_ylabel("change of the contribution [nats]")
ax.set_title("hue is changed; features in their ordering")
