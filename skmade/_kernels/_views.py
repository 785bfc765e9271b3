"""Views of some rows of an array, which cost next to nothing to make and to compile."""

from skmade._kernels._compile import IS_PLAIN, part
from skmade._kernels._intrinsics import cgutils, intrinsic_for, make_array, populate_array, types


def _slice(x, first, n):
    return x[first : first + n]


@intrinsic_for(_slice)
def rows_of(typingctx, x, first, n):
    """Rows ``first:first + n`` of an array in C order; nothing is checked."""

    def codegen(context, builder, signature, args):
        kind, (array, first, n) = make_array(signature.return_type), args
        whole, view = kind(context, builder, array), kind(context, builder)
        _, *width = cgutils.unpack_tuple(builder, whole.shape)
        start = first
        for size in width:
            start = builder.mul(start, size)
        populate_array(
            view,
            builder.gep(whole.data, [start]),
            [n, *width],
            whole.strides,
            whole.itemsize,
            meminfo=None,
        )
        return view._getvalue()

    return x(x, types.intp, types.intp), codegen


if IS_PLAIN:
    rows_of = part(_slice)
