"""What several draws of missing cells have in common: means, quantiles, the most likely."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import mode


@dataclass(frozen=True)
class Summary:
    """What missing cells are filled in by: one draw, or what several have in common.

    Parameters
    ----------
    strategy : {"draw", "mean", "quantile", "most_likely"}
        The first draw; means or quantiles of cells, but of flags and labels the most frequent; or
        the most likely row.
    n_draws : int
    quantile : float
    """

    strategy: str = "draw"
    n_draws: int = 1
    quantile: float = 0.5

    def of(self, draws, score, columns, origins=None):
        """One row of each row's draws.

        Parameters
        ----------
        draws : ndarray of shape (n_draws, n, n_features)
        score : callable
            Of log-densities of rows.
        columns : Columns
        origins : ndarray of int of shape (n_draws, n), or None
            Where draws are from, if that differs: the most likely is of the most frequent origin.
        """
        if self.strategy in ("mean", "quantile"):
            made, is_discrete = self._of_cells(draws, columns), columns.is_discrete
            made[:, is_discrete] = mode(draws[:, :, is_discrete], axis=0).mode
            return made
        likeliest = np.zeros(draws.shape[1], int)
        if self.strategy == "most_likely":
            rows = draws.reshape(-1, draws.shape[-1])
            scores = (score(rows) + columns.log_slopes(rows)).reshape(draws.shape[:2])
            if origins is not None:
                scores[origins != mode(origins, axis=0).mode] = -np.inf
            likeliest = scores.argmax(axis=0)
        return draws[likeliest, np.arange(draws.shape[1])]

    def _of_cells(self, draws, columns):
        if self.strategy == "mean":
            return columns.means(draws)
        # (one of the draws, so that it is a value of its column)
        return np.quantile(draws, self.quantile, axis=0, method="inverted_cdf")
