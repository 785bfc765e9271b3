"""The transformer: missing cells filled in by what a density makes of the others."""

from numbers import Integral, Real
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.impute import MissingIndicator
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from skmade._arguments import to_generator
from skmade._auto import networks_to_fill
from skmade._columns import Table, check_further_columns, rules_of_kept, select, with_columns
from skmade._made import MADEDensity, warn_of_poor_draws
from skmade._repeats import Repeats
from skmade._sklearn import (
    CallbackSupportMixin,
    checked_feature_names,
    fit_context,
    fit_with_callbacks,
    output_library,
    unchanged_on_error,
)
from skmade._summary import Summary
from skmade._types import RandomState, Rows


class MADEImputer(CallbackSupportMixin, TransformerMixin, BaseEstimator):
    """Fill in missing cells given the other cells of their row.

    A :class:`MADEDensity` learns from rows with missing cells as they are, and gives the
    conditional density of what is missing given what is known, whichever cells these are. Cells
    are filled in by a draw from it, or by means, quantiles or the most likely of several draws.
    Cells that are known stay bit for bit, and columns keep their dtypes.

    Parameters
    ----------
    estimator : MADEDensity or None, default=None
        What learns the density; it is cloned. None is a MADEDensity with the `random_state` of
        this imputer, with orderings that have columns without missing cells first, and with up to
        ten networks (twice as many as by default, for tables of at most 200 columns); see Notes.
    strategy : {"draw", "mean", "quantile", "most_likely"}, default="draw"
        What a row is filled in with:

        - "draw": a draw from the conditional, with all its spread, so that filled tables are
          distributed as whole ones. It is for multiple imputation, and for what is learnt from
          the table as a whole.
        - "mean": means of `n_draws` draws; of flags and labels the most frequent. Single cells are
          closest to the truth, but spreads and relations of columns are lost. Codes such as -9999
          are numbers like others there; make them missing cells before.
        - "quantile": quantiles of `n_draws` draws, each cell by itself, as in an interval that is
          to cover it; of flags and labels the most frequent.
        - "most_likely": of `n_draws` draws that with the highest density, all cells of the row
          together.
    quantile : float, default=0.5
        Which one, between 0 and 1; 0.5 is the median. It is one of the draws, and so a value that
        the column can have.
    n_draws : int, default=32
        Of which means, quantiles and the most likely are taken: the more, the smaller their error,
        see Notes.
    add_indicator : bool, default=False
        Append a column for each one with missing cells in `fit`, that says where they were
        (see :class:`sklearn.impute.MissingIndicator`).
    keep_empty_features : bool, default=False
        Keep columns in which all cells were missing in `fit`, filled in with 0. By default they
        are left out.
    random_state : int, RandomState instance or None, default=None
        Determines draws, and the density where `estimator` is None. With an integer, calls of
        `transform` give the same draws; set another one for another imputation.

    Attributes
    ----------
    estimator_ : MADEDensity
        The fitted density of the columns that are not empty.
    indicator_ : MissingIndicator or None
        What adds the indicators.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X had names that are all strings.

    See Also
    --------
    MADEDensity.sample_conditional : The draws that cells are filled in with.

    Notes
    -----
    Where no `estimator` is given, columns without missing cells come first in all orderings. What
    is learnt of the others is then given these columns, on which it may depend whether cells are
    missing; and draws are nearer to exact. The more networks there are, the nearer the ordering of
    one of them comes to having a row's known cells first.

    Where one row in a hundred or more repeats another one, a row may be a copy of a training row,
    with a probability that is learnt from these, and given its known cells. What the other row
    knows is then filled in as it is, and the rest drawn. (Not so where `estimator` has missing
    cells as outcomes.) The fitted imputer keeps up to 10,000 rows for that.

    All others are draws of :meth:`MADEDensity.sample_conditional`, exact or warned of as there.
    What is computed from n of them has an error of its own. The standard error of a mean is the
    standard deviation of the cell over the root of n. The share of the conditional that lies below
    the q-quantile has, around q, a standard error of the root of ``q * (1 - q) / n``: with 32 draws
    0.09 for the median, and 0.05 for q = 0.1.

    Examples
    --------
    >>> import numpy as np
    >>> from skmade import MADEDensity, MADEImputer
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(2000, 1))
    >>> X = np.hstack([x, 2 * x + 0.1 * rng.normal(size=(2000, 1))])
    >>> X[rng.random(X.shape) < 0.2] = np.nan
    >>> imputer = MADEImputer(MADEDensity(n_estimators=1, random_state=0), strategy="mean")
    >>> filled = imputer.fit(X).transform([[1.0, np.nan], [np.nan, 1.0]])
    >>> bool(abs(filled[0, 1] - 2) < 0.2), bool(abs(filled[1, 0] - 0.5) < 0.2)
    (True, True)

    An interval that covers 80 % of what a cell may be:

    >>> imputer = imputer.set_params(strategy="quantile", n_draws=200)
    >>> low, high = (imputer.set_params(quantile=q).transform([[1.0, np.nan]]) for q in (0.1, 0.9))
    >>> bool(1.7 < low[0, 1] < 2 < high[0, 1] < 2.3)
    True

    Several imputations differ as much as what is missing is uncertain:

    >>> imputer = imputer.set_params(strategy="draw")
    >>> tables = [imputer.set_params(random_state=k).transform(X) for k in range(5)]
    >>> bool(np.isnan(tables).any())
    False
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "estimator": [MADEDensity, None],
        "strategy": [StrOptions({"draw", "mean", "quantile", "most_likely"})],
        "quantile": [Interval(Real, 0, 1, closed="neither")],
        "n_draws": [Interval(Integral, 1, None, closed="left")],
        "add_indicator": ["boolean"],
        "keep_empty_features": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: MADEDensity | None = None,
        *,
        strategy: Literal["draw", "mean", "quantile", "most_likely"] = "draw",
        quantile: float = 0.5,
        n_draws: int = 32,
        add_indicator: bool = False,
        keep_empty_features: bool = False,
        random_state: RandomState = None,
    ) -> None:
        self.estimator = estimator
        self.strategy = strategy
        self.quantile = quantile
        self.n_draws = n_draws
        self.add_indicator = add_indicator
        self.keep_empty_features = keep_empty_features
        self.random_state = random_state

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Rows, y: object = None) -> Self:
        """Learn the density of the rows of X.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            NaN (or None) marks what is missing.
        y : None
            Ignored.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            As :meth:`MADEDensity.fit`; where all columns are empty; and where X cannot hold the
            flags or zeros that `add_indicator` and `keep_empty_features` ask for.
        """
        with unchanged_on_error(self):
            return self._fit(X)

    def _fit(self, X):
        table = Table.read(self, X, reset=True, n_least=2, accept_sparse=False)
        missing = table.missing()
        self._is_empty = missing.all(axis=0)
        if self._is_empty.all():
            raise ValueError("All cells of X are missing: nothing can be learnt from it.")
        check_further_columns(table, self._is_empty & self.keep_empty_features, self.add_indicator)
        kept = ~self._is_empty
        if self.estimator is None:
            density = _default_density(table, missing, kept, self.random_state)
        else:
            density = _for_columns(self.estimator, table.names(), kept)
        columns = select(table, kept)
        self.estimator_ = fit_with_callbacks(self, density, columns, X)
        self._learn_repeats(columns)
        self.indicator_ = None
        if self.add_indicator:
            self.indicator_ = MissingIndicator(error_on_new=False).fit(_marked(missing))
        return self

    def _learn_repeats(self, columns):
        """Keep rows that others repeat, if there are such, and the share of copies."""
        model, self._repeated, self._share = self.estimator_, None, 0.0
        if model.missing == "informative":  # a gap is an outcome then, which copies would share
            return
        table = Table.read(model, columns, reset=False)
        repeats = model._density.find_repeats(table, model.n_jobs)
        if repeats is not None:
            self._repeated, self._share = repeats.numbers, repeats.share

    def _repeats(self):
        """What `_learn_repeats` found."""
        if self._repeated is None:
            return None
        density = self.estimator_._density
        return Repeats(density.columns, density.dtype, self._repeated, self._share)

    def transform(self, X: Rows) -> Any:
        """A copy of X with missing cells filled in.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray or DataFrame of shape (n_samples, n_features_out)
            An array for an array, a frame of the same library for a frame, unless `set_output`
            asks for another.

        Raises
        ------
        NotFittedError, ValueError
            As :meth:`MADEDensity.sample_conditional`.

        Warns
        -----
        UserWarning
            As :meth:`MADEDensity.sample_conditional`.
        """
        check_is_fitted(self)
        table = Table.read(self, X, reset=False, accept_sparse=False)
        model, indicators = self.estimator_, None
        is_zero = self._is_empty & self.keep_empty_features
        check_further_columns(table, is_zero, self.indicator_ is not None)
        own = Table.read(model, select(table, ~self._is_empty), reset=False)
        n_draws = 1 if self.strategy == "draw" else self.n_draws
        summary = Summary(self.strategy, n_draws, self.quantile)
        rng = to_generator(self.random_state)
        with model._counting("Filling in", len(own)) as count:
            filled, worth = model._density.fill(
                own, rng, model.n_jobs, summary, count, self._repeats()
            )
        warn_of_poor_draws(worth)
        if self.indicator_ is not None:
            indicators = self.indicator_.transform(_marked(table.missing()))
        names, library = self.get_feature_names_out(), output_library(self)
        return with_columns(filled, table, is_zero, indicators, names, library)

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[np.object_]:
        """Names of the columns that `transform` returns.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the columns of X; by default those of `fit`, or x0, x1, and so on.

        Returns
        -------
        ndarray of str objects
        """
        check_is_fitted(self)
        names = checked_feature_names(self, input_features)
        kept = names if self.keep_empty_features else names[~self._is_empty]
        if self.indicator_ is None:
            return kept
        return np.concatenate([kept, self.indicator_.get_feature_names_out(names)])


def _for_columns(estimator, names, kept):
    """A clone of the estimator, for the columns that are kept."""
    density = clone(estimator)
    if kept.all():
        return density
    parameters = ("categorical_features", "conditionals", "atoms", "targets", "ordering")
    of_all = {name: getattr(density, name) for name in parameters}
    return density.set_params(**rules_of_kept(of_all, names, kept))


def _default_density(table, missing, kept, random_state):
    """Many networks, whose orderings have columns without missing cells first."""
    names = np.array(table.names(), object)[kept] if table.is_frame else range(kept.sum())
    has_gaps = missing[:, kept].any(axis=0)
    targets = [name for name, own in zip(names, has_gaps) if own]
    order = {"ordering": "auto", "targets": targets} if 0 < has_gaps.sum() < len(has_gaps) else {}
    n_estimators = networks_to_fill(len(table), len(has_gaps))
    return MADEDensity(n_estimators=n_estimators, random_state=random_state, **order)


def _marked(missing):
    """An array that is missing where a mask says so."""
    return np.where(missing, np.nan, 0.0)
