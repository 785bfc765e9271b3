"""Networks, and the one density that they are combined to."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from skmade._combination import (
    estimate_normalizer,
    learn_weights,
    log_mean_exp,
    mean_log,
    responsibilities,
)
from skmade._layout import flops_per_row
from skmade._progress import uncounted
from skmade._sampling import draw_product, draw_rows
from skmade._scoring import add_all_scores, log_densities, make_scorers
from skmade._sparse import n_missing

# A row is unusual that is among the least likely ones, this share of so many draws.
_UNUSUAL, _USUAL_ROWS = 0.05, 256


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

    def score_all(self, table, n_jobs):
        """Log-density of each row of a table, sparse or not, of any number of rows."""
        logs = log_densities(self.networks, table, n_jobs)
        return self.combine(logs, self._share_observed(table))

    def scorers(self, n_rows):
        """What scores about so many rows under each network; for one thread at a time."""
        return make_scorers(self.networks, n_rows)

    def score(self, table, contributions=None, scorers=None):
        """Log-density of each row; what each feature contributes is written to `contributions`.

        A mixture of networks with one ordering has conditionals in this ordering. Else a
        feature's contribution is the mean of those under the networks, for a mixture by their
        posterior probabilities given the row. What is missing to the sum (for a mixture at most
        the logarithm of the number of networks) is spread evenly over the features that are
        observed.
        """
        scorers = scorers or self.scorers(len(table))
        logs = np.zeros((len(self.networks), len(table)))
        if contributions is None:
            add_all_scores(scorers, table, logs)
            return self.combine(logs, self._share_observed(table))
        own = np.zeros((len(self.networks), *contributions.shape))
        add_all_scores(scorers, table, logs, own)
        scores = self.combine(logs, self._share_observed(table))
        contributions[:] = self._combined_contributions(table, logs, scores, own)
        return scores

    def combine(self, logs, share_observed=1.0):
        """From log-densities under the networks, (n_networks, n), those of the combination.

        The logarithm of a product's normaliser is that of rows of which all is observed. Of others
        it is taken to be in proportion to how many features are: it is 0 where none is.
        """
        if len(logs) == 1:
            return logs[0]
        if self.combination == "product":
            return mean_log(logs) - self.log_normalizer * share_observed
        return log_mean_exp(logs, self.log_weights)

    def _share_observed(self, table):
        """Of a product, what share of the features is observed in each row."""
        if not self.is_product:
            return 1.0
        return 1 - n_missing(table, self._are_left_out) / len(self._are_left_out)

    @cached_property
    def _are_left_out(self):
        """Features whose missing cells say nothing, by column: no outcomes."""
        features = self.networks[0].plan.features
        return features["draws_gaps"][np.argsort(features["column"])] == 0

    def _combined_contributions(self, table, logs, scores, own):
        """From those under the networks, (n_networks, n, n_features), those of the combination."""
        if len(own) == 1:
            return own[0]
        ordering = self.networks[0].ordering
        same = all(np.array_equal(network.ordering, ordering) for network in self.networks)
        if same and self.combination != "product":
            return self._conditional_contributions(own, ordering)
        weights = np.full(logs.shape, 1 / len(logs))
        if self.combination != "product":
            weights = responsibilities(logs, self.log_weights)
        total = np.zeros(own.shape[1:])
        for weight, contributions in zip(weights, own):
            total += weight[:, None] * contributions
        is_observed = ~(np.isnan(table) & self._are_left_out)
        rest = (scores - total.sum(axis=1)) / np.maximum(is_observed.sum(axis=1), 1)
        return total + is_observed * rest[:, None]

    def _conditional_contributions(self, own, ordering):
        """Logarithms of the mixture's own conditionals, in the networks' common ordering."""
        before, sums, result = 0.0, np.zeros(own.shape[:2]), np.zeros(own.shape[1:])
        for column in ordering:
            sums += own[:, :, column]
            after = log_mean_exp(sums, self.log_weights)
            result[:, column] = after - before
            before = after
        return result

    def sample(self, n_rows, rng, n_jobs, count=uncounted):
        """Independent rows; as they are done, `count` is called with their number."""
        if self.is_product:
            acceptance = np.exp(self.log_normalizer)
            return draw_product(self.networks, acceptance, n_rows, rng, n_jobs, count)
        return draw_rows(self.networks, self.weights, n_rows, rng, n_jobs, count)

    def of_weight(self):
        """The ensemble of the networks that have any weight."""
        if np.all(self.weights > 0):
            return self
        chosen = np.flatnonzero(self.weights > 0)
        networks = [self.networks[k] for k in chosen]
        return Ensemble(networks, self.combination, self.weights[chosen], self.log_normalizer)

    @property
    def is_product(self):
        """Whether the density is the geometric mean of several."""
        return self.combination == "product" and len(self.networks) > 1

    @cached_property
    def usual_densities(self):
        """What the log-density under each network of nearly all draws from it is above."""
        rng, lowest = np.random.default_rng(0), []
        for network in self.networks:
            logs = log_densities([network], draw_rows([network], [1.0], _USUAL_ROWS, rng))
            lowest.append(np.quantile(logs, _UNUSUAL))
        return lowest
