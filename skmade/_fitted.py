"""The fitted density: columns and networks, for as long as a model lives."""

from functools import cached_property

import numpy as np

from skmade._columns import Columns
from skmade._ensemble import Ensemble
from skmade._network import Architecture, Network
from skmade._sampling import known_first
from skmade._shared import SharedNetwork
from skmade._threads import map_chunks

#: Of the plain state below. A file of another format is refused.
FORMAT = 1
# Draws of masks that are made to fill in missing cells.
_FILLING_DRAWS = 8


class FittedDensity:
    """A density of rows of a table: what they are encoded by, and the networks that score them.

    Parameters
    ----------
    columns : Columns
    architecture : Architecture
        What all networks have in common.
    networks : list of Network or SharedNetwork
        As they were trained.
    combination : {"mixture", "weighted", "product"}
        Of their densities.
    """

    def __init__(self, columns, architecture, networks, combination):
        self.columns, self.architecture, self.networks = columns, architecture, networks
        self.combination = combination
        n_parts = sum(len(network.orderings) for network in networks)
        self.weights, self.log_normalizer = np.full(n_parts, 1 / n_parts), 0.0

    def combined(self, combination):
        """The same networks, combined in another way and weighted equally."""
        return FittedDensity(self.columns, self.architecture, self.networks, combination)

    @property
    def dtype(self):
        """Of the networks."""
        return self.networks[0].theta.dtype

    @property
    def orderings(self):
        """Of each draw of each network: (n_parts, n_features)."""
        return np.concatenate([network.orderings for network in self.networks])

    @cached_property
    def ensemble(self):
        """The density of encoded rows."""
        parts = [part for network in self.networks for part in network.networks(network.theta)]
        return Ensemble(parts, self.combination, self.weights, self.log_normalizer)

    def weigh(self, rows, n_jobs):
        """Learn the weights of a mixture from encoded rows."""
        self.ensemble.learn_weights(rows, n_jobs)
        self.weights = self.ensemble.weights

    def normalize(self, n_jobs, rng):
        """Estimate the normaliser of a product; returns its standard error."""
        error = self.ensemble.normalize(n_jobs, rng)
        self.log_normalizer = self.ensemble.log_normalizer
        return error

    def encode(self, numbers):
        """Rows as the networks see them."""
        table = np.empty(numbers.shape, self.dtype)
        self.columns.encode(numbers, table)
        return table

    def score(self, table, n_jobs, with_contributions=False):
        """Log-density of each row of a table, and what each feature adds to it, if asked for.

        Parameters
        ----------
        table : Table
        n_jobs : int or None
        with_contributions : bool

        Returns
        -------
        scores : ndarray of shape (n,)
        contributions : ndarray of shape (n, n_features), or None
        """
        columns, ensemble, numbers = self.columns, self.ensemble, self.columns.numbers(table)
        scores = np.zeros(len(numbers))
        contributions = np.zeros(numbers.shape) if with_contributions else None

        def make_worker(n_rows):
            scorers = ensemble.scorers(n_rows)
            memory = np.empty((n_rows, numbers.shape[1]), self.dtype)

            def work(rows):
                encoded = memory[: rows.stop - rows.start]
                columns.encode(numbers[rows], encoded)
                own = contributions[rows] if with_contributions else None
                scores[rows] = ensemble.score(encoded, own, scorers)

            return work

        map_chunks(make_worker, numbers.shape, ensemble.flops_per_row, n_jobs)
        if with_contributions:
            contributions += columns.offsets
        scores += columns.offset
        columns.add_extras(numbers, scores, contributions, table.may_have_gaps)
        return scores, contributions

    def sample(self, n_rows, rng, n_jobs):
        """Independent rows, as an array or frame like that of `fit`."""
        return self.columns.decode(self.ensemble.sample(n_rows, rng, n_jobs))

    def fill(self, table, rng):
        """A copy of a table that was read, with its missing cells drawn."""
        missing = table.missing()
        encoded = self.encode(self.columns.numbers(table))
        patterns, group = np.unique(missing, axis=0, return_inverse=True)
        for k, pattern in enumerate(patterns):
            if pattern.any():
                rows = np.flatnonzero(group.ravel() == k)
                ensemble = self.ensemble_to_fill(pattern, rng)
                encoded[rows] = ensemble.fill(encoded[rows], pattern, rng)
        return self.columns.fill(table, encoded, missing)

    def ensemble_to_fill(self, missing, rng):
        """What fills in cells of some features: with these last, if networks know all orderings."""
        if all(known_first(ordering, missing) for ordering in self.orderings):
            return self.ensemble
        parts = [network.networks_for(missing, _FILLING_DRAWS, rng) for network in self.networks]
        if parts[0] is None:
            return self.ensemble
        return Ensemble.equal([part for own in parts for part in own], "mixture")

    def state(self):
        """The density as plain arrays and values, which say nothing of layouts in memory."""
        return {
            "format": FORMAT,
            "columns": self.columns.state(),
            "architecture": self.architecture.state(),
            "networks": [network.state() for network in self.networks],
            "combination": self.combination,
            "weights": self.weights,
            "log_normalizer": self.log_normalizer,
        }

    @classmethod
    def from_state(cls, state):
        """The density from what `state` returned.

        Raises
        ------
        ValueError
            For a format that this release does not know.
        """
        if state.get("format") != FORMAT:
            raise ValueError(
                f"The fitted model has format {state.get('format')!r}; this release of skmade "
                f"reads format {FORMAT}. Load it with the release that wrote it, or fit it anew."
            )
        columns = Columns.from_state(state["columns"])
        architecture = Architecture.from_state(state["architecture"], columns.families)
        kinds = {"Network": Network, "SharedNetwork": SharedNetwork}
        networks = [kinds[s["kind"]].from_state(s, architecture) for s in state["networks"]]
        density = cls(columns, architecture, networks, state["combination"])
        density.weights, density.log_normalizer = state["weights"], state["log_normalizer"]
        return density
