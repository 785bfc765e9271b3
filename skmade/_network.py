"""The masked network: its architecture and its parameters."""

from dataclasses import dataclass

import numpy as np

from skmade._layout import (
    Plan,
    constant_rows,
    feature_records,
    make_plan,
    n_parameters,
    plan_from_state,
    writable,
)


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
        self.features = feature_records(self.families)
        self.constants = constant_rows(self.families)

    def parameters(self):
        """What it is made from, but for the families."""
        names = ("sizes", "activation", "residual", "direct_connections", "input_limit")
        return {name: getattr(self, name) for name in names}


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
    """

    ordering: np.ndarray
    degrees: list
    theta: np.ndarray
    plan: Plan

    @classmethod
    def initial(cls, architecture, ordering, degrees, marginals, rng, dtype):
        """A network before training; `marginals` are biases of the outputs by column."""
        plan = make_plan(architecture, ordering, degrees)
        biases = np.concatenate([marginals[column] for column in ordering])
        return cls(ordering, degrees, initial_theta(plan, biases, rng, dtype), plan)

    def networks(self, theta, at_most=None):
        """The networks that are averaged, with parameters `theta`: this one."""
        return [Network(self.ordering, self.degrees, theta, self.plan)]

    def state(self):
        """The network as plain arrays and values."""
        return {
            "ordering": self.ordering,
            "degrees": list(self.degrees),
            "theta": self.theta,
            "plan": dict(self.plan._asdict()),
        }

    @classmethod
    def from_state(cls, state):
        """The network from what `state` returned."""
        theta, plan = writable(state["theta"]), plan_from_state(state["plan"])
        return cls(state["ordering"], state["degrees"], theta, plan)


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
    for panel in plan.panels:
        extent, n_rows = panel.extent, panel.stop - panel.row
        sees = plan.extents[panel.extents : panel.extents + n_rows]
        bound = np.sqrt(3.0 / np.maximum(sees, 1)) * (0.1 if panel.row >= first_output else 1.0)
        weights = np.zeros((extent, panel.height))
        weights[:, :n_rows] = rng.uniform(-bound, bound, (extent, n_rows))
        weights[:, :n_rows][np.arange(extent)[:, None] >= sees] = 0
        theta[panel.offset : panel.offset + weights.size] = weights.ravel()
    theta[plan.biases + first_output - n_inputs :] = initial_biases
    return theta
