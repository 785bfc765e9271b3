"""Steps of training: one mini-batch after another, without coming back to Python.

Several threads make a step together. In each of its parts a thread takes one chunk of work after
the other: some units (or features, or panels, or parameters) for all rows of the batch. When all
are done the next part begins. No sum depends on how many threads there are.
"""

from typing import NamedTuple

import numpy as np

from skmade._kernels._activations import activate, activation_slopes
from skmade._kernels._compile import kernel, part
from skmade._kernels._conditionals import FACTORS, N_LINES, feature_gradient, feature_log_prob
from skmade._kernels._constants import TILE
from skmade._kernels._elementary import NEGLIGIBLE, like
from skmade._kernels._gather import is_sparse, list_by_rows, list_by_units
from skmade._kernels._memory import (
    aligned,
    lists_of_tile,
    make_blocks,
    make_buffers,
    make_lists,
    of_tile,
    padded,
)
from skmade._kernels._optimizers import update
from skmade._kernels._passes import (
    add_all_products,
    add_layer_before,
    add_noise,
    drop_out,
    load,
    panel_gradient,
    pass_back,
)
from skmade._kernels._product import LANES
from skmade._kernels._sync import has_failed, next_chunk
from skmade._layout import n_parameters

# Positions whose losses one thread computes, and sums by themselves.
PART = 16


class Team(NamedTuple):
    """One of several threads, and where the chunks of work of a step begin."""

    thread: int
    n_threads: int
    n_chunks: int
    """Of all threads together."""
    state: np.ndarray
    """Parts of steps behind this thread, and threads of which it has found no chunk left."""
    sync: np.ndarray
    """(n_threads + 1, 8): how many chunks of each thread were asked for, and whether one failed."""
    parts: np.ndarray
    """(n_chunks + 1,): of the features, in parts of PART positions."""
    rows: np.ndarray
    """(n_layers, n_chunks + 1): units of a layer, in the pass forward."""
    sources: np.ndarray
    """(n_layers, n_chunks + 1): units of a layer, in the pass back."""
    panels: np.ndarray
    """(n_chunks + 1,): panels of weights, with the biases of their rows."""
    stretches: np.ndarray
    """(n_chunks + 1,): of the parameters."""


class Batches(NamedTuple):
    """Rows to train on, batch after batch."""

    table: np.ndarray
    rows: np.ndarray
    """Numbers of rows of the table."""
    weights: np.ndarray
    """Of each of `rows`, divided by the size of its batch."""
    bounds: np.ndarray
    """Batch s is ``rows[bounds[s]:bounds[s + 1]]``."""
    noise: np.ndarray
    """(n_rows, n_features): added to columns that take it; empty without any."""
    dropout: float = 0.0
    """What share of hidden units is dropped out."""
    bits: np.ndarray = np.zeros((0, 0), np.uint16)
    """(n_rows, n_hidden) of uint16: at random, they say which are; empty without dropout."""


class Descent(NamedTuple):
    """How parameters are moved."""

    solver: tuple
    """Which of the solvers is in use, see `_choice`."""
    rate: float
    step: int
    """Steps up to this one or, where several are made, before the first of them."""
    l2: float
    """Half of it times the sum of squared weights is added to the loss."""
    l1: float
    """It times the sum of their absolute values is added."""
    max_norm: float
    """The Euclidean norm a gradient is cut back to."""


class StepMemory(NamedTuple):
    """Working memory of the steps, of all threads together."""

    buffers: tuple
    lists: tuple
    gradient: np.ndarray
    squares: np.ndarray
    """(n_panels,): sums of squares of the derivatives by the parameters of each panel."""
    losses: np.ndarray
    """(n_tiles, n_parts)"""
    scratch: np.ndarray
    """(n_threads, at least batch_size in whole vectors, PANEL_ROWS)"""
    tiles: np.ndarray
    """(n_threads, n_tiles + 1): where the tiles of a batch begin."""
    lines: np.ndarray
    """(n_threads, N_LINES, width): log-densities of one feature, and what they need."""
    totals: np.ndarray
    """(n_threads, width), float64: sums of the first."""


def make_memory(plan, batch_size, n_threads, dtype):
    """Memory for batches of at most so many rows, cut into tiles."""
    n_tiles, n_vectors = -(-batch_size // TILE), -(-batch_size // LANES)
    rows_per_tile = -(-n_vectors // n_tiles) * LANES
    buffers = make_buffers(plan, n_tiles, rows_per_tile, dtype, training=True)
    lists = make_lists(plan, n_tiles, rows_per_tile, dtype, training=True)
    squares = np.zeros(len(plan.panels))
    losses = np.zeros((n_tiles, -(-len(plan.features) // PART)))
    scratch = make_blocks(n_threads, batch_size, dtype)
    tiles = np.zeros((n_threads, n_tiles + 1), np.int64)
    width, gradient = buffers.units.shape[2], aligned((n_parameters(plan),), dtype, zero=True)
    lines, totals = aligned((n_threads, N_LINES, width), dtype), np.empty((n_threads, width))
    return StepMemory(buffers, lists, gradient, squares, losses, scratch, tiles, lines, totals)


@part
def batch_gradient(plan, team, theta, batches, s, penalty, memory):
    """Loss of batch s, and its derivatives by all parameters.

    The loss is NaN where a thread has failed.
    """
    thread, n_tiles = team.thread, memory.losses.shape[0]
    begin, end = batches.bounds[s], batches.bounds[s + 1]
    n_vectors, tiles = padded(end - begin) // LANES, memory.tiles[thread]
    for tile in range(n_tiles + 1):  # whole vectors, as equal as can be
        tiles[tile] = begin + min(tile * n_vectors // n_tiles * LANES, end - begin)
    for tile in range(n_tiles):
        _pass_tile(
            plan, team, theta, batches, tiles[tile], tiles[tile + 1],
            of_tile(memory.buffers, tile), lists_of_tile(memory.lists, tile),
            memory.scratch[thread], memory.lines[thread], memory.totals[thread],
            memory.losses[tile],
        )  # fmt: skip
    while True:
        chunk = next_chunk(team)
        if chunk == team.n_chunks:
            break
        for panel in range(team.panels[chunk], team.panels[chunk + 1]):
            memory.squares[panel] = panel_gradient(
                plan, panel, memory.buffers, memory.lists, tiles, penalty, theta,
                memory.scratch[thread], memory.gradient,
            )  # fmt: skip
    loss = 0.0
    for tile in range(n_tiles):
        for i in range(memory.losses.shape[1]):
            loss += memory.losses[tile, i]
    return np.nan if has_failed(team) else loss


@part
def _pass_tile(
    plan, team, theta, batches, begin, end, buffers, lists, scratch, out, totals, losses
):
    """Losses of rows ``begin:end`` of the batches, and the derivatives by all units."""
    n_layers, n_rows, n_features = plan.layers.shape[0], end - begin, plan.features.shape[0]
    width, units = padded(n_rows), buffers.units
    while True:
        chunk = next_chunk(team)
        if chunk == team.n_chunks:
            break
        first, last = team.parts[chunk] * PART, min(team.parts[chunk + 1] * PART, n_features)
        load(plan, batches.table, batches.rows, begin, end, buffers, first, last)
        if batches.noise.shape[0] > 0:
            add_noise(plan, batches.noise, begin, end, buffers, first, last)
    _list_units(plan, team, np.int64(0), units, lists, n_rows, scratch)
    for layer in range(1, n_layers):
        while True:
            chunk = next_chunk(team)
            if chunk == team.n_chunks:
                break
            row, stop = team.rows[layer, chunk], team.rows[layer, chunk + 1]
            add_all_products(plan, theta, units, lists, layer, row, stop, n_rows, scratch)
            if layer < n_layers - 1:
                activate(plan.activation, buffers.units, row, stop, width)
                activation_slopes(plan.activation, buffers.units, buffers.slopes, row, stop, width)
                drop_out(plan, buffers, batches.dropout, batches.bits, begin, n_rows, row, stop)
                add_layer_before(plan, layer, buffers.units, row, stop, width)
        if layer < n_layers - 1:
            _list_units(plan, team, layer, units, lists, n_rows, scratch)
    _losses(plan, team, batches.weights, begin, n_rows, buffers, out, totals, losses, width)
    for layer in range(n_layers - 1, 1, -1):
        while True:
            chunk = next_chunk(team)
            if chunk == team.n_chunks:
                break
            row, stop = team.sources[layer - 1, chunk], team.sources[layer - 1, chunk + 1]
            pass_back(plan, theta, layer, buffers, row, stop, width)


@part
def _list_units(plan, team, layer, units, lists, n_rows, scratch):
    """List what is not zero of a layer's units, if most are: by rows of the tile and by units."""
    start, end = plan.layers[layer]
    n_vectors, n_chunks = padded(n_rows) // LANES, team.n_chunks
    pays = is_sparse(units, start, end, padded(n_rows))
    lists.is_sparse[layer] = pays  # (all threads write the same)
    if pays:
        while True:
            chunk = next_chunk(team)
            if chunk == team.n_chunks:
                break
            first, last = (
                chunk * n_vectors // n_chunks * LANES,
                (chunk + 1) * n_vectors // n_chunks * LANES,
            )
            list_by_rows(plan, layer, units, lists, first, last, scratch)
            row, stop = team.rows[layer, chunk], team.rows[layer, chunk + 1]
            list_by_units(units, lists, row, stop, n_rows)


@part
def _losses(plan, team, weights, begin, n_rows, buffers, out, totals, losses, width):
    """Weighted sums of ``-log p``, and the derivatives by outputs.

    Columns past the last row count with weight zero.
    """
    deltas = buffers.deltas
    factors, tiny, zero = out[FACTORS], like(out[0, 0], NEGLIGIBLE), like(out[0, 0], 0)
    factors[:] = 0
    for b in range(n_rows):
        factors[b] = weights[begin + b]
    while True:
        chunk = next_chunk(team)
        if chunk == team.n_chunks:
            break
        for i in range(team.parts[chunk], team.parts[chunk + 1]):
            first, last = i * PART, min((i + 1) * PART, plan.features.shape[0])
            totals[:] = 0
            for d in range(first, last):
                feature_log_prob(plan, d, buffers, out, width)
                feature_gradient(plan, d, buffers, out, width)
                for b in range(width):
                    totals[b] += np.float64(out[0, b])
                start = plan.features[d].first_output
                for r in range(start, start + plan.features[d].n_outputs):
                    for b in range(width):
                        delta = deltas[r, b] * factors[b]
                        deltas[r, b] = delta if abs(delta) > tiny else zero
            total = 0.0
            for b in range(n_rows):
                total -= totals[b] * np.float64(factors[b])
            losses[i] = total


@kernel
def train_steps(plan, team, theta, moments, batches, descent, memory):
    """One step for each batch.

    A batch whose gradient is not finite is left out. Returns the sum of the losses of the
    batches that were used, and their number.
    """
    total, used = 0.0, 0
    for s in range(batches.bounds.shape[0] - 1):
        loss = batch_gradient(plan, team, theta, batches, s, descent.l2, memory)
        shrink = step_factor(loss, memory.squares, descent.max_norm)
        if shrink > 0:
            used += 1
            total += loss
            while True:
                chunk = next_chunk(team)
                if chunk == team.n_chunks:
                    break
                first, last = team.stretches[chunk], team.stretches[chunk + 1]
                update(
                    descent.solver, theta, memory.gradient, moments, first, last, plan.biases,
                    descent.rate, descent.step + used, shrink, descent.l1,
                )  # fmt: skip
    return total, used


@part
def step_factor(loss, squares, max_norm):
    """What to scale a gradient by, so that its norm is at most `max_norm`; 0 to leave it out."""
    norm = 0.0
    for i in range(squares.shape[0]):
        norm += squares[i]
    norm = np.sqrt(norm)
    if not (np.isfinite(loss) and np.isfinite(norm)):
        return 0.0
    return max_norm / norm if norm > max_norm else 1.0
