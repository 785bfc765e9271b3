"""Kernels are tried on a tiny case before they are first used in a process.

Machine code, compiled just now or read from the disk cache, must come to what its source comes to
when Python itself goes through it. So a file that is damaged, a compiler that errs, or a
processor that the code is not for ends in a warning, and not in a wrong density.

A case is made for the types that the code is for: a network with a column of each family in use,
and three rows. It is a kernel's arguments, and those of their arrays that hold its results.
"""

from functools import partial

import numba
import numpy as np
from numba import types

from skmade._agnostic import make_orders, make_orders_memory
from skmade._families import FAMILIES, make_family
from skmade._families._mixed import Mixed
from skmade._kernels._ancestral import Known, ancestral_pass
from skmade._kernels._constants import ACTIVATIONS
from skmade._kernels._memory import make_buffers
from skmade._kernels._orders import complete_rows
from skmade._kernels._passes import ComponentSums, score_rows
from skmade._kernels._shared import Dense, gather, score_few_rows, shared_step
from skmade._kernels._steps import Batches, Descent, train_steps
from skmade._layout import n_parameters
from skmade._network import Architecture, Network
from skmade._sampling import numbers_of_rows, random_numbers
from skmade._scoring import Scorer, StackScorer
from skmade._shared import MaskSampler, SharedNetwork, dense_blocks
from skmade._teams import make_teams

_FACTS = {
    "n_components": 2, "n_categories": 3, "half": 0.25, "low": -8.0, "high": 8.0, "origin": 0.0,
    "unit": 1.0,
}  # fmt: skip
# Of the three rows, by the support of the family; 1 is an atom where there are any.
_VALUES = {
    "flags": (0, 1, 1), "codes": (2, 0, 1), "counts": (0, 3, 1), "real": (0.25, 1, -0.5),
}  # fmt: skip
_ROWS = np.arange(3)


def try_kernels():
    """Have kernels tried before they are used."""
    for kernel, make_case in _CASES.items():
        kernel.is_right = partial(_is_right, kernel, make_case)


def _is_right(kernel, make_case, kinds, compiled):
    """Whether machine code for arguments of some types comes to what the kernel's source does."""
    (ours, results), (others, expected) = make_case(*kinds), make_case(*kinds)
    if tuple(map(numba.typeof, ours)) != kinds:  # (of a read-only table, for one)
        return True
    results.append(compiled(*ours))
    with np.errstate(all="ignore"):  # (numbers may wrap around, as they should)
        expected.append(kernel.py_func(*others))
    return _are_close(results, expected, _precision(kinds))


def _precision(kinds):
    """Of the narrowest floating-point numbers among the arguments."""
    numbers = [kind.dtype for kind in kinds if isinstance(kind, types.Array)]
    return max(np.finfo(str(kind)).eps for kind in numbers if kind in types.real_domain)


def _are_close(results, expected, precision):
    """Whether results agree to half of the digits."""
    near = np.sqrt(precision)
    return all(
        np.allclose(x, y, rtol=near, atol=near, equal_nan=True)
        for x, y in zip(results, expected, strict=True)
        if y is not None
    )


def _scores(plan, theta, *_):
    case = _Case(plan, theta)
    network, (scores, contributions) = case.network(), case.outputs()
    components = ComponentSums(np.ones(len(_ROWS)), *np.zeros((2, case.table.shape[1], 2)))
    arguments = (
        network.plan, network.theta, case.table, _ROWS, Scorer(network, len(_ROWS)).memory, scores,
        contributions, components,
    )  # fmt: skip
    return arguments, [scores, contributions, components.before, components.known]


def _scores_of_draws(plan, draws, dense, *_):
    case = _Case(plan, dense)
    network = case.shared()
    scores, contributions = case.outputs(len(network.draws))
    scorer = StackScorer(network.stack, network.theta)
    arguments = (
        scorer.plan, network.stack.draws, scorer.theta, case.table, _ROWS, scorer.memory, scores,
        contributions,
    )  # fmt: skip
    return arguments, [scores, contributions]


def _steps(plan, team, theta, moments, batches, descent, memory):
    case = _Case(plan, theta)
    network = case.network()
    (team,) = make_teams(network.plan, len(network.theta), 1)
    moments, memory = case.moments(network.theta), network.step_memory(len(_ROWS), 1)
    arguments = (
        network.plan, team, network.theta, moments, case.batches(), case.descent(descent), memory
    )  # fmt: skip
    return arguments, [network.theta, moments, memory.gradient]


def _shared_steps(plan, team, dense, batches, s, descent, theta, memory):
    case = _Case(plan, theta)
    network = case.shared()
    draw, memory = network.draws[0], network.step_memory(len(_ROWS), 1)
    (team,) = make_teams(draw.plan, len(network.theta), 1)
    dense = Dense(
        network.theta, memory.dense_gradient, case.moments(network.theta), draw.places,
        memory.blocks,
    )  # fmt: skip
    theta = memory.theta[: n_parameters(draw.plan)]
    arguments = (
        draw.plan, team, dense, case.batches(), 0, case.descent(descent), theta, memory.steps
    )  # fmt: skip
    return arguments, [*dense[:3], theta]


def _gathered(plan, places, blocks, dense, *_):
    case = _Case(plan, dense)
    network = case.shared()
    draw = network.draws[0]
    plan, own = draw.plan, np.zeros(n_parameters(draw.plan), case.dtype)
    arguments = (
        plan, draw.places, dense_blocks(plan), network.theta, own, 0, len(plan.panels)
    )  # fmt: skip
    return arguments, [own]


def _draws(plan, theta, block, randomness, known, *_):
    case = _Case(plan, theta)
    network, table = case.network(), case.table
    randomness = random_numbers(network.plan, table.shape, case.dtype, case.rng)
    buffers, results = make_buffers(network.plan, 1, len(_ROWS), case.dtype), [table]
    own = None
    if known != types.none:
        log_given = np.zeros(len(table))
        own = Known(case.known, log_given, np.zeros(len(table), case.dtype))
        results.append(log_given)
    return (network.plan, network.theta, 1, randomness, own, buffers, table), results


def _completed(plan, dense, *_):
    case = _Case(plan, dense)
    network, table = case.shared(), case.table
    plan = network.stack.plan
    arguments = (
        plan, network.theta, make_orders(network, plan, case.known, case.rng),
        numbers_of_rows(plan, len(table), case.dtype, case.rng), case.known,
        make_orders_memory(plan, case.dtype), table,
    )  # fmt: skip
    return arguments, [table]


class _Case:
    """What networks and rows are made of, for the types of a plan and of its weights."""

    def __init__(self, plan, weights):
        kinds, self.dtype = dict(zip(plan.fields, plan.types)), np.dtype(str(weights.dtype))
        self.rng, is_mixed = np.random.default_rng(0), kinds["is_mixed"] != types.none
        families = [make_family(FAMILIES[k].name, **_FACTS) for k in _used(kinds["families"])]
        families *= 2 if len(families) == 1 else 1
        conditionals = [_conditional(family, is_mixed) for family in families]
        (activation,) = _used(kinds["activation"])
        self.architecture = Architecture(
            [3, 3], conditionals, ACTIVATIONS[activation], residual=True,
            direct_connections=True, input_limit=4.0,
        )  # fmt: skip
        self.marginals = [self.rng.normal(size=c.n_outputs) for c in conditionals]
        self.table = np.array([_VALUES[f.support] for f in families], self.dtype).T.copy()
        self.known = ~np.eye(*self.table.shape, dtype=bool)
        if is_mixed:
            self.table[0, -1] = np.nan
        self.ordering = np.arange(len(families))
        self.degrees = [1 + np.sort(np.arange(3) % (len(families) - 1))] * 2

    def network(self):
        return Network.initial(
            self.architecture, self.ordering, self.degrees, self.marginals, self.rng, self.dtype
        )

    def shared(self):
        sampler = MaskSampler(
            self.architecture, "random", "both", (self.ordering[::-1], self.degrees)
        )
        return SharedNetwork.initial(sampler, 2, True, self.marginals, self.rng, self.dtype)

    def outputs(self, *n_draws):
        """Room for scores, and for what each feature contributes."""
        return np.zeros((*n_draws, len(_ROWS))), np.zeros((*n_draws, *self.table.shape))

    def moments(self, theta):
        """A solver's, of earlier steps."""
        return self.rng.random((2, len(theta))).astype(self.dtype)

    def batches(self):
        """One batch, with noise and dropout."""
        n, n_features = self.table.shape
        noise = self.rng.normal(size=(n, n_features)).astype(self.dtype)
        bits = self.rng.integers(0, 2**16, (n, sum(self.architecture.sizes)), np.uint16)
        weights = np.full(n, 1 / n, self.dtype)
        return Batches(self.table, _ROWS, weights, np.array([0, n]), noise, 0.5, bits)

    def descent(self, descent):
        """A step of the solver in use, `descent` its type."""
        used = dict(zip(descent.fields, descent.types))["solver"].types
        solver = tuple(None if kind == types.none else True for kind in used)
        return Descent(solver, 0.01, 3, 0.01, 0.001, 1.0)


def _used(kinds):
    """Numbers of the kinds that are in use, from the type of what says so (see `_choice`)."""
    return [k for k, kind in enumerate(kinds.types) if kind != types.none]


def _conditional(family, is_mixed):
    """The family, beside an atom and gaps if there are to be any."""
    if not is_mixed:
        return Mixed(family)
    if family.support != "real":
        return Mixed(family, has_gaps=True)
    return Mixed(family, (1.0,), n_shown=1, low=-2.0, has_gaps=True, is_informative=True)


_CASES = {
    score_rows: _scores,
    score_few_rows: _scores_of_draws,
    train_steps: _steps,
    shared_step: _shared_steps,
    gather: _gathered,
    ancestral_pass: _draws,
    complete_rows: _completed,
}
