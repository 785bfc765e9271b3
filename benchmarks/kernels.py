"""Where the time of a training step goes, and what the staircase product is worth.

    python -m benchmarks.kernels [--quick]

Times of the parts of one step (one thread, batches of 100); of one masked product, 784
inputs into 500 units, in three ways: dense by BLAS, cut into panels that BLAS multiplies,
and by our tiles; and of what it costs to share dense weights among draws of masks.
"""

import argparse
import functools
from itertools import pairwise

import numpy as np
import pandas as pd
import threadpoolctl

from benchmarks import report
from benchmarks.speed import CASES
from skmade import MADEDensity
from skmade._families import Bernoulli
from skmade._families._mixed import Mixed
from skmade._kernels import _memory, _passes, _shared, _steps
from skmade._kernels._choice import in_use
from skmade._kernels._compile import kernel
from skmade._kernels._constants import SOLVERS
from skmade._kernels._optimizers import update
from skmade._kernels._product import FROM_ZERO
from skmade._kernels._shared import gather
from skmade._masks import draw_degrees
from skmade._network import Architecture, Network
from skmade._shared import dense_blocks
from skmade._teams import make_teams

ROWS = 100

# Kernels, for only these can call parts of kernels.
compiled = functools.partial(kernel, is_cached=False)
_ADAM = in_use(["adam"], SOLVERS)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small cases, to see it works")
    options = parser.parse_args()
    cases = ["tabular"] if options.quick else ["medium", "mnist", "wide"]
    rows = []
    with threadpoolctl.threadpool_limits(1):
        for case in cases:
            for part, seconds in step_parts(*CASES[case][:2]).items():
                rows.append({"case": case, "part": part, "microseconds": 1e6 * seconds})
        products = product_times(*(48, 32) if options.quick else (784, 500))
        draws = pd.DataFrame({case: draw_times(*CASES[case][:2]) for case in cases})
    frame = pd.DataFrame(rows).pivot_table("microseconds", "part", "case", sort=False)
    shares = (100 * frame / frame.sum()).round(0).astype(int).add_suffix(" [%]")
    profile = pd.concat([frame.round(0).astype(int).add_suffix(" [µs]"), shares], axis=1)
    name = "kernels-quick" if options.quick else "kernels"
    draws = draws.round(0).astype(int)
    report.write(name, rows, {"profile": profile, "products": products.round(2), "draws": draws})


def make_network(n_features, hidden):
    """A network for flags, in natural order."""
    rng = np.random.default_rng(0)
    limit = MADEDensity._input_limit
    architecture = Architecture(
        list(hidden), [Mixed(Bernoulli())] * n_features, "relu", False, True, limit
    )
    degrees = draw_degrees(hidden, n_features, False, rng)
    marginals = [np.zeros(1)] * n_features
    dtype = np.dtype(np.float32)
    ordering = np.arange(n_features)
    return Network.initial(architecture, ordering, degrees, marginals, rng, dtype)


@compiled
def load(plan, table, rows, buffers):
    n_rows, n_features = np.int64(len(rows)), np.int64(len(plan.features))
    tile = _memory.of_tile(buffers, np.int64(0))
    _passes.load(plan, table, rows, np.int64(0), n_rows, tile, np.int64(0), n_features)


@compiled
def forward(plan, theta, memory, n_rows):
    zero = np.int64(0)
    units, lists = memory.buffers.units[0], _memory.lists_of_tile(memory.lists, zero)
    _passes.forward(plan, theta, units, lists, n_rows, memory.scratch[0])


@compiled
def loss(plan, team, weights, memory, n_rows):
    tile, width = _memory.of_tile(memory.buffers, np.int64(0)), _memory.padded(n_rows)
    zero = np.int64(0)
    out, totals, losses = memory.lines[0], memory.totals[0], memory.losses[0]
    _steps._losses(plan, team, weights, zero, n_rows, tile, out, totals, losses, width)


@compiled
def backward(plan, theta, buffers, n_rows):
    tile, width = _memory.of_tile(buffers, np.int64(0)), _memory.padded(n_rows)
    for layer in range(plan.layers.shape[0] - 1, 1, -1):
        start, stop = plan.layers[layer - 1]
        _passes.pass_back(plan, theta, layer, tile, start, stop, width)


@compiled
def gradient(plan, theta, memory, tiles):
    for panel in range(len(plan.panels)):
        _passes.panel_gradient(
            plan,
            panel,
            memory.buffers,
            memory.lists,
            tiles,
            0.0,
            theta,
            memory.scratch[0],
            memory.gradient,
        )


@compiled
def adam(theta, gradient, moments):
    update(_ADAM, theta, gradient, moments, np.int64(0), len(theta), len(theta), 1e-9, 1, 1.0, 0.0)


@compiled
def scatter(plan, places, blocks, own, dense, first, last):
    _shared.scatter(plan, places, blocks, own, dense, first, last)


def step_parts(n_features, hidden):
    """Median seconds of the parts of a step."""
    network = make_network(n_features, hidden)
    plan, theta = network.plan, network.theta
    table = (np.random.default_rng(0).random((ROWS, n_features)) < 0.4).astype(np.float32)
    memory, (team,) = (
        _steps.make_memory(plan, ROWS, 1, theta.dtype),
        make_teams(plan, len(theta), 1),
    )
    rows, tiles = np.arange(ROWS), np.array([0, ROWS])
    moments, weights = np.zeros((2, len(theta)), np.float32), np.full(ROWS, 0.01, np.float32)
    parts = {
        "load the rows": lambda: load(plan, table, rows, memory.buffers),
        "forward": lambda: forward(plan, theta, memory, ROWS),
        "loss": lambda: loss(plan, team, weights, memory, ROWS),
        "backward": lambda: backward(plan, theta, memory.buffers, ROWS),
        "gradient": lambda: gradient(plan, theta, memory, tiles),
        "Adam": lambda: adam(theta, memory.gradient, moments),
    }
    return {part: timed(run) for part, run in parts.items()}


def draw_times(n_features, hidden):
    """Microseconds of a step of shared weights, and of what goes before and after it."""
    X = (np.random.default_rng(0).random((ROWS, n_features)) < 0.4).astype(np.float32)
    model = MADEDensity(hidden, n_masks=None, max_iter=1, early_stopping=False, random_state=0)
    network = model.fit(X)._density.networks[0]
    draw, dense, rng = network.draws[0], network.theta, np.random.default_rng(0)
    own, back = network.network(draw, dense).theta, np.zeros_like(dense)
    blocks, everything = dense_blocks(draw.plan), (0, len(draw.plan.panels))
    weights = draw.plan, draw.places, blocks
    alone = step_parts(n_features, hidden)
    times = {
        "step of a network with weights of its own": sum(alone.values()),
        "make a draw (Python)": timed(lambda: network.sampler.draw(rng)),
        "gather its weights": timed(lambda: gather(*weights, dense, own, *everything)),
        "scatter its gradient": timed(lambda: scatter(*weights, own, back, *everything)),
    }
    return pd.Series(times) * 1e6


def timed(run):
    """Median seconds."""
    return np.median(report.seconds(run, 51))


@compiled
def first_layer(plan, theta, buffers, width):
    tile, (start, stop) = _memory.of_tile(buffers, np.int64(0)), plan.layers[1]
    none, every = plan.counts[:, 0], plan.counts[:, -1]
    _passes.add_products(
        plan, theta, tile, np.int64(1), start, stop, none, every, np.int64(FROM_ZERO), width
    )


def product_times(n_inputs, n_units):
    """Microseconds of one masked product, in several ways."""
    network = make_network(n_inputs, (n_units,))
    plan, rng = network.plan, np.random.default_rng(0)
    x, weights = (rng.random(s, dtype=np.float32) for s in [(n_inputs, 112), (n_units, n_inputs)])
    out = np.zeros((n_units, 112), np.float32)
    extents = plan.extents[:n_units]
    ways = {"dense, BLAS": lambda: np.dot(weights, x, out=out)}
    for n_panels in (4, 8, 16):
        ways[f"{n_panels} panels, BLAS"] = panels_by_blas(weights, x, out, extents, n_panels)
    buffers = _memory.make_buffers(plan, 1, 112, np.dtype(np.float32))
    buffers.units[0, :n_inputs, :112] = x
    ways["our tiles"] = lambda: first_layer(plan, network.theta, buffers, 112)
    times = {way: 1e6 * np.median(report.seconds(run, 101)) for way, run in ways.items()}
    table = pd.DataFrame({"microseconds": times})
    table["times as fast as dense"] = table["microseconds"].iloc[0] / table["microseconds"]
    return table


def panels_by_blas(weights, x, out, extents, n_panels):
    """A function that multiplies panels of rows, each with its own prefix of the inputs."""
    bounds = np.linspace(0, len(weights), n_panels + 1).astype(int)
    panels = [
        (slice(a, b), np.ascontiguousarray(weights[a:b, : extents[b - 1]]))
        for a, b in pairwise(bounds)
    ]

    def run():
        for rows, panel in panels:
            np.dot(panel, x[: panel.shape[1]], out=out[rows])

    return run


if __name__ == "__main__":
    main()
