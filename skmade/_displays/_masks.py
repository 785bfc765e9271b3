"""The masks of a network."""

from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from skmade._displays._common import (
    INCHES,
    MOST_NAMES,
    density_of,
    feature_names,
    fit_text,
    grid_of_axes,
    network_at,
    shortened,
)
from skmade._made import MADEDensity
from skmade._masks import reference_masks


class MasksDisplay:
    """Masks as staircases: which weights a network has, layer by layer.

    Units are in the order of their degrees, so that the weights that are kept lie below a
    staircase. Inputs and outputs are in the order in which the network generates the features; a
    feature of several units, as a category has, is one row or column.

    Made by `from_estimator`; drawn again by `plot`.

    Parameters
    ----------
    masks : list of ndarray of bool
        One per matrix of weights, (units, units of the layer before); True where a weight is kept.
    titles : list of str
        What the matrices lead from and to.
    names : list of str
        Of the features, in the order of generation.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (n_masks,)
    figure_ : matplotlib Figure

    Examples
    --------
    >>> import numpy as np
    >>> from skmade import MADEDensity, MasksDisplay
    >>> X = np.random.default_rng(0).normal(size=(500, 4))
    >>> model = MADEDensity((16,), n_estimators=2, random_state=0).fit(X)
    >>> display = MasksDisplay.from_estimator(model, index=1)
    >>> [mask.shape for mask in display.masks]
    [(16, 4), (4, 16), (4, 4)]
    >>> display.names == [f"x{j}" for j in model.orderings_[1]]
    True
    """

    def __init__(self, masks: list[NDArray[np.bool_]], titles: list[str], names: list[str]) -> None:
        self.masks = masks
        self.titles = titles
        self.names = names

    @classmethod
    def from_estimator(cls, estimator: MADEDensity, *, index: int = 0, ax: Any = None) -> Self:
        """Draw the masks of one network.

        Parameters
        ----------
        estimator : MADEDensity or MADEOutlierDetector
            Fitted.
        index : int, default=0
            Which row of `orderings_`: one network, or one draw of masks.
        ax : matplotlib Axes or array of these, default=None
            One for each mask, or one whose place they share.

        Returns
        -------
        MasksDisplay

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If there is no such network, if it has no weights (independent columns), and for
            another number of axes.
        """
        network, is_direct = network_at(estimator, index)
        masks, direct = reference_masks(network.degrees, len(network.ordering))
        layers = [f"hidden layer {k + 1}" for k in range(len(masks) - 1)]
        ends = ["inputs", *layers, "outputs"]
        titles = [f"{before} to\n{after}" for before, after in pairwise(ends)]
        if not layers:
            masks, titles = [], []
        if is_direct:
            masks, titles = [*masks, direct], [*titles, "inputs to outputs,\ndirect connections"]
        if not masks:
            raise ValueError(
                "The network has neither hidden layers nor direct connections, and so no masks: "
                "its columns are independent."
            )
        names = feature_names(density_of(estimator))
        return cls(masks, titles, [names[j] for j in network.ordering]).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> Self:
        """Draw a picture for each mask: weights that are kept are dark.

        Parameters
        ----------
        ax : matplotlib Axes or array of these, default=None

        Returns
        -------
        MasksDisplay
        """
        n, longest = len(self.masks), max(map(len, shortened(self.names)))
        self.axes_ = grid_of_axes(ax, n, n, (3, 3.2 + INCHES * longest))
        for axes, mask, title in zip(self.axes_, self.masks, self.titles):
            axes.imshow(mask, cmap="Blues", vmin=0, vmax=1.4, aspect="auto", interpolation="none")
            axes.set_title(title, fontsize="medium")
            axes.set(xticks=[], yticks=[], xlabel="unit, by degree")
        self.axes_[0].set_ylabel("unit, by degree")
        if len(self.names) <= MOST_NAMES:
            self._write_names()
        fit_text(*self.axes_)
        self.figure_ = self.axes_[0].figure
        return self

    def _write_names(self):
        """Names of the features, below the inputs of the first mask and beside the last outputs."""
        places, names = np.arange(len(self.names)), shortened(self.names)
        self.axes_[0].set_xticks(places, names, rotation=90)
        self.axes_[0].set_xlabel("")
        self.axes_[-1].yaxis.tick_right()
        self.axes_[-1].set_yticks(places, names)
        if self.titles[-1].startswith("inputs"):
            self.axes_[-1].set_xlabel("input, in the same order")
