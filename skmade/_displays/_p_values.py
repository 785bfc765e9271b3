"""Whether p-values are what they say."""

from typing import Any, Self

import numpy as np
from scipy.stats import betabinom

from skmade._displays._common import density_of, fit_text, one_axes
from skmade._outlier import MADEOutlierDetector
from skmade._types import Floats, Rows

# Of the band about the diagonal.
_COVERAGE = 0.95


class PValuesDisplay:
    """Whether p-values are uniform: their empirical distribution against the diagonal.

    P-values of normal rows that the detector has not seen should follow the diagonal: then a
    share t of these rows has a p-value of t or less. Above it there are more small ones: more
    rows are flagged than the false-alarm rate says. A curve that only leaves the diagonal far
    below 1 is one of rows among which some are strange.

    Made by `from_estimator`; drawn again by `plot`.

    Parameters
    ----------
    p_values : ndarray of shape (n_samples,)
    n_held_out : int
        How many held-out scores they were computed from.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Notes
    -----
    With m held-out scores, p-values are multiples of ``1 / (m + 1)``. Where scores are continuous
    and all rows alike, the number of n p-values that are at most ``k / (m + 1)`` has a
    beta-binomial distribution with n trials and parameters k and ``m + 1 - k``: it knows that
    n rows are few, and that m held-out scores are. The band holds its middle 95% at each k by
    itself; a curve that is everywhere within is rarer than that.

    Examples
    --------
    >>> import numpy as np
    >>> from skmade import MADEOutlierDetector, PValuesDisplay
    >>> X = np.random.default_rng(0).normal(size=(1000, 2))
    >>> detector = MADEOutlierDetector((16,), n_estimators=1, random_state=0).fit(X[:500])
    >>> display = PValuesDisplay.from_estimator(detector, X[500:])
    >>> display.n_held_out
    50
    >>> bool(abs(np.mean(display.p_values <= 0.5) - 0.5) < 0.15)
    True
    """

    def __init__(self, p_values: Floats, n_held_out: int) -> None:
        self.p_values = p_values
        self.n_held_out = n_held_out

    @classmethod
    def from_estimator(cls, estimator: MADEOutlierDetector, X: Rows, *, ax: Any = None) -> Self:
        """Draw the distribution of p-values.

        Parameters
        ----------
        estimator : MADEOutlierDetector
            Fitted.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows that were not in `fit`.
        ax : matplotlib Axes, default=None

        Returns
        -------
        PValuesDisplay

        Raises
        ------
        TypeError
            For an estimator without p-values.
        NotFittedError, ValueError
            As `p_values`.
        """
        density_of(estimator)
        if not hasattr(estimator, "p_values"):
            raise TypeError(
                "estimator must be a MADEOutlierDetector, which has p-values; got "
                f"{type(estimator).__name__}."
            )
        return cls(estimator.p_values(X), len(estimator.held_out_scores_)).plot(ax=ax)

    def band(self) -> tuple[Floats, Floats, Floats]:
        """Where the middle 95% of empirical distributions of uniform p-values are.

        Returns
        -------
        places : ndarray of shape (n_held_out,)
            The values that p-values have, but for 1.
        low, high : ndarray of shape (n_held_out,)
            Shares of p-values that are at most these.
        """
        k, n = np.arange(1, self.n_held_out + 1), len(self.p_values)
        beyond = (1 - _COVERAGE) / 2
        counts = betabinom(n, k, self.n_held_out + 1 - k)
        low, high = counts.ppf(beyond) / n, counts.ppf(1 - beyond) / n
        return k / (self.n_held_out + 1), low, high

    def plot(self, *, ax: Any = None) -> Self:
        """Draw the empirical distribution, the diagonal, and the band.

        Parameters
        ----------
        ax : matplotlib Axes, default=None

        Returns
        -------
        PValuesDisplay
        """
        ax = one_axes(ax)
        places, low, high = self.band()
        ends = [0, *places, 1]
        ax.fill_between(
            ends, [0, *low, 1], [0, *high, 1], step="post", color="0.85",
            label=f"{_COVERAGE:.0%} of uniform ones, at each place",
        )  # fmt: skip
        ax.plot([0, 1], [0, 1], color="black", linewidth=0.8, linestyle="--")
        ax.ecdf(self.p_values, label=f"{len(self.p_values)} rows")
        ax.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
        ax.set(xlabel="p-value", ylabel="share of rows with at most this p-value")
        ax.legend(loc="lower right")
        fit_text(ax)
        self.ax_, self.figure_ = ax, ax.figure
        return self
