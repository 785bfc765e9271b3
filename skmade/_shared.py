"""One network whose weights many draws of masks share.

Training it under many orderings and connectivities makes it many models at the price of
one (order- and connectivity-agnostic training). Its weights are dense; each draw gathers
its own staircase from them, so that zero blocks are skipped here, too.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from skmade._kernels._constants import PANEL_ROWS
from skmade._kernels._memory import aligned
from skmade._kernels._shared import Dense, Draws, gather, shared_step
from skmade._kernels._steps import StepMemory, make_memory
from skmade._layout import Plan, make_plan, n_parameters, with_gaps, writable
from skmade._masks import draw_degrees
from skmade._network import Architecture, check_file
from skmade._orderings import make_ordering


@dataclass
class Draw:
    """An ordering, and degrees of the hidden units, unit by unit."""

    ordering: np.ndarray
    degrees: list
    plan: Plan
    places: np.ndarray
    """The dense number of each unit of the plan."""

    @classmethod
    def make(cls, architecture, ordering, degrees):
        """Lay out a draw."""
        sorting = [np.argsort(layer, kind="stable") for layer in degrees]
        plan = make_plan(
            architecture, ordering, [layer[order] for layer, order in zip(degrees, sorting)]
        )
        inputs = _blocks_of(architecture.features["n_inputs"], ordering)
        outputs = _blocks_of(architecture.features["n_outputs"], ordering)
        parts = [inputs, *sorting, outputs]
        places = np.concatenate([part + start for part, start in zip(parts, plan.layers[:, 0])])
        return cls(ordering, degrees, plan, places)

    def degrees_by_place(self):
        """Degrees of all units, by their dense numbers."""
        features, positions = self.plan.features, np.arange(1, len(self.ordering) + 1)
        inputs, outputs = (np.repeat(positions, features[n]) for n in ("n_inputs", "n_outputs"))
        degrees = np.zeros(len(self.places), np.int32)
        hidden = [np.sort(layer) for layer in self.degrees]
        degrees[self.places] = np.concatenate([inputs, *hidden, outputs])
        return degrees


def _blocks_of(widths, ordering):
    """Numbers of the units of each feature, features in the ordering."""
    starts, laid_out = np.cumsum(widths) - widths, widths[ordering]
    shifts = starts[ordering] - (np.cumsum(laid_out) - laid_out)
    return np.repeat(shifts, laid_out) + np.arange(laid_out.sum())


@dataclass
class MaskSampler:
    """Draws orderings and connectivities.

    Parameters
    ----------
    architecture : Architecture
    ordering : str or array-like
        As the estimator's parameter.
    mask_sampling : {"both", "ordering", "connectivity"}
        What differs from draw to draw.
    first : tuple of ordering and degrees
        Where the others come from.
    gaps : ndarray of shape (n_features,), optional
        See `make_ordering`.
    """

    architecture: Architecture
    ordering: object
    mask_sampling: str
    first: tuple
    gaps: np.ndarray | None = None

    @classmethod
    def start(cls, architecture, ordering, mask_sampling, rng, gaps):
        """A sampler with a first ordering and connectivity."""
        first = make_ordering(ordering, len(architecture.families), rng, gaps)
        degrees = _degrees(architecture, rng)
        return cls(architecture, ordering, mask_sampling, (first, degrees), gaps)

    @property
    def draws_orderings(self):
        """Whether orderings differ from draw to draw, without any preference."""
        is_random = isinstance(self.ordering, str) and self.ordering == "random"
        return is_random and self.mask_sampling != "connectivity"

    def draw(self, rng, ordering=None):
        """A draw; with a given ordering if there is one."""
        if ordering is None:
            ordering, _ = self.first
            if self.mask_sampling != "connectivity":
                ordering = make_ordering(self.ordering, len(ordering), rng, self.gaps)
        return Draw.make(self.architecture, ordering, self.draw_degrees(rng))

    def draw_degrees(self, rng):
        """Degrees of each hidden layer, by unit."""
        return (
            self.first[1] if self.mask_sampling == "ordering" else _degrees(self.architecture, rng)
        )


def _degrees(architecture, rng):
    """Degrees of each hidden layer, by unit."""
    n_features, sizes = len(architecture.families), architecture.sizes
    if n_features == 1:
        return []
    degrees = draw_degrees(sizes, n_features, architecture.residual, rng)
    if architecture.residual and sizes:  # layers that add to each other share them
        return [degrees[0][rng.permutation(sizes[0])]] * len(sizes)
    return [rng.permutation(layer) for layer in degrees]


@dataclass(frozen=True)
class DrawStack:
    """Draws of masks that share weights, stacked: few rows are scored under all of them at once."""

    plan: Plan
    """Of the dense weights: features in the order of the table."""
    draws: Draws

    @classmethod
    def make(cls, architecture, draws):
        """Stack draws."""
        n_features = len(architecture.families)
        degrees = [np.sort(layer) for layer in draws[0].degrees]
        plan = make_plan(architecture, np.arange(n_features), degrees)
        places, orderings = (
            np.stack([getattr(draw, name) for draw in draws]) for name in ("places", "ordering")
        )
        by_place = np.stack([draw.degrees_by_place() for draw in draws])
        return cls(plan, Draws(places, by_place, orderings, dense_blocks(plan)))


@dataclass
class DrawnNetwork:
    """The network of one draw of masks, with weights that it shares.

    Parameters
    ----------
    draw : Draw
    shared_theta : ndarray
        Dense weights.
    stack : DrawStack or None
        All draws of the network, this one among them.
    """

    draw: Draw
    shared_theta: np.ndarray
    stack: DrawStack | None = None

    @property
    def plan(self):
        """Where everything is in weights of its own."""
        return self.draw.plan

    @property
    def ordering(self):
        """Of the features."""
        return self.draw.ordering

    @property
    def dtype(self):
        """Of the parameters."""
        return self.shared_theta.dtype

    @property
    def degrees(self):
        """Sorted degrees of each hidden layer."""
        return [np.sort(layer) for layer in self.draw.degrees]

    @cached_property
    def theta(self):
        """Weights of its own: made when they are asked for, as large tables do."""
        plan = self.draw.plan
        theta = aligned((n_parameters(plan),), self.dtype, zero=True)
        everything = 0, len(plan.panels)
        gather(plan, self.draw.places, dense_blocks(plan), self.shared_theta, theta, *everything)
        return theta


@dataclass
class SharedNetwork:
    """Dense weights, and the draws of masks that are averaged in scoring.

    Parameters
    ----------
    theta : ndarray
        Dense weights block by block, then biases.
    draws : list of Draw
    sampler : MaskSampler
    fresh : bool
        Whether each mini-batch trains under a draw of its own; else under each of `draws`
        in turn.
    moments, step, solver
        As of a `Network`.
    """

    theta: np.ndarray
    draws: list
    sampler: MaskSampler
    fresh: bool
    moments: np.ndarray | None = None
    step: int = 0
    solver: str | None = None

    @property
    def orderings(self):
        """Of the draws that are averaged: (n_draws, n_features)."""
        return np.stack([draw.ordering for draw in self.draws])

    @classmethod
    def initial(cls, sampler, n_draws, fresh, marginals, rng, dtype):
        """A network before training; `marginals` are biases of the outputs by column."""
        draws = [sampler.draw(rng) for _ in range(n_draws)]
        theta = _initial_dense(draws[0].plan, np.concatenate(marginals), rng, dtype)
        # (trained under any ordering where these are fresh)
        return cls(theta, draws, replace(sampler, gaps=None), fresh)

    @cached_property
    def stack(self):
        """All draws that are averaged."""
        return DrawStack.make(self.sampler.architecture, self.draws)

    @property
    def plan(self):
        """That of a draw: all are of one size."""
        return self.draws[0].plan

    def admit_gaps(self):
        """Be ready to train on rows in which cells of any feature are missing."""
        self.sampler.architecture.features["is_mixed"] = 1
        self.draws = [replace(draw, plan=with_gaps(draw.plan)) for draw in self.draws]

    def step_memory(self, batch_size, n_threads):
        """Working memory of steps on batches of at most so many rows."""
        return SharedMemory.allocate(self, batch_size, n_threads)

    def run_steps(self, progress, batches, descent, memory, rng, crew):
        """Steps under one draw each.

        Returns the sum of the losses of the batches that were used, and their number.
        """

        def run_step(s, step, draw):
            theta, now = memory.theta[: n_parameters(draw.plan)], descent._replace(step=step)
            dense = Dense(
                progress.theta, memory.dense_gradient, progress.moments, draw.places, memory.blocks
            )
            return crew.run(
                lambda team: shared_step(
                    draw.plan, team, dense, batches, s, now, theta, memory.steps
                ),
                draw.plan, len(progress.theta),
            )  # fmt: skip

        total, used = 0.0, 0
        for s in range(len(batches.bounds) - 1):
            crew.heed()
            step = descent.step + used + 1
            loss = run_step(s, step, self.draw_for_step(step, rng))
            if np.isfinite(loss):
                total, used = total + loss, used + 1
        return total, used

    def network(self, draw, theta):
        """The network of a draw, with dense weights `theta`."""
        return DrawnNetwork(draw, theta)

    def networks(self, theta, at_most=None):
        """The networks that are averaged, or the first of them, with dense weights `theta`."""
        if at_most is not None:
            return [DrawnNetwork(draw, theta) for draw in self.draws[:at_most]]
        return [DrawnNetwork(draw, theta, self.stack) for draw in self.draws]

    def component_biases(self):
        """None are refitted: a column has another conditional in each draw, and one bias."""
        return {}

    def discrete_columns(self):
        """None are sharpened, for the same reason."""
        return []

    def draw_for_step(self, step, rng):
        """The draw that a step trains under."""
        return self.sampler.draw(rng) if self.fresh else self.draws[step % len(self.draws)]

    @property
    def makes_orderings(self):
        """Whether it was trained for any ordering, and not for those of `draws` alone."""
        return self.fresh and self.sampler.draws_orderings

    def networks_for(self, known, n, rng):
        """Networks whose orderings have known features first."""
        made = []
        for _ in range(n):
            ordering = np.concatenate(
                [rng.permutation(np.flatnonzero(part)) for part in (known, ~known)]
            )
            made.append(self.network(self.sampler.draw(rng, ordering), self.theta))
        return made

    def state(self):
        """The network as plain arrays and values; its weights are dense."""
        sampler = self.sampler
        state = {
            "kind": "SharedNetwork",
            "theta": self.theta,
            "draws": [{"ordering": d.ordering, "degrees": d.degrees} for d in self.draws],
            "ordering": sampler.ordering,
            "mask_sampling": sampler.mask_sampling,
            "first": sampler.first,
            "fresh": self.fresh,
        }
        if self.moments is not None:
            state |= {"moments": self.moments, "step": self.step, "solver": self.solver}
        return state

    @classmethod
    def from_state(cls, state, architecture):
        """The network from what `state` returned."""
        drawn = [(draw["ordering"], draw["degrees"]) for draw in state["draws"]]
        for masks in (state["first"], *drawn):
            architecture.check_masks(*masks)
        draws = [Draw.make(architecture, **draw) for draw in state["draws"]]
        sampler = MaskSampler(
            architecture, state["ordering"], state["mask_sampling"], state["first"]
        )
        theta, moments = state["theta"], state.get("moments")
        check_file(theta.shape == (n_dense(draws[0].plan),))
        check_file(moments is None or moments.shape == (2, len(theta)))
        if moments is not None:
            moments = writable(moments)
        passes = moments, state.get("step", 0), state.get("solver")
        return cls(writable(theta), draws, sampler, state["fresh"], *passes)


def dense_blocks(plan):
    """Where dense blocks begin: (n_layers, 2), of the layer before and of the inputs.

    The first row holds where the biases begin.
    """
    widths, blocks, place = np.diff(plan.layers)[:, 0], [], 0
    for layer in range(1, len(widths)):
        is_last = layer == len(widths) - 1
        row = [place, place + widths[layer - 1] * widths[layer]]
        place = row[1] + (widths[0] * widths[layer] if is_last and layer > 1 else 0)
        blocks.append(row)
    return np.array([[place, place], *blocks], np.int64)


def n_dense(plan):
    """How many dense weights and biases there are."""
    return dense_blocks(plan)[0, 0] + np.diff(plan.layers)[1:].sum()


def _initial_dense(plan, output_biases, rng, dtype):
    """As `initial_theta`, for weights of which every draw sees about half."""
    widths, blocks = np.diff(plan.layers)[:, 0], dense_blocks(plan)
    theta = np.zeros(n_dense(plan), dtype)
    for layer in range(1, len(widths)):
        is_last = layer == len(widths) - 1
        for source in [layer - 1] + [0] * (is_last and layer > 1):
            start = blocks[layer, 1 if source != layer - 1 else 0]
            bound = np.sqrt(6.0 / widths[source]) * (0.1 if is_last else 1.0)
            n = widths[source] * widths[layer]
            theta[start : start + n] = rng.uniform(-bound, bound, n)
    if len(widths) > 2:
        first_bias = len(theta) - widths[1:].sum()
        bound = np.sqrt(2.0 / widths[0])
        theta[first_bias : first_bias + widths[1]] = rng.uniform(-bound, bound, widths[1])
    theta[len(theta) - len(output_biases) :] = output_biases
    return theta


@dataclass(frozen=True)
class SharedMemory:
    """Working memory of the steps of a shared network."""

    blocks: np.ndarray
    dense_gradient: np.ndarray
    theta: np.ndarray
    """Room for the weights of any draw."""
    steps: StepMemory
    """With room for any draw."""

    @classmethod
    def allocate(cls, network, batch_size, n_threads):
        """Memory for batches of at most so many rows."""
        plan, dtype = network.draws[0].plan, network.theta.dtype
        widths = np.diff(plan.layers)[:, 0]
        padded = -(-widths // PANEL_ROWS) * PANEL_ROWS
        room = np.sum(widths[:-1] * padded[1:]) + widths[0] * padded[-1] + widths.sum()
        theta, gradient = (aligned((room,), dtype, zero=True) for _ in range(2))
        steps = make_memory(plan, batch_size, n_threads, dtype)._replace(gradient=gradient)
        return cls(dense_blocks(plan), np.zeros_like(network.theta), theta, steps)
