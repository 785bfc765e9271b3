"""Products with what is mostly zero: of each line, what is not zero is listed, and nothing else
is multiplied.

A tile's source units are such a matrix: flags and one-hot inputs, but also hidden units that an
activation has cut off. It is listed both ways: by rows of the tile, to add up weights, and by
units, to add up derivatives. Lists are in ascending order, and to add the product with a zero
changes nothing: sums have the bits of `block_product`.
"""

import numpy as np

from skmade._kernels._compile import part, part_for
from skmade._kernels._constants import LIST_BLOCK, PANEL_ROWS
from skmade._kernels._intrinsics import (
    WORD,
    VectorCode,
    cgutils,
    choose,
    function_once,
    intrinsic,
    ir,
    types,
)
from skmade._kernels._product import FROM_ZERO, LANES
from skmade._kernels._transpose import transpose

# Numbers are looked at so many at a time, a bit of a word for each.
_BITS = PANEL_ROWS
# What lists are made of, and what ends one: no index is as high.
_INDEX, _END = ir.IntType(16), np.iinfo(np.int16).max
# Layers of which a larger share of the units is not zero are multiplied as they are. (Measured
# with AVX-512: where dropout leaves four tenths, steps by lists take a tenth longer, and of flags
# of which a third are set as long.)
_DENSE = 0.3


@part
def is_sparse(units, first, last, width):
    """Whether so few of units ``first:last`` are not zero that to list them pays.

    By about a hundred of them: to count all would cost as much as it may gain.
    """
    total, seen = 0, 0
    for r in range(first, last, 1 + (last - first) // 100):
        count = np.int32(0)  # (of which vectors have more than of what Python counts with)
        for b in range(width):
            count = np.int32(count + np.int32(units[r, b] != 0))
        total, seen = total + count, seen + width
    return total < _DENSE * seen


@part
def first_block(plan, layer):
    """The number of the first block of a layer's units: those of layers begin with the layer."""
    return plan.layers[layer, 0] // LIST_BLOCK + layer


@part
def list_by_rows(plan, layer, units, lists, begin, end, block):
    """List the units of a layer that are not zero in rows ``begin:end`` of the tile.

    In whole vectors of rows; `block` is memory for one.
    """
    indices, values = lists.row_indices, lists.row_values
    ld, (first, last), number = units.shape[1], plan.layers[layer], first_block(plan, layer)
    for start in range(first, last, LIST_BLOCK):
        n_units = min(LIST_BLOCK, last - start)
        for vector in range(begin, end, LANES):
            for k in range(0, n_units, LANES):
                transpose(units, (start + k) * ld + vector, ld, block, k, np.int64(LIST_BLOCK))
            for b in range(LANES):
                line = indices[vector + b, number], values[vector + b, number]
                _list_line(block, b * LIST_BLOCK, n_units, *line)
        number += 1


@part
def list_by_units(units, lists, first, last, n_rows):
    """List the rows of the tile in which units ``first:last`` are not zero."""
    for r in range(first, last):
        line = lists.unit_indices[r], lists.unit_values[r]
        _list_line(units, r * units.shape[1], n_rows, *line)


@part
def _list_line(x, first, n, indices, values):
    """List what is not zero of ``x[first:first + n]``, x being indexed as if flat."""
    place, step = np.int64(0), np.int64(_BITS)
    for k in range(0, n, _BITS):
        place = list_nonzeros(x, first + k, min(step, n - k), k, indices, values, place)
    indices[place] = _END


def list_nonzeros(x, first, n, base, indices, values, place):
    """Write the numbers of ``x[first:first + n]`` that are not zero to `values`, from `place` on.

    Their indices, counted from `first`, and `base` go to `indices`. At most _BITS numbers, of
    which what follows may be read, too; x is indexed as if flat. Returns the next place.
    """
    for k in range(n):
        if x.ravel()[first + k] != 0:
            indices[place], values[place] = base + k, x.ravel()[first + k]
            place += 1
    return place


@part_for(list_nonzeros)
def _compiled_list(x, first, n, base, indices, values, place):
    size = x.dtype.bitwidth // 8

    def compiled(x, first, n, base, indices, values, place):
        return place + _list_nonzeros(
            x.ctypes.data + size * first, n, base, indices.ctypes.data + 2 * place,
            values.ctypes.data + size * place, x.dtype.type(0),
        )  # fmt: skip

    return compiled


@intrinsic
def _list_nonzeros(typingctx, x, n, base, indices, values, zero):
    """`list_nonzeros` of what begins at addresses; returns how many there are.

    A word has a bit for each number, from which those that are set are taken one after the other.
    """

    def codegen(context, builder, signature, args):
        x, n, base, indices, values, zero = args
        code = VectorCode(builder, zero.type)
        bits = WORD(0)
        for k in range(0, _BITS, code.lanes):
            vector = code.load(code.address(x, (1, k)), code.vector)
            set_bits = builder.fcmp_unordered("!=", vector, code.vector(None))
            set_bits = builder.zext(builder.bitcast(set_bits, ir.IntType(code.lanes)), WORD)
            bits = builder.or_(bits, builder.shl(set_bits, WORD(k)))
        below = builder.sub(builder.shl(WORD(1), n), WORD(1))
        word = cgutils.alloca_once_value(builder, builder.and_(bits, below))
        count = code.call("llvm.ctpop.i64", WORD, builder.load(word))
        with cgutils.for_range(builder, count) as loop:
            bits = builder.load(word)
            k = code.call("llvm.cttz.i64", WORD, bits, ir.IntType(1)(1))
            index = builder.trunc(builder.add(base, k), _INDEX)
            code.store(index, code.address(indices, (1, loop.index), size=2), size=2)
            number = code.load(code.address(x, (1, k)), code.number)
            code.store(number, code.address(values, (1, loop.index)))
            builder.store(builder.and_(bits, builder.sub(bits, WORD(1))), word)
        return count

    return types.intp(*(types.intp,) * 5, zero), codegen


@intrinsic
def _gather(
    typingctx, n_vectors, indices, values, list_row, end, b, b_step, c, c_row, n_rows, start, zero
):
    """`gather_product` of what begins at addresses, ``n_vectors * LANES`` columns wide."""

    def codegen(context, builder, signature, args):
        n_vectors, *args = args
        widths = range(1, PANEL_ROWS // LANES + 1)
        gathers = {n: _gather_function(builder.module, args, n) for n in widths}
        choose(builder, n_vectors, args, gathers)
        return context.get_dummy_value()

    return types.void(*(types.intp,) * 11, zero), codegen


def _gather_function(module, args, n_vectors):
    def write(builder, args):
        _GatherCode(builder, args, n_vectors * LANES).write()

    return function_once(module, f"gather_{n_vectors}", args, write)


class _GatherCode(VectorCode):
    """Writes the body of a function that adds up what lists name, line by line."""

    def __init__(self, builder, args, n_columns):
        (
            self.indices, self.values, self.list_row, self.end, self.b, self.b_step,
            self.c, self.c_row, self.n_rows, self.start, zero,
        ) = args  # fmt: skip
        super().__init__(builder, zero.type)
        self.sums = {
            column: cgutils.alloca_once(builder, self.vector)
            for column in range(0, n_columns, self.lanes)
        }

    def write(self):
        """All of it."""
        builder = self.builder
        with cgutils.for_range(builder, self.n_rows) as loop:
            places = {c: self.address(self.c, (loop.index, self.c_row), (1, c)) for c in self.sums}
            is_fresh = builder.icmp_signed("==", self.start, WORD(FROM_ZERO))
            with builder.if_else(is_fresh) as (fresh, goes_on):
                with fresh:
                    for total in self.sums.values():
                        builder.store(self.vector(None), total)
                with goes_on:
                    for column, total in self.sums.items():
                        builder.store(self.load(places[column], self.vector), total)
            self._add_list(self.builder.mul(loop.index, self.list_row))
            for column, total in self.sums.items():
                self.store(builder.load(total), places[column])
        builder.ret_void()

    def _add_list(self, first):
        """Add the products that the list from `first` on names."""
        with cgutils.for_range(self.builder, WORD(_END)) as loop:
            place = self.builder.add(first, loop.index)
            index = self.load(self.address(self.indices, (1, place), size=2), _INDEX, size=2)
            index = self.builder.zext(index, WORD)
            with self.builder.if_then(self.builder.icmp_signed(">=", index, self.end)):
                loop.do_break()
            factor = self.spread(self.load(self.address(self.values, (1, place)), self.number))
            b = self.address(self.b, (index, self.b_step))
            for column, total in self.sums.items():
                self.add_product(
                    factor, self.load(self.address(b, (1, column)), self.vector), total
                )


def gather_product(
    indices, values, list0, list_row, end, b, b0, b_step, c, c0, c_row, n_rows, n_columns, start
):
    """Add up lines of a matrix by lists: ``C[i, j] = C0[i, j] + sum_t v[i, t] B[k[i, t], j]``.

    List i begins at ``list0 + i * list_row``, and counts up to the first index that is not below
    `end`; B, C and C0 are as in `block_product`, with at most PANEL_ROWS columns. All arrays are
    contiguous, and indexed as if flat.
    """
    indices, values, b, c = (array.ravel() for array in (indices, values, b, c))
    for i in range(n_rows):
        out = c[c0 + i * c_row : c0 + i * c_row + n_columns]
        if start == FROM_ZERO:
            out[:] = 0
        place = list0 + i * list_row
        while indices[place] < end:
            first = b0 + indices[place] * b_step
            out += values[place] * b[first : first + n_columns]
            place += 1


@part_for(gather_product)
def _compiled_product(
    indices, values, list0, list_row, end, b, b0, b_step, c, c0, c_row, n_rows, n_columns, start
):
    size = b.dtype.bitwidth // 8

    def compiled(
        indices, values, list0, list_row, end, b, b0, b_step, c, c0, c_row, n_rows, n_columns,
        start,
    ):  # fmt: skip
        _gather(
            n_columns // LANES, indices.ctypes.data + 2 * list0, values.ctypes.data + size * list0,
            list_row, end, b.ctypes.data + size * b0, b_step, c.ctypes.data + size * c0, c_row,
            n_rows, start, b.dtype.type(0),
        )  # fmt: skip

    return compiled
