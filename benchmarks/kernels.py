"""Where the time of a training step goes, and what the staircase product is worth.

    python -m benchmarks.kernels [--quick]

Times of the parts of one step (one thread, batches of 100), and of one masked product,
784 inputs into 500 units, in three ways: dense by BLAS, cut into panels that BLAS
multiplies, and by our tiles.
"""

import argparse
from itertools import pairwise

import numpy as np
import pandas as pd
import threadpoolctl

from benchmarks import report
from benchmarks.speed import CASES
from skmade import _training
from skmade._conditionals import Bernoulli
from skmade._kernels._optimizers import update
from skmade._kernels._passes import (
    add_products,
    backward,
    forward,
    load,
    losses,
    of_tile,
    padded,
    transpose_deltas,
)
from skmade._kernels._steps import share_gradient, tile_bounds
from skmade._masks import draw_degrees
from skmade._network import Architecture, Network

ROWS = 100


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
    frame = pd.DataFrame(rows).pivot_table("microseconds", "part", "case", sort=False)
    shares = (100 * frame / frame.sum()).round(0).astype(int).add_suffix(" [%]")
    profile = pd.concat([frame.round(0).astype(int).add_suffix(" [µs]"), shares], axis=1)
    name = "kernels-quick" if options.quick else "kernels"
    report.write(name, rows, {"profile": profile, "products": products.round(2)})


def make_network(n_features, hidden):
    """A network for flags, in natural order."""
    rng = np.random.default_rng(0)
    architecture = Architecture(list(hidden), [Bernoulli()] * n_features, "relu", False, True)
    degrees = draw_degrees(hidden, n_features, False, rng)
    marginals = [np.zeros(1)] * n_features
    dtype = np.dtype(np.float32)
    ordering = np.arange(n_features)
    return Network.initial(architecture, ordering, degrees, marginals, rng, dtype)


def step_parts(n_features, hidden):
    """Median seconds of the parts of a step."""
    network = make_network(n_features, hidden)
    plan, theta = network.plan, network.theta
    table = (np.random.default_rng(0).random((ROWS, n_features)) < 0.4).astype(np.float32)
    memory = _training.make_memory(network, plan, ROWS)
    n_tiles = len(memory.buffers.work)
    bounds, nothing = tile_bounds(ROWS, n_tiles), np.zeros((0, 0), np.float32)[:, :0]
    moments, weights = np.zeros((2, len(theta)), np.float32), np.full(ROWS, 0.01, np.float32)

    def on_tiles(function):
        def run():
            for tile in range(n_tiles):
                rows = np.arange(bounds[tile], bounds[tile + 1])
                function(of_tile(memory.buffers, tile), rows, padded(len(rows)))

        return run

    def gradient():
        n_panels, sizes = len(plan.panels) + 1, np.diff(bounds)
        share_gradient(
            plan, 0, n_panels, sizes, 0.0, theta, memory.buffers, memory.gradient, memory.squares
        )

    parts = {
        "load the rows": on_tiles(
            lambda b, rows, width: load(plan, table, rows, nothing, b, width)
        ),
        "forward": on_tiles(lambda b, rows, width: forward(plan, theta, nothing, b, width)),
        "loss": on_tiles(lambda b, rows, width: losses(plan, weights[rows], b, width)),
        "backward": on_tiles(lambda b, rows, width: backward(plan, theta, b, width)),
        "transpose": on_tiles(lambda b, rows, width: transpose_deltas(plan, b, len(rows))),
        "gradient": gradient,
        "Adam": lambda: update(0, theta, memory.gradient, *moments, 1e-9, 1, 1.0),
    }
    return {part: np.median(report.seconds(run, 51)) for part, run in parts.items()}


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
    memory = _training.make_memory(network, plan, 112)
    buffers, every = of_tile(memory.buffers, 0), plan.counts[:, -1].copy()
    none, width = np.zeros_like(every), 112 // len(memory.buffers.work)
    first, last = plan.layers[1]
    ways["our tiles"] = lambda: [
        add_products(plan, network.theta, buffers, 1, first, last, none, every, width)
        for _ in range(len(memory.buffers.work))
    ]
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
