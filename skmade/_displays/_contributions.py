"""Which cells make a row strange."""

from typing import Any, Self

import numpy as np

from skmade._columns import Table
from skmade._displays._common import density_of, feature_names, fit_text, one_axes, shortened
from skmade._made import MADEDensity
from skmade._types import Floats, Rows


class ContributionsDisplay:
    """Which cells make a row strange: what each feature adds to its log-density.

    Made by `from_estimator`; drawn again by `plot`.

    Parameters
    ----------
    contributions : ndarray of shape (n_features,)
        In nats, columns as in X.
    names : list of str
        Of the features.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> import numpy as np
    >>> from skmade import ContributionsDisplay, MADEDensity
    >>> X = np.random.default_rng(0).normal(size=(500, 3))
    >>> X[:, 2] = X[:, 0] + X[:, 1] + 0.1 * X[:, 2]  # all but the sum of the others
    >>> model = MADEDensity((16,), ordering="natural", n_estimators=2, random_state=0).fit(X)
    >>> row = X[:1].copy()
    >>> row[0, 2] += 2.0
    >>> display = ContributionsDisplay.from_estimator(model, row, reference=X, n_features=2)
    >>> [label.get_text() for label in display.ax_.get_yticklabels()][-1]
    'x2'
    """

    def __init__(self, contributions: Floats, names: list[str]) -> None:
        self.contributions = contributions
        self.names = names

    @classmethod
    def from_estimator(
        cls,
        estimator: MADEDensity,
        X: Rows,
        *,
        reference: Rows | None = None,
        n_features: int = 10,
        ax: Any = None,
    ) -> Self:
        """Draw the contributions to the log-density of one row.

        Parameters
        ----------
        estimator : MADEDensity or MADEOutlierDetector
            Fitted.
        X : {array-like, sparse matrix} of shape (1, n_features)
            The row.
        reference : {array-like, sparse matrix} of shape (n_samples, n_features), default=None
            Usual rows. The mean of their contributions is subtracted, so that features in
            different units compare: of a cell that is missing the mean over rows in which it is
            missing, too, of all others that over rows in which it is not.
        n_features : int, default=10
            How many features to draw, those of the lowest contributions.
        ax : matplotlib Axes, default=None

        Returns
        -------
        ContributionsDisplay

        Raises
        ------
        ValueError
            If X is not one row.
        """
        names = feature_names(density_of(estimator))
        contributions = estimator.score_features(X)
        if len(contributions) != 1:
            raise ValueError(f"X must be a single row; got {len(contributions)} rows.")
        contributions = contributions[0]
        if reference is not None:
            (is_missing,) = Table.read(estimator, X, reset=False).missing()
            contributions = contributions - _usual(estimator, reference, is_missing)
        return cls(contributions, names).plot(n_features=n_features, ax=ax)

    def plot(self, *, n_features: int = 10, ax: Any = None) -> Self:
        """Draw bars, the lowest contribution on top.

        Parameters
        ----------
        n_features : int, default=10
        ax : matplotlib Axes, default=None

        Returns
        -------
        ContributionsDisplay
        """
        ax = one_axes(ax)
        lowest = np.argsort(self.contributions)[:n_features][::-1]
        values = self.contributions[lowest]
        ax.barh(range(len(lowest)), values, color=np.where(values < 0, "tab:red", "tab:blue"))
        names = shortened(self.names)
        ax.set_yticks(range(len(lowest)), [names[j] for j in lowest])
        ax.axvline(0, color="black", linewidth=0.8)
        ax.set_xlabel("contribution to the log-density [nats]")
        fit_text(ax)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _usual(estimator, reference, is_missing):
    """Mean contributions of cells of rows, over those that are missing or not as is asked for."""
    contributions = estimator.score_features(reference)
    is_alike = Table.read(estimator, reference, reset=False).missing() == is_missing
    total = np.where(is_alike, contributions, 0.0).sum(axis=0)
    return total / np.maximum(is_alike.sum(axis=0), 1)
