"""Work that Python's threads do side by side; kernels release the GIL."""

import multiprocessing
import os
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import numba
from joblib import cpu_count, effective_n_jobs

from skmade._kernels._constants import SCORE_TILE

# A chunk of rows and what is made of it should stay in a core's cache.
_CHUNK_CELLS = 2**18
# Chunks of rows for each thread: who is ahead takes over what is left.
_CHUNKS = 4
# Fewer operations (a millisecond or two) are not worth a thread.
_FLOPS_WORTH_THREAD = 2e8
# An interrupt waits so many seconds for threads to end. (A stretch of training takes some
# tenths; only to compile, before the first, takes longer, and nobody waits for that.)
_PATIENCE = 0.7
# A thread that waits looks up so often.
_PULSE = 0.1


def n_threads(n_jobs):
    """How many threads `n_jobs` stands for.

    In a worker process no more than its share of the cores, which joblib and dask set in the
    environment for libraries with threads of their own. Where joblib's backend is a cluster, all
    of it counts for joblib, whatever `n_jobs` is, but only this machine for us.
    """
    if numba.config.DISABLE_JIT:  # interpreted kernels would wait for each other for ever
        return 1
    most = cpu_count() if n_jobs is None or n_jobs < 1 else n_jobs
    n = min(effective_n_jobs(n_jobs), most)
    share = os.environ.get("OMP_NUM_THREADS", "")
    if multiprocessing.parent_process() is not None and share.isdigit():
        n = min(n, max(1, int(share)))
    return n


def threads_worth(flops, n_jobs):
    """How many threads so many operations are worth."""
    most = 1 + int(flops / _FLOPS_WORTH_THREAD)
    return 1 if most == 1 else min(n_threads(n_jobs), most)


def map_chunks(make_worker, shape, flops_per_row, n_jobs):
    """Work through chunks of the rows of a table of a shape, in threads where that pays.

    Every thread calls ``make_worker(size)`` once, and what this returned with one slice of the
    rows after the other, each of at most `size`.
    """
    n_rows, n_columns = shape
    size = max(1, _CHUNK_CELLS // (n_columns * SCORE_TILE)) * SCORE_TILE
    n = threads_worth(n_rows * flops_per_row, n_jobs)
    if n > 1:  # some chunks for each thread, so that all end at about the same time
        size = min(size, -(-n_rows // (n * _CHUNKS * SCORE_TILE)) * SCORE_TILE)
    size = max(1, min(size, n_rows))
    chunks = [slice(begin, min(begin + size, n_rows)) for begin in range(0, n_rows, size)]
    take_in_turn(lambda: make_worker(size), chunks, n)


def take_in_turn(make_worker, items, n):
    """Work through items in `n` threads, each of which takes the next that is left.

    Every thread calls ``make_worker()`` once, and what this returned with one item after the
    other. Where one fails, nothing is left for the others.
    """
    left = iter(items)  # shared by all threads

    def work(_):
        try:
            worker = make_worker()
            for item in left:
                worker(item)
        except BaseException:
            deque(left, maxlen=0)
            raise

    run_in_threads(work, n)


def run_in_threads(function, n):
    """``[function(0), ..., function(n - 1)]``, in as many threads: the first in this one."""
    if n == 1:
        return [function(0)]
    with ThreadPoolExecutor(n - 1) as pool:
        others = pool.map(function, range(1, n))
        return [function(0), *others]


def never():
    """What is called to learn of interrupts, where they come by themselves."""


def out_of_reach(function):
    """``function(heed)``, in a thread that no interrupt reaches, while this one waits for it.

    Python interrupts its main thread only, between any two of its instructions. Were it one of
    several threads that wait for each other, it might leave them before it could tell them. So
    it only waits, and the others ask: `heed` raises KeyboardInterrupt where it waits no more.

    An interrupt is raised here as soon as the thread has ended, or after a second at most.
    """
    waiting, running, outcome = threading.Lock(), threading.Lock(), []

    def heed():
        if not waiting.locked():
            raise KeyboardInterrupt

    def run():
        try:
            heed()
            outcome.append((function(heed), None))
        except BaseException as error:
            outcome.append((None, error))
        running.release()

    thread = threading.Thread(target=run)
    running.acquire()
    try:
        with waiting:  # a lock is opened at once: between that and an error nothing can come
            thread.start()
            # (join takes a thread for ended when it is interrupted; and a signal that reaches
            # another thread wakes nobody here)
            while not running.acquire(timeout=_PULSE):
                pass
    except BaseException:
        if running.acquire(timeout=_PATIENCE):
            thread.join()
        raise
    thread.join()
    result, error = outcome.pop()
    if error is not None:
        raise error
    return result
