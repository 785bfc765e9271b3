"""Sharing out the parts of a training step among threads, inside compiled code.

Between two parts lie microseconds, in which neither Python's locks nor those of the operating
system would wake a thread. Threads that wait here spin, and after a while let others have
their core.
"""

import ctypes
import os
import threading
import time

from skmade._kernels._compile import part
from skmade._kernels._intrinsics import intrinsic_for, ir, types

# Rounds of spinning, between two of which the core is offered to others.
_SPINS = 2000
_CAN_YIELD = os.name == "posix"
# Bytes of a line of the cache: what different threads write lies on different ones.
_LINE = 64


_IN_TURN = threading.Lock()


def _number_at(address):
    return ctypes.c_int64.from_address(int(address))  # (it takes no integers of NumPy)


def _interpreted_add_one(address):
    with _IN_TURN:
        number = _number_at(address)
        number.value += 1
        return number.value - 1


@intrinsic_for(_interpreted_add_one)
def _add_one(typingctx, address):
    """Add one to the number at an address, before the eyes of all threads; returns the old one."""

    def codegen(context, builder, signature, args):
        pointer = builder.inttoptr(args[0], ir.IntType(64).as_pointer())
        return builder.atomic_rmw("add", pointer, ir.Constant(ir.IntType(64), 1), "seq_cst")

    return types.int64(types.intp), codegen


@intrinsic_for(lambda address: _number_at(address).value)
def _read(typingctx, address):
    """The number at an address, as the other threads left it."""

    def codegen(context, builder, signature, args):
        pointer = builder.inttoptr(args[0], ir.IntType(64).as_pointer())
        return builder.load_atomic(pointer, "acquire", 8)

    return types.int64(types.intp), codegen


@intrinsic_for(lambda: time.sleep(0))
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
def next_chunk(team):
    """A chunk of this part of the step that nobody has taken yet.

    A thread takes its own chunks first, in whose data it is at home, then those that slower
    threads have left. When none are left it waits until all are done, and gets
    ``team.n_chunks``; then the next part begins. When a thread has failed nothing is left,
    in this part and in all that follow.
    """
    state, n_threads = team.state, team.n_threads
    if n_threads == 1:
        state[0] = 1 - state[0]
        return 1 - state[0]
    if has_failed(team):  # (then no part is waited for to its end, and the numbers below are off)
        return team.n_chunks
    n_own = team.n_chunks // n_threads
    taken_before = state[0] * (n_own + n_threads)  # each thread finds each owner's gone once
    while state[1] < n_threads:
        owner = (team.thread + state[1]) % n_threads
        taken = _add_one(team.sync.ctypes.data + _LINE * owner) - taken_before
        if taken < n_own:
            return owner * n_own + taken
        state[1] += 1
    state[0], state[1] = state[0] + 1, 0
    for owner in range(n_threads):
        _wait(team, owner, taken_before + n_own + n_threads)
    return team.n_chunks


@part
def _wait(team, owner, goal):
    """Return when so many chunks of a thread were asked for, or when a thread has failed."""
    address, spins = team.sync.ctypes.data + _LINE * owner, 0
    while _read(address) < goal:
        spins += 1
        if spins == _SPINS:
            spins = 0
            if has_failed(team):
                return
            _let_others_run()


@part
def has_failed(team):
    """Whether one of several threads has failed."""
    return team.n_threads > 1 and _read(team.sync.ctypes.data + _LINE * team.n_threads) > 0
