"""How kernels are compiled by the inside of Numba, and where they are kept.

- Parts of kernels are linked into what calls them, and optimised there only.
- Of Numba's passes over a function those are run that kernels need.
- Nobody counts references.
- The disk cache knows all files that kernels are made of, and is best effort.

``SKMADE_PLAIN=1`` does without this module, see `_compile`.
"""

import gc
import hashlib
import os
import pickle
from functools import cache, cached_property
from glob import escape
from importlib.resources import files
from pathlib import Path

import numba
import numpy as np
from llvmlite.binding import Linkage
from numba.core.caching import (
    CompileResultCacheImpl,
    FunctionCache,
    IndexDataCacheFile,
    NullCache,
    _Cache,
)
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase
from numba.core.compiler_machinery import PassManager
from numba.core.registry import CPUDispatcher
from numba.core.typed_passes import (
    IRLegalization,
    NativeLowering,
    NoPythonBackend,
    NopythonTypeInference,
    PreLowerStripPhis,
)
from numba.core.untyped_passes import (
    DeadBranchPrune,
    FixupArgs,
    GenericRewrites,
    IRProcessing,
    ReconstructSSA,
    RewriteSemanticConstants,
    TranslateByteCode,
)
from numba.extending import overload

from skmade._kernels._intrinsics import VECTOR_BYTES
from skmade._warnings import warn

# No references are counted (as in Numba's own sorting): it took a fifth of the time of
# sampling. Kernels therefore make no arrays; their memory is made outside. (Only what is
# compiled so may call them: else what they return is counted as given back too often.)
_OPTIONS = {"no_cfunc_wrapper": True, "_nrt": False}

# Where there are vectors of 512 bits, loops use them as products do. Compilers would take half of
# them, as the first processors of this kind lowered their clock rate, which products do anyway.
_LONG_VECTORS = '"prefer-vector-width"="512"'

_COMPILED_ANEW = (
    "Machine code of {} from the disk cache gave wrong results on a small example: it is compiled "
    "anew. Nothing is wrong with the results that you get."
)
_INTERPRETED = (
    "Numba {1} compiles {0} to code that gives wrong results on a small example. It is run without "
    "compilation instead, which gives right results very slowly: set the environment variable "
    "SKMADE_PLAIN=1, or install another release of Numba."
)


def compile_kernel(function, is_cached, **options):
    """`function`, to be compiled on first use, and kept on disk."""
    dispatcher = numba.njit(pipeline_class=_KernelCompiler, **_OPTIONS, **options)(function)
    dispatcher.__class__ = _Kernel
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


class _KernelLibrary(JITCodeLibrary):
    """Code into which all parts are linked that it calls, and those that they call, once each."""

    def add_ir_module(self, ir_module):
        for function in ir_module.functions:
            set.add(function.attributes, _LONG_VECTORS)  # (its own method knows no strings)
        super().add_ir_module(ir_module)

    def finalize(self):
        linked = self._linking_libraries = list(dict.fromkeys(self._linking_libraries))
        for library in linked:  # (which grows)
            if isinstance(library, _PartLibrary):
                linked += [other for other in library._linking_libraries if other not in linked]
        super().finalize()

    def _optimize_final_module(self):
        """Keep the names of parts to this kernel.

        Numba numbers them anew in each process. Of two kernels from the cache that were compiled
        in different ones, both with a part of one name, the linker would take one part for both.
        """
        super()._optimize_final_module()
        for function in self._final_module.functions:
            if not function.is_declaration and function.linkage is Linkage.linkonce_odr:
                function.linkage = "internal"


class _PartLibrary(_KernelLibrary):
    """Code that is linked into kernels, and optimised there, and only there.

    Numba would link it, optimise it, and emit machine code that nobody calls, at each level of
    calls: that was half of the time to compile.
    """

    def finalize(self):
        self._finalized = True

    def get_pointer_to_function(self, name):
        self._ensure_finalized()
        return 0

    @property
    def codegen(self):
        return self

    def set_env(self, name, environment):
        """There is no place for it; and kernels, which raise nothing, need none."""


class _Compiler(CompilerBase):
    """Numba's own passes, without those for what kernels have none of.

    These are closures, comprehensions, array expressions, raised errors and parallel loops.
    """

    _library = None
    _passes = (
        TranslateByteCode, FixupArgs, IRProcessing, RewriteSemanticConstants, DeadBranchPrune,
        GenericRewrites, ReconstructSSA, NopythonTypeInference, PreLowerStripPhis, IRLegalization,
        NativeLowering, NoPythonBackend,
    )  # fmt: skip

    def define_pipelines(self):
        state, manager = self.state, PassManager("skmade")
        state.library = self._library(state.targetctx.codegen(), state.func_id.func_qualname)
        for kind in self._passes:
            manager.add_pass(kind, kind.name())
        manager.finalize()
        return [manager]


class _PartCompiler(_Compiler):
    """Keeps no types that were inferred: they are of no use any more, and many."""

    _library = _PartLibrary

    def compile_extra(self, function):
        result = super().compile_extra(function)
        result.fndesc.typemap = result.fndesc.calltypes = None
        return result


class _KernelCompiler(_Compiler):
    """Compiles while Python's garbage collector pauses.

    It would go through what compilers keep again and again: a fifth of the time to compile.
    """

    _library = _KernelLibrary

    def define_pipelines(self):
        pipelines = super().define_pipelines()
        self.state.library.enable_object_caching()
        return pipelines

    def compile_extra(self, function):
        is_on = gc.isenabled()
        gc.disable()
        try:
            return super().compile_extra(function)
        finally:
            if is_on:
                gc.enable()


class _WrongCodeError(Exception):
    """Machine code that does not come to what its source does."""


class _Kernel(CPUDispatcher):
    """Machine code that is tried before it is used."""

    @staticmethod
    def is_right(types, compiled):
        """Whether machine code for some types may be used; `skmade._check` says for which not."""
        return True

    def add_overload(self, result):
        if not self.is_right(result.signature.args, result.entry_point):
            raise _WrongCodeError
        super().add_overload(result)

    def compile(self, types):
        try:
            return super().compile(types)
        except _WrongCodeError:
            self._cache.flush()
            self._cache = NullCache()
        try:
            compiled = super().compile(types)
        except _WrongCodeError:
            self.__class__ = _Interpreted
            warn(_INTERPRETED.format(self.__name__, numba.__version__), RuntimeWarning)
            return self
        warn(_COMPILED_ANEW.format(self.__name__), RuntimeWarning)
        return compiled


class _Interpreted(CPUDispatcher):
    """A kernel for which there is no machine code that is right."""

    def __call__(self, *args):
        with np.errstate(all="ignore"):
            return self.py_func(*args)


class _Part(CPUDispatcher):
    """A part has no machine code that Python could call: there it is interpreted."""

    def __call__(self, *args):
        return self.py_func(*args)


@cache
def _stamp():
    """A digest of all files that kernels are made of, and of the release of Numba."""
    digest = hashlib.sha256(numba.__version__.encode())
    for folder in map(files("skmade").joinpath, ("_kernels", "_families")):
        sources = folder.iterdir() if folder.is_dir() else []
        for file in sorted(sources, key=lambda file: file.name):
            if file.name.endswith(".py"):
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _digest(name, code):
    return hashlib.sha256(name.encode() + code).digest()


class _CacheFiles(IndexDataCacheFile):
    """A file for each version of a kernel, named after all that it depends on.

    Numba numbers them, and keeps an index. Where several processes write that at once, or one is
    killed before its own file is written, the index gives the code of other types, or of
    another release, for what is asked for. And it runs whatever code it finds there: here a digest
    tells code that was damaged on disk, or is that of another kernel.
    """

    def load(self, key):
        name = self._name_of(key)
        stored, digest, code = self._load_data(name)
        return pickle.loads(code) if (stored, digest) == (key, _digest(name, code)) else None

    def save(self, key, data):
        name, code = self._name_of(key), self._dump(data)
        self._save_data(name, (key, _digest(name, code), code))
        self._remove(but=f"{self._prefix}{self._source_stamp}.")

    def flush(self):
        self._remove()

    @property
    def _prefix(self):
        return self._index_name.removesuffix("nbi")

    def _name_of(self, key):
        digest = hashlib.sha256(repr((key, VECTOR_BYTES, os.name)).encode()).hexdigest()[:16]
        return f"{self._prefix}{self._source_stamp}.{digest}.nbc"

    def _remove(self, but=None):
        """Remove files of this kernel: of other releases, or all."""
        for path in Path(self._cache_path).glob(escape(self._prefix) + "*"):
            if but is None or not path.name.startswith(but):
                path.unlink(missing_ok=True)


class _KernelCacheImpl(CompileResultCacheImpl):
    """Numba's own, but for the stamp: Numba's is of the kernel's own file, where there is one."""

    @property
    def locator(self):
        locator = super().locator
        locator.get_source_stamp = _stamp
        return locator


class _KernelCache(FunctionCache):
    """Numba's own, but for the stamp and the files."""

    _impl_class = _KernelCacheImpl

    def __init__(self, function):
        super().__init__(function)
        self._cache_file = _CacheFiles(self._cache_path, self._impl.filename_base, _stamp())


class _BestEffortCache(_Cache):
    """A disk cache where there is one; without it, all is compiled anew in each process.

    It is looked for when a kernel is first called, not at import.
    """

    def __init__(self, function):
        self._function = function

    @cached_property
    def _cache(self):
        try:
            return _KernelCache(self._function)
        except (OSError, RuntimeError):  # no folder to cache in
            return NullCache()

    @property
    def cache_path(self):
        return self._cache.cache_path

    def load_overload(self, sig, target_context):
        try:
            return self._cache.load_overload(sig, target_context)
        except Exception:  # no file of it, or no whole one, or one that cannot be read
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
        try:
            self._cache.flush()
        except OSError:  # a folder that cannot be written
            pass
