"""The estimator: density estimation by a masked autoencoder."""

import contextlib
import warnings
from collections import Counter
from dataclasses import replace
from itertools import chain
from numbers import Integral, Real

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator, DensityMixin, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_sample_weight, check_is_fitted

from skmade import _training
from skmade._columns import Columns, choose_conditionals
from skmade._ensemble import Ensemble
from skmade._families import FAMILY_NAMES
from skmade._frames import describe, fill_frame, is_categorical, library_of, make_frame
from skmade._kernels._constants import ACTIVATIONS, SOLVERS
from skmade._masks import draw_degrees, lost_dependencies
from skmade._network import Architecture, Network
from skmade._orderings import make_ordering
from skmade._sampling import known_first
from skmade._shared import MaskSampler, SharedNetwork
from skmade._sklearn import column_mask, feature_labels, is_missing, validate_rows
from skmade._threads import map_chunks

# Draws of masks that are averaged in scoring where each mini-batch had its own.
_FRESH_DRAWS = 32
# As many are made to fill in missing cells.
_FILLING_DRAWS = 8
# Rows that several networks of n_estimators="auto" see together, at most.
_ROWS_SEEN = 32_000
# With fewer rows for each column, a second hidden layer fits flags too closely.
_ROWS_FOR_TWO_LAYERS = 15
# An epoch has so many steps, if batches of the sizes allowed make it.
_STEPS_PER_EPOCH, _BATCH_SIZES = 32, (16, 100)
# What our random numbers of a seed differ by from others'.
_STREAM = 2015
# A product of which less than this share of the mixture's draws is kept cannot be sampled.
_LEAST_ACCEPTANCE = 1e-3
# A normaliser with a larger standard error (of its logarithm) is warned of.
_LARGEST_ERROR = 0.05


class MADEDensity(DensityMixin, BaseEstimator):
    """Exact log-densities of tables by MADE, the masked autoencoder for distribution estimation.

    The density is a product of conditionals, one per feature, in some ordering of the
    features,

        ``log p(x) = sum_d log p(x_d | features before d)``,

    and one feed-forward network computes the parameters of all conditionals at once:
    masks cut every path from an input to the outputs at or before it [1]_.

    - Flags (0 and 1) have Bernoulli conditionals, categories a softmax, real columns a
      mixture of Gaussians; see `conditionals`.
    - Real columns are standardised inside. Log-densities are in nats and in the units of
      X, so they change when a column is rescaled and may be positive; for discrete
      columns they are log-probabilities.
    - Scoring costs one pass through the network, sampling costs one pass, too.

    Parameters
    ----------
    hidden_layer_sizes : tuple of int or "auto", default="auto"
        Units per hidden layer. ``()`` leaves the direct connections alone, and without
        these independent columns. "auto" is two layers of 256; but one of 500 for a table of
        flags and categories with fewer than 15 rows for each column, which a second layer
        fits too closely, or with more than 256 columns, for which 256 units are too few.
    activation : {"relu", "tanh", "logistic", "softplus", "elu"}, default="relu"
        Activation of the hidden units.
    direct_connections : bool, default=True
        Masked weights from inputs to outputs, inside the output's link.
    residual : bool, default=False
        Hidden layers, which must then be of equal width, share their degrees and add to
        their input.
    conditionals : {"auto", "bernoulli", "categorical", "gaussian", "gaussian_mixture", \
            "logistic_mixture", "negative_binomial"} or sequence of these, one per feature, \
            default="auto"
        Family of p(x_d given the features before d). "auto" takes "categorical" for
        columns of text or of a categorical dtype, "bernoulli" for columns that hold only 0
        and 1, "logistic_mixture" for integers and rounded numbers with ties, if their
        step is above a two-hundredth of their scale, "gaussian_mixture" for all others.
        "logistic_mixture" gives values on a lattice the probability of their cell, divided
        by its width: narrow components on frequent values cannot raise a density above
        that. "negative_binomial", a mixture of these distributions, is for counts: whole
        numbers from 0 on.
    categorical_features : "from_dtype", None, or array-like of bool, int or str, \
            default="from_dtype"
        Columns that are categorical whatever `conditionals` says: a mask, indices or names.
        "from_dtype" leaves it to "auto".
    n_components : int, default=10
        Components of mixtures.
    ordering : {"random", "natural"} or permutation of the features, default="random"
        The first feature of a permutation comes first.
    n_masks : int or None, default=1
        Draws of (ordering, connectivity) that one network with shared weights cycles
        through, a new one each mini-batch. None: a fresh draw each mini-batch (order- and
        connectivity-agnostic training). Densities are averaged over the draws, with None
        over 32 fresh ones.
    mask_sampling : {"both", "ordering", "connectivity"}, default="both"
        What a draw changes. An `ordering` that is given stays as it is.
    n_estimators : int or "auto", default="auto"
        Networks that are trained independently, each with masks of its own. "auto" takes as
        many as see 32,000 rows together, from 1 to 8: averaging makes up for few rows, and
        training costs no more than on a large table. (With `n_masks` it takes one.)
    combination : {"mixture", "weighted", "product"}, default="mixture"
        How the densities of several draws and networks are combined: their mean, a mean
        with weights learnt by EM on the held-out rows, or their geometric mean, normalised
        by a constant that is estimated from 4,000 to 60,000 draws.
    dropout : float, default=0.2
        Probability with which a hidden unit is left out in training.
    input_noise : float, default=0.0
        Standard deviation of Gaussian noise added in training to standardised real
        columns.
    alpha : float or "auto", default="auto"
        L2 penalty: ``alpha / 2`` times the sum of squared weights is added to the mean
        negative log-density. "auto" is 1 over the number of training rows (of the call, for
        `partial_fit`) for a table of flags and categories: weights have a standard normal
        prior, on the scale of log-odds. It is 0 where there are real columns or counts, whose
        narrow conditionals need large weights, and where many draws of masks, `n_masks`,
        keep weights from fitting rows too closely.
    dtype : {"float32", "float64"}, default="float32"
        Of the network. Log-densities are summed and returned in float64 either way.
    solver : {"adam", "adagrad", "adadelta", "sgd"}, default="adam"
        "sgd" uses Nesterov's momentum of 0.9.
    learning_rate_init : float, default=0.003
        Step size. It is divided by five where the score has stopped to rise.
        (For "adadelta" the usual value is 1.)
    batch_size : int or "auto", default="auto"
        Rows of a mini-batch, at most. "auto" is 100, but fewer for fewer than 3,200 rows, down
        to 16: an epoch of at least 32 steps or so is enough to be judged by.
    max_iter : int, default=500
        Epochs, at most.
    tol : float, default=1e-4
        An epoch improves on the best one if its score is higher by this many nats.
    n_iter_no_change : int, default=10
        Epochs without improvement after which the step is cut, or training ends.
    early_stopping : bool, default=True
        Judge by rows that are held out from training. Otherwise the training loss judges.
        The network with the best score is kept in either case.
    validation_fraction : float, default=0.1
        Share of the rows to hold out.
    warm_start : bool, default=False
        Start `fit` from the parameters of the previous call; ordering, masks, scaling and
        categories then stay as they were.
    verbose : bool, default=False
        Print the loss of every epoch.
    random_state : int, RandomState instance or None, default=None
        Determines ordering, masks, initial weights, the held-out rows, the batches and
        the noise.
    n_jobs : int or None, default=None
        Threads that train and score. Results are the same bits for every number.

    Attributes
    ----------
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X had names that are all strings.
    n_iter_ : int
        Epochs that were run, by all networks together.
    loss_curve_ : list of float
        Mean negative log-density of the training rows, in nats, by epoch; of several
        networks one after the other.
    validation_curve_ : list of float
        Mean log-density of the held-out rows, in nats, by epoch; empty without any.
    best_validation_score_ : float or None
        The highest of them.
    orderings_ : ndarray of shape (n_estimators * n_masks, n_features)
        The orderings: the first feature to be generated comes first.
    combination_weights_ : ndarray of shape (n_estimators * n_masks,)
        Weights of the densities; equal but for "weighted".
    log_normalizer_, log_normalizer_se_ : float
        Logarithm of the constant of a "product", and its standard error. Its exponential
        is also the share of the mixture's draws that are kept in sampling.
    conditionals_ : list of str
        Family of each feature.

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

    _parameter_constraints: dict = {
        "hidden_layer_sizes": [
            "array-like",
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "direct_connections": ["boolean"],
        "residual": ["boolean"],
        "conditionals": [StrOptions({"auto", *FAMILY_NAMES}), "array-like"],
        "categorical_features": [StrOptions({"from_dtype"}), "array-like", None],
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "ordering": [StrOptions({"random", "natural"}), "array-like"],
        "n_masks": [Interval(Integral, 1, None, closed="left"), None],
        "mask_sampling": [StrOptions({"both", "ordering", "connectivity"})],
        "n_estimators": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "combination": [StrOptions({"mixture", "weighted", "product"})],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "input_noise": [Interval(Real, 0, None, closed="left")],
        "alpha": [StrOptions({"auto"}), Interval(Real, 0, None, closed="left")],
        "dtype": [StrOptions({"float32", "float64"})],
        "solver": [StrOptions(set(SOLVERS))],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "warm_start": ["boolean"],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
    }
    # An extreme cell must not carry the conditionals of the others out of floating-point range.
    _input_limit = 100.0

    def __init__(
        self,
        hidden_layer_sizes="auto",
        *,
        activation="relu",
        direct_connections=True,
        residual=False,
        conditionals="auto",
        categorical_features="from_dtype",
        n_components=10,
        ordering="random",
        n_masks=1,
        mask_sampling="both",
        n_estimators="auto",
        combination="mixture",
        dropout=0.2,
        input_noise=0.0,
        alpha="auto",
        dtype="float32",
        solver="adam",
        learning_rate_init=0.003,
        batch_size="auto",
        max_iter=500,
        tol=1e-4,
        n_iter_no_change=10,
        early_stopping=True,
        validation_fraction=0.1,
        warm_start=False,
        verbose=False,
        random_state=None,
        n_jobs=None,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.direct_connections = direct_connections
        self.residual = residual
        self.conditionals = conditionals
        self.categorical_features = categorical_features
        self.n_components = n_components
        self.ordering = ordering
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

    def __sklearn_is_fitted__(self):
        # (scikit-learn's own search for attributes takes long beside the score of a row)
        return hasattr(self, "_networks")

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, sample_weight=None, X_val=None):
        """Fit the network to the rows of X.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows; only their ratios matter. A row of weight zero is left
            out. The held-out rows keep their weights.
        X_val : array-like of shape (n_validation, n_features), default=None
            Rows to judge by, in place of a share of X. Implies early stopping.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For missing or infinite values, fewer than two rows, values that a column's
            conditional does not admit, parameters that do not fit together, and losses
            that are not finite in any epoch.

        Warns
        -----
        ConvergenceWarning
            If `max_iter` ended the training.
        UserWarning
            If hidden layers are so narrow that an output loses predecessors.
        """
        with self._unchanged_on_error():
            return self._fit(X, sample_weight, X_val)

    def _fit(self, X, sample_weight, X_val):
        continued = self.warm_start and self.__sklearn_is_fitted__()
        if not continued:
            vars(self).pop("_networks", None)
        rng = _to_generator(self.random_state)
        X, weights = self._validate_training(X, sample_weight, reset=not continued)
        table = self._encode(X)
        training, validation = self._split(table, weights, X_val, rng)
        if self.combination == "weighted" and validation is None:
            raise ValueError(
                "combination='weighted' learns its weights from held-out rows: set "
                "early_stopping=True, or pass X_val to fit."
            )
        networks = self._networks_to_train(training, rng)
        progresses = self._train(networks, training, validation, rng)
        self._keep(networks, progresses, rng)
        self._combine(validation, rng)
        return self

    def _train(self, networks, training, validation, rng):
        """Train each network, in threads if there are several."""
        settings = self._settings(training)
        several = len(networks) > 1 and self.n_jobs not in (None, 1)
        offset, rngs = Columns(**self._columns).log_jacobian.sum(), rng.spawn(len(networks))
        if several:
            settings = replace(settings, n_jobs=1)

        def train(network, own_rng):
            progress = _training.train(network, training, validation, settings, offset, own_rng)
            network.theta = progress.best_theta
            return progress

        pairs = zip(networks, rngs)
        if not several:
            return [train(*pair) for pair in pairs]
        return Parallel(self.n_jobs, require="sharedmem")(delayed(train)(*pair) for pair in pairs)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None, sample_weight=None):
        """Go once over the rows of X, in mini-batches.

        The first call sets ordering, masks, scaling and categories; they stay as they are.
        No rows are held out, and the step is not cut. Weights of a "weighted" combination
        are learnt from the rows before they are passed over (equal in the first call).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
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
        with self._unchanged_on_error():
            return self._partial_fit(X, sample_weight)

    def _partial_fit(self, X, sample_weight):
        first = not self.__sklearn_is_fitted__()
        rng = _to_generator(self.random_state if first else self._next_seed)
        X, weights = self._validate_training(X, sample_weight, reset=first)
        rows = _training.Rows(self._encode(X), weights)
        networks = self._networks_to_train(rows, rng)
        progresses = [self._progress(k, network) for k, network in enumerate(networks)]
        weighted = None if first else self._ensemble(networks)
        if weighted is not None and self.combination == "weighted":
            weighted.learn_weights(rows, self.n_jobs)  # the pass is still to come
        for network, progress, own_rng in zip(networks, progresses, rng.spawn(len(networks))):
            self._pass_over(network, progress, rows, own_rng)
        self._keep(networks, progresses, rng)
        self._moments = [(progress.moments, progress.step) for progress in progresses]
        if weighted is not None:
            self.combination_weights_ = weighted.weights
        self._combine(None, rng)
        return self

    def _progress(self, k, network):
        """Where the k-th network's training was left by the last call of `partial_fit`."""
        progress = _training.Progress.start(network.theta, self.learning_rate_init)
        moments = getattr(self, "_moments", [])
        if k < len(moments):
            progress.moments[:], progress.step = moments[k]
            progress.loss_curve = list(self._loss_curves[k])
        return progress

    def _pass_over(self, network, progress, rows, rng):
        """One pass over the rows."""
        settings = self._settings(rows)
        loss = _training.run_epoch(network, progress, rows, settings, rng)
        if not (np.isfinite(loss) and np.all(np.isfinite(progress.theta))):
            raise ValueError(
                "The loss was not finite in this pass, which is undone. Lower "
                "learning_rate_init, or look for extreme values in X."
            )
        loss -= Columns(**self._columns).log_jacobian.sum()
        _training.record(progress, loss, None, None, settings)
        network.theta = progress.theta

    def score_samples(self, X):
        """Log-density of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,), float64
            In nats, in the units of X: the log-density of the real columns times the
            probability of the discrete ones. A row's value is the same bits in any
            batch, in any order and for any `n_jobs`.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            For missing or infinite values, a wrong number of columns, and values that
            the conditionals do not admit.
        """
        return self._score(X, by_feature=False)[0]

    def score_features(self, X):
        """How much each feature adds to the log-density of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_features), float64
            ``log p(x_d | features before d)`` in nats, columns as in X. Rows sum to
            `score_samples`. The shares depend on the ordering (`orderings_`): a fault that
            shows in the relation of two features is charged to the later one.

        Raises
        ------
        NotFittedError, ValueError
            As `score_samples`.
        """
        return self._score(X, by_feature=True)[1]

    def score(self, X, y=None, sample_weight=None):
        """Mean log-density of the rows, in nats: higher is better.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        float

        Raises
        ------
        NotFittedError, ValueError
            As `score_samples`.
        """
        scores = self.score_samples(X)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, scores)
        return float(np.average(scores, weights=sample_weight))

    def sample(self, n_samples=1, random_state=None):
        """Draw independent rows from the fitted density.

        Ancestral sampling: features are drawn one after the other, and each hidden unit
        is computed once, as soon as the features it sees are known.

        Parameters
        ----------
        n_samples : int, default=1
        random_state : int, RandomState instance or None, default=None

        Returns
        -------
        ndarray or DataFrame of shape (n_samples, n_features)
            Columns as in X. For a DataFrame in `fit`, one with the same dtypes; for an
            array, one of its dtype, but of floats for integers without ties.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If `n_samples` is not a positive integer.
        """
        check_is_fitted(self)
        if not isinstance(n_samples, Integral) or n_samples < 1:
            raise ValueError(f"n_samples must be a positive integer; got {n_samples!r}.")
        self._check_acceptance()
        rng = _to_generator(random_state)
        table = self._fitted_ensemble().sample(n_samples, rng, self.n_jobs)
        columns = Columns(**self._columns)
        if self._frame is not None:
            return make_frame(columns.decode_columns(table), self._frame)
        return columns.decode(table, np.dtype(self._sample_dtype))

    def sample_conditional(self, X, random_state=None):
        """Draw missing cells given the other cells of their row.

        Exact where the orderings of the model have a row's known features first, and for
        ``n_masks=None``, where such orderings are made. Elsewhere each row is chosen
        from 64 draws by importance resampling: the draws are ancestral, with known cells
        held, and weighted by the density of the known cells. Then the answer is
        approximate, the more so the less a draw's earlier features know of the later ones.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            NaN (or None) marks what is missing.
        random_state : int, RandomState instance or None, default=None

        Returns
        -------
        ndarray or DataFrame of shape (n_samples, n_features)
            A copy of X without missing cells; the others are the same bit for bit.

        Raises
        ------
        NotFittedError, ValueError
            As `score_samples`, but for missing values.
        """
        check_is_fitted(self)
        rng, columns = _to_generator(random_state), Columns(**self._columns)
        given, X = X, validate_rows(self, X, reset=False, ensure_all_finite="allow-nan").copy()
        if columns.hold_text():  # even if no text is left in X
            X = X.astype(object)
        missing = is_missing(X)
        X[missing] = np.broadcast_to(columns.placeholders(X.dtype), X.shape)[missing]
        table, networks = self._encode(X), self._restored()
        patterns, group = np.unique(missing, axis=0, return_inverse=True)
        for k, pattern in enumerate(patterns):
            if pattern.any():
                rows = np.flatnonzero(group.ravel() == k)
                filling = self._ensemble_for(pattern, networks, rng)
                table[rows] = filling.fill(table[rows], pattern, rng)
        if library_of(given):
            return fill_frame(given, columns.decode_columns(table), missing)
        X[missing] = columns.decode(table, X.dtype)[missing]
        return X

    def _ensemble_for(self, missing, networks, rng):
        """What to fill in with: order-agnostic networks get orderings with known features first."""
        ensemble = self._fitted_ensemble()
        if not (isinstance(networks[0], SharedNetwork) and networks[0].fresh):
            return ensemble
        if all(known_first(network.ordering, missing) for network in ensemble.networks):
            return ensemble
        made = []
        for network in networks:
            for _ in range(_FILLING_DRAWS):
                ordering = np.concatenate(
                    [rng.permutation(np.flatnonzero(part)) for part in (~missing, missing)]
                )
                draw = network.sampler.draw(rng, ordering)
                made.append(network.network(draw, network.theta))
        return Ensemble.equal(made, "mixture")

    @contextlib.contextmanager
    def _unchanged_on_error(self):
        """A call that fails, or is interrupted, leaves what was fitted before."""
        before = dict(vars(self))
        try:
            yield
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise

    def _validate_training(self, X, sample_weight, reset):
        """X as an array, and weights of mean one; rows of weight zero are left out."""
        given = X
        X = validate_rows(self, X, reset=reset, ensure_min_samples=2)
        weights = _check_sample_weight(
            sample_weight, X[:, 0], dtype=np.float64, ensure_non_negative=True
        )
        X, weights = X[weights > 0], weights[weights > 0]
        if len(X) < 2:
            raise ValueError("At least two rows must have a sample_weight above zero.")
        weights = weights / weights.max()  # so that the mean cannot overflow
        weights /= weights.mean()
        if reset:
            self._learn_columns(X, weights, given)
        return X, weights

    def _learn_columns(self, X, weights, given):
        """Choose families, and learn scales and categories."""
        names, frame = feature_labels(self), describe(given)
        text, categorical = np.zeros((2, X.shape[1]), bool)
        if X.dtype.kind == "O":
            text[:] = [any(isinstance(x, str) for x in column) for column in X.T]
        if not isinstance(self.categorical_features, str):
            categorical = column_mask(given if frame else X, self.categorical_features)
            text[:] = False
        elif frame is not None:
            text |= is_categorical(frame)
        self.conditionals_ = choose_conditionals(X, self.conditionals, categorical, text, names)
        columns = Columns.learn(X, weights, self.conditionals_, self.n_components, names)
        self._columns, self._frame = vars(columns), frame
        self._sample_dtype = columns.sample_dtype(X.dtype, getattr(given, "dtype", None))
        if self.verbose:
            kinds = ", ".join(f"{n} {kind}" for kind, n in Counter(self.conditionals_).items())
            print(f"Conditionals: {kinds}", flush=True)

    def _encode(self, X):
        table = np.empty(X.shape, self._network_dtype())
        Columns(**self._columns).encode(X, table, feature_labels(self))
        return table

    def _network_dtype(self):
        """That of the fitted network, or else of the one to be made."""
        is_fitted = self.__sklearn_is_fitted__()
        return self._networks[0]["theta"].dtype if is_fitted else np.dtype(self.dtype)

    def _split(self, table, weights, X_val, rng):
        """Training rows, and the rows to judge by or None."""
        if X_val is not None:
            held_out = self._encode(validate_rows(self, X_val, reset=False))
            validation = _training.Rows(held_out, np.ones(len(held_out)))
            return _training.Rows(table, weights), validation
        if not self.early_stopping:
            return _training.Rows(table, weights), None
        rows = rng.permutation(len(table))
        n_held_out = min(max(1, round(self.validation_fraction * len(table))), len(table) - 1)
        held_out, kept = np.sort(rows[:n_held_out]), np.sort(rows[n_held_out:])
        training = _training.Rows(table[kept], weights[kept] / weights[kept].mean())
        return training, _training.Rows(table[held_out], weights[held_out])

    def _networks_to_train(self, training, rng):
        """The networks there are, and new ones up to `n_estimators`."""
        networks = self._restored() if self.__sklearn_is_fitted__() else []
        n_estimators = self._n_networks(len(training.table), networks)
        if len(networks) > n_estimators:
            raise ValueError(
                f"n_estimators={n_estimators} is below the {len(networks)} networks that "
                "were fitted before; raise it, or set warm_start=False."
            )
        n_new = n_estimators - len(networks)
        return networks + [self._make_network(training, own) for own in rng.spawn(n_new)]

    def _n_networks(self, n_rows, fitted):
        """How many networks there are to be."""
        if self.n_estimators != "auto":
            return self.n_estimators
        if fitted:
            return len(fitted)
        return 1 if self.n_masks != 1 else int(np.clip(_ROWS_SEEN // n_rows, 1, 8))

    def _make_network(self, training, rng):
        """A network with new masks and initial weights."""
        n_features, dtype = training.table.shape[1], self._network_dtype()
        families = Columns(**self._columns).families()
        sizes = _checked_sizes(self.hidden_layer_sizes, self.residual)
        if sizes is None:
            sizes = _default_sizes(len(training.table), families)
        marginals = [
            family.initial_bias(column, training.weights)
            for family, column in zip(families, training.table.T)
        ]
        architecture = Architecture(
            # a single feature has no predecessors, so that hidden units have nothing to do
            sizes if n_features > 1 else [], families, self.activation, self.residual,
            self.direct_connections, self._input_limit,
        )  # fmt: skip
        if self.n_masks == 1:
            ordering = make_ordering(self.ordering, n_features, rng)
            degrees = draw_degrees(architecture.sizes, n_features, self.residual, rng)
            self._warn_of_lost_dependencies(ordering, degrees)
            return Network.initial(architecture, ordering, degrees, marginals, rng, dtype)
        if self.mask_sampling == "ordering" and not _is_random(self.ordering):
            raise ValueError(
                "mask_sampling='ordering' draws orderings, but a fixed ordering was given; set "
                "ordering='random', or mask_sampling='connectivity'."
            )
        sampler = MaskSampler.start(architecture, self.ordering, self.mask_sampling, rng)
        fresh = self.n_masks is None
        n_draws = _FRESH_DRAWS if fresh else self.n_masks
        return SharedNetwork.initial(sampler, n_draws, fresh, marginals, rng, dtype)

    def _restored(self):
        """The fitted networks."""
        if "draws" not in self._networks[0]:
            return [Network.from_state(state) for state in self._networks]
        families = Columns(**self._columns).families()
        return [SharedNetwork.from_state(state, families) for state in self._networks]

    def _ensemble(self, networks):
        """The density that networks with their fitted combination are."""
        flat = [part for network in networks for part in network.networks(network.theta)]
        if hasattr(self, "combination_weights_") and len(self.combination_weights_) == len(flat):
            weights, log_normalizer = self.combination_weights_, self._log_normalizer
            return Ensemble(flat, self.combination, weights, log_normalizer)
        return Ensemble.equal(flat, self.combination)

    def _fitted_ensemble(self):
        ensemble = self._ensemble(self._restored())
        ensemble.combination = self._combination
        return ensemble

    def _combine(self, validation, rng):
        """Set the weights or the normaliser of the combination."""
        ensemble, error = self._ensemble(self._restored()), 0.0
        ensemble.log_normalizer = 0.0
        if self.combination != "weighted":
            ensemble.weights = Ensemble.equal(ensemble.networks, self.combination).weights
        if self.combination == "weighted" and validation is not None:
            ensemble.learn_weights(validation, self.n_jobs)
        if self.combination == "product" and len(ensemble.networks) > 1:
            error = ensemble.normalize(self.n_jobs, rng)
            self._warn_of_error(ensemble.log_normalizer, error)
        self._combination, self._log_normalizer = self.combination, ensemble.log_normalizer
        self.combination_weights_ = ensemble.weights
        for name in ("log_normalizer_", "log_normalizer_se_"):
            vars(self).pop(name, None)
        if self.combination == "product":
            self.log_normalizer_, self.log_normalizer_se_ = ensemble.log_normalizer, error

    def _warn_of_error(self, log_normalizer, error):
        acceptance = np.exp(log_normalizer)
        if error > _LARGEST_ERROR or acceptance < _LEAST_ACCEPTANCE:
            warnings.warn(
                f"The networks agree so little that only a share of {acceptance:.2g} of draws "
                "from their mixture belongs to their product: its normaliser is uncertain "
                f"(standard error {error:.2g} nats). Use combination='mixture' or 'weighted', or "
                "fewer networks.",
                stacklevel=6,
            )

    def _check_acceptance(self):
        acceptance = np.exp(self._log_normalizer)
        if acceptance < _LEAST_ACCEPTANCE:
            raise ValueError(
                f"Only a share of {acceptance:.2g} of draws from the networks' mixture would be "
                "kept as draws from their product, too few to sample it. Fit with "
                "combination='mixture' or 'weighted', or with fewer networks."
            )

    def _warn_of_lost_dependencies(self, ordering, degrees):
        lost = lost_dependencies(degrees, len(ordering), self.direct_connections)
        if len(lost):
            names = feature_labels(self)
            after, before = (names[column] for column in ordering[lost[0]])
            warnings.warn(
                f"{len(lost)} of the {len(ordering) * (len(ordering) - 1) // 2} dependencies "
                f"between features are lost: no path leads, for one, from feature {before} to "
                f"the conditional of feature {after}. Give every hidden layer at least "
                f"{len(ordering) - 1} units, or set direct_connections=True.",
                stacklevel=8,
            )

    def _settings(self, training):
        """What training takes from the parameters, and from its rows."""
        names, n_rows = _training.Settings.__dataclass_fields__, len(training.table)
        values = {name: getattr(self, name) for name in names}
        if self.batch_size == "auto":
            values["batch_size"] = int(np.clip(n_rows // _STEPS_PER_EPOCH, *_BATCH_SIZES))
        if self.alpha == "auto":
            has_prior = self.n_masks == 1 and all(Columns(**self._columns).is_discrete)
            values["alpha"] = 1 / n_rows if has_prior else 0.0
        return _training.Settings(**values)

    def _keep(self, networks, progresses, rng):
        """Set fitted attributes: arrays and plain values only."""
        self._networks = [network.state() for network in networks]
        self._moments = []
        self._loss_curves = [progress.loss_curve for progress in progresses]
        self._next_seed = int(rng.integers(2**31))  # of a call to partial_fit
        flat = [part for network in networks for part in network.networks(network.theta)]
        self.orderings_ = np.stack([network.ordering for network in flat])
        self.loss_curve_ = list(chain(*self._loss_curves))
        self.validation_curve_ = list(chain(*(p.validation_curve for p in progresses)))
        self.n_iter_ = len(self.loss_curve_)
        best = [max(p.validation_curve) for p in progresses if p.validation_curve]
        self.best_validation_score_ = max(best) if best else None

    def _score_table(self, table):
        """Log-densities of encoded rows."""
        return self._fitted_ensemble().score(table) + Columns(**self._columns).log_jacobian.sum()

    def _score(self, X, by_feature):
        """Log-densities, and if asked for their shares by feature."""
        check_is_fitted(self)
        X = validate_rows(self, X, reset=False)
        columns, ensemble = Columns(**self._columns), self._fitted_ensemble()
        names, dtype = feature_labels(self), self._network_dtype()
        scores = np.zeros(len(X))
        shares = np.zeros(X.shape) if by_feature else None

        def make_worker(n_rows):
            scorers, memory = ensemble.scorers(n_rows), np.empty((n_rows, X.shape[1]), dtype)

            def work(rows):
                table = memory[: rows.stop - rows.start]
                columns.encode(X[rows], table, names)
                own = shares[rows] if by_feature else None
                scores[rows] = ensemble.score(table, own, scorers)

            return work

        map_chunks(make_worker, X.shape, ensemble.flops_per_row, self.n_jobs)
        if by_feature:
            shares += columns.log_jacobian
        return scores + columns.log_jacobian.sum(), shares


def _to_generator(random_state):
    """A NumPy generator from what scikit-learn accepts as random_state."""
    if isinstance(random_state, Integral):
        # (A RandomState takes longer than a small sample. The second number keeps apart from
        # numbers that the caller draws with the same seed.)
        return np.random.default_rng([random_state, _STREAM])
    return np.random.default_rng(check_random_state(random_state).randint(2**31, size=4))


def _checked_sizes(hidden_layer_sizes, residual):
    """Widths of the hidden layers as a list of int; None for "auto"."""
    if isinstance(hidden_layer_sizes, str):
        return None
    sizes = np.atleast_1d(hidden_layer_sizes).tolist()
    if not all(isinstance(size, int) and size > 0 for size in sizes):
        raise ValueError(
            f"hidden_layer_sizes must be positive integers; got {hidden_layer_sizes!r}."
        )
    if residual and len(set(sizes)) > 1:
        raise ValueError(
            "residual=True adds a hidden layer to the one before, so all must have the same "
            f"width; got hidden_layer_sizes={hidden_layer_sizes!r}."
        )
    return sizes


def _default_sizes(n_rows, families):
    """What hidden_layer_sizes="auto" stands for."""
    n_features = len(families)
    if not all(family.is_discrete for family in families):
        return [256, 256]
    return [500] if n_rows < _ROWS_FOR_TWO_LAYERS * n_features or n_features > 256 else [256, 256]


def _is_random(ordering):
    return isinstance(ordering, str) and ordering == "random"
