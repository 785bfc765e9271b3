"""Work that other processes do, here or on a cluster, where joblib's caller has asked for them."""

import contextlib
import pickle
import sys

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from joblib.parallel import get_active_backend


def are_in_force(n_jobs):
    """Whether joblib's caller has put several processes in force, here or on a cluster.

    They are not where nobody has chosen a backend, nor within one of these processes.
    """
    # (joblib's own choice gives way to a preference for threads, that of a caller does not)
    backend, _ = get_active_backend(prefer="threads")
    if getattr(backend, "supports_sharedmem", False) or _is_in_task_of_dask():
        return False
    return effective_n_jobs(n_jobs) > 1


def _is_in_task_of_dask():
    """Whether this is one. (In those of others joblib says so itself: it has threads there.)"""
    if "distributed" not in sys.modules:
        return False
    from distributed import get_worker

    try:
        get_worker()
    except ValueError:
        return False
    return True


def map_as_they_come(function, common, items, n_jobs):
    """Pairs of k and ``function(*common, *items[k])``, as other processes return them.

    Items are taken as they can be sent; errors are raised here. To close this generator ends what
    still works. Backends that cannot hand over one result before the others (multiprocessing)
    hand over all in the end.
    """
    # Dask and loky send an array once, however many calls it is for, but all else with each call.
    # It may arrive mapped and read-only, which what is packed in it does not.
    common = _packed(common)
    calls = (delayed(_call)(k, function, common, _packed(item)) for k, item in enumerate(items))
    backend, _ = get_active_backend()
    if backend.supports_return_generator:
        yield from _ended_with(Parallel(n_jobs=n_jobs, return_as="generator_unordered")(calls))
    else:
        yield from Parallel(n_jobs=n_jobs)(calls)


def _ended_with(results):
    """Joblib's results; what still works ends where nobody asks for more of them."""
    for result in results:
        try:
            yield result
        except GeneratorExit:
            # (joblib warns of ends, and gives advice, but for interrupts)
            with contextlib.suppress(KeyboardInterrupt):
                results.throw(KeyboardInterrupt())
            raise


def _packed(values):
    return np.frombuffer(pickle.dumps(values, protocol=5), np.uint8)


def _call(k, function, common, item):
    return k, function(*pickle.loads(common), *pickle.loads(item))
