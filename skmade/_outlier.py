"""Novelty detection by the density of MADE."""

from collections.abc import Sequence
from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import OutlierMixin
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from skmade import _auto
from skmade._made import MADEDensity
from skmade._types import (
    Activation,
    Auto,
    Categorical,
    ColumnNames,
    Combination,
    Floats,
    HandleUnknown,
    Integers,
    MaskSampling,
    Missing,
    Ordering,
    Precision,
    RandomState,
    Rows,
    Sizes,
    Solver,
)


class MADEOutlierDetector(OutlierMixin, MADEDensity):
    """Novelty and outlier detection by exact log-densities.

    A row is an outlier if its log-density is below a threshold. The threshold is set on
    rows that were held out from training, so that about a given fraction of fresh normal
    rows is flagged; or, with a number for `contamination`, so that this fraction of the
    training rows is. Rows count by their weights.

    A log-density says how dense a region is, not how typical a row is of the table: in
    many dimensions a row in the very middle may have a density that no row of the table
    has.

    Parameters
    ----------
    hidden_layer_sizes : tuple of int or "auto", default="auto"
        Units per hidden layer: "auto" is (128, 128), but narrower where parameters would be too
        many. All parameters but the next two are those of `MADEDensity`.
        The defaults are for detection, not for likelihood: smooth densities of all numbers
        (`conditionals`, `atoms`, `input_noise` in place of `dropout`), and the product of the
        networks (`combination`). Also, what a real cell says about others no longer changes
        beyond 4 standard deviations of its column.
    contamination : "auto" or float in (0, 0.5], default="auto"
        Fraction of the training rows to flag. With "auto", `false_alarm_rate` decides.
    false_alarm_rate : float in (0, 1), default=0.05
        Fraction of fresh normal rows to flag, where `contamination` is "auto".
    trim : float in [0, 1), default=0.0
        Fraction of the training rows that are left out when the networks are trained a second
        time: those of lowest density after the first. For tables with anomalies among the
        rows to fit, which a density otherwise learns as well.
    activation, direct_connections, residual : see `MADEDensity`
    conditionals : "auto", str or sequence of str, default="auto"
        See `MADEDensity`; but "auto" is "gaussian_mixture" for all numbers that are no flags, on
        a lattice or not: its tails are the thinnest. Numbers of many sizes are seen through a map,
        as there.
    categorical_features : see `MADEDensity`
    handle_unknown : {"error", "rare"}, default="rare"
        See `MADEDensity`: a label that was not seen is strange, and no error.
    atoms : "auto", None or dict, default=None
        See `MADEDensity`: none but codes. An atom is as likely as it is frequent, however near
        other values are; whether a value is one says little about how strange its row is. Where
        leaving a spike is what is looked for, choose "auto".
    missing, n_components, ordering, targets, n_masks, mask_sampling : see `MADEDensity`
    n_estimators : int or "auto", default="auto"
        Networks with orderings of their own, which see each relation from several sides: 4, but
        fewer where parameters would be too many.
    combination : {"mixture", "weighted", "product"}, default="product"
        See `MADEDensity`: a row is as strange as the networks find it on average. In a mixture the
        one that finds it least strange decides.
    dropout : float, default=0.0
        See `MADEDensity`.
    input_noise : float, default=0.1
        Noise in training, in standard deviations of a column. It makes the density smooth
        on the scale on which anomalies differ from normal rows, where repeated or rounded
        values would put spikes. Relations that are narrower are blurred by it: where an end comes
        days after its start in a table of years, or a sum is that of its parts, 0 finds rows that
        break them.
    alpha : float, default=0.0
        See `MADEDensity`.
    dtype, solver, learning_rate_init, batch_size : see `MADEDensity`
    max_iter : int, default=2000
        Epochs, at most.
    tol : float, default=0.01
        See `MADEDensity`.
    n_iter_no_change : int, default=10
        See `MADEDensity`.
    early_stopping : see `MADEDensity`
    validation_fraction : float, default=0.2
        Fraction of the rows to hold out: one half tells training when to stop, the other
        half sets the threshold.
    warm_start, verbose, random_state, n_jobs : see `MADEDensity`

    Attributes
    ----------
    offset_ : float
        The threshold: ``decision_function(X) == score_samples(X) - offset_``. It may be
        set, and `calibrate` sets it anew.
    held_out_scores_ : ndarray of shape (n_held_out,)
        Sorted log-densities of held-out rows that played no part in training: half of
        those held out; the others tell training when to stop.
    held_out_weights_ : ndarray of shape (n_held_out,)
        Weights of these rows, of mean one.

    See Also
    --------
    MADEDensity : The density itself, with its parameters and attributes.

    Examples
    --------
    >>> import numpy as np
    >>> from skmade import MADEOutlierDetector
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(1000, 1))
    >>> X = np.hstack([x, x + 0.1 * rng.normal(size=(1000, 1))])
    >>> detector = MADEOutlierDetector(random_state=0).fit(X)
    >>> detector.predict([[1.0, 1.0], [1.0, -1.0]])
    array([ 1, -1])
    >>> usual, strange = detector.p_values([[1.0, 1.0], [1.0, -1.0]])
    >>> bool(usual > 0.05), bool(strange <= 0.05)
    (True, True)
    """

    _parameter_constraints: dict[str, list[Any]] = {
        **MADEDensity._parameter_constraints,
        "contamination": [StrOptions({"auto"}), Interval(Real, 0, 0.5, closed="right")],
        "false_alarm_rate": [Interval(Real, 0, 1, closed="neither")],
        "trim": [Interval(Real, 0, 1, closed="left")],
    }
    # Else an extreme cell explains others away, by relations that few rows or none have shown.
    _input_limit = 4.0
    # Else the few cells that are wild are nearly all that the loss is about.
    _target_limit = 30.0
    # Thin tails tell extremes from others, and noise makes spikes and rounded values smooth.
    _of_numbers = "gaussian_mixture"

    def __init__(
        self,
        hidden_layer_sizes: Sizes = "auto",
        *,
        contamination: float | Auto = "auto",
        false_alarm_rate: float = 0.05,
        trim: float = 0.0,
        activation: Activation = "relu",
        direct_connections: bool | Auto = "auto",
        residual: bool = False,
        conditionals: str | Sequence[str] = "auto",
        categorical_features: Categorical = "from_dtype",
        handle_unknown: HandleUnknown = "rare",
        atoms: Auto | dict[Any, Any] | None = None,
        missing: Missing = "ignorable",
        n_components: int | Auto = "auto",
        ordering: Ordering = "random",
        targets: ColumnNames = None,
        n_masks: int | None = 1,
        mask_sampling: MaskSampling = "both",
        n_estimators: int | Auto = "auto",
        combination: Combination = "product",
        dropout: float = 0.0,
        input_noise: float = 0.1,
        alpha: float | Auto = 0.0,
        dtype: Precision = "float32",
        solver: Solver = "adam",
        learning_rate_init: float = 0.003,
        batch_size: int | Auto = "auto",
        max_iter: int = 2000,
        tol: float = 1e-2,
        n_iter_no_change: int = 10,
        early_stopping: bool = True,
        validation_fraction: float = 0.2,
        warm_start: bool = False,
        verbose: bool = False,
        random_state: RandomState = None,
        n_jobs: int | None = None,
    ) -> None:
        super().__init__(
            hidden_layer_sizes,
            activation=activation,
            direct_connections=direct_connections,
            residual=residual,
            conditionals=conditionals,
            categorical_features=categorical_features,
            handle_unknown=handle_unknown,
            atoms=atoms,
            missing=missing,
            n_components=n_components,
            ordering=ordering,
            targets=targets,
            n_masks=n_masks,
            mask_sampling=mask_sampling,
            n_estimators=n_estimators,
            combination=combination,
            dropout=dropout,
            input_noise=input_noise,
            alpha=alpha,
            dtype=dtype,
            solver=solver,
            learning_rate_init=learning_rate_init,
            batch_size=batch_size,
            max_iter=max_iter,
            tol=tol,
            n_iter_no_change=n_iter_no_change,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            warm_start=warm_start,
            verbose=verbose,
            random_state=random_state,
            n_jobs=n_jobs,
        )
        self.contamination = contamination
        self.false_alarm_rate = false_alarm_rate
        self.trim = trim

    def _auto_networks(self, n_rows, n_columns, n_parameters):
        return _auto.n_networks(n_rows, n_columns, n_parameters, most=4, rows_seen=np.inf)

    def _auto_components(self, n_rows, n_columns):
        return _auto.components(n_rows, n_columns, more_of_few_columns=False)

    def _auto_sizes(self, n_rows, is_discrete):
        return [128, 128]

    def _fit(self, X, sample_weight, X_val, callbacks, columns=None):
        is_over = super()._fit(X, sample_weight, X_val, callbacks, columns)
        if self.trim > 0 and not is_over:  # scales and levels stay those of all rows
            weights = self._weights_without_the_least_dense(X, sample_weight)
            super()._fit(X, weights, X_val, callbacks, self._density.columns)

    @property
    def _n_rounds(self):
        return 1 + (self.trim > 0)

    def _settle(self, X, sample_weight):
        """Set the threshold by rows that were held out for it."""
        rows = self._calibration
        table, extras = rows.table, rows.extras
        if not rows.are_fresh:
            table, extras = self._density.columns.as_fresh(table, extras)
        scores = self._density.ensemble.score_all(table, self.n_jobs)
        scores += self._density.columns.offset
        self._hold_out(scores + extras, rows.weights)
        self.calibrate(X, sample_weight)
        del self._calibration

    def _weights_without_the_least_dense(self, X, sample_weight):
        """Weights that are zero for the share of rows to trim."""
        scores, kept, weights = self._scores_of_present(X, sample_weight)
        order = np.argsort(scores, kind="stable")
        cumulated = np.cumsum(kept[order])
        trimmed = cumulated <= self.trim * cumulated[-1] * (1 + 1e-12)
        weights[np.flatnonzero(weights)[order[trimmed]]] = 0
        if np.count_nonzero(weights) < 2:
            raise ValueError(
                f"trim={self.trim} leaves fewer than two of {len(scores)} rows to train on; lower "
                "it."
            )
        return weights

    def _partial_fit(self, X, sample_weight):
        """The rows of a pass are scored before it, and the threshold is set on these scores."""
        scored = None
        if self.__sklearn_is_fitted__():
            scored = self._scores_of_present(X, sample_weight)
        super()._partial_fit(X, sample_weight)
        scores, weights, _ = scored or self._scores_of_present(X, sample_weight)
        self._hold_out(scores, weights)
        return self.calibrate(X, sample_weight)

    def _hold_out(self, scores, weights):
        """Keep scores of held-out rows, sorted, and their weights, of mean one."""
        order = np.argsort(scores, kind="stable")
        self.held_out_scores_ = scores[order]
        self.held_out_weights_ = weights[order] / weights[order].mean()

    def _split(self, rows, given, rng):
        """Half of the held-out rows are kept for the threshold."""
        training, held_out = super()._split(rows, given, rng)
        if held_out is None:
            self._calibration = training
            return training, None
        order = rng.permutation(len(held_out.table))
        halves = order[: len(order) // 2], order[len(order) // 2 :]
        first, second = (held_out.part(np.sort(half)) for half in halves)
        self._calibration = second
        return training, first if len(first.table) else second

    def calibrate(self, X: Rows | None = None, sample_weight: ArrayLike | None = None) -> Self:
        """Set the threshold anew, without refitting.

        After a change of `contamination` or `false_alarm_rate` by `set_params`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features), default=None
            Rows of which a fraction `contamination` is to be flagged; not needed with
            "auto", where the held-out scores of `fit` decide.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows of X: the fraction is one of weight.

        Returns
        -------
        self

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If `contamination` is a number and there are no rows.
        """
        check_is_fitted(self)
        self._validate_params()
        if self.contamination == "auto":
            self.offset_ = _threshold(
                self.held_out_scores_, self.held_out_weights_, self.false_alarm_rate
            )
        elif X is None:
            raise ValueError(
                "With a number for contamination, pass the rows of which that share is to be "
                "flagged to calibrate; or set contamination='auto'."
            )
        else:
            scores, weights, _ = self._scores_of_present(X, sample_weight)
            self.offset_ = _quantile(scores, weights, self.contamination)
        return self

    def decision_function(self, X: Rows) -> Floats:
        """Log-density above the threshold: negative for outliers.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,), float64
            ``score_samples(X) - offset_``, in nats.

        Raises
        ------
        NotFittedError, ValueError
            As `score_samples`.
        """
        return self.score_samples(X) - self.offset_

    def predict(self, X: Rows) -> Integers:
        """Whether rows are outliers.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,), int
            -1 for outliers, 1 for all others.

        Raises
        ------
        NotFittedError, ValueError
            As `score_samples`.
        """
        return np.where(self.decision_function(X) < 0, -1, 1)

    def p_values(self, X: Rows) -> Floats:
        """Conformal p-values: small for outliers, uniform on fresh normal rows or larger.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,), float64
            ``(1 + #{held-out scores <= s}) / (n_held_out + 1)`` for a row of score s; never 0.
            Held-out rows count by their weights, of mean one.

        Raises
        ------
        NotFittedError, ValueError
            As `score_samples`.
        """
        check_is_fitted(self)
        cumulated = np.append(0.0, np.cumsum(self.held_out_weights_))
        below = np.searchsorted(self.held_out_scores_, self.score_samples(X), side="right")
        p_values = (1 + cumulated[below]) / (len(self.held_out_scores_) + 1)
        return np.minimum(p_values, 1.0)  # which sums of weights may pass in the last bit


def _threshold(scores, weights, rate):
    """The score below which p-values are at most `rate`, or come nearest to it.

    A row below the k-th lowest of n sorted scores has a p-value of at most ``k / (n + 1)``, one
    that ties with it a higher one. Where ``rate * (n + 1)`` is no whole number, the k nearest to it
    counts. Where there are too few scores, the lowest is extrapolated as if the lower tail were
    exponential.
    """
    place = rate * (len(scores) + 1)
    if place >= 0.5:
        places = 1 + np.cumsum(weights) - weights  # 1, 2, ... for equal weights
        return float(scores[np.argmin(abs(places - place))])
    spread = (np.median(scores) - scores[0]) / max(np.log(len(scores)), 1.0)
    return float(scores[0] - spread * np.log(1 / place))


def _quantile(scores, weights, share):
    """The score below which a share of the weight lies; of equal weights NumPy's percentile."""
    order = np.argsort(scores, kind="stable")
    order = order[weights[order] > 0]
    cumulated = np.cumsum(weights[order]) / weights[order].mean()
    return float(np.interp(share * (len(order) - 1) + 1, cumulated, scores[order]))
