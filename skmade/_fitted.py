"""The fitted density: columns and networks, for as long as a model lives."""

from functools import cached_property, partial

import numpy as np

from skmade._agnostic import fill_in_any_ordering
from skmade._columns import Columns
from skmade._conditional import fill, log_evidence
from skmade._ensemble import Ensemble
from skmade._network import Architecture, Network
from skmade._progress import uncounted
from skmade._repeats import Repeats
from skmade._shared import SharedNetwork
from skmade._summary import Summary
from skmade._threads import map_chunks

#: Of the plain state below. A file of another format is refused.
FORMAT = 1
# Draws of masks that are made for scores given some columns.
_DRAWS_FOR_SCORES = 8
# Cells of draws of missing cells that are held at a time.
_CELLS = 2**23


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

    def score(self, table, n_jobs, with_contributions=False, count=uncounted):
        """Log-density of each row of a table, and what each feature adds to it, if asked for.

        Parameters
        ----------
        table : Table
        n_jobs : int or None
        with_contributions : bool
        count : callable
            Called with the number of rows that are done, as they are.

        Returns
        -------
        scores : ndarray of shape (n,)
        contributions : ndarray of shape (n, n_features), or None
        """
        if not table.is_sparse:
            return self._score_dense(table, n_jobs, with_contributions, count)
        scores = np.zeros(len(table))
        contributions = np.zeros(table.shape) if with_contributions else None
        for rows, stretch in table.stretches():
            scores[rows], own = self._score_dense(stretch, n_jobs, with_contributions, count)
            if with_contributions:
                contributions[rows] = own
        return scores, contributions

    def _score_dense(self, table, n_jobs, with_contributions, count):
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
                count(rows.stop - rows.start)

            return work

        map_chunks(make_worker, numbers.shape, ensemble.flops_per_row, n_jobs)
        if with_contributions:
            contributions += columns.offsets
        scores += columns.offset
        columns.add_extras(numbers, scores, contributions, table.may_have_gaps)
        return scores, contributions

    def unlearnt_gaps(self, table):
        """How many cells of each column are missing that no conditional has learnt to do without.

        None of the column was missing in `fit`, and others come after it in an ordering.
        """
        counts = table.missing_by_column()
        if not counts.any():
            return counts
        had_some = [column.gaps != "none" for column in self.columns.columns]
        is_last = np.all(self.orderings[:, -1:] == np.arange(len(counts)), axis=0)
        return np.where(had_some | is_last, 0, counts)

    def sample(self, n_rows, rng, n_jobs, count=uncounted):
        """Independent rows, as an array or frame like that of `fit`."""
        table = self.ensemble.sample(n_rows, rng, n_jobs, count)
        self.columns.add_between(table, None, rng)
        return self.columns.decode(table)

    def score_given(self, table, given, n_jobs, count=uncounted):
        """Log-density of the other cells of each row given some columns, and its standard error.

        Parameters
        ----------
        table : Table
        given : ndarray of bool of shape (n_features,)
        n_jobs : int or None
        count : callable
            As in `score`.

        Returns
        -------
        scores, errors : ndarray of shape (n,)
        """
        if table.is_sparse:
            stretches = (dense for _, dense in table.stretches())
            parts = [self.score_given(dense, given, n_jobs, count) for dense in stretches]
            return tuple(map(np.concatenate, zip(*parts)))
        columns, numbers = self.columns, self.columns.numbers(table)
        encoded, ensemble = self.encode(numbers), self.ensemble
        if self._makes_orderings:
            ensemble = self._ensemble_for(given, np.random.default_rng(0))
        gaps = np.isnan(encoded) & ~columns.gaps_are_outcomes
        logs, errors = log_evidence(ensemble, encoded, given, gaps, n_jobs, count)
        scores = ensemble.score_all(encoded, n_jobs) - logs
        contributions = np.tile(columns.offsets, (len(numbers), 1))
        columns.add_extras(numbers, np.zeros(len(numbers)), contributions, table.may_have_gaps)
        return scores + contributions[:, ~given].sum(axis=1), errors

    def find_repeats(self, table, n_jobs):
        """Rows of a dense table, as that of `fit`, that others repeat; None where hardly any do."""
        score = partial(self.ensemble.score_all, n_jobs=n_jobs)
        return Repeats.learn(self.columns, self.dtype, self.columns.numbers(table), score)

    def fill(self, table, rng, n_jobs, summary=None, count=uncounted, repeats=None):
        """A copy of a table that was read, with its missing cells filled in.

        Parameters
        ----------
        table : Table
        rng : numpy.random.Generator
        n_jobs : int or None
        summary : Summary or None
            Of draws; None is one draw.
        count : callable
            As in `score`; of all rows, with gaps or without.
        repeats : Repeats or None
            Rows that those of the table may be copies of.

        Returns
        -------
        filled : array or frame
        worth : ndarray of shape (n,)
            How many independent draws what fills each row was chosen from.
        """
        summary, columns = summary or Summary(), self.columns
        encoded, known = self.encode(self.columns.numbers(table)), ~table.missing()
        worth, holes = np.full(len(encoded), np.inf), np.flatnonzero(~known.all(axis=1))
        count(len(encoded) - len(holes))
        at_a_time = max(1, _CELLS // (summary.n_draws * encoded.shape[1]))
        score = partial(self.ensemble.score_all, n_jobs=n_jobs)
        if repeats is not None:
            columns = columns.recalling(repeats.numbers, self.dtype)
        for begin in range(0, len(holes), at_a_time):
            rows = holes[begin : begin + at_a_time]
            draws, worth[rows] = self._draws(
                encoded[rows], known[rows], summary.n_draws, rng, n_jobs, count
            )
            columns.add_between(draws, known[rows], rng)
            copies = None
            if repeats is not None:
                copies = repeats.draw(encoded[rows], summary.n_draws, score, rng)
                self._copy(draws, copies, repeats.donors, known[rows], rng, n_jobs)
            encoded[rows] = summary.of(draws, score, columns, copies)
        return columns.fill(table, encoded, ~known, summary.strategy == "mean"), worth

    def _draws(self, table, known, n_draws, rng, n_jobs, count=uncounted):
        """As `fill` of `skmade._conditional`; in orderings that are made, where networks can."""
        if not self._makes_orderings or not known.any():
            return fill(self.ensemble, table, known, n_draws, rng, n_jobs, count)
        shares = np.bincount(self._owners, self.weights)
        rows, cells = (np.tile(x, (n_draws, 1)) for x in (table, known))
        filled = fill_in_any_ordering(self.networks, shares, rows, cells, rng, n_jobs)
        count(len(table))
        return filled.reshape(n_draws, *table.shape), np.inf

    def _copy(self, draws, copies, donors, known, rng, n_jobs):
        """Let draws that are copies have the cells of their donors, and what these lack anew."""
        turns, rows = np.nonzero(copies >= 0)
        table = np.where(known[rows], draws[turns, rows], donors[copies[turns, rows]])
        known = ~np.isnan(table)
        lacking = ~known.all(axis=1)
        if lacking.any():
            table[lacking] = self._draws(table[lacking], known[lacking], 1, rng, n_jobs)[0][0]
        draws[turns, rows] = table

    @property
    def _owners(self):
        """The number of the network of each ordering."""
        return np.repeat(np.arange(len(self.networks)), [len(n.orderings) for n in self.networks])

    @property
    def _makes_orderings(self):
        return all(network.makes_orderings for network in self.networks)

    def _ensemble_for(self, known, rng):
        """Draws of masks that have known features first."""
        parts = [network.networks_for(known, _DRAWS_FOR_SCORES, rng) for network in self.networks]
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
