"""Products of matrix blocks, tile by tile in registers.

A tile is a few rows by a few vectors of columns, held in registers while it is summed
over all steps: nothing is packed or copied, so that small blocks with extents of their
own, of which a staircase is made, cost no more than their share. Each element is one
chain of multiply-adds in the order of the steps, whatever the tile it is in: it has the
same bits in a block of any size.
"""

import itertools

import numpy as np

from skmade._kernels._compile import part_for
from skmade._kernels._intrinsics import (
    VECTOR_BYTES,
    WORD,
    VectorCode,
    cgutils,
    choose,
    function_once,
    intrinsic,
    ir,
    types,
)

# Blocks are padded to a multiple of so many columns: the lanes of the widest vectors.
LANES = 16
# Rows of tiles: as many of the highest as there is room for, then of the next.
_HEIGHTS = (6, 4, 1)
ROWS = _HEIGHTS[0]
# Weights are fetched into the cache so many steps before they are needed: a panel's are too
# far apart for the processor to see what comes next.
_AHEAD = 24
# What a product is added to: nothing, what the output holds, or a bias for each row.
FROM_ZERO, FROM_OUTPUT, FROM_BIAS = range(3)


def _most_vectors(size):
    """Vectors of LANES numbers of `size` bytes in the widest tile.

    Sums fill 6 by 4 registers of the 32, or 6 by 2 of AVX2's 16, and leave room for factors.
    """
    registers = 2 if VECTOR_BYTES == 32 else 4
    return max(1, registers * VECTOR_BYTES // (size * LANES))


@intrinsic
def _tile(
    typingctx, n_rows, n_vectors, a, a_row, a_step, b, b_step, c, c_row, n_steps, bias, start, zero
):
    """A tile of `n_rows` by ``n_vectors * LANES`` columns.

    Takes addresses of the first elements, and distances between rows and steps in elements.
    """

    def codegen(context, builder, signature, args):
        n_rows, n_vectors, *args = args
        size = 4 if isinstance(args[-1].type, ir.FloatType) else 8
        most, word = _most_vectors(size), n_rows.type
        shape = builder.add(builder.mul(n_rows, word(2 * most)), n_vectors)
        shapes = [*itertools.product(_HEIGHTS, range(1, most + 1)), (1, 2 * most)]
        tiles = {
            height * 2 * most + width: _tile_function(builder.module, args, height, width)
            for height, width in shapes
        }
        choose(builder, shape, args, tiles)
        return context.get_dummy_value()

    return types.void(*(types.intp,) * 12, zero), codegen


def _tile_function(module, args, n_rows, n_vectors):
    def write(builder, args):
        _TileCode(builder, args, n_rows, n_vectors * LANES).write()

    return function_once(module, f"tile_{n_rows}_{n_vectors}", args, write)


class _TileCode(VectorCode):
    """Writes the body of a tile's function."""

    def __init__(self, builder, args, n_rows, n_columns):
        (
            self.a, self.a_row, self.a_step, self.b, self.b_step, self.c, self.c_row,
            self.n_steps, self.bias, self.start, zero,
        ) = args  # fmt: skip
        super().__init__(builder, zero.type)
        self.rows, self.columns = range(n_rows), range(0, n_columns, self.lanes)
        self.sums = {
            (r, column): cgutils.alloca_once(builder, self.vector)
            for r in self.rows for column in self.columns
        }  # fmt: skip

    def write(self):
        """All of it."""
        builder = self.builder
        for value in (FROM_ZERO, FROM_OUTPUT, FROM_BIAS):
            with builder.if_then(builder.icmp_signed("==", self.start, WORD(value))):
                for (r, column), total in self.sums.items():
                    builder.store(self._first(value, r, column), total)
        with cgutils.for_range(builder, self.n_steps) as loop:
            self._add_step(loop.index)
        for (r, column), total in self.sums.items():
            self.store(builder.load(total), self.address(self.c, (r, self.c_row), (1, column)))
        builder.ret_void()

    def _first(self, value, r, column):
        """What is added to."""
        if value == FROM_ZERO:
            return self.vector(None)
        if value == FROM_OUTPUT:
            return self.load(self.address(self.c, (r, self.c_row), (1, column)), self.vector)
        return self.spread(self.load(self.address(self.bias, (r, 1)), self.number))

    def _add_step(self, step):
        """Add products of the factors of one step."""
        a = self.address(self.a, (step, self.a_step))
        b = self.address(self.b, (step, self.b_step))
        vectors = {c: self.load(self.address(b, (1, c)), self.vector) for c in self.columns}
        self.prefetch(self.address(a, (_AHEAD, self.a_step)))
        for r in self.rows:
            factor = self.spread(self.load(self.address(a, (r, self.a_row)), self.number))
            for column in self.columns:
                self.add_product(factor, vectors[column], self.sums[r, column])


def block_product(
    a, a0, a_row, a_step, b, b0, b_step, c, c0, c_row, n_rows, n_columns, n_steps, start, bias,
    bias0,
):  # fmt: skip
    """Multiply two blocks of larger matrices into a block of a third.

    ``C[i, j] = C0[i, j] + sum_t A[i, t] B[t, j]``, where

    - ``A[i, t] = a[a0 + i * a_row + t * a_step]``,
    - ``B[t, j] = b[b0 + t * b_step + j]``,
    - ``C[i, j] = c[c0 + i * c_row + j]``,
    - C0 is 0, what C holds, or ``bias[bias0 + i]``, as `start` says,

    for ``i < n_rows``, ``j < n_columns`` (a multiple of LANES) and ``t < n_steps``; all
    arrays are contiguous, and indexed as if flat.
    """

    def view(array, first, shape, steps):
        strides = tuple(step * array.itemsize for step in steps)
        return np.lib.stride_tricks.as_strided(array.ravel()[first:], shape, strides)

    if n_rows > 0 and n_columns > 0:
        out = view(c, c0, (n_rows, n_columns), (c_row, 1))
        if start == FROM_ZERO:
            out[:] = 0
        elif start == FROM_BIAS:
            out[:] = bias[bias0 : bias0 + n_rows, None]
        if n_steps > 0:
            left = view(a, a0, (n_rows, n_steps), (a_row, a_step))
            right = view(b, b0, (n_steps, n_columns), (b_step, 1))
            for t in range(n_steps):  # (not a product by BLAS, whose order varies with the shape)
                out += left[:, t, None] * right[t]


@part_for(block_product)
def _compiled_product(
    a, a0, a_row, a_step, b, b0, b_step, c, c0, c_row, n_rows, n_columns, n_steps, start, bias,
    bias0,
):  # fmt: skip
    size = a.dtype.bitwidth // 8

    def compiled(
        a, a0, a_row, a_step, b, b0, b_step, c, c0, c_row, n_rows, n_columns, n_steps, start,
        bias, bias0,
    ):  # fmt: skip
        _product_at(
            a.ctypes.data + size * a0, a_row, a_step, b.ctypes.data + size * b0, b_step,
            c.ctypes.data + size * c0, c_row, n_rows, n_columns, n_steps,
            bias.ctypes.data + size * bias0, start, a.dtype.type(0),
        )  # fmt: skip

    return compiled


def _product_at(
    a, a_row, a_step, b, b_step, c, c_row, n_rows, n_columns, n_steps, bias, start, zero
):
    """`block_product` of what begins at addresses: one function for arrays of any shape."""


@part_for(_product_at)
def _compiled_product_at(
    a, a_row, a_step, b, b_step, c, c_row, n_rows, n_columns, n_steps, bias, start, zero
):
    tall, middle, _ = _HEIGHTS
    size = zero.bitwidth // 8
    most, line = _most_vectors(size), LANES * size

    def compiled(
        a, a_row, a_step, b, b_step, c, c_row, n_rows, n_columns, n_steps, bias, start, zero
    ):
        row = 0
        while row < n_rows:
            height = tall if n_rows - row >= tall else middle if n_rows - row >= middle else 1
            left = n_columns // LANES
            pa, pb, pc, p = a + size * row * a_row, b, c + size * row * c_row, bias + size * row
            while left > 0:
                n_vectors = left
                if left >= 2 * most:
                    n_vectors = most if height > 1 else 2 * most
                elif left > most:  # halves: narrow tiles would wait for their last addition
                    n_vectors = (left + 1) >> 1
                _tile(
                    height, n_vectors, pa, a_row, a_step, pb, b_step, pc, c_row, n_steps, p,
                    start, zero,
                )  # fmt: skip
                left -= n_vectors
                pb += line * n_vectors
                pc += line * n_vectors
            row += height

    return compiled
