"""How kernels are compiled: decided once, here.

Kernels are compiled on first use, never at import, release the GIL, and take all
their data as arguments. Machine code is cached on disk where a folder can be
written; where none can (a read-only install, no home, a zipped package) they are
compiled anew in each process. ``SKMADE_CACHE=0`` turns the disk cache off.

To compile takes seconds. So functions that only kernels call are not made into machine code
by themselves, and constants are passed as ``np.int64(...)``, for each literal of which Numba
would compile the callee anew.
"""

import os

import numba
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler
from numba.extending import overload

# Full fastmath would let the compiler assume that infinities never occur, and turn a
# log-sum-exp of -inf into NaN; reassociation would undo the two-part reductions of
# the elementary functions.
_FASTMATH = {"contract", "nsz", "arcp", "afn"}


class _PartLibrary(JITCodeLibrary):
    """Code that is linked into what calls it, and optimised there, and only there.

    Numba would optimise it, and emit machine code that nobody calls, at each level of calls:
    that was 40 % of the time to compile.
    """

    def _optimize_final_module(self):
        pass

    def _finalize_final_module(self):
        self._finalize_dynamic_globals()
        self._finalized = True

    def get_pointer_to_function(self, name):
        self._ensure_finalized()
        return 0

    @property
    def codegen(self):
        return self

    def set_env(self, name, environment):
        """There is no place for it; and kernels, which raise nothing, need none."""


class _PartCompiler(Compiler):
    """Numba's own, but for the library, and for what it keeps.

    Types that were inferred are of no use any more, and so many that Python's garbage
    collector, going through them again and again, took 6 % of the time to compile.
    """

    def define_pipelines(self):
        state = self.state
        state.library = _PartLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        return super().define_pipelines()

    def compile_extra(self, function):
        result = super().compile_extra(function)
        result.fndesc.typemap = result.fndesc.calltypes = None
        return result._replace(type_annotation=None)


def kernel(function):
    """Compile `function` to be called from Python, cached on disk where that is possible."""
    return _compiled(function)


def part(function, **options):
    """Compile `function` to be called by kernels only."""
    options |= {"cache": False, "no_cpython_wrapper": True, "pipeline_class": _PartCompiler}
    return _compiled(function, **options)


def inlined_part(function):
    """As `part`, for what is so large that it would be called, and keep a loop from vectors."""
    return part(function, forceinline=True)


def sums_part(function):
    """As `part`, for sums that may be added up in another order: in several at a time."""
    return part(function, fastmath=_FASTMATH | {"reassoc"})


def part_for(function, **options):
    """Compile what the decorated function returns for some types, in place of `function`."""
    return overload(function, jit_options={"pipeline_class": _PartCompiler, **options})


def _compiled(function, cache=True, **options):
    if numba.config.DISABLE_JIT:
        return function
    # No references are counted (as in Numba's own sorting): it took a fifth of the time of
    # sampling. Kernels therefore make no arrays; their memory is made outside. (Only what is
    # compiled so may call them: else what they return is counted as given back too often.)
    always = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True, "_nrt": False}
    options = {"fastmath": _FASTMATH} | options | always
    if cache and os.environ.get("SKMADE_CACHE", "1") != "0":
        try:
            return numba.njit(cache=True, **options)(function)
        except RuntimeError:  # no folder to cache in
            pass
    return numba.njit(**options)(function)
