"""
Orderings and combinations
==========================

A network generates the features in one ordering, and none is the right one. Several networks with
orderings of their own make a better density together than most of them by themselves, and which of
these is best nobody knows before.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

from skmade import DependenciesDisplay, MADEDensity

X = load_breast_cancer(as_frame=True).data.filter(like="worst")
X.columns = [name.removeprefix("worst ") for name in X.columns]
train, test = train_test_split(X, random_state=0)


def fitted(**parameters):
    return MADEDensity(hidden_layer_sizes=(64, 64), **parameters).fit(train)


# %%
# Each of five networks by itself, with the ordering that its random state draws:
single = [fitted(n_estimators=1, random_state=k) for k in range(5)]
scores = {f"ordering {k}": model.score(test) for k, model in enumerate(single)}

# %%
# Five together: the mean of their densities, the mean with weights that are learnt on held-out
# rows, and the geometric mean, whose constant is estimated.
together = {
    combination: fitted(n_estimators=5, combination=combination, random_state=0)
    for combination in ("mixture", "weighted", "product")
}
scores |= {name: model.score(test) for name, model in together.items()}

figure, ax = plt.subplots(layout="constrained")
names = list(scores)[::-1]
colors = ["0.7" if name.startswith("ordering") else "tab:blue" for name in names]
best = max(scores.values())
ax.barh(names, [scores[name] - best for name in names], color=colors)
ax.set_xlabel("log-density of held-out rows, less that of the best [nats]")

# %%
# The product has density where all networks have some. The logarithm of its constant is estimated,
# and how well is known:
product = together["product"]
constant, error = product.log_normalizer_, product.log_normalizer_se_
print(f"logarithm of the constant: {constant:.3f}, with a standard error of {error:.3f}")

# %%
# What an ordering is: which conditional may see which feature. Two of the networks:
figure, axes = plt.subplots(1, 2, figsize=(10, 5), layout="constrained")
for index, ax in enumerate(axes):
    DependenciesDisplay.from_estimator(together["mixture"], index=index, ax=ax)
    first = X.columns[together["mixture"].orderings_[index][0]]
    ax.set_title(f"network {index}: {first} comes first")
axes[1].set(ylabel="", yticks=[])

# %%
# What a cell adds to the log-density depends on the ordering, too: a relation of two features is
# charged to the later one. The mean over networks is fairer than each of them.
row = test.iloc[[0]]
contributions = np.array([model.score_features(row)[0] for model in single])
figure, ax = plt.subplots(layout="constrained")
ax.plot(contributions.T, np.arange(X.shape[1]), "o", color="0.7", markersize=4)
ax.plot(contributions.mean(axis=0), np.arange(X.shape[1]), "D", color="tab:blue")
ax.set_yticks(np.arange(X.shape[1]), X.columns)
ax.set_xlabel("contribution to the log-density of one row [nats]\ngrey: five orderings; blue: mean")
