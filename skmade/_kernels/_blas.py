"""Matrix products in place, by the BLAS that SciPy ships.

numba's ``np.dot`` can neither add to its output nor read a block of a larger matrix;
BLAS does both. Its address travels as an ordinary integer argument, so that compiled
kernels can be cached on disk and no kernel holds a pointer from another process.
"""

import functools

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import get_cython_function_address, intrinsic, overload, register_jitable

from skmade._kernels._compile import jit


@functools.cache
def blas_address(dtype):
    """Address of SciPy's ``sgemm`` or ``dgemm`` in this process."""
    name = "sgemm" if np.dtype(dtype) == np.float32 else "dgemm"
    return get_cython_function_address("scipy.linalg.cython_blas", name)


@intrinsic
def _call_blas(typingctx, blas, trans_a, trans_b, sizes, a, lda, b, ldb, beta, c, ldc):
    """Fortran's ``gemm``: ``c = op(a) @ op(b) + beta * c``, all arrays by columns."""
    real = beta

    def codegen(context, builder, signature, args):
        blas, trans_a, trans_b, sizes, a, lda, b, ldb, beta, c, ldc = args
        number = context.get_value_type(real)

        def by_reference(value):
            slot = cgutils.alloca_once(builder, value.type)
            builder.store(value, slot)
            return slot

        def integer(value):
            return by_reference(builder.trunc(value, ir.IntType(32)))

        def letter(transposed):
            code = [ir.Constant(ir.IntType(8), ord(name)) for name in "TN"]
            return by_reference(builder.select(transposed, *code))

        def address(value):
            return builder.inttoptr(value, number.as_pointer())

        m, n, k = (integer(size) for size in cgutils.unpack_tuple(builder, sizes))
        one = by_reference(ir.Constant(number, 1.0))
        arguments = (letter(trans_a), letter(trans_b), m, n, k, one, address(a), integer(lda))
        arguments += (address(b), integer(ldb), by_reference(beta), address(c), integer(ldc))
        kind = ir.FunctionType(ir.VoidType(), [argument.type for argument in arguments])
        builder.call(builder.inttoptr(blas, kind.as_pointer()), arguments)
        return context.get_dummy_value()

    flag, word = types.boolean, types.intp
    return types.void(
        word, flag, flag, types.UniTuple(word, 3), word, word, word, word, real, word, word
    ), codegen


@register_jitable
def _row_step(array):
    """Elements from a row to the next (the strides of a single row mean nothing)."""
    return max(array.strides[0] // array.itemsize, array.shape[1])


def _gemm(blas, a, trans_a, b, trans_b, beta, out):
    value = (a.T if trans_a else a) @ (b.T if trans_b else b)
    out[:] = value if beta == 0 else value + beta * out


@overload(_gemm)
def _compiled_gemm(blas, a, trans_a, b, trans_b, beta, out):
    def gemm(blas, a, trans_a, b, trans_b, beta, out):
        m, n = out.shape
        k = a.shape[0] if trans_a else a.shape[1]
        if m == 0 or n == 0:
            return
        if k == 0:
            if beta == 0:
                out[:] = 0
            return
        # A product of rows is the product of columns of the transposes, the other way round.
        _call_blas(
            blas, trans_b, trans_a, (n, m, k),
            b.ctypes.data, _row_step(b), a.ctypes.data, _row_step(a),
            a.dtype.type(beta), out.ctypes.data, _row_step(out),
        )  # fmt: skip

    return gemm


@jit
def product(blas, a, b, beta, out):
    """``out = a @ b + beta * out``, beta 0 or 1; rows of all arrays are contiguous."""
    _gemm(blas, a, False, b, False, beta, out)


@jit
def product_tn(blas, a, b, beta, out):
    """``out = a.T @ b + beta * out``."""
    _gemm(blas, a, True, b, False, beta, out)


@jit
def product_nt(blas, a, b, beta, out):
    """``out = a @ b.T + beta * out``."""
    _gemm(blas, a, False, b, True, beta, out)
