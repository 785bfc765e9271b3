"""A plugin of pytest under coverage: which test runs which line, and how long each test takes.

``make coverage`` uses it; `benchmarks.mutants` reads what it has written. The name of a test, as
coverage keeps it, ends in whether kernels were interpreted.
"""

import json
import os
import time
from pathlib import Path

import pytest
from coverage import Coverage

#: What the names of tests end in where kernels are interpreted.
INTERPRETED = "|interpreted"
_MODE = INTERPRETED if os.environ.get("NUMBA_DISABLE_JIT") == "1" else ""
_seconds = {}


def file_of_seconds(folder):
    """Where the seconds of each test are."""
    return Path(folder, ".seconds.json")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    name, began = item.nodeid + _MODE, time.perf_counter()
    Coverage.current().switch_context(name)
    try:
        return (yield)
    finally:
        Coverage.current().switch_context("")
        _seconds[name] = time.perf_counter() - began


def pytest_sessionfinish(session):
    path = file_of_seconds(session.config.rootpath)
    before = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(before | _seconds))
