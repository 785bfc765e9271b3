"""Rows are shared out among Python's threads; kernels release the GIL."""

from joblib import Parallel, delayed, effective_n_jobs


def map_chunks(function, n, size, n_jobs):
    """Call ``function(slice)`` on slices of at most `size` of ``range(n)``, in threads."""
    chunks = [slice(begin, min(begin + size, n)) for begin in range(0, n, size)]
    if len(chunks) == 1 or effective_n_jobs(n_jobs) == 1:
        for chunk in chunks:
            function(chunk)
    else:
        Parallel(n_jobs, require="sharedmem")(delayed(function)(chunk) for chunk in chunks)
