"""How training went."""

from typing import Any, Self

import numpy as np

from skmade._displays._common import density_of, fit_text, one_axes
from skmade._made import MADEDensity
from skmade._types import Floats


class LossCurveDisplay:
    """How training went: the mean negative log-density of each network, by epoch.

    Made by `from_estimator`; drawn again by `plot`.

    Parameters
    ----------
    training : list of ndarray
        Of each network the mean negative log-density of the training rows, in nats, by epoch; with
        the dropout and the noise of training.
    held_out : list of ndarray
        Of each network that of the held-out rows; an empty list without any.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    See Also
    --------
    sklearn.model_selection.LearningCurveDisplay : Scores by the number of training rows.

    Examples
    --------
    >>> import numpy as np
    >>> from skmade import LossCurveDisplay, MADEDensity
    >>> X = np.random.default_rng(0).normal(size=(500, 4))
    >>> model = MADEDensity((16,), n_estimators=2, random_state=0).fit(X)
    >>> display = LossCurveDisplay.from_estimator(model)
    >>> len(display.training), len(display.held_out)
    (2, 2)
    >>> bool(len(display.training[0]) == model.n_epochs_[0])
    True
    """

    def __init__(self, training: list[Floats], held_out: list[Floats]) -> None:
        self.training = training
        self.held_out = held_out

    @classmethod
    def from_estimator(cls, estimator: MADEDensity, *, ax: Any = None) -> Self:
        """Draw `loss_curve_` and `validation_curve_`, cut into the curves of the networks.

        Parameters
        ----------
        estimator : MADEDensity or MADEOutlierDetector
            Fitted.
        ax : matplotlib Axes, default=None

        Returns
        -------
        LossCurveDisplay

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        density_of(estimator)
        ends = np.cumsum(estimator.n_epochs_)[:-1]
        scores = np.array(estimator.validation_curve_)
        held_out = np.split(-scores, ends) if len(scores) else []
        return cls(np.split(np.array(estimator.loss_curve_), ends), held_out).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> Self:
        """Draw a colour for each network: dashes for training rows, a line for held-out ones.

        Dots mark the epochs of the highest held-out scores, whose networks are kept.

        Parameters
        ----------
        ax : matplotlib Axes, default=None

        Returns
        -------
        LossCurveDisplay
        """
        ax = one_axes(ax)
        for k, losses in enumerate(self.training):
            _draw(ax, losses, f"C{k % 10}", "--", "training rows" if k == 0 else None)
        for k, losses in enumerate(self.held_out):
            _draw(ax, losses, f"C{k % 10}", "-", "held-out rows" if k == 0 else None)
            best = int(np.nanargmin(losses))
            ax.plot(best + 1, losses[best], "o", color=f"C{k % 10}", markersize=4)
        ax.set_xlabel("epoch")
        ax.set_ylabel("mean negative log-density [nats]")
        ax.legend()
        fit_text(ax)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _draw(ax, losses, color, linestyle, label):
    ax.plot(np.arange(1, len(losses) + 1), losses, linestyle, color=color, label=label, linewidth=1)
