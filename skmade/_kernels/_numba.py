"""How kernels are compiled by the inside of Numba, and where they are kept.

- Parts of kernels are linked into what calls them, and optimised there only.
- Nobody counts references.
- The disk cache knows all files that kernels are made of, and is best effort.

``SKMADE_PLAIN=1`` does without this module, see `_compile`.
"""

import hashlib
import os
from functools import cache, cached_property
from importlib.resources import files

import numba
from numba.core.caching import CompileResultCacheImpl, FunctionCache, NullCache, _Cache
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler
from numba.core.registry import CPUDispatcher
from numba.extending import overload

from skmade._kernels._intrinsics import VECTOR_BYTES

# No references are counted (as in Numba's own sorting): it took a fifth of the time of
# sampling. Kernels therefore make no arrays; their memory is made outside. (Only what is
# compiled so may call them: else what they return is counted as given back too often.)
_OPTIONS = {"no_cfunc_wrapper": True, "_nrt": False}


def compile_kernel(function, is_cached, **options):
    """`function`, to be compiled on first use, and kept on disk."""
    dispatcher = numba.njit(**_OPTIONS, **options)(function)
    if is_cached:
        dispatcher._cache = _BestEffortCache(function)
    return dispatcher


def compile_part(function, **options):
    """`function`, to be compiled when kernels call it."""
    options |= {"no_cpython_wrapper": True, "pipeline_class": _PartCompiler}
    dispatcher = numba.njit(**_OPTIONS, **options)(function)
    dispatcher.__class__ = _Part
    return dispatcher


def compile_part_for(function, **options):
    """Compile what the decorated function returns for some types, in place of `function`."""
    return overload(function, jit_options={"pipeline_class": _PartCompiler, **options})


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


class _Part(CPUDispatcher):
    """A part has no machine code that Python could call."""

    def __call__(self, *_, **__):
        raise TypeError(f"{self.__name__} can only be called by kernels.")


@cache
def _stamp():
    """A digest of all that kernels are made of."""
    digest = hashlib.sha256(repr((VECTOR_BYTES, os.name)).encode())
    for folder in map(files("skmade").joinpath, ("_kernels", "_families")):
        sources = folder.iterdir() if folder.is_dir() else []
        for file in sorted(sources, key=lambda file: file.name):
            if file.name.endswith(".py"):
                digest.update(file.read_bytes())
    return digest.hexdigest()


class _StampedCacheImpl(CompileResultCacheImpl):
    """Numba's own, but for the stamp: Numba's is of the file of the function only."""

    @property
    def locator(self):
        locator = super().locator
        locator.get_source_stamp = _stamp
        return locator


class _StampedCache(FunctionCache):
    _impl_class = _StampedCacheImpl


class _BestEffortCache(_Cache):
    """A disk cache where there is one; without it, all is compiled anew in each process.

    It is looked for when a kernel is first called, not at import.
    """

    def __init__(self, function):
        self._function = function

    @cached_property
    def _cache(self):
        try:
            return _StampedCache(self._function)
        except (OSError, RuntimeError):  # no folder to cache in
            return NullCache()

    @property
    def cache_path(self):
        return self._cache.cache_path

    def load_overload(self, sig, target_context):
        try:
            return self._cache.load_overload(sig, target_context)
        except OSError:
            return None

    def save_overload(self, sig, data):
        try:
            self._cache.save_overload(sig, data)
        except OSError:  # a full disk, for one
            pass

    def enable(self):
        self._cache.enable()

    def disable(self):
        self._cache.disable()

    def flush(self):
        self._cache.flush()
