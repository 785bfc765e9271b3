"""Which conditional sees which feature."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from skmade._displays._common import (
    INCHES,
    MOST_NAMES,
    density_of,
    feature_names,
    fit_text,
    network_at,
    one_axes,
    shortened,
)
from skmade._made import MADEDensity
from skmade._masks import lost_dependencies, reference_masks


class DependenciesDisplay:
    """Which feature's conditional sees which feature, by a path through the masks of a network.

    Made by `from_estimator`; drawn again by `plot`.

    Parameters
    ----------
    sees : ndarray of bool of shape (n_features, n_features)
        Whether the conditional of the row's feature depends on the column's feature, in the order
        of the columns of X.
    names : list of str
        Of the features.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> import numpy as np
    >>> from skmade import DependenciesDisplay, MADEDensity
    >>> X = np.random.default_rng(0).normal(size=(500, 4))
    >>> model = MADEDensity((16,), ordering=[2, 0, 1, 3], n_estimators=1, random_state=0)
    >>> display = DependenciesDisplay.from_estimator(model.fit(X))
    >>> display.sees.astype(int)
    array([[0, 0, 1, 0],
           [1, 0, 1, 0],
           [0, 0, 0, 0],
           [1, 1, 1, 0]])
    """

    def __init__(self, sees: NDArray[np.bool_], names: list[str]) -> None:
        self.sees = sees
        self.names = names

    @classmethod
    def from_estimator(cls, estimator: MADEDensity, *, index: int = 0, ax: Any = None) -> Self:
        """Draw the dependencies of one network.

        Parameters
        ----------
        estimator : MADEDensity or MADEOutlierDetector
            Fitted.
        index : int, default=0
            Which row of `orderings_`: one network, or one draw of masks.
        ax : matplotlib Axes, default=None

        Returns
        -------
        DependenciesDisplay

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If there is no such network.
        """
        network, is_direct = network_at(estimator, index)
        n_features, degrees = len(network.ordering), network.degrees
        _, by_position = reference_masks(degrees, n_features)
        by_position &= bool(degrees) or is_direct  # else the columns are independent
        by_position[tuple(lost_dependencies(degrees, n_features, is_direct).T)] = False
        sees = np.zeros_like(by_position)
        sees[np.ix_(network.ordering, network.ordering)] = by_position
        return cls(sees, feature_names(density_of(estimator))).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> Self:
        """Draw the matrix: dark where the conditional of a row sees the feature of a column.

        Parameters
        ----------
        ax : matplotlib Axes, default=None

        Returns
        -------
        DependenciesDisplay
        """
        names = shortened(self.names) if len(self.names) <= MOST_NAMES else []
        places = np.arange(len(names))
        side = 4.8 + INCHES * max(map(len, names), default=0)
        ax = one_axes(ax, (side, side))
        ax.imshow(self.sees, cmap="Blues", vmin=0, vmax=1.4, interpolation="none")
        if names:
            ax.set_xticks(places, names, rotation=90)
            ax.set_yticks(places, names)
        ax.set(xlabel="feature that is seen", ylabel="conditional of")
        fit_text(ax)
        self.ax_, self.figure_ = ax, ax.figure
        return self
