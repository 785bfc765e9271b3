"""What a report of a problem should say of its environment."""

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version

# What skmade needs, the libraries whose tables it reads and whose pictures it draws, and those that
# it hands models, rows and progress to.
_PACKAGES = (
    "skmade", "numpy", "scipy", "scikit-learn", "numba", "llvmlite", "narwhals", "joblib",
    "pandas", "polars", "pyarrow", "matplotlib",
    "dask", "distributed", "onnx", "onnxruntime", "pyod", "rich", "skl2onnx", "skops",
)  # fmt: skip


def show_versions() -> None:
    """Print versions of Python, the machine and the packages that matter, for reports of problems.

    Packages that are not installed have the version None.

    Examples
    --------
    >>> from skmade import show_versions
    >>> show_versions()  # doctest: +ELLIPSIS
    python: 3...
    machine: ...
    threads: ...
    skmade: ...
    numpy: ...
    """
    print(f"python: {sys.version.replace(chr(10), ' ')}")
    print(f"machine: {platform.platform()}, {platform.machine()}")
    print(f"threads: {os.cpu_count()}")
    for package in _PACKAGES:
        print(f"{package}: {_version(package)}")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
