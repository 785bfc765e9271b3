"""
Density is not typicality
=========================

A row may be denser than every row of the table, and still be like none of them. So a threshold on
the density does not flag all that is strange. This is so of every density, not of a bad model: here
the density is known.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import multivariate_normal

from skmade import MADEOutlierDetector

# %%
# Independent normal columns. The densest row is the mean, all zeros. But rows lie at a distance of
# about the square root of the number of columns from it: the more columns there are, the farther is
# the mean from all of them, in both distance and density.
rng = np.random.default_rng(0)
figure, axes = plt.subplots(1, 3, figsize=(10, 3), layout="constrained")
for ax, n_columns in zip(axes, (2, 10, 30)):
    normal = multivariate_normal(np.zeros(n_columns))
    ax.hist(normal.logpdf(rng.normal(size=(2000, n_columns))), bins=40, color="0.7")
    ax.axvline(normal.logpdf(np.zeros(n_columns)), color="tab:red")
    ax.set(title=f"{n_columns} columns", xlabel="log-density [nats]", yticks=[])
figure.legend(["the mean of all rows", "rows"], loc="outside lower center", ncols=2)

# %%
# The detector has learnt as much: it finds nothing wrong with the mean, whose p-value is the
# highest there is. A row that is too far out is flagged, one that is too far in is not.
X = rng.normal(size=(1000, 30))
detector = MADEOutlierDetector((32,), n_estimators=1, random_state=0).fit(X)
rows = {"the mean": np.zeros((1, 30)), "a fresh row": rng.normal(size=(1, 30))}
rows["twice that row"] = 2 * rows["a fresh row"]
for name, row in rows.items():
    print(f"{name}: {detector.score_samples(row)[0]:.0f} nats, p = {detector.p_values(row)[0]:.3f}")

# %%
# Where rows that are too regular are to be found as well, ask in both directions: whether the
# log-density is unusual, low or high, among those of held-out rows.
fresh = rng.normal(size=(500, 30))
for name, some in {"fresh rows": fresh, "rows near the mean": 0.3 * fresh}.items():
    p = detector.p_values(some)
    both = np.minimum(1, 2 * np.minimum(p, 1 - p + 1 / (len(detector.held_out_scores_) + 1)))
    shares = [np.mean(values <= 0.05) for values in (p, both)]
    print("{}: {:.0%} flagged as too low, {:.0%} as too low or too high".format(name, *shares))
