"""What functions that write LLVM's code themselves are made with."""

import llvmlite.binding
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

__all__ = ["VECTOR_BYTES", "cgutils", "intrinsic", "ir", "types"]


def _vector_bytes():
    """Width of this machine's vectors."""
    features = llvmlite.binding.get_host_cpu_features()
    return 64 if features.get("avx512f") else 32 if features.get("avx2") else 16


VECTOR_BYTES = _vector_bytes()
