"""Threads: BLAS is held to one, and rows are shared out among Python's."""

import contextlib
import functools
import os
import threading

from joblib import Parallel, delayed, effective_n_jobs
from threadpoolctl import ThreadpoolController

from skmade._kernels._blas import blas_address

_lock = threading.Lock()
_users = 0
_limit = None


@functools.cache
def _controller():
    blas_address("float32")  # loads the library that kernels call
    return ThreadpoolController().select(user_api="blas")


@contextlib.contextmanager
def single_threaded_blas():
    """Hold BLAS to one thread while any thread of this process is inside.

    The first to enter sets the limit and the last to leave lifts it, so that calls that
    overlap in different threads restore what they found.
    """
    global _users, _limit
    with _lock:
        if _users == 0:
            _limit = _controller().limit(limits=1)
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                _limit.restore_original_limits()


def _forget_other_threads():
    """A forked child has one thread only: nobody else is inside, nobody holds the lock."""
    global _users, _lock
    _users, _lock = 0, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_other_threads)


def map_chunks(function, n, size, n_jobs):
    """Call ``function(slice)`` on slices of at most `size` of ``range(n)``, in threads."""
    chunks = [slice(begin, min(begin + size, n)) for begin in range(0, n, size)]
    with single_threaded_blas():
        if len(chunks) == 1 or effective_n_jobs(n_jobs) == 1:
            for chunk in chunks:
                function(chunk)
        else:
            Parallel(n_jobs, require="sharedmem")(delayed(function)(chunk) for chunk in chunks)
