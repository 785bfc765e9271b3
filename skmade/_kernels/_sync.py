"""Waiting for other threads inside compiled code.

Between two parts of a training step lie microseconds, in which neither Python's locks nor
those of the operating system would wake a thread. Threads that wait here spin, and after
a while let others have their core.
"""

import os

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from skmade._kernels._compile import part

# Rounds of spinning, between two of which the core is offered to others.
_SPINS = 2000
_CAN_YIELD = os.name == "posix"


@intrinsic
def _add_one(typingctx, address):
    """Add one to the number at an address, before the eyes of all threads; returns the old one."""

    def codegen(context, builder, signature, args):
        pointer = builder.inttoptr(args[0], ir.IntType(64).as_pointer())
        return builder.atomic_rmw("add", pointer, ir.Constant(ir.IntType(64), 1), "seq_cst")

    return types.int64(types.intp), codegen


@intrinsic
def _read(typingctx, address):
    """The number at an address, as the other threads left it."""

    def codegen(context, builder, signature, args):
        pointer = builder.inttoptr(args[0], ir.IntType(64).as_pointer())
        return builder.load_atomic(pointer, "acquire", 8)

    return types.int64(types.intp), codegen


@intrinsic
def _let_others_run(typingctx):
    """Offer this thread's core to others."""

    def codegen(context, builder, signature, args):
        if _CAN_YIELD:
            kind = ir.FunctionType(ir.IntType(32), [])
            function = builder.module.globals.get("sched_yield")
            if function is None:
                function = ir.Function(builder.module, kind, "sched_yield")
            builder.call(function, [])
        return context.get_dummy_value()

    return types.void(), codegen


@part
def wait(sync, n_threads):
    """Return when all threads have come here, or False if one of them never will.

    ``sync[0]`` counts arrivals; ``sync[8]``, on a line of the cache of its own, is above
    zero when a thread has failed.
    """
    if n_threads == 1:
        return True
    arrived, failed = sync.ctypes.data, sync.ctypes.data + 64
    goal = (_add_one(arrived) // n_threads + 1) * n_threads
    spins = 0
    while _read(arrived) < goal:
        spins += 1
        if spins == _SPINS:
            spins = 0
            if _read(failed) > 0:
                return False
            _let_others_run()
    return True
