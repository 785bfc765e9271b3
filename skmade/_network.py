"""The masked network: its parameters, and their layout in memory.

Inputs are permuted into the ordering and hidden units sorted by degree; then the units a
row of a mask lets through are a prefix, and prefixes never get shorter from row to row:
the mask is a staircase. A staircase is cut into panels of rows, and a panel stores the
weights of its longest prefix only.
"""

from dataclasses import dataclass

import numpy as np

from skmade._auto import count_parameters
from skmade._conditionals import family_code
from skmade._kernels._plan import ACTIVATIONS, PANEL_ROWS, Plan, n_parameters
from skmade._kernels._product import LANES


@dataclass
class Architecture:
    """What all networks of a model have in common."""

    sizes: list
    """Units of each hidden layer."""
    families: list
    """Family of each column of the table."""
    activation: str
    residual: bool
    direct_connections: bool
    input_limit: float
    """Inputs are held within so many standard deviations."""

    def __post_init__(self):
        self.widths_in = np.array([family.n_inputs for family in self.families])
        self.widths_out = np.array([family.n_outputs for family in self.families])
        self.codes = np.array([family_code(family) for family in self.families])
        self.halves = np.array([getattr(family, "half", 0.0) for family in self.families])

    @property
    def n_parameters(self):
        """About how many a network has."""
        n_inputs, n_outputs = self.widths_in.sum(), self.widths_out.sum()
        return count_parameters(self.sizes, n_inputs, n_outputs, self.direct_connections)

    def state(self):
        """What it is made from, but for the families."""
        names = ("sizes", "activation", "residual", "direct_connections", "input_limit")
        n_components = max((getattr(f, "n_components", 1) for f in self.families), default=1)
        return {**{name: getattr(self, name) for name in names}, "n_components": n_components}

    @classmethod
    def from_state(cls, state, families_of):
        """The architecture from what `state` returned; `families_of` takes n_components."""
        values = dict(state)
        return cls(families=families_of(values.pop("n_components")), **values)


@dataclass
class Network:
    """One network with one draw of masks.

    Parameters
    ----------
    ordering : ndarray of shape (n_features,)
        Columns of the table in the order of generation.
    degrees : list of ndarray
        Sorted degrees of each hidden layer.
    theta : ndarray
        All weights, panel by panel, then all biases.
    plan : Plan
        Where everything is.
    moments : ndarray of shape (2, n_parameters), or None
        Of the solver, where `partial_fit` is to go on.
    step : int
        How many steps it has made.
    """

    ordering: np.ndarray
    degrees: list
    theta: np.ndarray
    plan: Plan
    moments: np.ndarray | None = None
    step: int = 0

    @classmethod
    def initial(cls, architecture, ordering, degrees, marginals, rng, dtype):
        """A network before training; `marginals` are biases of the outputs by column."""
        plan = make_plan(architecture, ordering, degrees)
        biases = np.concatenate([marginals[column] for column in ordering])
        return cls(ordering, degrees, initial_theta(plan, biases, rng, dtype), plan)

    @property
    def orderings(self):
        """Of its only draw of masks: (1, n_features)."""
        return self.ordering[None]

    def networks(self, theta, at_most=None):
        """The networks that are averaged, with parameters `theta`: this one."""
        return [Network(self.ordering, self.degrees, theta, self.plan)]

    def networks_for(self, missing, n, rng):
        """It has no other ordering than its own, in which missing features may come early."""
        return None

    def state(self):
        """The network as plain arrays; weights matrix by matrix, row by row, then biases."""
        places = weight_places(self.plan)
        state = {
            "kind": "Network",
            "ordering": self.ordering,
            "degrees": list(self.degrees),
            "theta": self.theta[places],
        }
        if self.moments is not None:
            state |= {"moments": self.moments[:, places], "step": self.step}
        return state

    @classmethod
    def from_state(cls, state, architecture):
        """The network from what `state` returned."""
        plan = make_plan(architecture, state["ordering"], state["degrees"])
        places = weight_places(plan)
        network = cls(state["ordering"], list(state["degrees"]), None, plan)
        network.theta = np.zeros(n_parameters(plan), state["theta"].dtype)
        network.theta[places] = state["theta"]
        if "moments" in state:
            network.moments = np.zeros((2, len(network.theta)), network.theta.dtype)
            network.moments[:, places] = state["moments"]
            network.step = state["step"]
        return network


def writable(array):
    """`array`, copied where it is read-only, for which kernels would be compiled anew."""
    return array if array.flags.carray else np.require(array, requirements=["C", "W"])


def weight_places(plan):
    """Where theta has each weight that is not masked, matrix by matrix and row by row, and the
    biases: an order that does not depend on how matrices are cut into panels."""
    places = []
    for row, stop, _, _, height, offset, extents in plan.panels:
        seen = plan.extents[extents : extents + stop - row]
        rows = np.repeat(np.arange(stop - row), seen)
        sources = np.arange(len(rows)) - np.repeat(np.cumsum(seen) - seen, seen)
        places.append(offset + sources * height + rows)
    return np.concatenate([*places, np.arange(plan.biases, n_parameters(plan))])


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
    widths_in, widths_out = architecture.widths_in[ordering], architecture.widths_out[ordering]
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
    starts_in = layers[0, 0] + np.cumsum(widths_in) - widths_in
    starts_out = layers[-1, 0] + np.cumsum(widths_out) - widths_out
    codes = architecture.codes[ordering]
    features = np.column_stack([ordering, codes, starts_in, widths_in, starts_out, widths_out])
    return Plan(
        layers=layers.astype(np.int64),
        counts=counts.astype(np.int64),
        panels=np.concatenate(panels.rows),
        first_panel=np.array(first_panel, np.int64),
        extents=np.concatenate(panels.extents).astype(np.int64),
        features=features.astype(np.int64),
        halves=architecture.halves[ordering],
        biases=panels.n_weights,
        activation=ACTIVATIONS.index(architecture.activation),
        residual=bool(architecture.residual),
        input_limit=float(architecture.input_limit),
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
        offset = ends - extent * height
        places = first + first_row, stop + first_row, first_source
        rows = np.empty((len(first), 7), np.int64)
        for k, column in enumerate([*places, extent, height, offset, first + self.n_rows]):
            rows[:, k] = column
        self.rows.append(rows)
        self.extents.append(extents)
        self.n_weights = int(ends[-1])
        self.n_rows += len(extents)


def initial_theta(plan, initial_biases, rng, dtype):
    """Uniform weights scaled by what each unit really sees; outputs start at the marginals.

    Parameters
    ----------
    plan : Plan
    initial_biases : ndarray of shape (n_outputs,)
        Of the output units, in the plan's order.
    rng : numpy.random.Generator
    dtype : dtype

    Returns
    -------
    ndarray of shape (n_parameters,)

    Notes
    -----
    A weight into a unit that sees f others is uniform in ``+-sqrt(3 / f)`` for hidden
    units: the variance 1/f keeps the size of activations from layer to layer. Weights
    into outputs are a tenth of that, so that the first densities are close to the
    marginals.
    """
    n_inputs, first_output = plan.layers[0, 1], plan.layers[-1, 0]
    theta = np.zeros(n_parameters(plan), dtype)
    for start, stop, _, extent, height, offset, extents in plan.panels:
        sees = plan.extents[extents : extents + stop - start]
        bound = np.sqrt(3.0 / np.maximum(sees, 1)) * (0.1 if start >= first_output else 1.0)
        weights = np.zeros((extent, height))
        weights[:, : stop - start] = rng.uniform(-bound, bound, (extent, stop - start))
        weights[:, : stop - start][np.arange(extent)[:, None] >= sees] = 0
        theta[offset : offset + weights.size] = weights.ravel()
    theta[plan.biases + first_output - n_inputs :] = initial_biases
    return theta
