"""How kernels are compiled: decided once, here.

Kernels are compiled on first use, never at import, release the GIL, and take all
their data as arguments. Machine code is cached on disk where a folder can be
written; where none can (a read-only install, no home, a zipped package) they are
compiled anew in each process. ``SKMADE_CACHE=0`` turns the disk cache off.
"""

import os

import numba

# Full fastmath would let the compiler assume that infinities never occur, and turn a
# log-sum-exp of -inf into NaN; reassociation would undo the two-part reductions of
# the elementary functions.
_FASTMATH = {"contract", "nsz", "arcp", "afn"}


def jit(function):
    """Compile `function` in nopython mode, cached on disk where that is possible."""
    if numba.config.DISABLE_JIT:
        return function
    options = {"nogil": True, "fastmath": _FASTMATH, "error_model": "numpy"}
    if os.environ.get("SKMADE_CACHE", "1") != "0":
        try:
            return numba.njit(cache=True, **options)(function)
        except RuntimeError:  # no folder to cache in
            pass
    return numba.njit(**options)(function)
