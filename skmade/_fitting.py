"""From a table to trained networks: what `fit` and `partial_fit` of the estimators do."""

import copy
from collections import Counter
from dataclasses import replace
from functools import partial
from itertools import chain

import numpy as np

from skmade import _auto, _combination, _progress, _training
from skmade._arguments import checked_sizes, checked_weights, to_generator
from skmade._beginnings import rounds, say_the_same, together, without_the_worse
from skmade._columns import Columns, Table, make_rules
from skmade._fitted import FittedDensity
from skmade._masks import draw_degrees, lost_dependencies
from skmade._network import Architecture, Network
from skmade._orderings import make_ordering
from skmade._shared import MaskSampler, SharedNetwork
from skmade._sparse import columns_of
from skmade._warnings import warn
from skmade._wild import drawn_in, find_limits, without_wild

# Draws of masks that are averaged in scoring where each mini-batch had its own.
_FRESH_DRAWS = 32
# A normaliser with a larger standard error (of its logarithm) is warned of.
_LARGEST_ERROR = 0.05


class FittingMixin:
    """How an estimator with the parameters of `MADEDensity` comes to its networks.

    Columns are learnt from the table, rows are encoded and split, networks made, trained and
    combined. Estimators with other defaults or more to do override the parts that differ.
    """

    # Inputs are held within so many deviations: an extreme cell must not carry the conditionals of
    # the others out of floating-point range.
    _input_limit = 100.0
    # Cells that are farther, in deviations, are wild; see `skmade._wild`.
    _target_limit = np.inf
    # What "auto" is for numbers: a family, or chosen by their values.
    _of_numbers = "auto"
    # How often networks are trained in `fit`.
    _n_rounds = 1

    def _fit(self, X, sample_weight, X_val, callbacks, columns=None):
        """Fit, to columns that were learnt before or else to new ones; see `_fit_rows`."""
        before, rng = self._density_to_continue(), to_generator(self.random_state)
        table, weights = self._validate_training(X, sample_weight, reset=before is None)
        if before is not None:
            columns = before.columns
        columns = columns or self._learn_columns(table, weights)
        training, validation = self._split(  # (which copies: nobody keeps all rows)
            self._encode(columns, table, weights), self._validation_rows(columns, X_val), rng
        )
        return self._fit_rows(columns, training, validation, rng, callbacks, X, sample_weight)

    def _density_to_continue(self):
        """What `fit` starts from, if from anything."""
        return self._density if self.warm_start and self.__sklearn_is_fitted__() else None

    def _fit_rows(
        self,
        columns,
        training,
        validation,
        rng,
        callbacks,
        X=None,
        sample_weight=None,
        typical=None,
    ):
        """Train networks on encoded rows, which begin with the marginals of typical ones.

        Returns whether somebody has ended it.
        """
        if self.combination == "weighted" and validation is None:
            raise ValueError(
                "combination='weighted' learns its weights from held-out rows: set "
                "early_stopping=True, or pass X_val to fit."
            )
        limits = find_limits(columns, training, self._target_limit)
        training = drawn_in(columns, training, limits)
        validation = validation and without_wild(columns, validation, limits)
        before = self._density_to_continue()
        architecture, networks = self._networks_to_train(before, columns, training, rng, typical)
        settings = self._settings(len(training.table), validation is not None)
        progresses = [
            _training.Progress.start(network.theta, settings.learning_rate_init, number)
            for network, number in zip(networks, _training.numbers_of(networks))
        ]

        def conclude(model, kept, rng):
            networks, progresses = zip(*kept)
            model._density = FittedDensity(columns, architecture, list(networks), self.combination)
            model._keep(progresses, rng)
            model._combine(validation, rng)

        def attributes_by_now():
            model, kept = copy.copy(self), _training.kept_networks(networks, progresses)
            if not kept:
                return None
            conclude(model, kept, np.random.default_rng(0))
            model._settle(X, sample_weight)
            return vars(model)

        callbacks.expect(len(networks), self._n_rounds, self.max_iter, attributes_by_now)
        watch = _progress.Watch([*_progress.printer(self.verbose, self.max_iter), callbacks])
        rngs = rng.spawn(len(networks))
        judge = {"held_out": validation, "n_jobs": self.n_jobs}
        chooses = self.n_estimators == "auto" and self.combination == "mixture" and validation
        turns = together
        if before is None and self.n_masks == 1:
            says_enough = partial(say_the_same, **judge) if chooses else lambda _: False
            turns = partial(rounds, says_enough=says_enough)
        kept = _training.train_networks(
            networks, progresses, training, validation, settings, columns.offset, rngs,
            self.n_jobs, watch, turns,
        )  # fmt: skip
        if chooses:
            kept = without_the_worse(kept, **judge)
        conclude(self, kept, rng)
        return watch.is_over

    def _settle(self, X, sample_weight):
        """Set what depends on the fitted density, where there is such a thing."""

    def _partial_fit(self, X, sample_weight):
        before = self._density if self.__sklearn_is_fitted__() else None
        rng = to_generator(self.random_state if before is None else self._next_seed)
        if before is None:
            table, weights = self._validate_training(X, sample_weight, reset=True)
            columns = self._learn_columns(table, weights, more_follow=True)
        else:
            table, weights = self._validate_training(X, sample_weight, reset=False, n_least=1)
            columns = before.columns
        rows = self._encode(columns, table, weights)
        rows = drawn_in(columns, rows, find_limits(columns, rows, self._target_limit))
        architecture, networks = self._networks_to_train(before, columns, rows, rng, in_passes=True)
        if before is not None and self.combination == "weighted":
            before.weigh(rows, self.n_jobs)  # the pass is still to come
        rate = self.learning_rate_init
        rate = _auto.LEARNING_RATE if rate == "auto" else rate  # (more rows may follow)
        progresses = [
            _training.Progress.of_passes(network, rate, number, self.solver)
            for network, number in zip(networks, _training.numbers_of(networks))
        ]
        for network, progress, curve in zip(
            networks, progresses, getattr(self, "_loss_curves", [])
        ):
            if network.moments is not None:
                progress.loss_curve = list(curve)
        for network, progress, own_rng in zip(networks, progresses, rng.spawn(len(networks))):
            self._pass_over(network, progress, rows, columns, own_rng)
        self._density = FittedDensity(columns, architecture, networks, self.combination)
        if before is not None and len(before.weights) == len(self._density.weights):
            self._density.weights = before.weights
        self._keep(progresses, rng)
        self._combine(None, rng)
        return self

    def _pass_over(self, network, progress, rows, columns, rng):
        """One pass over the rows."""
        settings = self._settings(len(rows.table), is_validated=False)
        watch = _progress.Watch([_progress.Lines()] if self.verbose else [])
        watch.begin_epoch(progress)
        loss = _training.run_one_epoch(network, progress, rows, settings, rng, watch)
        if not (np.isfinite(loss) and np.all(np.isfinite(progress.theta))):
            raise ValueError(
                "The loss was not finite in this pass, which is undone. Lower "
                "learning_rate_init, or look for extreme values in X."
            )
        loss -= columns.offset + _training.mean_extras(rows)
        progress.loss_curve.append(float(loss))
        watch.end_epoch(progress)
        network.theta = progress.theta
        network.moments, network.step = progress.moments, progress.step
        network.solver = self.solver

    def _validate_training(self, X, sample_weight, reset, n_least=2):
        """The rows as a table, and weights of mean one; rows of weight zero are left out."""
        table = Table.read(self, X, reset=reset, n_least=n_least)
        weights = checked_weights(sample_weight, len(table))
        table, weights = table.rows(weights > 0), weights[weights > 0]
        if len(table) < n_least:
            raise ValueError("At least two rows must have a sample_weight above zero.")
        return table, weights / weights.mean()

    def _learn_columns(self, table, weights, more_follow=False):
        """Choose kinds and families of columns, learn scales and levels."""
        rules = make_rules(
            table.names(), table.shape[1], self.conditionals, self._of_numbers,
            self.categorical_features, self.handle_unknown, self.atoms, self.missing,
        )  # fmt: skip
        columns = Columns.learn(table, weights, rules, more_follow)
        if self.verbose:
            counts = Counter(columns.conditionals).items()
            print("Conditionals: " + ", ".join(f"{n} {kind}" for kind, n in counts), flush=True)
        return columns

    def _encode(self, columns, table, weights):
        """Rows of a table as the networks see them."""
        encoded, extras = columns.encoded(table, self._network_dtype(columns))
        return _training.Rows(encoded, weights, extras)

    def _network_dtype(self, columns):
        """That of the networks to be made, or of those to go on with: these keep their columns."""
        goes_on = self.__sklearn_is_fitted__() and self._density.columns is columns
        return self._density.dtype if goes_on else np.dtype(self.dtype)

    def _validation_rows(self, columns, X_val):
        """Encoded rows to judge by that were given; None without any."""
        if X_val is None:
            return None
        table = Table.read(self, X_val, reset=False)
        return replace(self._encode(columns, table, np.ones(len(table))), are_fresh=True)

    def _split(self, rows, given, rng):
        """Training rows, and the rows to judge by or None."""
        if given is not None:
            return rows, given
        if not self.early_stopping:
            return rows, None
        n = len(rows.table)
        order = rng.permutation(n)
        n_held_out = min(max(1, round(self.validation_fraction * n)), n - 1)
        held_out, kept = (
            rows.part(np.sort(order[:n_held_out])),
            rows.part(np.sort(order[n_held_out:])),
        )
        return replace(kept, weights=kept.weights / kept.weights.mean()), held_out

    def _networks_to_train(self, before, columns, training, rng, typical=None, in_passes=False):
        """Their architecture, the networks there are, and new ones up to `n_estimators`."""
        typical = typical or training
        networks = [] if before is None else [replace(network) for network in before.networks]
        architecture = (
            self._architecture(columns, training, in_passes)
            if before is None
            else before.architecture
        )
        n_estimators = self._n_networks(architecture, training, networks, in_passes)
        if len(networks) > n_estimators:
            anew = "call fit" if in_passes else "set warm_start=False"
            raise ValueError(
                f"n_estimators={n_estimators} is below the {len(networks)} networks that "
                f"were fitted before; raise it, or {anew}."
            )
        dtype = networks[0].theta.dtype if networks else np.dtype(self.dtype)
        rngs = rng.spawn(n_estimators - len(networks)) if len(networks) < n_estimators else []
        families = architecture.families if rngs else []
        marginals = [
            conditional.initial_bias(column, typical.weights)
            for conditional, column in zip(families, columns_of(typical.table))
        ]
        gaps = _shares_of_gaps(columns, typical) if rngs else None
        for own in rngs:
            networks.append(self._make_network(architecture, marginals, own, dtype, columns, gaps))
        if np.isnan(training.table.min()):
            for network in networks:
                network.admit_gaps()
        return architecture, networks

    def _n_networks(self, architecture, training, fitted, in_passes):
        """How many networks there are to be."""
        if self.n_estimators != "auto":
            return self.n_estimators
        if fitted:
            return len(fitted)
        if self.n_masks != 1 or in_passes:  # (how many rows will pass is not known)
            return 1
        return self._auto_networks(*training.table.shape, architecture.n_parameters)

    def _auto_networks(self, n_rows, n_columns, n_parameters):
        return _auto.n_networks(n_rows, n_columns, n_parameters)

    def _auto_components(self, n_rows, n_columns):
        return _auto.components(n_rows, n_columns)

    def _auto_sizes(self, n_rows, is_discrete):
        return _auto.hidden_layer_sizes(n_rows, is_discrete)

    def _architecture(self, columns, training, in_passes):
        """Layers, components and direct connections."""
        n_rows, n_columns = training.table.shape
        sizes = checked_sizes(self.hidden_layer_sizes, self.residual)
        is_given = sizes is not None
        if not is_given:
            n_to_pass = np.inf if in_passes else n_rows  # (more may follow)
            sizes = self._auto_sizes(n_to_pass, columns.is_discrete)
        if n_columns == 1:
            sizes = []  # without predecessors, hidden units have nothing to do

        def widths_of(n_components):
            families = columns.families(n_components)
            return [f.n_inputs for f in families], [f.n_outputs for f in families]

        components = (self.n_components,)
        if self.n_components == "auto":
            components = self._auto_components(n_rows, n_columns)
        sizes, n_components, direct_connections = _auto.shape(
            n_rows, widths_of, sizes, is_given, components, self.direct_connections
        )
        return Architecture(
            sizes, columns.families(n_components), self.activation, self.residual,
            direct_connections, self._input_limit,
        )  # fmt: skip

    def _make_network(self, architecture, marginals, rng, dtype, columns, gaps):
        """A network with new masks and initial weights."""
        n_features, ordering = len(marginals), self._ordering_to_draw(columns)
        if self.n_masks == 1:
            ordering = make_ordering(ordering, n_features, rng, gaps)
            degrees = draw_degrees(architecture.sizes, n_features, self.residual, rng)
            direct = architecture.direct_connections
            _warn_of_lost_dependencies(ordering, degrees, direct, columns.names)
            return Network.initial(architecture, ordering, degrees, marginals, rng, dtype)
        if self.mask_sampling == "ordering" and not _is_random(ordering):
            raise ValueError(
                "mask_sampling='ordering' draws orderings, but a fixed ordering was given; set "
                "ordering='random', or mask_sampling='connectivity'."
            )
        sampler = MaskSampler.start(architecture, ordering, self.mask_sampling, rng, gaps)
        fresh = self.n_masks is None
        n_draws = _FRESH_DRAWS if fresh else self.n_masks
        return SharedNetwork.initial(sampler, n_draws, fresh, marginals, rng, dtype)

    def _ordering_to_draw(self, columns):
        """What orderings are made from; see `make_ordering`."""
        is_auto = isinstance(self.ordering, str) and self.ordering == "auto"
        targets = np.flatnonzero(columns.mask_of(self.targets, "targets"))
        if is_auto != (len(targets) > 0):
            raise ValueError(
                "ordering='auto' puts targets last, so the two go together: set both, or neither; "
                f"got ordering={self.ordering!r} and targets={self.targets!r}."
            )
        return {"last": targets} if is_auto else self.ordering

    def _combine(self, validation, rng):
        """Set the weights or the normaliser of the combination."""
        density = self._density
        if self.combination == "weighted" and validation is not None:
            density.weigh(validation, self.n_jobs)
        error = 0.0
        if self.combination == "product" and len(density.orderings) > 1:
            error = density.normalize(self.n_jobs, rng)
            self._warn_of_error(density.log_normalizer, error)
        self.combination_weights_ = density.weights
        for name in ("log_normalizer_", "log_normalizer_se_"):
            vars(self).pop(name, None)
        if self.combination == "product":
            self.log_normalizer_, self.log_normalizer_se_ = density.log_normalizer, error

    def _warn_of_error(self, log_normalizer, error):
        acceptance = np.exp(log_normalizer)
        if error > _LARGEST_ERROR or acceptance < _combination.LEAST_ACCEPTANCE:
            warn(
                f"The networks agree so little that only a share of {acceptance:.2g} of draws "
                "from their mixture belongs to their product: its normaliser is uncertain "
                f"(standard error {error:.2g} nats). Use combination='mixture' or 'weighted', or "
                "fewer networks.",
            )

    def _settings(self, n_rows, is_validated):
        """What training takes from the parameters and the number of rows."""
        names = [name for name in _training.Settings.__dataclass_fields__ if name != "l1"]
        values = {name: getattr(self, name) for name in names}
        if self.batch_size == "auto":
            values["batch_size"] = _auto.batch_size(n_rows)
        if self.learning_rate_init == "auto":
            values["learning_rate_init"] = _auto.learning_rate(n_rows, self.n_features_in_)
        if self.n_iter_no_change == "auto":
            values["n_iter_no_change"] = _auto.n_iter_no_change(n_rows, self.n_features_in_)
        if self.alpha == "auto":
            values["alpha"] = 0.0
            if is_validated and self.n_masks == 1 and self.n_features_in_ > 1:
                values["l1"] = _auto.l1(n_rows)
        return _training.Settings(**values)

    def _keep(self, progresses, rng):
        """Set fitted attributes: arrays and plain values only."""
        density = self._density
        self._loss_curves = [progress.loss_curve for progress in progresses]
        self._next_seed = int(rng.integers(2**31))  # of a call to partial_fit
        self.conditionals_ = density.columns.conditionals
        self.atoms_ = density.columns.atoms
        self.orderings_ = density.orderings
        self.loss_curve_ = list(chain(*self._loss_curves))
        self.validation_curve_ = list(chain(*(p.validation_curve for p in progresses)))
        self.n_epochs_ = np.array([len(curve) for curve in self._loss_curves])
        self.n_iter_ = len(self.loss_curve_)
        best = [max(p.validation_curve) for p in progresses if p.validation_curve]
        self.best_validation_score_ = max(best) if best else None


def _shares_of_gaps(columns, rows):
    """Share of the cells of each column that are missing, where that is no outcome."""
    has_gaps = [column.gaps == "ignorable" for column in columns.columns]
    shares = np.zeros(len(has_gaps))
    for j, cells in enumerate(columns_of(rows.table) if any(has_gaps) else ()):
        if has_gaps[j]:
            shares[j] = np.average(np.isnan(cells), weights=rows.weights)
    return shares


def _warn_of_lost_dependencies(ordering, degrees, direct_connections, names):
    lost = lost_dependencies(degrees, len(ordering), direct_connections)
    if len(lost):
        after, before = (names[column] for column in ordering[lost[0]])
        warn(
            f"{len(lost)} of the {len(ordering) * (len(ordering) - 1) // 2} dependencies "
            f"between features are lost: no path leads, for one, from feature {before} to "
            f"the conditional of feature {after}. Give every hidden layer at least "
            f"{len(ordering) - 1} units, or set direct_connections=True."
        )


def _is_random(ordering):
    return isinstance(ordering, dict) or (isinstance(ordering, str) and ordering == "random")
