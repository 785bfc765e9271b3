"""The estimator: density estimation by a masked autoencoder."""

import contextlib
import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, DensityMixin, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_sample_weight, check_is_fitted

from skmade import _training
from skmade._columns import Columns
from skmade._kernels._ancestral import ancestral_pass
from skmade._kernels._passes import make_buffers, score_rows
from skmade._kernels._plan import ACTIVATIONS, FAMILIES, SCORE_TILE, SOLVERS, flops_per_row
from skmade._kernels._product import LANES
from skmade._masks import draw_degrees, lost_dependencies
from skmade._network import Network, initial_theta, make_plan
from skmade._orderings import make_ordering
from skmade._sklearn import feature_labels, validate_rows
from skmade._threads import map_chunks

# Rows drawn at a time: bounds the memory, whatever the number of rows.
_SAMPLE_ROWS = 256
# Features drawn between two products with all that is known.
_SAMPLE_BLOCK = 32


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
    hidden_layer_sizes : tuple of int, default=(128, 128)
        Units per hidden layer. ``()`` leaves the direct connections alone, and without
        these independent columns.
    activation : {"relu", "tanh", "logistic", "softplus", "elu"}, default="relu"
        Activation of the hidden units.
    direct_connections : bool, default=True
        Masked weights from inputs to outputs, inside the output's link.
    residual : bool, default=False
        Hidden layers, which must then be of equal width, share their degrees and add to
        their input.
    conditionals : {"auto", "bernoulli", "categorical", "gaussian", "gaussian_mixture"} \
            or sequence of these, one per feature, default="auto"
        Family of p(x_d given the features before d). "auto" takes "bernoulli" for columns
        that hold only 0 and 1, "gaussian_mixture" for all others. "categorical" columns
        may hold numbers or text.
    n_components : int, default=10
        Components of "gaussian_mixture".
    ordering : {"random", "natural"} or permutation of the features, default="random"
        The first feature of a permutation comes first.
    dropout : float, default=0.2
        Probability with which a hidden unit is left out in training.
    input_noise : float, default=0.0
        Standard deviation of Gaussian noise added in training to standardised real
        columns.
    alpha : float, default=0.0
        L2 penalty: ``alpha / 2`` times the sum of squared weights is added to the mean
        negative log-density.
    dtype : {"float32", "float64"}, default="float32"
        Of the network. Log-densities are summed and returned in float64 either way.
    solver : {"adam", "adagrad", "adadelta", "sgd"}, default="adam"
        "sgd" uses Nesterov's momentum of 0.9.
    learning_rate_init : float, default=0.003
        Step size. It is divided by five, twice, where the score has stopped to rise.
        (For "adadelta" the usual value is 1.)
    batch_size : int, default=100
        Rows of a mini-batch, at most.
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
        Epochs that were run.
    loss_curve_ : list of float
        Mean negative log-density of the training rows, in nats, by epoch.
    validation_curve_ : list of float
        Mean log-density of the held-out rows, in nats, by epoch; empty without any.
    best_validation_score_ : float or None
        The highest of them, which is that of the fitted network.
    orderings_ : ndarray of shape (1, n_features)
        The ordering: the first feature to be generated comes first.
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
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "direct_connections": ["boolean"],
        "residual": ["boolean"],
        "conditionals": [StrOptions({"auto", *FAMILIES}), "array-like"],
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "ordering": [StrOptions({"random", "natural"}), "array-like"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "input_noise": [Interval(Real, 0, None, closed="left")],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "dtype": [StrOptions({"float32", "float64"})],
        "solver": [StrOptions(set(SOLVERS))],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
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

    def __init__(
        self,
        hidden_layer_sizes=(128, 128),
        *,
        activation="relu",
        direct_connections=True,
        residual=False,
        conditionals="auto",
        n_components=10,
        ordering="random",
        dropout=0.2,
        input_noise=0.0,
        alpha=0.0,
        dtype="float32",
        solver="adam",
        learning_rate_init=0.003,
        batch_size=100,
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
        self.n_components = n_components
        self.ordering = ordering
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
        continued = self.warm_start and hasattr(self, "_network")
        if not continued:
            vars(self).pop("_network", None)
        rng = _to_generator(self.random_state)
        X, weights = self._validate_training(X, sample_weight, reset=not continued)
        table = self._encode(X)
        training, validation = self._split(table, weights, X_val, rng)
        if continued:
            network = Network.from_state(self._network)
        else:
            network = self._make_network(training, rng)
        progress = _training.train(
            network.plan, network.theta, training, validation, self._settings(),
            Columns(**self._columns).log_jacobian.sum(), rng,
        )  # fmt: skip
        network.theta = progress.best_theta
        self._keep(network, progress, rng)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None, sample_weight=None):
        """Go once over the rows of X, in mini-batches.

        The first call sets ordering, masks, scaling and categories; they stay as they are.
        No rows are held out, and the step is not cut.

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
        first = not hasattr(self, "_network")
        rng = _to_generator(self.random_state if first else self._next_seed)
        X, weights = self._validate_training(X, sample_weight, reset=first)
        rows = _training.Rows(self._encode(X), weights)
        network = self._make_network(rows, rng) if first else Network.from_state(self._network)
        progress = _training.Progress.start(network.theta, self.learning_rate_init)
        if not first and self._moments is not None:
            progress.moments[:], progress.step = self._moments, self._step
            progress.loss_curve = list(self.loss_curve_)
        settings = self._settings()
        loss = _training.run_epoch(network.plan, progress, rows, settings, rng)
        if not (np.isfinite(loss) and np.all(np.isfinite(progress.theta))):
            raise ValueError(
                "The loss was not finite in this pass, which is undone. Lower "
                "learning_rate_init, or look for extreme values in X."
            )
        loss -= Columns(**self._columns).log_jacobian.sum()
        _training.record(progress, loss, None, None, settings)
        network.theta = progress.theta
        self._keep(network, progress, rng)
        self._moments, self._step = progress.moments, progress.step
        return self

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
        ndarray of shape (n_samples, n_features)
            Columns as in X. The dtype is that of X where all columns are discrete, else
            that of the fitted floats.

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
        rng = _to_generator(random_state)
        network, columns = Network.from_state(self._network), Columns(**self._columns)
        table = np.empty((n_samples, self.n_features_in_), network.theta.dtype)
        buffers = make_buffers(network.plan, 1, _SAMPLE_ROWS, table.dtype)
        for begin in range(0, n_samples, _SAMPLE_ROWS):
            end = min(begin + _SAMPLE_ROWS, n_samples)
            _draw_rows(network, table[begin:end], buffers, rng)
        return columns.decode(table, np.dtype(self._sample_dtype))

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
        given_dtype = getattr(X, "dtype", None)
        X = self._validate(X, reset=reset, ensure_min_samples=2)
        weights = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        X, weights = X[weights > 0], weights[weights > 0]
        if len(X) < 2:
            raise ValueError("At least two rows must have a sample_weight above zero.")
        weights = weights / weights.max()  # so that the mean cannot overflow
        weights /= weights.mean()
        if reset:
            self._learn_columns(X, weights, given_dtype)
        return X, weights

    def _validate(self, X, reset, **checks):
        given = [self.conditionals] if isinstance(self.conditionals, str) else self.conditionals
        return validate_rows(self, X, reset=reset, categorical="categorical" in given, **checks)

    def _learn_columns(self, X, weights, given_dtype):
        columns = Columns.learn(X, weights, self.conditionals, feature_labels(self))
        self._columns = vars(columns)
        self.conditionals_ = list(columns.conditionals)
        self._sample_dtype = columns.sample_dtype(X.dtype, given_dtype)

    def _encode(self, X):
        return Columns(**self._columns).encode(X, self._network_dtype(), feature_labels(self))

    def _network_dtype(self):
        """That of the fitted network, or else of the one to be made."""
        fitted = hasattr(self, "_network")
        return self._network["theta"].dtype if fitted else np.dtype(self.dtype)

    def _split(self, table, weights, X_val, rng):
        """Training rows, and the rows to judge by or None."""
        if X_val is not None:
            held_out = self._encode(self._validate(X_val, reset=False))
            validation = _training.Rows(held_out, np.ones(len(held_out)))
            return _training.Rows(table, weights), validation
        if not self.early_stopping:
            return _training.Rows(table, weights), None
        rows = rng.permutation(len(table))
        n_held_out = min(max(1, round(self.validation_fraction * len(table))), len(table) - 1)
        held_out, kept = np.sort(rows[:n_held_out]), np.sort(rows[n_held_out:])
        training = _training.Rows(table[kept], weights[kept] / weights[kept].mean())
        return training, _training.Rows(table[held_out], weights[held_out])

    def _make_network(self, training, rng):
        """A network with new masks and initial weights."""
        n_features = training.table.shape[1]
        sizes = _checked_sizes(self.hidden_layer_sizes, self.residual)
        families = Columns(**self._columns).families(self.n_components)
        ordering = make_ordering(self.ordering, n_features, rng)
        # a single feature has no predecessors, so that hidden units have nothing to do
        degrees = [] if n_features == 1 else draw_degrees(sizes, n_features, self.residual, rng)
        self._warn_of_lost_dependencies(ordering, degrees)
        plan = make_plan(
            ordering, degrees, families, self.activation, self.residual, self.direct_connections
        )
        biases = [
            families[column].initial_bias(training.table[:, column], training.weights)
            for column in ordering
        ]
        theta = initial_theta(plan, np.concatenate(biases), rng, self._network_dtype())
        return Network(ordering, degrees, theta, plan)

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
                stacklevel=6,
            )

    def _settings(self):
        """What training takes from the parameters."""
        names = _training.Settings.__dataclass_fields__
        return _training.Settings(**{name: getattr(self, name) for name in names})

    def _keep(self, network, progress, rng):
        """Set fitted attributes: arrays and plain values only."""
        self._network = network.state()
        self._moments, self._step = None, 0
        self._next_seed = int(rng.integers(2**31))  # of a call to partial_fit
        self.orderings_ = network.ordering[None].copy()
        self.loss_curve_ = progress.loss_curve
        self.validation_curve_ = progress.validation_curve
        self.n_iter_ = len(progress.loss_curve)
        curve = progress.validation_curve
        self.best_validation_score_ = max(curve) if curve else None

    def _score(self, X, by_feature):
        """Log-densities, and if asked for their shares by feature."""
        check_is_fitted(self)
        X = self._validate(X, reset=False)
        columns, network = Columns(**self._columns), Network.from_state(self._network)
        names, dtype = feature_labels(self), network.theta.dtype
        scores = np.zeros(len(X))
        shares = np.zeros(X.shape if by_feature else (0, 0))

        def score_chunk(rows):
            table = columns.encode(X[rows], dtype, names)
            buffers = make_buffers(network.plan, 1, min(SCORE_TILE, len(table)), dtype)
            parts = scores[rows], shares[rows]
            score_rows(network.plan, network.theta, table, SCORE_TILE, buffers, *parts)

        map_chunks(score_chunk, len(X), flops_per_row(network.plan), self.n_jobs)
        shares += columns.log_jacobian if by_feature else 0
        return scores + columns.log_jacobian.sum(), shares


def _to_generator(random_state):
    """A NumPy generator from what scikit-learn accepts as random_state."""
    return np.random.default_rng(check_random_state(random_state).randint(2**31, size=4))


def _checked_sizes(hidden_layer_sizes, residual):
    """Widths of the hidden layers as a list of int."""
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


def _draw_rows(network, table, buffers, rng):
    """Fill rows of the table with draws."""
    n_features, width = table.shape[1], -(-len(table) // LANES) * LANES
    uniform = rng.random((n_features, width), dtype=table.dtype)
    normal = rng.standard_normal((n_features, width), dtype=table.dtype)
    ancestral_pass(network.plan, network.theta, _SAMPLE_BLOCK, uniform, normal, buffers, width)
    table[:, network.ordering] = buffers.targets[0, :, : len(table)].T
