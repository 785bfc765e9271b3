"""What the novelty detector might be: forms of it that were compared, at about the same cost."""

from functools import partial

import numpy as np

from skmade import MADEOutlierDetector

EVERY = slice(None)


class Experts:
    """Single networks that differ in their columns or in their noise.

    Scores are standardised on held-out rows: less the median, in units of how far the tenth
    percentile is below it. A row's score is the mean over networks of all columns, plus the least
    of those of some: what is strange in a few columns is not outvoted by the others.
    """

    def __init__(self, make, choose):
        self.make, self.choose = make, choose

    def fit(self, X):
        """Fit the networks that `choose` asks for: columns and noise of each."""
        self.networks = []
        for seed, (columns, noise) in enumerate(self.choose(X)):
            network = self.make(n_estimators=1, random_state=seed, input_noise=noise)
            self.networks.append((columns, network.fit(X[:, columns])))
        return self

    def score_samples(self, X):
        """Standardised scores, combined."""
        scores = [(c is EVERY, _standardised(network, X[:, c])) for c, network in self.networks]
        total = np.mean([score for is_whole, score in scores if is_whole], axis=0)
        parts = [score for is_whole, score in scores if not is_whole]
        return total + np.min(parts, axis=0) if parts else total


class HeldOutNoise:
    """The noise with which held-out rows are most likely, by one network each."""

    def __init__(self, make):
        self.make = make

    def fit(self, X):
        """Fit one network for each noise, and then all of them with the best."""
        tried = [
            self.make(n_estimators=1, input_noise=noise).fit(X) for noise in (0.05, 0.1, 0.2, 0.4)
        ]
        best = max(tried, key=lambda network: network.best_validation_score_)
        self.model = self.make(input_noise=best.input_noise).fit(X)
        return self

    def score_samples(self, X):
        """Log-densities."""
        return self.model.score_samples(X)


def candidates(**options):
    """Candidates by name; the first is the detector as it is."""
    make = partial(MADEOutlierDetector, **{"random_state": 0, "n_jobs": 1, **options})
    return {
        "MADE": make,
        "MADE, smaller": partial(make, (64, 64), n_iter_no_change=5),
        "MADE, noise by held-out rows": lambda: HeldOutNoise(make),
        "MADE, noise by Scott": lambda: Experts(make, _by_scott),
        "MADE, several scales": lambda: Experts(make, _several_scales),
        "MADE, halves beside": lambda: Experts(make, _halves_beside),
    }


def _by_scott(X):
    return [(EVERY, _scott(X) / 4)] * 4


def _several_scales(X):
    return [(EVERY, _scott(X) * share) for share in (1 / 8, 1 / 4, 1 / 4, 1 / 2)]


def _halves_beside(X):
    """Two networks of all columns, and four of a random half of them each."""
    rng, n_columns = np.random.default_rng(0), X.shape[1]
    halves = [np.sort(rng.permutation(n_columns)[: (n_columns + 1) // 2]) for _ in range(4)]
    return [(columns, _scott(X) / 4) for columns in (EVERY, EVERY, *halves)]


def _scott(X):
    """Scott's bandwidth, in standard deviations."""
    n, n_columns = X.shape
    return n ** (-1 / (n_columns + 4))


def _standardised(network, X):
    held_out = network.held_out_scores_
    middle = np.median(held_out)
    return (network.score_samples(X) - middle) / (middle - np.quantile(held_out, 0.1))
