"""Working memory of the kernels, made outside of them.

Rows of the buffers are units, columns are rows of the tile.
"""

import itertools
import math
from typing import NamedTuple

import numpy as np

from skmade._kernels._compile import part
from skmade._kernels._constants import LIST_BLOCK, PANEL_ROWS
from skmade._kernels._product import LANES


class Buffers(NamedTuple):
    """Working memory of tiles; inside a pass, of one tile, without the first axis."""

    targets: np.ndarray
    """(n_tiles, n_features, width): values, in the order of generation."""
    units: np.ndarray
    """(n_tiles, n_units, width): all units."""
    slopes: np.ndarray
    """(n_tiles, inputs and hidden units, width): derivatives of the activations; empty where
    nothing is trained."""
    deltas: np.ndarray
    """(n_tiles, n_units + LANES, width): derivatives of the loss by outputs and pre-activations.
    Where nothing is trained, densities are worked out in it, also in the rows past the units."""


class Lists(NamedTuple):
    """Which source units of tiles are not zero, see `_gather`."""

    is_sparse: np.ndarray
    """(n_tiles, n_layers): whether a layer is listed."""
    row_indices: np.ndarray
    """(width, n_blocks, LIST_BLOCK + 1), int16: of each row of the latest tile, in each block."""
    row_values: np.ndarray
    unit_indices: np.ndarray
    """(n_tiles, inputs and hidden units, width + 1), int16: the rows of each unit; empty where
    nothing is trained."""
    unit_values: np.ndarray


def make_buffers(plan, n_tiles, n_rows, dtype, training=False):
    """Buffers for tiles of at most `n_rows` rows, in one piece of memory."""
    width, (n_sources, n_units) = _padded_width(n_rows), plan.layers[-1].tolist()
    heights = [  # with room for whole blocks
        len(plan.features), n_units + LANES, n_sources if training else 0, n_units + LANES,
    ]  # fmt: skip
    ends = list(itertools.accumulate(heights, initial=0))
    # (training also reads blocks past the last unit, which chance could fill with denormals)
    memory = aligned((n_tiles * ends[-1], width), dtype, zero=training)
    return Buffers(
        *(
            memory[n_tiles * start : n_tiles * end].reshape(n_tiles, end - start, width)
            for start, end in itertools.pairwise(ends)
        )
    )


def make_lists(plan, n_tiles, n_rows, dtype, training=False):
    """Lists for tiles of at most `n_rows` rows."""
    width, n_layers, n_sources = _padded_width(n_rows), len(plan.layers), int(plan.layers[-1, 0])
    by_rows = width, n_sources // LIST_BLOCK + n_layers, LIST_BLOCK + 1
    by_units = n_tiles, n_sources if training else 0, width + 1
    return Lists(
        np.zeros((n_tiles, n_layers), np.bool_), np.empty(by_rows, np.int16),
        np.empty(by_rows, dtype), np.empty(by_units, np.int16), np.empty(by_units, dtype),
    )  # fmt: skip


def make_blocks(n_threads, n_rows, dtype):
    """For each thread memory for what so many rows of a tile have of a panel's units, row by row;
    or LANES of them of a list's block of units."""
    n_rows = max(-(-n_rows // LANES) * LANES, LANES * LIST_BLOCK // PANEL_ROWS)
    return aligned((n_threads, n_rows, PANEL_ROWS), dtype, zero=True)


def aligned(shape, dtype, zero=False):
    """An array that begins where a line of the cache does: no vector then lies in two of them."""
    line, size = 64 // dtype.itemsize, math.prod(shape)
    memory = (np.zeros if zero else np.empty)(size + line, dtype)
    start = -memory.__array_interface__["data"][0] % 64 // dtype.itemsize
    return memory[start : start + size].reshape(shape)


def aligned_copy(x):
    """A copy that begins where a line of the cache does."""
    copy = aligned(x.shape, x.dtype)
    copy[...] = x
    return copy


def _padded_width(n_rows):
    """Rows padded to whole vectors."""
    width = -(-n_rows // LANES) * LANES
    # rows a power of two apart would share lines of the cache
    return width + LANES if width % (4 * LANES) == 0 else width


@part
def of_tile(buffers, tile):
    """The buffers of one tile."""
    return Buffers(
        buffers.targets[tile], buffers.units[tile], buffers.slopes[tile], buffers.deltas[tile]
    )


@part
def lists_of_tile(lists, tile):
    """The lists of one tile."""
    return Lists(
        lists.is_sparse[tile], lists.row_indices, lists.row_values,
        lists.unit_indices[tile], lists.unit_values[tile],
    )  # fmt: skip


@part
def padded(n):
    """The next multiple of LANES."""
    return (n + LANES - 1) // LANES * LANES
