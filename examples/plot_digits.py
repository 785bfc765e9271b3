"""
Digits drawn, and halves completed
==================================

One network is trained for every ordering of the pixels (``n_masks=None``). It draws digits, and
completes halves of digits given the others, lower or upper ones: whatever is known, an ordering
that has it first is made.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import pairwise_distances_argmin
from sklearn.model_selection import train_test_split

from skmade import ImagesDisplay, MADEDensity

X = (load_digits().data > 7).astype(float)
train, test = train_test_split(X, test_size=0.2, random_state=0)
model = MADEDensity(hidden_layer_sizes=(500,), n_masks=None, max_iter=300, random_state=0)
model.fit(train)
print(f"{model.score(test):.1f} nats per held-out digit")

# %%
# Draws, and below each the training digit that differs in the fewest pixels: they are no copies.
ImagesDisplay.from_estimator(model, train, (8, 8), random_state=0)

# %%
# Three held-out digits lose their lower halves, and three their upper ones. Each is completed four
# times, at random. The last column has the training digit that is nearest to the first completion.
digits = test[:6]
halves = digits.copy()
halves[:3, 32:] = halves[3:, :32] = np.nan
completed = [model.sample_conditional(halves, random_state=k) for k in range(4)]
nearest = train[pairwise_distances_argmin(completed[0], train)]

columns = [digits, halves, *completed, nearest]
titles = ["held out", "known", "draw 1", "draw 2", "draw 3", "draw 4", "nearest to 1"]
figure, axes = plt.subplots(6, 7, figsize=(7, 6.4), layout="constrained")
for row, images in zip(axes, zip(*columns)):
    for ax, image in zip(row, images):
        ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
        ax.set_facecolor("mistyrose")
for ax, title in zip(axes[0], titles):
    ax.set_title(title, fontsize="medium")

# %%
# What is known stays as it is, bit for bit. The completions are draws of the other half given it,
# and where it leaves open which digit it is, they differ.
known = ~np.isnan(halves)
assert all(np.array_equal(rows[known], digits[known]) for rows in completed)
