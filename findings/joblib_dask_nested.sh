#!/usr/bin/env bash
# What joblib says is in force within its own workers depends on the backend. In a worker process of
# loky the active backend is the one of threads, so that a nested Parallel stays where it is; in a
# task that joblib has sent to a Dask worker the active backend still is Dask's, and a nested
# Parallel sends its calls to the cluster again.
# Seen:
#   joblib 1.6.0, distributed 2026.8.0
#   loky: a task has ThreadingBackend, its nested calls ran in 1 process, the task's own: True
#   dask: a task has DaskDistributedBackend, its nested calls ran in 2 processes
# Whoever asks joblib whether others may be given work must ask Dask as well whether this is a task.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet joblib==1.6.0 dask==2026.8.0 distributed==2026.8.0
cd "$folder"
cat > seen.py <<'P'
import os
import time

from joblib import Parallel, delayed
from joblib.parallel import get_active_backend


def process():
    time.sleep(0.2)
    return os.getpid()


def in_task():
    return type(get_active_backend()[0]).__name__, os.getpid(), Parallel(n_jobs=2)(
        delayed(process)() for _ in range(8)
    )
P
cat > main.py <<'P'
import distributed
import joblib
from joblib import Parallel, delayed, parallel_config

from seen import in_task

if __name__ == "__main__":
    print(f"joblib {joblib.__version__}, distributed {distributed.__version__}")
    with parallel_config(backend="loky", n_jobs=2):
        name, own, nested = Parallel()([delayed(in_task)()] * 2)[0]
    print(f"loky: a task has {name}, its nested calls ran in {len(set(nested))} process, "
          f"the task's own: {set(nested) == {own}}")
    assert name == "ThreadingBackend" and set(nested) == {own}
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as c:
        with distributed.Client(c) as client, parallel_config(backend="dask"):
            name, own, nested = Parallel()([delayed(in_task)()])[0]
    print(f"dask: a task has {name}, its nested calls ran in {len(set(nested))} processes")
    assert name == "DaskDistributedBackend" and len(set(nested)) == 2
P
"$folder/venv/bin/python" main.py
