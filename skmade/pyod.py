"""The detector as one of PyOD's, for what is made of those."""

from typing import Self

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from skmade._outlier import MADEOutlierDetector
from skmade._types import Floats, Rows

try:
    from pyod.models.base import BaseDetector
except ImportError as error:
    raise ImportError("skmade.pyod needs PyOD: pip install pyod (or 'skmade[pyod]').") from error


class MADE(BaseDetector):
    """A :class:`skmade.MADEOutlierDetector` with PyOD's interface: high scores are strange.

    Scores are negative log-densities. Threshold and labels are PyOD's: `contamination` is the
    fraction of the training rows to flag, and ``predict`` gives 1 for outliers and 0 for others.

    Parameters
    ----------
    contamination : float in (0, 0.5], default=0.1
        Fraction of the training rows to flag. (That of `detector` plays no part.)
    detector : MADEOutlierDetector or None, default=None
        What scores; it is cloned. None is ``MADEOutlierDetector()``.

    Attributes
    ----------
    detector_ : MADEOutlierDetector
        The fitted one.
    decision_scores_ : ndarray of shape (n_samples,)
        Negative log-densities of the training rows, in nats.
    threshold_ : float
        Rows with a score above it are outliers.
    labels_ : ndarray of shape (n_samples,)
        1 for outliers among the training rows, 0 for others.

    Examples
    --------
    >>> import numpy as np
    >>> from skmade import MADEOutlierDetector
    >>> from skmade.pyod import MADE
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(1000, 1))
    >>> X = np.hstack([x, x + 0.1 * rng.normal(size=(1000, 1))])
    >>> model = MADE(0.05, MADEOutlierDetector(random_state=0)).fit(X)
    >>> int(model.labels_.sum())
    50
    >>> model.predict([[1.0, 1.0], [1.0, -1.0]])
    array([0, 1])
    >>> usual, strange = model.decision_function([[1.0, 1.0], [1.0, -1.0]])
    >>> bool(strange > model.threshold_ > usual)
    True
    """

    def __init__(
        self, contamination: float = 0.1, detector: MADEOutlierDetector | None = None
    ) -> None:
        super().__init__(contamination=contamination)
        self.detector = detector

    def fit(self, X: Rows, y: object = None) -> Self:
        """Fit the detector, and set threshold and labels of the training rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : None
            Ignored; PyOD warns of labels.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            As `MADEOutlierDetector.fit`.
        """
        self._set_n_classes(y)
        detector = MADEOutlierDetector() if self.detector is None else clone(self.detector)
        self.detector_ = detector.fit(X)
        self.decision_scores_ = self.decision_function(X)
        self._process_decision_scores()
        return self

    def decision_function(self, X: Rows) -> Floats:
        """Negative log-density of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,), float64
            In nats; high for outliers.

        Raises
        ------
        NotFittedError, ValueError
            As `MADEOutlierDetector.score_samples`.
        """
        check_is_fitted(self, "detector_")
        return np.negative(self.detector_.score_samples(X))
