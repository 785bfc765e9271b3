"""Detectors that people use today: all have fit and score_samples, higher being more normal."""

from functools import partial
from importlib import import_module
from importlib.util import find_spec

import numpy as np
from scipy.stats import skew
from sklearn.ensemble import IsolationForest
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity, LocalOutlierFactor, NearestNeighbors
from sklearn.svm import OneClassSVM


class KNN:
    """Distance to the fifth neighbour, as PyOD's default."""

    def fit(self, X):
        """Keep the rows; scores of these leave the row itself out."""
        self.X, self.neighbours = X, NearestNeighbors(n_neighbors=5).fit(X)
        return self

    def score_samples(self, X):
        """Minus the distance."""
        distances, _ = self.neighbours.kneighbors(None if X is self.X else X)
        return -distances[:, -1]


class DiffusionTime(KNN):
    """Diffusion-time estimation in its non-parametric form (Livernoche et al. 2024).

    How much noise a row is taken to have: the time's posterior is inverse gamma, with a scale
    given by the distances to the five nearest rows. Its mode rises with their mean, which ranks
    rows alike, and has no ties where the paper's grid of times ends.
    """

    def score_samples(self, X):
        """Minus the mean distance."""
        distances, _ = self.neighbours.kneighbors(None if X is self.X else X)
        return -distances.mean(axis=1)


class LOF:
    """Local outlier factor of 20 neighbours."""

    def fit(self, X):
        """Fit for novelty; scores of these rows leave the row itself out."""
        self.X, self.model = X, LocalOutlierFactor(novelty=True).fit(X)
        return self

    def score_samples(self, X):
        """Minus the factor."""
        return self.model.negative_outlier_factor_ if X is self.X else self.model.score_samples(X)


class ECOD:
    """Outlier detection by empirical tail probabilities (Li et al. 2022).

    As in the paper. PyOD counts test rows in the tails, sums both tails where the skewness is
    between -1 and 1, and takes the largest column by column.
    """

    def fit(self, X):
        """Sort the columns."""
        self.columns, self.skewness = np.sort(X, axis=0), np.nan_to_num(skew(X, axis=0))
        return self

    def score_samples(self, X):
        """The largest of three sums of log tail probabilities over the columns."""
        n, pairs = len(self.columns), list(zip(self.columns.T, X.T))
        left = [np.searchsorted(c, x, "right") for c, x in pairs]
        right = [n - np.searchsorted(c, x, "left") for c, x in pairs]
        left, right = (-np.log(np.maximum(tail, 1) / (n + 1)) for tail in (left, right))
        chosen = np.where(self.skewness[:, None] < 0, left, right)
        return -np.max([left.sum(0), right.sum(0), chosen.sum(0)], axis=0)


class ScottKernelDensity:
    """Kernel density with Scott's bandwidth."""

    def fit(self, X):
        """Fit on standardised columns."""
        n, n_features = X.shape
        self.model = KernelDensity(bandwidth=n ** (-1 / (n_features + 4))).fit(X)
        return self

    def score_samples(self, X):
        """Log-densities."""
        return self.model.score_samples(X)


class BestMixture:
    """Gaussian mixture of one to ten components, by BIC."""

    def fit(self, X):
        """Fit all that have enough rows, and keep the best."""
        counts = [k for k in range(1, 11) if k < len(X)]
        models = [GaussianMixture(k, reg_covar=1e-3, random_state=0).fit(X) for k in counts]
        self.model = min(models, key=lambda model: model.bic(X))
        return self

    def score_samples(self, X):
        """Log-densities."""
        return self.model.score_samples(X)


class PyOD:
    """A detector of PyOD by its defaults."""

    def __init__(self, name):
        kind = getattr(import_module(f"pyod.models.{name.lower()}"), name)
        self.model = kind(random_state=0)

    def fit(self, X):
        """Fit; scores of these rows are kept."""
        self.X = X
        self.model.fit(X)
        return self

    def score_samples(self, X):
        """Minus PyOD's scores."""
        model = self.model
        return -(model.decision_scores_ if X is self.X else model.decision_function(X))


def deep():
    """PyOD's deep detectors, on one thread; none, and a line that says so, without torch."""
    if not (find_spec("torch") and find_spec("pyod")):
        print("LUNAR and DIF are left out: they need torch and pyod.")
        return {}
    import_module("torch").set_num_threads(1)
    return {name: partial(PyOD, name) for name in ("LUNAR", "DIF")}


RIVALS = {
    "kernel density": ScottKernelDensity,
    "kNN": KNN,
    "diffusion time": DiffusionTime,
    "Gaussian mixture": BestMixture,
    "LOF": LOF,
    "IForest": lambda: IsolationForest(random_state=0),
    "OCSVM": OneClassSVM,
    "ECOD": ECOD,
    **deep(),
}
