"""The layout of a network in memory, as integers that kernels can read.

Inputs are permuted into the ordering and hidden units sorted by degree; then the units a
row of a mask lets through are a prefix, and prefixes never get shorter from row to row:
the mask is a staircase. A staircase is cut into panels of rows, and a panel stores the
weights of its longest prefix only.
"""

from typing import NamedTuple

import numpy as np

from skmade._families import FAMILIES, family_code
from skmade._kernels._choice import in_use
from skmade._kernels._constants import ACTIVATIONS, PANEL_ROWS
from skmade._kernels._product import LANES

# What a draw of a family needs besides random bits, by code.
NOISES = ("none", "normal", "logistic")


def _record(*names):
    """A type of records of integers, whose fields are attributes in kernels and in Python."""
    return np.dtype((np.record, np.dtype([(name, np.int64) for name in names], align=True)))


# Column of the table and code of the family of a feature; its input and output units; whether
# its input is one-hot of a code; whether training adds noise to it; what noise its draws need.
# Then of atoms and missing cells: whether there may be any; how many outputs choose between them
# and the rest; how many atoms there are, and which of the constants is the first; whether an
# input says that a cell is missing, and draws may be; whether draws have bounds; whether atoms are
# all that was seen; how many of them, the first, have an input. Last, how many components its
# family mixes, if it is a mixture.
FEATURE = _record(
    "column", "family", "first_input", "n_inputs", "first_output", "n_outputs", "is_one_hot",
    "takes_noise", "noise", "is_mixed", "n_states", "n_atoms", "first_atom", "has_flag",
    "draws_gaps", "has_bounds", "is_alone", "n_shown", "n_components",
)  # fmt: skip

# The units that are the rows of a panel, ``row:stop``; its first source unit, and the extent:
# how many source units its last row sees; its height (its rows, padded); where its weights begin
# in theta, and its rows in `extents`. The weight of row r from source unit k is at
# ``offset + k * height + r``, both counted from the panel's first.
PANEL = _record("row", "stop", "source", "extent", "height", "offset", "extents")


class Plan(NamedTuple):
    """Where every unit, weight and feature of a network is.

    Units of all layers are numbered through: inputs, then hidden layers, then outputs,
    each layer sorted by degree. Weights and biases are one flat vector, `theta`.
    """

    layers: np.ndarray
    """(n_layers, 2): first unit of each layer, and the one after its last."""
    counts: np.ndarray
    """(n_layers, n_features + 1): how many units of a layer have degree <= d."""
    panels: np.ndarray
    """(n_panels,) records of type PANEL."""
    first_panel: np.ndarray
    """(n_layers + 1,): first panel of each layer."""
    extents: np.ndarray
    """How many source units each row of each panel sees."""
    features: np.ndarray
    """(n_features,) records of type FEATURE, in the order of generation."""
    constants: np.ndarray
    """(n_features, at least 1): constants of the families, in the order of generation."""
    biases: int
    """Offset of the biases in theta."""
    activation: tuple
    """Which of the activations is in use, see `_choice`."""
    residual: bool
    input_limit: float
    """Inputs are held within so many standard deviations."""
    families: tuple
    """Which families are in use, by code, see `_choice`."""
    is_mixed: bool | None
    """True where there may be atoms or missing cells, else None."""


def n_parameters(plan):
    """Length of theta."""
    return plan.biases + plan.layers[-1, 1] - plan.layers[0, 1]


def flops_per_row(plan):
    """Operations of one pass through the network for one row; training takes three passes."""
    return 2 * plan.biases + 100 * len(plan.features)  # the second: densities of the features


def writable(value):
    """An array, copied where it is read-only, for which kernels would be compiled anew."""
    if value.flags.carray:
        return value
    return np.require(value, requirements=["C", "W"])


def feature_records(conditionals):
    """Records of features in the order of the table, but for where their units begin.

    Parameters
    ----------
    conditionals : list of Mixed
    """
    features, families = np.zeros(len(conditionals), FEATURE), [c.family for c in conditionals]
    features["column"] = np.arange(len(families))
    features["family"] = [family_code(family) for family in families]
    features["is_one_hot"] = [family.is_one_hot for family in families]
    features["takes_noise"] = [family.takes_input_noise for family in families]
    features["noise"] = [NOISES.index(family.noise) for family in families]
    own = ("n_inputs", "n_outputs", "n_states", "first_atom", "has_bounds", "is_alone", "n_shown")
    for name in own:
        features[name] = [getattr(conditional, name) for conditional in conditionals]
    features["n_atoms"] = [len(conditional.atoms) for conditional in conditionals]
    features["has_flag"] = [conditional.has_gaps for conditional in conditionals]
    features["draws_gaps"] = [conditional.is_informative for conditional in conditionals]
    features["n_components"] = [getattr(family, "n_components", 0) for family in families]
    features["is_mixed"] = (features["n_states"] > 0) | (features["has_flag"] > 0)
    return features


def with_gaps(plan):
    """The plan, for rows in which cells of any feature may be missing."""
    features = plan.features.copy()
    features["is_mixed"] = 1
    return plan._replace(features=features, is_mixed=True)


def are_direct(plan):
    """Which panels have the weights of outputs from inputs, where hidden layers are between."""
    from_inputs = plan.panels["source"] < plan.layers[0, 1]
    return from_inputs & (plan.panels["row"] >= plan.layers[-1, 0]) & (len(plan.layers) > 2)


def without_direct_connections(plan):
    """The plan without these panels, which are the last ones."""
    panels = plan.panels[~are_direct(plan)]
    return plan._replace(panels=panels, first_panel=np.append(plan.first_panel[:-1], len(panels)))


def without_drawn_gaps(plan):
    """The plan, for draws in which no cell comes out as missing."""
    features = plan.features.copy()
    features["draws_gaps"] = 0
    return plan._replace(features=features)


def constant_rows(conditionals):
    """Constants of the conditionals, a row each."""
    rows = [conditional.constants for conditional in conditionals]
    constants = np.zeros((len(rows), max(1, *map(len, rows))))
    for row, values in zip(constants, rows):
        row[: len(values)] = values
    return constants


def make_plan(architecture, ordering, degrees):
    """Lay out a network.

    Parameters
    ----------
    architecture : Architecture
    ordering : ndarray of shape (n_features,)
    degrees : list of ndarray
        Sorted degrees of each hidden layer.

    Returns
    -------
    Plan
    """
    n_features = len(ordering)
    positions = np.arange(1, n_features + 1)
    features = architecture.features[ordering]
    widths_in, widths_out = features["n_inputs"], features["n_outputs"]
    unit_degrees = [np.repeat(positions, widths_in), *degrees, np.repeat(positions, widths_out)]
    stops = np.cumsum([len(layer) for layer in unit_degrees])
    layers = np.column_stack([np.r_[0, stops[:-1]], stops])
    counts = np.stack([_cumulative(layer, n_features) for layer in unit_degrees])

    panels = _PanelTable()
    first_panel = [0, 0]
    for layer in range(1, len(layers)):
        is_output = layer == len(layers) - 1
        sees = unit_degrees[layer] - is_output  # the highest degree a unit sees
        direct = is_output and architecture.direct_connections and layer > 1
        seen = counts[layer - 1, sees]
        if layer == 1 and is_output and not architecture.direct_connections:
            seen = np.zeros_like(seen)
        panels.add(seen, layers[layer, 0], layers[layer - 1, 0])
        if direct:
            panels.add(counts[0, sees], layers[layer, 0], layers[0, 0])
        first_panel.append(len(panels))
    features["first_input"] = layers[0, 0] + np.cumsum(widths_in) - widths_in
    features["first_output"] = layers[-1, 0] + np.cumsum(widths_out) - widths_out
    return Plan(
        layers=layers.astype(np.int64),
        counts=counts.astype(np.int64),
        panels=np.concatenate(panels.rows),
        first_panel=np.array(first_panel, np.int64),
        extents=np.concatenate(panels.extents).astype(np.int64),
        features=features,
        constants=architecture.constants[ordering],
        biases=panels.n_weights,
        activation=in_use([architecture.activation], ACTIVATIONS),
        residual=bool(architecture.residual),
        input_limit=float(architecture.input_limit),
        families=in_use(features["family"], range(len(FAMILIES))),
        is_mixed=True if features["is_mixed"].any() else None,
    )


def _cumulative(degrees, n_features):
    """How many units have degree <= d, for d = 0..n_features."""
    return np.searchsorted(degrees, np.arange(n_features + 1), side="right")


class _PanelTable:
    """Panels, as they are laid one after another into the vector of weights."""

    def __init__(self):
        self.rows, self.extents, self.n_weights, self.n_rows = [], [], 0, 0

    def __len__(self):
        return sum(map(len, self.rows))

    def add(self, extents, first_row, first_source):
        """Cut one masked matrix, whose row j sees ``extents[j]`` source units, into panels."""
        first = np.arange(0, len(extents), PANEL_ROWS)
        stop = np.minimum(first + PANEL_ROWS, len(extents))
        extent, height = extents[stop - 1], -(-(stop - first) // LANES) * LANES  # whole vectors
        ends = self.n_weights + np.cumsum(extent * height)
        rows = np.zeros(len(first), PANEL)
        rows["row"], rows["stop"], rows["source"] = (
            first + first_row,
            stop + first_row,
            first_source,
        )
        rows["extent"], rows["height"] = extent, height
        rows["offset"], rows["extents"] = ends - extent * height, first + self.n_rows
        self.rows.append(rows)
        self.extents.append(extents)
        self.n_weights = int(ends[-1])
        self.n_rows += len(extents)
