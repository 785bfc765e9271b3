"""Pictures of what a model says, in the manner of scikit-learn's displays.

Each display is one class in a file of its own: `from_estimator` computes what is to be seen and
draws it, `plot` draws it again. matplotlib is imported where something is drawn.
"""

from skmade._displays._column_density import ColumnDensityDisplay
from skmade._displays._contributions import ContributionsDisplay
from skmade._displays._dependencies import DependenciesDisplay
from skmade._displays._draws import DrawsDisplay
from skmade._displays._images import ImagesDisplay
from skmade._displays._loss_curve import LossCurveDisplay
from skmade._displays._masks import MasksDisplay
from skmade._displays._p_values import PValuesDisplay

__all__ = [
    "ColumnDensityDisplay",
    "ContributionsDisplay",
    "DependenciesDisplay",
    "DrawsDisplay",
    "ImagesDisplay",
    "LossCurveDisplay",
    "MasksDisplay",
    "PValuesDisplay",
]
