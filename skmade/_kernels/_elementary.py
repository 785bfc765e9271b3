"""exp, log and their relatives, in a form that compilers vectorise.

Scalar calls into the C library cost several times a polynomial in a plain loop. Errors
are a few units in the last place, in float32 and in float64.
"""

import numpy as np

from skmade._kernels._compile import inlined_part, part, part_for
from skmade._kernels._intrinsics import intrinsic, intrinsic_for, types

# Derivatives below this are taken as zero: they, their products and squares would come to
# numbers so small that the processor takes a hundred times as long for each.
NEGLIGIBLE = 1e-15
# What is lost beside 1, in double precision, too. (Products of two larger ones are not so small.)
_LOST = 1e-17
# No approximate reciprocals, of which series of corrections would be left.
_EXACT = {"contract", "nsz"}


@intrinsic
def _bits(typingctx, number, integer):
    """Reinterpret a float as the integer of the same width, or the reverse."""

    def codegen(context, builder, signature, args):
        return builder.bitcast(args[0], context.get_value_type(signature.return_type))

    return integer(number, integer), codegen


def exp(x):
    """``e**x``, without overflow: arguments are held to where the result is finite."""
    return np.exp(np.clip(x, -87, 88) if x.dtype == np.float32 else np.clip(x, -708, 709))


@part_for(exp, fastmath=_EXACT)
def _exp(x):
    single = x == types.float32
    kind, word = (np.float32, np.int32) if single else (np.float64, np.int64)
    lowest, highest = (kind(-87), kind(88)) if single else (kind(-708), kind(709))
    # ln 2 in two parts, so that x - n ln 2 keeps all its digits
    ln2 = kind(0.693359375 if single else 6.93145751953125e-1)
    ln2_rest = kind(-2.12194440e-4 if single else 1.42860682030941723212e-6)
    shift, bias = (word(23), word(127)) if single else (word(52), word(1023))
    terms = tuple(kind(c) for c in _inverse_factorials(7 if single else 13))
    log2e, half, zero = kind(1.4426950408889634), kind(0.5), kind(0)

    def compiled(x):
        x = lowest if x < lowest else highest if x > highest else x
        n = np.floor(x * log2e + half)
        r = (x - n * ln2) - n * ln2_rest
        y = zero
        for c in terms:
            y = y * r + c
        return y * _bits(word((word(n) + bias) << shift), kind(0))

    return compiled


def _inverse_factorials(degree):
    """Taylor coefficients of exp, highest power first (|r| <= ln(2) / 2)."""
    return 1 / np.cumprod(np.r_[1.0, np.arange(1.0, degree + 1)])[::-1]


def log(x):
    """Natural logarithm of a positive, normal number."""
    return np.log(x)


@part_for(log, fastmath=_EXACT)
def _log(x):
    single = x == types.float32
    kind, word = (np.float32, np.int32) if single else (np.float64, np.int64)
    shift, bias = (word(23), word(127)) if single else (word(52), word(1023))
    fraction = word((1 << 23) - 1) if single else word((1 << 52) - 1)
    unit = word(127 << 23) if single else word(1023 << 52)
    ln2, root2, half, one = kind(np.log(2)), kind(np.sqrt(2)), kind(0.5), kind(1)

    def compiled(x):
        b = _bits(x, word(0))
        n = kind((b >> shift) - bias)
        m = _bits(word((b & fraction) | unit), kind(0))
        halved = m > root2
        m = m * half if halved else m
        n = n + one if halved else n
        return n * ln2 + _twice_atanh((m - one) / (m + one))

    return compiled


def _twice_atanh(s):
    return 2 * np.arctanh(s)


@part_for(_twice_atanh, fastmath=_EXACT)
def _compiled_twice_atanh(s):
    single = s == types.float32
    kind = np.float32 if single else np.float64
    # |s| <= 1/3: s**(2 degree + 1) is below the last place
    terms = tuple(kind(2 / (2 * i + 1)) for i in range(7 if single else 16, -1, -1))
    zero = kind(0)

    def compiled(s):
        square, y = s * s, zero
        for c in terms:
            y = y * square + c
        return y * s

    return compiled


def _cast(x, constant):
    return np.asarray(x).dtype.type(constant)


@intrinsic_for(_cast)
def like(typingctx, x, constant):
    """`constant` in the type of x: an instruction, where a function would be compiled.

    So that arithmetic stays in that type.
    """

    def codegen(context, builder, signature, args):
        return context.cast(builder, args[1], signature.args[1], signature.return_type)

    return x(x, types.unliteral(constant)), codegen


def uniform(bits):
    """A number in [0, 1) from random bits: an integer without sign, as wide as the number."""
    kind, spare, unit = _of_uniform(8 * bits.itemsize)
    return kind(bits >> spare) * unit


@part_for(uniform)
def _uniform(bits):
    kind, spare, unit = _of_uniform(bits.bitwidth)
    word = np.int32 if bits.bitwidth == 32 else np.int64  # vectors are converted from signed ones
    return lambda bits: kind(word(bits >> spare)) * unit


def _of_uniform(width):
    """Type of the number, bits that it has no digits for, and distance of two such numbers."""
    kind = np.float32 if width == 32 else np.float64
    n_digits = np.finfo(kind).nmant + 1
    return kind, width - n_digits, kind(0.5**n_digits)


@inlined_part
def or_zero(x):
    """`x`, but 0 where it is lost beside 1."""
    return x if x > like(x, _LOST) else like(x, 0)


@part
def log1p_unit(y):
    """``log(1 + y)`` for y in [0, 1]."""
    return _twice_atanh(y / (y + like(y, 2)))


@part
def log_of_ratio(x, y, difference):
    """``log(x / y)`` of positive numbers, of which ``x - y`` is known better than they are."""
    s = difference / (x + y)
    return _twice_atanh(s) if abs(s) < like(s, 0.3) else log(x / y)


@part
def softplus(x):
    """``log(1 + e**x)``."""
    return max(x, like(x, 0)) + log1p_unit(exp(-abs(x)))


@part
def sigmoid(x):
    """``1 / (1 + e**-x)``."""
    one, e = like(x, 1), exp(-abs(x))
    return (one if x >= 0 else e) / (one + e)


@part
def tanh(x):
    """Hyperbolic tangent."""
    one, e = like(x, 1), exp(like(x, -2) * abs(x))
    y = (one - e) / (one + e)
    return y if x >= 0 else -y
