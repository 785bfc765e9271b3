"""Images that were drawn."""

from typing import Any, Self

import numpy as np
from sklearn.metrics.pairwise import nan_euclidean_distances

from skmade._displays._common import density_of, fit_text, grid_of_axes, numbers_of
from skmade._made import MADEDensity
from skmade._types import Floats, Rows, Seed


class ImagesDisplay:
    """Images beside the nearest of some rows: whether draws are new, or copies of training rows.

    Made by `from_estimator`, of images that the model draws, or from any images; drawn by `plot`.

    Parameters
    ----------
    images : ndarray of shape (n_images, n_features)
        Images, each as a row.
    nearest : ndarray of shape (n_images, n_features)
        What is beside each of them.
    image_shape : tuple of int
        Height and width, or height, width and 3 colours.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (2, n_images)
    figure_ : matplotlib Figure

    Examples
    --------
    >>> import numpy as np
    >>> from skmade import ImagesDisplay, MADEDensity
    >>> X = np.tril(np.ones((9, 9)))[np.random.default_rng(0).integers(1, 8, size=300)]
    >>> X = np.abs(X - (np.random.default_rng(1).random(X.shape) < 0.1))
    >>> model = MADEDensity((16,), n_estimators=1, random_state=0).fit(X)
    >>> display = ImagesDisplay.from_estimator(model, X, (3, 3), n_images=5, random_state=0)
    >>> display.axes_.shape
    (2, 5)
    """

    def __init__(self, images: Floats, nearest: Floats, image_shape: tuple[int, ...]) -> None:
        self.images = images
        self.nearest = nearest
        self.image_shape = image_shape

    @classmethod
    def from_estimator(
        cls,
        estimator: MADEDensity,
        X: Rows,
        image_shape: tuple[int, ...],
        *,
        n_images: int = 10,
        random_state: Seed = None,
        ax: Any = None,
    ) -> Self:
        """Draw images from the model, and below each the nearest row of X.

        Parameters
        ----------
        estimator : MADEDensity or MADEOutlierDetector
            Fitted to images, each as a row.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Images to compare with, as those of training; the nearest has the smallest Euclidean
            distance, in the units of X (of flags, the fewest pixels that differ).
        image_shape : tuple of int
            Height and width, or height, width and 3 colours.
        n_images : int, default=10
        random_state : int, RandomState or Generator instance, or None, default=None
        ax : matplotlib Axes or array of these, default=None
            One for each image, two rows of them, or one whose place they share.

        Returns
        -------
        ImagesDisplay

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If images of this shape have another number of pixels than X has columns.
        """
        density_of(estimator)
        if np.prod(image_shape) != estimator.n_features_in_:
            raise ValueError(
                f"image_shape must have as many pixels as X has columns, "
                f"{estimator.n_features_in_}; got {image_shape}, which has {np.prod(image_shape)}."
            )
        rows = numbers_of(estimator, X)
        drawn = numbers_of(estimator, estimator.sample(n_images, random_state))
        nearest = rows[np.argmin(nan_euclidean_distances(drawn, rows), axis=1)]
        return cls(drawn, nearest, tuple(image_shape)).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> Self:
        """Draw the images in a row, and what is nearest to them below.

        Parameters
        ----------
        ax : matplotlib Axes or array of these, default=None

        Returns
        -------
        ImagesDisplay
        """
        n = len(self.images)
        self.axes_ = grid_of_axes(ax, 2 * n, n, (1, 1.3)).reshape(2, n)
        low, high = (f([self.images, self.nearest]) for f in (np.nanmin, np.nanmax))
        for axes, row in zip(self.axes_.ravel(), np.concatenate([self.images, self.nearest])):
            is_coloured = len(self.image_shape) == 3
            image = row.reshape(self.image_shape)
            image = (image - low) / (high - low) if is_coloured else image
            axes.imshow(image, cmap="gray_r", vmin=low, vmax=high, interpolation="none")
            axes.set(xticks=[], yticks=[])
        for axes, title in zip(self.axes_[:, 0], ("drawn", "nearest row")):
            axes.set_title(title, loc="left", fontsize="medium")
        fit_text(*self.axes_.ravel())
        self.figure_ = self.axes_[0, 0].figure
        return self
