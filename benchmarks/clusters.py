"""Networks of one fit in threads, and on a cluster: ``python -m benchmarks.clusters [--quick]``.

The cluster is of two processes on this machine, of one thread each, so that it has the cores that
threads have: what it costs is seen, not what more machines gain. It needs the extras
``benchmarks`` and ``dask``.
"""

import argparse
import statistics
import warnings

import numpy as np
import pandas as pd
from joblib import parallel_config

N_COLUMNS, N_NETWORKS, EPOCHS = 40, 4, 5


def table(n_rows):
    """Flags that depend on each other: (n_rows, N_COLUMNS), float64."""
    rng = np.random.default_rng(0)
    hidden, mixing = rng.normal(size=(n_rows, 4)), rng.normal(size=(4, N_COLUMNS))
    return (hidden @ mixing + rng.normal(size=(n_rows, N_COLUMNS)) > 0).astype(float)


def fitted(X, n_jobs):
    """A model of four networks, always after as many steps."""
    from skmade import MADEDensity

    model = MADEDensity(
        (256, 256), n_estimators=N_NETWORKS, max_iter=EPOCHS, n_iter_no_change=EPOCHS,
        random_state=0, n_jobs=n_jobs,
    )  # fmt: skip
    return model.fit(X)


def fitted_on_cluster(X):
    """The same model, from the workers of Dask's client."""
    with parallel_config("dask"):
        return fitted(X, None)


def seconds(n_rows, repeats):
    """A row of the table: what fits of a table of so many rows take."""
    from benchmarks import report

    X = table(n_rows)
    scores = fitted(X, 1).score_samples(X[:1000])
    same = np.array_equal(fitted_on_cluster(X).score_samples(X[:1000]), scores)  # loads kernels
    times = report.seconds_in_turn({
        "one thread, s": lambda: fitted(X, 1),
        "two threads, s": lambda: fitted(X, 2),
        "two workers, s": lambda: fitted_on_cluster(X),
    }, repeats)  # fmt: skip
    medians = {name: round(statistics.median(own), 2) for name, own in times.items()}
    return {"rows": f"{n_rows:,}", **medians, "same bits": "yes" if same else "no"}


def main():
    """Write ``results/clusters``."""
    from distributed import Client, LocalCluster

    from benchmarks import report

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    sizes, repeats = ([1_000], 1) if quick else ([1_000, 10_000, 50_000], 5)
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster),
    ):
        rows = [seconds(n_rows, repeats) | {"repeats": repeats} for n_rows in sizes]
    networks = pd.DataFrame(rows).set_index("rows")
    if quick:
        print(networks)
    else:
        report.write("clusters", rows, {"networks": networks})


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
