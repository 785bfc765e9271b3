"""Density estimation for scikit-learn by MADE, the masked autoencoder."""

from skmade._displays import (
    ColumnDensityDisplay,
    ContributionsDisplay,
    DependenciesDisplay,
    DrawsDisplay,
    ImagesDisplay,
    LossCurveDisplay,
    MasksDisplay,
    PValuesDisplay,
)
from skmade._imputer import MADEImputer
from skmade._made import MADEDensity
from skmade._outlier import MADEOutlierDetector

__all__ = [
    "ColumnDensityDisplay",
    "ContributionsDisplay",
    "DependenciesDisplay",
    "DrawsDisplay",
    "ImagesDisplay",
    "LossCurveDisplay",
    "MADEDensity",
    "MADEImputer",
    "MADEOutlierDetector",
    "MasksDisplay",
    "PValuesDisplay",
]
__version__ = "0.1.0"
