"""Density estimation for scikit-learn by MADE, the masked autoencoder."""

from skmade._density import MADEDensity

__all__ = ["MADEDensity"]
__version__ = "0.1.0"
