"""Networks, and the one density that they are combined to."""

from dataclasses import dataclass

import numpy as np

from skmade._combination import (
    estimate_normalizer,
    learn_weights,
    log_mean_exp,
    mean_log,
    responsibilities,
)
from skmade._layout import flops_per_row
from skmade._sampling import draw_missing, draw_product, draw_rows
from skmade._scoring import log_densities, make_scorers

# Rows to fill in are worked on so many at a time: bounds the memory.
_FILLED_ROWS = 1000


@dataclass
class Ensemble:
    """A density of rows of the table.

    Parameters
    ----------
    networks : list of Network
    combination : {"mixture", "weighted", "product"}
    weights : ndarray of shape (n_networks,)
        Of the mixture; equal for a product.
    log_normalizer : float
        Of the product.
    """

    networks: list
    combination: str
    weights: np.ndarray
    log_normalizer: float = 0.0

    @classmethod
    def equal(cls, networks, combination):
        """An ensemble before weights or normaliser are known."""
        return cls(networks, combination, np.full(len(networks), 1 / len(networks)))

    @property
    def flops_per_row(self):
        """Operations to score a row."""
        return sum(flops_per_row(network.plan) for network in self.networks)

    @property
    def log_weights(self):
        """Logarithms of the weights; minus infinity for networks without any."""
        with np.errstate(divide="ignore"):
            return np.log(self.weights)

    def learn_weights(self, rows, n_jobs):
        """Set the weights by EM on held-out rows."""
        logs = log_densities(self.networks, rows.table, n_jobs)
        self.weights, _ = learn_weights(logs, rows.weights)

    def normalize(self, n_jobs, rng):
        """Estimate the normaliser of the product; returns its standard error."""

        def draw_logs(n):
            rows = draw_rows(self.networks, self.weights, n, rng, n_jobs)
            return log_densities(self.networks, rows, n_jobs)

        self.log_normalizer, error = estimate_normalizer(draw_logs)
        return error

    def scorers(self, n_rows):
        """What scores about so many rows under each network; for one thread at a time."""
        return make_scorers(self.networks, n_rows)

    def score(self, table, shares=None, scorers=None):
        """Log-density of each row; what each feature adds is written into `shares`.

        A mixture of networks with one ordering has conditionals in this ordering. Else a
        mixture's share of a feature is the mean of the networks' shares, by their posterior
        probabilities given the row; a product's is the mean. What is missing to the sum (for
        a mixture at most the logarithm of the number of networks) is spread evenly over the
        features.
        """
        scorers = scorers or self.scorers(len(table))
        logs = np.zeros((len(scorers), len(table)))
        if shares is None:
            for scorer, row in zip(scorers, logs):
                scorer.add_scores(table, row)
            return self._combine(logs)
        own = np.zeros((len(scorers), *shares.shape))
        for scorer, row, part in zip(scorers, logs, own):
            scorer.add_scores(table, row, part)
        scores = self._combine(logs)
        shares[:] = self._combined_shares(logs, scores, own)
        return scores

    def _combine(self, logs):
        if len(logs) == 1:
            return logs[0]
        if self.combination == "product":
            return mean_log(logs) - self.log_normalizer
        return log_mean_exp(logs, self.log_weights)

    def _combined_shares(self, logs, scores, own):
        """From the networks' shares, (n_networks, n, n_features), those of the combination."""
        if len(own) == 1:
            return own[0]
        ordering = self.networks[0].ordering
        same = all(np.array_equal(network.ordering, ordering) for network in self.networks)
        if same and self.combination != "product":
            return self._conditional_shares(own, ordering)
        parts = np.full(logs.shape, 1 / len(logs))
        if self.combination != "product":
            parts = responsibilities(logs, self.log_weights)
        shares = np.zeros(own.shape[1:])
        for part, network_shares in zip(parts, own):
            shares += part[:, None] * network_shares
        return shares + ((scores - shares.sum(axis=1)) / shares.shape[1])[:, None]

    def _conditional_shares(self, own, ordering):
        """Logarithms of the mixture's own conditionals, in the networks' common ordering."""
        before, sums, shares = 0.0, np.zeros(own.shape[:2]), np.zeros(own.shape[1:])
        for column in ordering:
            sums += own[:, :, column]
            after = log_mean_exp(sums, self.log_weights)
            shares[:, column] = after - before
            before = after
        return shares

    def sample(self, n_rows, rng, n_jobs):
        """Independent rows."""
        if self.combination == "product" and len(self.networks) > 1:
            return draw_product(self.networks, np.exp(self.log_normalizer), n_rows, rng, n_jobs)
        return draw_rows(self.networks, self.weights, n_rows, rng, n_jobs)

    def fill(self, table, missing, rng):
        """The table with the cells of the missing columns drawn from their conditional."""
        is_product = self.combination == "product" and len(self.networks) > 1
        filled = table.copy()
        for begin in range(0, len(table), _FILLED_ROWS):
            rows = slice(begin, begin + _FILLED_ROWS)
            filled[rows] = draw_missing(
                self.networks, self.log_weights, is_product, table[rows], missing, rng
            )
        return filled
