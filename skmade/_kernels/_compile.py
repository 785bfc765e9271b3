"""How kernels are compiled: decided once, here.

Kernels are compiled on first use, never at import, release the GIL, and take all
their data as arguments. Machine code is cached on disk where a folder can be
written; where none can (a read-only install, no home, a zipped package, a full disk) they are
compiled anew in each process. ``SKMADE_CACHE=0`` turns the disk cache off. ``SKMADE_PLAIN=1``
compiles by what Numba documents only, without a disk cache, in some three times the time, to the
same results.

To compile takes seconds. So functions that only kernels call are not made into machine code
by themselves, and constants are passed as ``np.int64(...)``, for each literal of which Numba
would compile the callee anew.
"""

import os

import numba
from numba.extending import overload

# Full fastmath would let the compiler assume that infinities never occur, and turn a
# log-sum-exp of -inf into NaN; reassociation would undo the two-part reductions of
# the elementary functions.
_FASTMATH = {"contract", "nsz", "arcp", "afn"}
_OPTIONS = {"nogil": True, "error_model": "numpy"}
_IS_CACHED = os.environ.get("SKMADE_CACHE", "1") != "0"
#: Whether kernels are compiled by what Numba documents only.
IS_PLAIN = os.environ.get("SKMADE_PLAIN", "0") != "0"

if IS_PLAIN:

    def compile_kernel(function, is_cached, **options):
        return numba.njit(**options)(function)

    def compile_part(function, **options):
        return numba.njit(**options)(function)

    def compile_part_for(function, **options):
        return overload(function, jit_options=options)

else:
    from skmade._kernels._numba import compile_kernel, compile_part, compile_part_for


def kernel(function, is_cached=_IS_CACHED):
    """Compile `function` to be called from Python, cached on disk where that is possible."""
    if numba.config.DISABLE_JIT:
        return function
    return compile_kernel(function, is_cached, fastmath=_FASTMATH, **_OPTIONS)


def part(function, **options):
    """Compile `function` to be called by kernels only."""
    if numba.config.DISABLE_JIT:
        return function
    return compile_part(function, **{"fastmath": _FASTMATH, **_OPTIONS, **options})


def inlined_part(function):
    """As `part`, for what is so large that it would be called, and keep a loop from vectors."""
    return part(function, forceinline=True)


def sums_part(function):
    """As `part`, for sums that may be added up in another order: in several at a time."""
    return part(function, fastmath=_FASTMATH | {"reassoc"})


def part_for(function, **options):
    """Compile what the decorated function returns for some types, in place of `function`."""
    return compile_part_for(function, **options)
