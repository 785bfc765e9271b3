"""A Gaussian copula for mixed tables: what simple synthesisers of tables do."""

import numpy as np
import pandas as pd
from scipy.stats import norm


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
