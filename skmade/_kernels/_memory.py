"""Working memory of the kernels, made outside of them.

Rows of the buffers are units, columns are rows of the tile.
"""

import itertools
import math
from typing import NamedTuple

import numpy as np

from skmade._kernels._compile import part
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


def make_buffers(plan, n_tiles, n_rows, dtype, training=False):
    """Buffers for tiles of at most `n_rows` rows, in one piece of memory."""
    width, (n_sources, n_units) = _padded_width(n_rows), plan.layers[-1].tolist()
    heights = [
        len(plan.features), n_units, n_sources if training else 0,
        n_units + LANES,  # with room for whole blocks
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


def aligned(shape, dtype, zero=False):
    """An array that begins where a line of the cache does: no vector then lies in two of them."""
    line, size = 64 // dtype.itemsize, math.prod(shape)
    memory = (np.zeros if zero else np.empty)(size + line, dtype)
    start = -memory.__array_interface__["data"][0] % 64 // dtype.itemsize
    return memory[start : start + size].reshape(shape)


def _padded_width(n_rows):
    """Rows padded to whole vectors."""
    width = -(-n_rows // LANES) * LANES
    # rows a power of two apart would share lines of the cache
    return width + LANES if width % (4 * LANES) == 0 else width


@part
def of_tile(buffers, tile):
    """The buffers of one tile."""
    return Buffers(
        buffers.targets[tile], buffers.units[tile], buffers.slopes[tile],
        buffers.deltas[tile],
    )  # fmt: skip


@part
def padded(n):
    """The next multiple of LANES."""
    return (n + LANES - 1) // LANES * LANES
