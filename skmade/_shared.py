"""One network whose weights many draws of masks share.

Training it under many orderings and connectivities makes it many models at the price of
one (order- and connectivity-agnostic training). Its weights are dense; each draw gathers
its own staircase from them, so that zero blocks are skipped here, too.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from skmade._kernels._plan import PANEL_ROWS, SOLVERS, Plan, n_parameters
from skmade._kernels._shared import gather, shared_step
from skmade._kernels._steps import StepMemory, make_memory
from skmade._masks import draw_degrees
from skmade._network import Architecture, Network, make_plan, plan_from_state, writable
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
        inputs = _blocks_of(architecture.widths_in, ordering)
        outputs = _blocks_of(architecture.widths_out, ordering)
        parts = [inputs, *sorting, outputs]
        places = np.concatenate([part + start for part, start in zip(parts, plan.layers[:, 0])])
        return cls(ordering, degrees, plan, places)


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
    """

    architecture: Architecture
    ordering: object
    mask_sampling: str
    first: tuple

    @classmethod
    def start(cls, architecture, ordering, mask_sampling, rng):
        """A sampler with a first ordering and connectivity."""
        first = make_ordering(ordering, len(architecture.families), rng)
        return cls(architecture, ordering, mask_sampling, (first, _degrees(architecture, rng)))

    def draw(self, rng, ordering=None):
        """A draw; with a given ordering if there is one."""
        first_ordering, degrees = self.first
        if ordering is None:
            ordering = first_ordering
            if self.mask_sampling != "connectivity":
                ordering = make_ordering(self.ordering, len(ordering), rng)
        if self.mask_sampling != "ordering":
            degrees = _degrees(self.architecture, rng)
        return Draw.make(self.architecture, ordering, degrees)


def _degrees(architecture, rng):
    """Degrees of each hidden layer, by unit."""
    n_features, sizes = len(architecture.families), architecture.sizes
    if n_features == 1:
        return []
    degrees = draw_degrees(sizes, n_features, architecture.residual, rng)
    if architecture.residual and sizes:  # layers that add to each other share them
        return [degrees[0][rng.permutation(sizes[0])]] * len(sizes)
    return [rng.permutation(layer) for layer in degrees]


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
    """

    theta: np.ndarray
    draws: list
    sampler: MaskSampler
    fresh: bool

    @classmethod
    def initial(cls, sampler, n_draws, fresh, marginals, rng, dtype):
        """A network before training; `marginals` are biases of the outputs by column."""
        draws = [sampler.draw(rng) for _ in range(n_draws)]
        theta = _initial_dense(draws[0].plan, np.concatenate(marginals), rng, dtype)
        return cls(theta, draws, sampler, fresh)

    def network(self, draw, theta):
        """The network of a draw, with dense weights `theta`."""
        own = np.zeros(n_parameters(draw.plan), theta.dtype)
        everything = 0, len(draw.plan.panels)
        gather(draw.plan, draw.places, dense_blocks(draw.plan), theta, own, *everything)
        degrees = [np.sort(layer) for layer in draw.degrees]
        return Network(draw.ordering, degrees, own, draw.plan)

    def networks(self, theta, at_most=None):
        """The networks that are averaged, or the first of them, with dense weights `theta`."""
        return [self.network(draw, theta) for draw in self.draws[:at_most]]

    def draw_for_step(self, step, rng):
        """The draw that a step trains under."""
        return self.sampler.draw(rng) if self.fresh else self.draws[step % len(self.draws)]

    def state(self):
        """The network as plain arrays and values."""
        architecture = self.sampler.architecture.parameters()
        return {
            "theta": self.theta,
            "draws": [{**vars(draw), "plan": dict(draw.plan._asdict())} for draw in self.draws],
            "sampler": {**vars(self.sampler), "architecture": architecture},
            "fresh": self.fresh,
        }

    @classmethod
    def from_state(cls, state, families):
        """The network from what `state` returned, and the families of the columns."""
        draws = [Draw(**{**draw, "plan": plan_from_state(draw["plan"])}) for draw in state["draws"]]
        architecture = Architecture(families=families, **state["sampler"]["architecture"])
        sampler = MaskSampler(**{**state["sampler"], "architecture": architecture})
        return cls(writable(state["theta"]), draws, sampler, state["fresh"])


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


def _initial_dense(plan, output_biases, rng, dtype):
    """As `initial_theta`, for weights of which every draw sees about half."""
    widths, blocks = np.diff(plan.layers)[:, 0], dense_blocks(plan)
    theta = np.zeros(blocks[0, 0] + widths[1:].sum(), dtype)
    for layer in range(1, len(widths)):
        is_last = layer == len(widths) - 1
        for source in [layer - 1] + [0] * (is_last and layer > 1):
            start = blocks[layer, 1 if source != layer - 1 else 0]
            bound = np.sqrt(6.0 / widths[source]) * (0.1 if is_last else 1.0)
            n = widths[source] * widths[layer]
            theta[start : start + n] = rng.uniform(-bound, bound, n)
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
        theta, gradient = np.zeros((2, room), dtype)
        steps = make_memory(plan, batch_size, n_threads, dtype)._replace(gradient=gradient)
        return cls(dense_blocks(plan), np.zeros_like(network.theta), theta, steps)


def run_shared_steps(
    network, progress, batches, noise, kept, settings, memory, max_norm, rng, crew
):  # fmt: skip
    """Steps under one draw each.

    Returns the sum of the losses of the batches that were used, and their number.
    """
    table, rows, weights, bounds = batches
    solver, alpha, rate = SOLVERS.index(settings.solver), float(settings.alpha), progress.rate

    def run_step(begin, end, step, draw):
        theta = memory.theta[: n_parameters(draw.plan)]
        return crew.run(
            lambda team: shared_step(
                draw.plan, team, draw.places, memory.blocks, solver, progress.theta,
                memory.dense_gradient, progress.moments, table, rows, begin, end, weights, noise,
                kept, alpha, max_norm, float(rate), step, theta, memory.steps,
            ),
            draw.plan, len(progress.theta),
        )  # fmt: skip

    total, used = 0.0, 0
    for begin, end in pairwise(bounds):
        crew.heed()
        step = progress.step + used + 1
        loss = run_step(begin, end, step, network.draw_for_step(step, rng))
        if np.isfinite(loss):
            total, used = total + loss, used + 1
    return total, used
