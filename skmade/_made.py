"""The estimator: density estimation by a masked autoencoder."""

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, DensityMixin
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from skmade import _combination, _progress
from skmade._arguments import checked_weights, to_generator, whole_table
from skmade._columns import Table
from skmade._families import FAMILY_NAMES
from skmade._fitted import FittedDensity
from skmade._fitting import FittingMixin
from skmade._kernels._constants import ACTIVATIONS, SOLVERS
from skmade._sklearn import (
    CallbackSupportMixin,
    callback_context,
    fit_context,
    unchanged_on_error,
)
from skmade._sparse import dense
from skmade._types import (
    Activation,
    Auto,
    Categorical,
    ColumnNames,
    Combination,
    Floats,
    HandleUnknown,
    MaskSampling,
    Missing,
    Ordering,
    Precision,
    RandomState,
    Rows,
    RowsOrCall,
    Seed,
    Sizes,
    Solver,
)
from skmade._warnings import warn

# Draws that were chosen from fewer independent ones are warned of, in more than this share of rows.
_LEAST_WORTH, _STRAY_ROWS = 4, 0.01
# Scores given some columns with a larger standard error are warned of.
_LARGEST_SCORE_ERROR = 0.1


class MADEDensity(CallbackSupportMixin, FittingMixin, DensityMixin, BaseEstimator):
    """Exact log-densities of tables by MADE, the masked autoencoder for distribution estimation.

    The density is a product of conditionals, one per feature, in some ordering of the
    features,

        ``log p(x) = sum_d log p(x_d | features before d)``,

    and one feed-forward network computes the parameters of all conditionals at once:
    masks cut every path from an input to the outputs at or before it [1]_.

    - Flags have Bernoulli conditionals, categories a softmax, counts a discretised mixture of
      logistics, other real columns a mixture of Gaussians; see `conditionals`.
    - What a column is follows from its own dtype and values, and draws come back in its dtype.
    - Real columns are standardised inside, after a map like a logarithm where their numbers are of
      many sizes. Log-densities are in nats and in the units of X, so they change when a column is
      rescaled and may be positive; for discrete columns they are log-probabilities.
    - Sparse matrices of SciPy give the same bits as their `toarray()`, which is never made.
    - Scoring costs one pass through the network, sampling costs one pass, too.

    Parameters
    ----------
    hidden_layer_sizes : tuple of int or "auto", default="auto"
        Units per hidden layer. ``()`` leaves the direct connections alone, and without
        these independent columns. "auto" is two layers of 256, or of 128 for up to 6
        columns and fewer than 10,000 rows; but one of 500 for a table of flags and categories with
        fewer than 15 rows for each column, which a second layer fits too closely, or with more
        than 256 columns, for which 256 units are too few. (In `partial_fit`, rows count as many.)
    activation : {"relu", "tanh", "logistic", "softplus", "elu"}, default="relu"
        Activation of the hidden units.
    direct_connections : bool or "auto", default="auto"
        Masked weights from inputs to outputs, inside the output's link. "auto" leaves them out
        only where parameters would be too many (see `n_estimators`) and hidden layers keep all
        dependencies without them.
    residual : bool, default=False
        Hidden layers, which must then be of equal width, share their degrees and add to
        their input.
    conditionals : {"auto", "bernoulli", "categorical", "gaussian", "gaussian_mixture", \
            "logistic_mixture", "negative_binomial"} or sequence of these, one per feature, \
            default="auto"
        Family of p(x_d given the features before d). "auto" looks at the column's own dtype and
        values: it takes "categorical" for text and categories (and for constants), "bernoulli"
        for flags and for numbers with two values, "logistic_mixture" for integers and rounded
        numbers with ties, if their step is above a two-hundredth of their scale, and for columns
        with a sharp end, and "gaussian_mixture" for all others. Moments and spans of time are
        numbers here. "negative_binomial" takes counts, whole numbers from 0 on; "auto" does not
        choose it.
        "logistic_mixture" gives values on a lattice the probability of their cell, divided
        by its width: narrow components on frequent values cannot raise a density above
        that. "negative_binomial", a mixture of these distributions, is for counts: whole
        numbers from 0 on.
    categorical_features : "from_dtype", None, or array-like of bool, int or str, \
            default="from_dtype"
        Columns that are categorical whatever `conditionals` says: a mask, names, or positions
        (which integers always are here). Then they are all that have labels, and text is to be
        named, too. "from_dtype" leaves it to "auto".
    handle_unknown : {"error", "rare"}, default="error"
        What to do with a label that was not seen in `fit` and is no level of the column's dtype:
        an error that names the column, or give all such labels together the probability
        ``(N1 + 1/2) / (N + 1)`` after N rows with N1 labels that occur once, by Good and
        Turing's estimate; known labels share the rest.
    atoms : "auto", None or dict, default="auto"
        Values of columns of numbers or moments that have a probability of their own, beside the
        density of the others: a dict from names of columns (or positions, in an array) to
        values; columns that it does not name are "auto". "auto" takes values that occur more
        than twice as often as their neighbourhood explains, in both halves of the rows (the rule
        is in `skmade._columns._atoms`); see `atoms_`. None takes codes only, such as -9999: values
        that repeat, far from all others. On a lattice, atoms and other values have the units of a
        cell; elsewhere scores of atoms are log-probabilities, but with None those of densities
        over one standard deviation, as strange as codes are rare in any unit. Of moments in a time
        zone, they are moments of UTC.
    missing : {"ignorable", "informative"}, default="ignorable"
        Missing cells (NaN, None, NA, NaT) are left out: training uses the cells that are there,
        conditionals see which of the features before are missing, the score of a row is the
        log-density of its other cells, and draws are complete. Or being missing is an outcome of
        a column that had missing cells in `fit`, which is learnt, scored and drawn.
    n_components : int or "auto", default="auto"
        Components of mixtures. "auto" is 10, or 20 of one or two columns, but 5 of fewer than
        4,000 rows if these are fewer than 100 for each column, and fewer where parameters would
        be too many (see `n_estimators`).
    ordering : {"random", "natural", "auto"} or permutation of the features, default="random"
        The first feature of a permutation comes first. "auto" has `targets` last, and random
        orderings before them and among them. Features with more missing cells come later in
        random orderings, if their shares differ by a tenth of the rows.
    targets : sequence of str or int, or one of these, default=None
        Names or positions of columns that will be asked for given all others, for
        ``ordering="auto"``: then `sample_conditional` and ``score_samples(X, given=others)`` are
        exact and fast.
    n_masks : int or None, default=1
        Draws of (ordering, connectivity) that one network with shared weights cycles
        through, a new one each mini-batch. None: a fresh draw each mini-batch (order- and
        connectivity-agnostic training). Densities are averaged over the draws, with None
        over 32 fresh ones.
    mask_sampling : {"both", "ordering", "connectivity"}, default="both"
        What a draw changes. An `ordering` that is given stays as it is.
    n_estimators : int or "auto", default="auto"
        Networks, each with masks of its own. "auto" takes as many as see 32,000 rows together,
        from 1 to 5: averaging makes up for few rows, and training costs no more than on a large
        table. (With `n_masks`, and in `partial_fit`, it takes one.) Where there are held-out
        rows, the second network begins otherwise than the first, and the others do as the better
        of these. If the `combination` is a mixture, "auto" stops after two that say the same, up
        to .05 nats of a held-out row, and leaves the worse of the two out if held-out rows are
        likelier so. All networks together have at most 8 million parameters by default, or 100
        for each cell of the table.
    combination : {"mixture", "weighted", "product"}, default="mixture"
        How the densities of several draws and networks are combined: their mean, a mean
        with weights learnt by EM on the held-out rows, or their geometric mean, normalised
        by a constant that is estimated from 4,000 to 60,000 draws.
    dropout : float, default=0.2
        Probability with which a hidden unit is left out in training; but of the steps after the
        first cut of `learning_rate_init` none is, if held-out rows judge them.
    input_noise : float, default=0.0
        Standard deviation of Gaussian noise added in training to standardised real
        columns, as inputs and as targets.
    alpha : float or "auto", default="auto"
        L2 penalty: ``alpha / 2`` times the sum of squared weights is added to the mean
        negative log-density. "auto" gives weights a Laplace prior in its place, which keeps
        them at 0 where the rows do not speak for them: ``c / n`` times the sum of their
        absolute values, for n training rows, where c is 1/16 at first, then 1/4, 1, 4 and 16;
        held-out rows choose among these. It is 0 where no rows are held out (in `partial_fit`,
        too), of one column, and where many draws of masks, `n_masks`, keep weights from
        fitting rows too closely.
    dtype : {"float32", "float64"}, default="float32"
        Of the network. Log-densities are summed and returned in float64 either way.
    solver : {"adam", "adagrad", "adadelta", "sgd"}, default="adam"
        "sgd" uses Nesterov's momentum of 0.9.
    learning_rate_init : float or "auto", default="auto"
        Step size. It is multiplied by 0.3, twice, where the score no longer rises. "auto" is
        0.003, but up to twice that for fewer than 1,024 training rows, which make few steps an
        epoch, and 0.02 for one column, which has biases alone. (For "adadelta" the usual value is
        1.)
    batch_size : int or "auto", default="auto"
        Rows of a mini-batch, at most. "auto" is 112, but fewer for fewer than 3,100 rows, down
        to 16: an epoch of 32 steps or so is enough to be judged by. With more than 112,000 rows
        it is a thousandth of them, up to 1,000.
    max_iter : int, default=500
        Epochs, at most.
    tol : float, default=1e-3
        An epoch improves on the best one if its score is higher by this many nats.
    n_iter_no_change : int or "auto", default="auto"
        Epochs without improvement after which training goes on otherwise: anew at lines, where
        these are better, with a stronger prior (see `alpha`), then with steps that are cut. After
        a cut, half as many are waited for; after the second cut, training ends then. "auto" is 4,
        but up to twice as many for fewer than 1,024 training rows, and up to three times as many
        for fewer than 6 columns.
    early_stopping : bool, default=True
        Judge by rows that are held out from training. Otherwise the training loss judges.
        The network with the best score is kept in either case.
    validation_fraction : float, default=0.1
        Fraction of the rows to hold out.
    warm_start : bool, default=False
        Start `fit` from the parameters of the previous call; ordering, masks, scaling and
        categories then stay as they were.
    verbose : int or bool, default=False
        1 (or True) draws a bar for each network, with the loss, the held-out score and the time
        that is left at most, where the output is a terminal and rich is installed; else, and with
        2, a line is printed after each epoch, and some within long ones. `partial_fit` prints
        lines. On such a terminal 1 also draws a bar of rows that are scored, drawn or filled in,
        where these take long.
    random_state : int, RandomState instance or None, default=None
        Determines ordering, masks, initial weights, the held-out rows, the batches and
        the noise.
    n_jobs : int or None, default=None
        Threads that train and score. Results are the same bits for every number. Where
        `joblib.parallel_config` says so, several networks train in other processes instead, or on
        a cluster, to the same bits; None stands for its number of jobs.

    Attributes
    ----------
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X had names that are all strings.
    n_iter_ : int
        Epochs that were run, by all networks together.
    n_epochs_ : ndarray of shape (n_estimators,)
        Epochs that each network ran: where to cut the curves. (Of networks that are kept, here
        and below.)
    loss_curve_ : list of float
        Mean negative log-density of the training rows, in nats, by epoch; of several
        networks one after the other.
    validation_curve_ : list of float
        Mean log-density of the held-out rows, in nats, by epoch; empty without any. The best
        of each network is that of the network as it is kept.
    best_validation_score_ : float or None
        The highest of them.
    orderings_ : ndarray of shape (n_estimators * n_masks, n_features)
        The orderings: the first feature to be generated comes first.
    combination_weights_ : ndarray of shape (n_estimators * n_masks,)
        Weights of the densities; equal but for "weighted".
    log_normalizer_, log_normalizer_se_ : float
        Logarithm of the constant of a "product", and its standard error. Its exponential
        is also the fraction of the mixture's draws that are kept in sampling.
    conditionals_ : list of str
        Family of each feature.
    atoms_ : dict
        Atoms of each column of numbers or moments, by its name, or its position in an array.

    References
    ----------
    .. [1] M. Germain, K. Gregor, I. Murray, H. Larochelle. MADE: Masked Autoencoder for
       Distribution Estimation. ICML 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from skmade import MADEDensity
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(2000, 1))
    >>> X = np.hstack([x, x**2 + 0.1 * rng.normal(size=(2000, 1))])
    >>> model = MADEDensity(random_state=0).fit(X)
    >>> usual, strange = model.score_samples([[1.0, 1.0], [1.0, 3.0]])
    >>> bool(usual > -1), bool(strange < -7)
    (True, True)
    >>> model.sample(3, random_state=0).shape
    (3, 2)
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "hidden_layer_sizes": [
            "array-like",
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "direct_connections": [StrOptions({"auto"}), "boolean"],
        "residual": ["boolean"],
        "conditionals": [StrOptions({"auto", *FAMILY_NAMES}), "array-like"],
        "categorical_features": [StrOptions({"from_dtype"}), "array-like", None],
        "handle_unknown": [StrOptions({"error", "rare"})],
        "atoms": [StrOptions({"auto"}), dict, None],
        "missing": [StrOptions({"ignorable", "informative"})],
        "n_components": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "ordering": [StrOptions({"random", "natural", "auto"}), "array-like"],
        "targets": ["array-like", str, Integral, None],
        "n_masks": [Interval(Integral, 1, None, closed="left"), None],
        "mask_sampling": [StrOptions({"both", "ordering", "connectivity"})],
        "n_estimators": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "combination": [StrOptions({"mixture", "weighted", "product"})],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "input_noise": [Interval(Real, 0, None, closed="left")],
        "alpha": [StrOptions({"auto"}), Interval(Real, 0, None, closed="left")],
        "dtype": [StrOptions({"float32", "float64"})],
        "solver": [StrOptions(set(SOLVERS))],
        "learning_rate_init": [StrOptions({"auto"}), Interval(Real, 0, None, closed="neither")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "n_iter_no_change": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "warm_start": ["boolean"],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        hidden_layer_sizes: Sizes = "auto",
        *,
        activation: Activation = "relu",
        direct_connections: bool | Auto = "auto",
        residual: bool = False,
        conditionals: str | Sequence[str] = "auto",
        categorical_features: Categorical = "from_dtype",
        handle_unknown: HandleUnknown = "error",
        atoms: Auto | dict[Any, Any] | None = "auto",
        missing: Missing = "ignorable",
        n_components: int | Auto = "auto",
        ordering: Ordering = "random",
        targets: ColumnNames = None,
        n_masks: int | None = 1,
        mask_sampling: MaskSampling = "both",
        n_estimators: int | Auto = "auto",
        combination: Combination = "mixture",
        dropout: float = 0.2,
        input_noise: float = 0.0,
        alpha: float | Auto = "auto",
        dtype: Precision = "float32",
        solver: Solver = "adam",
        learning_rate_init: float | Auto = "auto",
        batch_size: int | Auto = "auto",
        max_iter: int = 500,
        tol: float = 1e-3,
        n_iter_no_change: int | Auto = "auto",
        early_stopping: bool = True,
        validation_fraction: float = 0.1,
        warm_start: bool = False,
        verbose: bool = False,
        random_state: RandomState = None,
        n_jobs: int | None = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.direct_connections = direct_connections
        self.residual = residual
        self.conditionals = conditionals
        self.categorical_features = categorical_features
        self.handle_unknown = handle_unknown
        self.atoms = atoms
        self.missing = missing
        self.n_components = n_components
        self.ordering = ordering
        self.targets = targets
        self.n_masks = n_masks
        self.mask_sampling = mask_sampling
        self.n_estimators = n_estimators
        self.combination = combination
        self.dropout = dropout
        self.input_noise = input_noise
        self.alpha = alpha
        self.dtype = dtype
        self.solver = solver
        self.learning_rate_init = learning_rate_init
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.warm_start = warm_start
        self.verbose = verbose
        self.random_state = random_state
        self.n_jobs = n_jobs

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        return tags

    def __sklearn_is_fitted__(self):
        # (scikit-learn's own search for attributes takes long beside the score of a row)
        return hasattr(self, "_density")

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Rows,
        y: object = None,
        sample_weight: ArrayLike | None = None,
        X_val: RowsOrCall | None = None,
    ) -> Self:
        """Fit the network to the rows of X.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows; only their ratios matter. A row of weight zero, or below 1e-30 of
            the largest, is left out. The held-out rows keep their weights.
        X_val : {array-like, sparse matrix} of shape (n_validation, n_features), or callable \
                that returns one, default=None
            Rows to judge by, in place of a fraction of X. Implies early stopping. A function
            is called without arguments; it goes through cross-validation whole, see Notes.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For infinite values, columns without a value, fewer than two rows, values that a
            column's conditional does not admit, and parameters that do not fit together.

        Warns
        -----
        ConvergenceWarning
            If `max_iter` ended the training, or steps were so long that it diverged.
        UserWarning
            If hidden layers are so narrow that an output loses predecessors.

        Notes
        -----
        scikit-learn's cross-validation takes an argument with as many rows as X for one that has a
        value for each row of X, and hands on the part of it that belongs to the fold. Where
        metadata is routed, an `X_val` with as many rows as X is therefore refused: give
        ``lambda: X_val``, or leave out a row.
        """
        callbacks = _progress.Callbacks.of(self, callback_context(self), X, y, sample_weight)
        with unchanged_on_error(self):
            self._fit(X, sample_weight, whole_table(X_val, X), callbacks)
            self._settle(X, sample_weight)
            callbacks.end()
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: Rows, y: object = None, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Go once over the rows of X, in mini-batches.

        The first call sets ordering, masks, scaling, atoms and categories; they stay as they are.
        It takes no ends of columns for bounds but 0 and atoms, as later rows may be beyond.
        No rows are held out, and the step is not cut. Weights of a "weighted" combination
        are learnt from the rows before they are passed over (equal in the first call).

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, relative to each other.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            As `fit`; also for categories that the first call did not see, and where the
            pass ends in numbers that are not finite (the network is then unchanged).
        """
        with unchanged_on_error(self):
            return self._partial_fit(X, sample_weight)

    def score_samples(self, X: Rows, given: ColumnNames = None) -> Floats:
        """Log-density of each row, or of its other columns given some.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        given : sequence of str or int, or one of these, default=None
            Names or positions of columns to condition on: the score is then
            ``log p(other columns | given ones)``. It is exact where orderings of the model have
            these first, and for ``n_masks=None``; elsewhere the density of the given columns is
            estimated by importance sampling.

        Returns
        -------
        ndarray of shape (n_samples,), float64
            In nats, in the units of X: the log-density of the real columns times the
            probability of the discrete ones and of atoms; of observed cells, where some are
            missing. A row's value is the same bits in any batch, in any order and for any
            `n_jobs`.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            For infinite values, a wrong number of columns, values that the conditionals
            do not admit, and for columns in `given` that there are not, or twice.

        Warns
        -----
        UserWarning
            If a score given some columns has a standard error above 0.1, and if cells are missing
            in a column that had no missing cells in `fit`, and is not the last one: conditionals
            after it take its mean in place of the cell.
        """
        check_is_fitted(self)
        is_given = self._density.columns.mask_of(given, "given")
        if not is_given.any():
            return self._score(X)[0]
        table = Table.read(self, X, reset=False)
        _warn_of_unlearnt_gaps(self._density, table)
        with self._counting("Scoring", len(table)) as count:
            scores, errors = self._density.score_given(table, is_given, self.n_jobs, count)
        _warn_of_inexact_scores(errors)
        return scores

    def score_features(self, X: Rows) -> Floats:
        """How much each feature adds to the log-density of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_features), float64
            ``log p(x_d | features before d)`` in nats, columns as in X; 0 for missing cells. Rows
            sum to `score_samples`. The contributions depend on the ordering (`orderings_`): a
            fault that shows in the relation of two features is charged to the later one.

        Raises
        ------
        NotFittedError, ValueError
            As `score_samples`.
        """
        return self._score(X, with_contributions=True)[1]

    def score(self, X: Rows, y: object = None, sample_weight: ArrayLike | None = None) -> float:
        """Mean log-density of the rows, in nats: higher is better.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Rows of weight 0 count as absent.

        Returns
        -------
        float

        Raises
        ------
        NotFittedError, ValueError
            As `score_samples`.
        """
        if sample_weight is None:
            return float(np.mean(self.score_samples(X)))
        check_is_fitted(self)
        scores, weights, _ = self._scores_of_present(X, sample_weight)
        return float(np.average(scores, weights=weights))

    def sample(self, n_samples: int = 1, random_state: Seed = None) -> Any:
        """Draw independent rows from the fitted density.

        Ancestral sampling: features are drawn one after the other, and each hidden unit
        is computed once, as soon as the features it sees are known.

        Parameters
        ----------
        n_samples : int, default=1
        random_state : int, RandomState or Generator instance, or None, default=None

        Returns
        -------
        ndarray or DataFrame of shape (n_samples, n_features)
            Columns as in X, in its dtypes; an array where `fit` was given a sparse matrix.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If `n_samples` is not a positive integer.
        """
        check_is_fitted(self)
        if not isinstance(n_samples, Integral) or isinstance(n_samples, bool) or n_samples < 1:
            raise ValueError(f"n_samples must be a positive integer; got {n_samples!r}.")
        self._check_acceptance()
        rng = to_generator(random_state)
        with self._counting("Drawing", n_samples) as count:
            return self._density.sample(n_samples, rng, self.n_jobs, count)

    def sample_conditional(self, X: Rows, random_state: Seed = None) -> Any:
        """Draw missing cells given the other cells of their row.

        Exact where the orderings of the model have a row's known features first, and for
        ``n_masks=None``, where such orderings are made. Elsewhere a row is chosen from particles
        by sequential importance resampling: they are drawn in the ordering that fits the row
        best, weighted by known cells as these are passed, and resampled. Their number doubles
        until they are worth several independent draws, up to some thousands.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            NaN (or None) marks what is missing.
        random_state : int, RandomState or Generator instance, or None, default=None

        Returns
        -------
        ndarray or DataFrame of shape (n_samples, n_features)
            A copy of X without missing cells; the others are the same bit for bit. (Of a sparse
            matrix an array.)

        Raises
        ------
        NotFittedError, ValueError
            As `score_samples`.

        Warns
        -----
        UserWarning
            If the particles of more than 1 % of the rows are worth fewer than four independent
            draws each.
        """
        check_is_fitted(self)
        table = Table.read(self, dense(X), reset=False)
        rng = to_generator(random_state)
        with self._counting("Filling in", len(table)) as count:
            filled, worth = self._density.fill(table, rng, self.n_jobs, count=count)
        warn_of_poor_draws(worth)
        return filled

    def __getstate__(self):
        """Arrays and plain values only."""
        state = super().__getstate__()
        if "_density" in state:
            state = {**state, "_density": state["_density"].state()}
            del state["atoms_"]  # which columns tell, and whose keys need not be plain values
        return state

    def __setstate__(self, state):
        if "_density" in state:
            density = FittedDensity.from_state(state["_density"])
            state = {**state, "_density": density, "atoms_": density.columns.atoms}
        super().__setstate__(state)

    def _check_acceptance(self):
        acceptance = np.exp(self._density.log_normalizer)
        if acceptance < _combination.LEAST_ACCEPTANCE:
            raise ValueError(
                f"Only a share of {acceptance:.2g} of draws from the networks' mixture would be "
                "kept as draws from their product, too few to sample it. Fit with "
                "combination='mixture' or 'weighted', or with fewer networks."
            )

    def _scores_of_present(self, X, sample_weight):
        """Scores of rows with a weight above zero, their weights, and those of all rows."""
        table = Table.read(self, X, reset=False)
        weights = checked_weights(sample_weight, len(table))
        is_present = weights > 0
        present = table.rows(is_present)
        _warn_of_unlearnt_gaps(self._density, present)
        scores, _ = self._density.score(present, self.n_jobs)
        return scores, weights[is_present], weights

    def _score(self, X, with_contributions=False):
        """Log-densities, and if asked for what each feature adds to them."""
        check_is_fitted(self)
        table = Table.read(self, X, reset=False)
        _warn_of_unlearnt_gaps(self._density, table)
        with self._counting("Scoring", len(table)) as count:
            return self._density.score(table, self.n_jobs, with_contributions, count)

    def _counting(self, what, n_rows):
        """A bar of so many rows, where it is asked for; see `skmade._progress.counting`."""
        return _progress.counting(what, n_rows, self.verbose)


def _warn_of_unlearnt_gaps(density, table):
    """Warn of missing cells in columns that had none in `fit`."""
    counts = density.unlearnt_gaps(table)
    if counts.any():
        most, n_others = counts.argmax(), np.count_nonzero(counts) - 1
        others = f" (and {n_others} more)" if n_others else ""
        warn(
            f"Column {density.columns.columns[most].label}{others} is missing in {counts[most]} of "
            f"{len(table)} rows, but was in none in fit: their scores are approximate, as what "
            "other columns are given it has been learnt with it alone. Fit on rows with such gaps, "
            "or fill them in by sample_conditional."
        )


def _warn_of_inexact_scores(errors):
    """Warn of standard errors that are large."""
    poor = errors > _LARGEST_SCORE_ERROR
    if poor.any():
        warn(
            f"Scores given these columns are estimates in {poor.sum()} of {len(errors)} rows: "
            f"their standard error is {errors.max():.2g} nats where it is worst, because these "
            "columns come late in the orderings. Fit with n_masks=None, or with an ordering that "
            "has them first."
        )


def warn_of_poor_draws(worth):
    """Warn where draws of missing cells were chosen from few, in more than some stray rows."""
    poor = worth < _LEAST_WORTH
    if poor.mean() > _STRAY_ROWS:
        warn(
            f"Draws of missing cells are approximate in {poor.sum()} of {len(worth)} rows: they "
            f"are chosen from particles that are worth {worth.min():.1f} independent draws where "
            "it is worst, because known features come late in the orderings. Fit with "
            "n_masks=None, or with an ordering that has known features first."
        )
