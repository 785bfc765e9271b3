"""What all benchmarks share: timing, and writing of results and environment."""

import importlib.metadata
import json
import math
import os
import platform
import statistics
import time
from pathlib import Path

import pandas as pd

RESULTS = Path(__file__).parents[1] / "results"
PACKAGES = (
    "skmade",
    "numpy",
    "scipy",
    "scikit-learn",
    "numba",
    "onnxruntime",
    "torch",
    "zuko",
    "pyod",
)


def seconds(function, repeats=1):
    """Times of some calls; the first may compile."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        function()
        times.append(time.perf_counter() - started)
    return times


def seconds_in_turn(functions, repeats):
    """Times of several functions by name, one turn after the other.

    A machine's speed changes from minute to minute: only what is timed in turn can be compared.
    The pause lets threads of the one before, which spin for work, fall asleep. What takes less
    than a second is timed warm: after a first call, as the mean of as many as fill 50 ms.
    """
    times = {name: [] for name in functions}
    for _ in range(repeats):
        for name, function in functions.items():
            time.sleep(0.1)
            (first,) = seconds(function)
            n = math.ceil(0.05 / first)
            times[name].append(first if first > 1 else statistics.mean(seconds(function, n)))
    return times


def summary(times):
    """Median and range between quartiles."""
    low, _, high = statistics.quantiles(times, n=4)
    return {"median_s": statistics.median(times), "spread_s": high - low, "repeats": len(times)}


def write(name, rows, tables):
    """Write ``results/<name>``: results.csv, environment.json and a csv file per table."""
    folder = RESULTS / name
    folder.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_csv(folder / "results.csv", index=False)
    (folder / "environment.json").write_text(json.dumps(environment(), indent=1) + "\n")
    for title, table in tables.items():
        (folder / f"{title}.csv").write_text(table.to_csv())
        print(f"\n{title}\n{table.to_string()}", flush=True)


def processor():
    """Name of the processor, where the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def environment():
    """Versions and machine."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = None
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "machine": platform.machine(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "packages": versions,
    }
