"""Density estimation for scikit-learn by MADE, the masked autoencoder."""

from skmade import _check
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
from skmade._versions import show_versions

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
    "show_versions",
]
__version__ = "0.1.0"

_check.try_kernels()
