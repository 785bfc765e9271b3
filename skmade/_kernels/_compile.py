"""How kernels are compiled: decided once, here.

Kernels are compiled on first use, never at import, release the GIL, and take all
their data as arguments. Machine code is cached on disk where a folder can be
written; where none can (a read-only install, no home, a zipped package) they are
compiled anew in each process. ``SKMADE_CACHE=0`` turns the disk cache off.

To compile takes seconds, most of them where a function is optimised once more inside each
that calls it: so there are few levels, and constants are passed as ``np.int64(...)``, for
each literal of which Numba would compile the callee anew.
"""

import os

import numba

# Full fastmath would let the compiler assume that infinities never occur, and turn a
# log-sum-exp of -inf into NaN; reassociation would undo the two-part reductions of
# the elementary functions.
_FASTMATH = {"contract", "nsz", "arcp", "afn"}


def kernel(function):
    """Compile `function` to be called from Python, cached on disk where that is possible."""
    return _compiled(function, no_cfunc_wrapper=True)


def part(function):
    """Compile `function` to be called by kernels only."""
    return _compiled(function, no_cpython_wrapper=True, no_cfunc_wrapper=True)


def inlined(function):
    """Copy `function` into the kernel that calls it, without compiling it by itself."""
    return _compiled(function, no_cpython_wrapper=True, no_cfunc_wrapper=True, inline="always")


def _compiled(function, **options):
    if numba.config.DISABLE_JIT:
        return function
    options |= {"nogil": True, "fastmath": _FASTMATH, "error_model": "numpy"}
    # No references are counted (as in Numba's own sorting): it took a fifth of the time of
    # sampling. Kernels therefore make no arrays; their memory is made outside.
    options["_nrt"] = False
    if os.environ.get("SKMADE_CACHE", "1") != "0":
        try:
            return numba.njit(cache=True, **options)(function)
        except RuntimeError:  # no folder to cache in
            pass
    return numba.njit(**options)(function)
