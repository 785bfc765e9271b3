"""Transposing a block of a matrix in registers.

Element by element it would take a third of the time of a gradient of a small network: each
element of a row is on a line of the cache of its own.
"""

from skmade._kernels._compile import part_for
from skmade._kernels._intrinsics import VECTOR_BYTES, function_once, intrinsic, ir, types
from skmade._kernels._product import LANES


@intrinsic
def _transpose_square(typingctx, a, a_row, b, b_row, zero):
    """Transpose as many rows as a vector has numbers, from address a to address b.

    Takes distances between rows in bytes. Of the numbers of rows and of columns, written in
    binary, one digit after the other is exchanged: half of each row with half of another.
    """

    def codegen(context, builder, signature, args):
        builder.call(function_once(builder.module, "transpose", args, _write_square), args)
        return context.get_dummy_value()

    return types.void(*(types.intp,) * 4, zero), codegen


def _write_square(builder, args):
    """The body of the function that transposes."""
    a, a_row, b, b_row, zero = args
    size = 4 if isinstance(zero.type, ir.FloatType) else 8
    lanes, word = VECTOR_BYTES // size, a.type
    kind = ir.VectorType(zero.type, lanes)

    def place(base, distance, i):
        address = builder.add(base, builder.mul(distance, word(i)))
        return builder.inttoptr(address, kind.as_pointer())

    def pick(first, second, numbers):
        mask = ir.Constant(ir.VectorType(ir.IntType(32), lanes), list(numbers))
        return builder.shuffle_vector(first, second, mask)

    rows = [builder.load(place(a, a_row, i), align=size) for i in range(lanes)]
    digit = lanes // 2
    while digit:
        for i in range(lanes):
            if not i & digit:
                one, other = rows[i], rows[i + digit]
                rows[i] = pick(
                    one, other, (c + lanes - digit if c & digit else c for c in range(lanes))
                )
                rows[i + digit] = pick(
                    one, other, (c + lanes if c & digit else c + digit for c in range(lanes))
                )
        digit //= 2
    for i, row in enumerate(rows):
        builder.store(row, place(b, b_row, i), align=size)
    builder.ret_void()


def transpose(a, a0, a_row, b, b0, b_row):
    """Copy LANES by LANES numbers of an array, transposed, into another; both indexed as if flat.

    ``b[b0 + j * b_row + i] = a[a0 + i * a_row + j]`` for i and j below LANES.
    """
    a, b = a.ravel(), b.ravel()
    for i in range(LANES):
        b[b0 + i : b0 + i + LANES * b_row : b_row] = a[a0 + i * a_row : a0 + i * a_row + LANES]


@part_for(transpose)
def _compiled_transpose(a, a0, a_row, b, b0, b_row):
    size = a.dtype.bitwidth // 8
    lanes = VECTOR_BYTES // size

    def compiled(a, a0, a_row, b, b0, b_row):
        for i in range(0, LANES, lanes):
            for j in range(0, LANES, lanes):
                _transpose_square(
                    a.ctypes.data + (a0 + i * a_row + j) * size, a_row * size,
                    b.ctypes.data + (b0 + j * b_row + i) * size, b_row * size, a.dtype.type(0),
                )  # fmt: skip

    return compiled
