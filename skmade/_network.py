"""The masked network: its architecture and its parameters."""

from dataclasses import dataclass, replace

import numpy as np

from skmade._auto import count_parameters
from skmade._families import FAMILIES
from skmade._kernels._constants import ACTIVATIONS
from skmade._kernels._memory import aligned, aligned_copy
from skmade._kernels._steps import make_memory, train_steps
from skmade._layout import (
    Plan,
    are_direct,
    constant_rows,
    feature_records,
    make_plan,
    n_parameters,
    with_gaps,
    without_direct_connections,
)


@dataclass
class Architecture:
    """What all networks of a model have in common."""

    sizes: list
    """Units of each hidden layer."""
    families: list
    """Of each column of the table, a family beside atoms and gaps (`Mixed`)."""
    activation: str
    residual: bool
    direct_connections: bool
    input_limit: float
    """Inputs are held within so many standard deviations."""

    def __post_init__(self):
        self.features = feature_records(self.families)
        self.constants = constant_rows(self.families)

    @property
    def n_parameters(self):
        """About how many a network has."""
        n_inputs, n_outputs = self.features["n_inputs"].sum(), self.features["n_outputs"].sum()
        return count_parameters(self.sizes, n_inputs, n_outputs, self.direct_connections)

    def state(self):
        """What it is made from, but for the families."""
        names = ("sizes", "activation", "residual", "direct_connections", "input_limit")
        n_components = max((getattr(f.family, "n_components", 1) for f in self.families), default=1)
        return {**{name: getattr(self, name) for name in names}, "n_components": n_components}

    @classmethod
    def from_state(cls, state, families_of):
        """The architecture from what `state` returned; `families_of` takes n_components."""
        values = dict(state)
        made = cls(families=families_of(values.pop("n_components")), **values)
        check_file(all(family.n_outputs > 0 for family in made.families))
        check_file(made.activation in ACTIVATIONS)
        return made

    def check_masks(self, ordering, degrees):
        """Raise ValueError for an ordering and degrees from a file that are none of its networks.

        (Kernels trust a plan: one that is wrong would let them read beyond their arrays.)
        """
        positions = np.arange(len(self.families))
        check_file(np.array_equal(np.sort(ordering), positions))
        check_file([layer.shape for layer in degrees] == [(size,) for size in self.sizes])
        check_file(not self.residual or len(set(self.sizes)) <= 1)
        check_file(all(np.isin(layer, positions[1:]).all() for layer in degrees))


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
    solver : str or None
        What the moments are of.
    """

    ordering: np.ndarray
    degrees: list
    theta: np.ndarray
    plan: Plan
    moments: np.ndarray | None = None
    step: int = 0
    solver: str | None = None

    @classmethod
    def initial(cls, architecture, ordering, degrees, marginals, rng, dtype):
        """A network before training; `marginals` are biases of the outputs by column."""
        plan = make_plan(architecture, ordering, degrees)
        biases = np.concatenate([marginals[column] for column in ordering])
        return cls(ordering, degrees, initial_theta(plan, biases, rng, dtype), plan)

    #: Draws that it shares its weights with; these are its own.
    stack = None

    @property
    def dtype(self):
        """Of the parameters."""
        return self.theta.dtype

    @property
    def orderings(self):
        """Of its only draw of masks: (1, n_features)."""
        return self.ordering[None]

    def admit_gaps(self):
        """Be ready to train on rows in which cells of any feature are missing."""
        self.plan = with_gaps(self.plan)

    def step_memory(self, batch_size, n_threads):
        """Working memory of steps on batches of at most so many rows."""
        return make_memory(self.plan, batch_size, n_threads, self.dtype)

    def run_steps(self, progress, batches, descent, memory, rng, crew):
        """Steps of training, which draw no random numbers of their own.

        Returns the sum of the losses of the batches that were used, and their number.
        """
        return crew.run(
            lambda team: train_steps(
                self.plan, team, progress.theta, progress.moments, batches, descent, memory
            ),
            self.plan, len(progress.theta),
        )  # fmt: skip

    def networks(self, theta, at_most=None):
        """The networks that are averaged, with parameters `theta`: this one."""
        return [Network(self.ordering, self.degrees, theta, self.plan)]

    def component_biases(self):
        """Where the biases of the weights of mixtures are in theta, by column."""
        places, shift = {}, self.plan.biases - self.plan.layers[0, 1]
        for feature in self.plan.features:
            n, first = feature.n_components, shift + feature.first_output + feature.n_states
            if n > 1:
                places[int(feature.column)] = np.arange(first, first + n)
        return places

    def discrete_columns(self):
        """Columns of flags, of labels, and of atoms alone."""
        return [
            int(feature.column)
            for feature in self.plan.features
            if feature.is_alone or FAMILIES[feature.family].support in ("flags", "codes")
        ]

    def logits(self, columns):
        """Where in theta the weights and biases of the outputs of some columns are, for each."""
        of_columns = {int(feature.column): feature for feature in self.plan.features}
        return [
            np.concatenate(
                self.places_of_outputs(
                    feature.first_output, feature.first_output + feature.n_outputs
                )
            )
            for feature in map(of_columns.get, columns)
        ]

    def places_of_outputs(self, first, stop):
        """Where in theta the weights of some of the outputs are, and their biases."""
        places, begin = [], self.plan.biases - self.plan.layers[0, 1]
        for panel in self._panels_of_outputs():
            rows = np.arange(max(first, panel.row), min(stop, panel.stop)) - panel.row
            sources = np.arange(panel.extent)[:, None]
            places.append((panel.offset + sources * panel.height + rows).ravel())
        return np.concatenate(places), np.arange(begin + first, begin + stop)

    def direct_weights(self, outputs):
        """Where in theta the weights of outputs of one feature from the inputs before it are."""
        places = []
        for panel in self._panels_of_outputs():
            for output in outputs if panel.source < self.plan.layers[0, 1] else ():
                row = output - panel.row
                if 0 <= row < panel.stop - panel.row:
                    seen = self.plan.extents[panel.extents + row]
                    places.append(panel.offset + np.arange(seen) * panel.height + row)
        return np.array(places)

    def without_direct_connections(self):
        """The network with hidden layers alone between inputs and outputs, if there are both."""
        panels, theta = self.plan.panels[are_direct(self.plan)], aligned_copy(self.theta)
        if not len(panels):
            return self
        theta[panels["offset"][0] : self.plan.biases] = 0
        return replace(self, theta=theta, plan=without_direct_connections(self.plan))

    def smooth_values(self, d, table):
        """Cells of the feature at position d, and which are neither atoms nor missing."""
        feature = self.plan.features[d]
        values = table[:, feature.column].astype(np.float64)
        atoms = self.plan.constants[d, feature.first_atom :][: feature.n_atoms]
        return values, ~np.isnan(values) & ~np.isin(values, atoms.astype(table.dtype))

    @property
    def has_direct_connections(self):
        """Whether outputs have weights from the inputs."""
        n_inputs, panels = self.plan.layers[0, 1], self._panels_of_outputs()
        return any(panel.source < n_inputs and panel.extent > 0 for panel in panels)

    def _panels_of_outputs(self):
        return self.plan.panels[self.plan.first_panel[-2] :]

    #: It has no other ordering than its own.
    makes_orderings = False

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
            state |= {"moments": self.moments[:, places], "step": self.step, "solver": self.solver}
        return state

    @classmethod
    def from_state(cls, state, architecture):
        """The network from what `state` returned."""
        architecture.check_masks(state["ordering"], state["degrees"])
        check_file(all(np.all(np.diff(layer) >= 0) for layer in state["degrees"]))
        plan = make_plan(architecture, state["ordering"], state["degrees"])
        places = weight_places(plan)
        network = cls(state["ordering"], list(state["degrees"]), None, plan)
        network.theta = aligned((n_parameters(plan),), state["theta"].dtype, zero=True)
        network.theta[places] = state["theta"]
        if "moments" in state:
            network.moments = np.zeros((2, len(network.theta)), network.theta.dtype)
            network.moments[:, places] = state["moments"]
            network.step, network.solver = state["step"], state.get("solver")
        return network


def check_file(is_right):
    """Raise ValueError where what a file holds is not what a model stores."""
    if not is_right:
        raise ValueError(
            "The file of the model is damaged: what it holds does not fit together. Fit the model "
            "anew, or load another copy."
        )


def weight_places(plan):
    """Where theta has each weight that is not masked, matrix by matrix and row by row, and the
    biases: an order that does not depend on how matrices are cut into panels."""
    places = []
    for panel in plan.panels:
        seen = plan.extents[panel.extents : panel.extents + panel.stop - panel.row]
        rows = np.repeat(np.arange(len(seen)), seen)
        sources = np.arange(len(rows)) - np.repeat(np.cumsum(seen) - seen, seen)
        places.append(panel.offset + sources * panel.height + rows)
    return np.concatenate([*places, np.arange(plan.biases, n_parameters(plan))])


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
    marginals. Biases of the first hidden layer are uniform in ``+-1 / sqrt(f)``: if they
    were 0, all units that see one number would have their kinks at its mean.
    """
    n_inputs, first_output = plan.layers[0, 1], plan.layers[-1, 0]
    theta = aligned((n_parameters(plan),), dtype, zero=True)
    for panel in plan.panels:
        extent, n_rows = panel.extent, panel.stop - panel.row
        sees = plan.extents[panel.extents : panel.extents + n_rows]
        bound = np.sqrt(3.0 / np.maximum(sees, 1)) * (0.1 if panel.row >= first_output else 1.0)
        weights = np.zeros((extent, panel.height))
        weights[:, :n_rows] = rng.uniform(-bound, bound, (extent, n_rows))
        weights[:, :n_rows][np.arange(extent)[:, None] >= sees] = 0
        theta[panel.offset : panel.offset + weights.size] = weights.ravel()
        if panel.stop <= plan.layers[1, 1] and panel.row < first_output:
            first_bias = plan.biases + panel.row - n_inputs
            theta[first_bias : first_bias + n_rows] = rng.uniform(-1, 1, n_rows) / np.sqrt(sees)
    theta[plan.biases + first_output - n_inputs :] = initial_biases
    return theta
