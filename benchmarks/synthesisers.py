"""Simple synthesisers of mixed tables: a Gaussian copula, and a mixture on one-hot codes."""

import numpy as np
import pandas as pd
from scipy.stats import norm
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import StandardScaler


class GaussianCopula:
    """Marginals by ranks, dependence by the correlation of normal scores."""

    def fit(self, frame, rng):
        """Turn columns into normal scores; categories by their cumulative frequencies."""
        self.frame, scores = frame, []
        for name in frame:
            column = frame[name]
            if column.dtype == "category":
                shares = column.value_counts(normalize=True, sort=False)
                ends = shares.cumsum()
                u = column.map(ends - shares).astype(float) + rng.random(len(column)) * column.map(
                    shares
                ).astype(float)
            else:
                jittered = column.rank(method="first")
                u = (jittered - 0.5) / len(column)
            scores.append(norm.ppf(np.clip(u, 1e-6, 1 - 1e-6)))
        self.correlation = np.corrcoef(scores)
        return self

    def sample(self, n, rng):
        """Draw rows, and turn normal scores back into values."""
        d = self.frame.shape[1]
        u = norm.cdf(rng.multivariate_normal(np.zeros(d), self.correlation, n))
        columns = {}
        for j, name in enumerate(self.frame):
            column = self.frame[name]
            if column.dtype == "category":
                ends = column.value_counts(normalize=True, sort=False).cumsum()
                index = np.minimum(np.searchsorted(ends.to_numpy(), u[:, j]), len(ends) - 1)
                columns[name] = pd.Categorical.from_codes(index, dtype=column.dtype)
            else:
                columns[name] = np.quantile(column, u[:, j], method="inverted_cdf")
        return pd.DataFrame(columns)


class OneHotMixture:
    """A Gaussian mixture on standardised numbers and one-hot codes, chosen by BIC.

    A density of codes is none of categories: it can be drawn from, but has no bits per row.
    """

    def fit(self, frame, rng):
        """Choose and fit a mixture."""
        self.frame, codes = frame, pd.get_dummies(frame, dtype=float)
        self.names, self.scaler = list(codes), StandardScaler().fit(codes)
        X, seed = self.scaler.transform(codes), int(rng.integers(2**31))
        mixtures = [
            GaussianMixture(k, reg_covar=1e-3, random_state=seed).fit(X) for k in (1, 5, 10, 20)
        ]
        self.mixture = min(mixtures, key=lambda mixture: mixture.bic(X))
        return self

    def sample(self, n, rng):
        """Draw rows; the largest code of a column decides on its category."""
        drawn = self.scaler.inverse_transform(self.mixture.sample(n)[0])
        drawn, columns = pd.DataFrame(drawn, columns=self.names), {}
        for name in self.frame:
            column = self.frame[name]
            if column.dtype == "category":
                codes = drawn[[f"{name}_{level}" for level in column.cat.categories]]
                index = codes.to_numpy().argmax(axis=1)
                columns[name] = pd.Categorical.from_codes(index, dtype=column.dtype)
            else:
                columns[name] = drawn[name].to_numpy()
        return pd.DataFrame(columns)
