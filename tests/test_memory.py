"""Memory: scores need little beside themselves; where there is none left, nothing is spoilt."""

import tracemalloc

import numpy as np
import pytest
from conftest import JIT, quick
from test_processes import run

resource = pytest.importorskip("resource")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def peak(function):
    """Bytes that were allocated at once, at most, in a call."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.skipif(not JIT, reason="interpreted kernels take long")
@pytest.mark.parametrize("n", [200_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_a_file_is_scored_in_memory_that_does_not_grow_but_for_the_scores(n, tmp_path):
    rng, path = np.random.default_rng(0), tmp_path / "rows.npy"
    mapped = np.lib.format.open_memmap(path, mode="w+", dtype="float32", shape=(n, 20))
    for begin in range(0, n, 100_000):
        mapped[begin : begin + 100_000] = rng.standard_normal((100_000, 20), dtype=np.float32)
    mapped.flush()
    model = quick(hidden_layer_sizes=(8,), max_iter=1).fit(mapped[:200])
    rows = np.load(path, mmap_mode="r")
    model.score_samples(rows[:1000])
    beside_scores = peak(lambda: model.score_samples(rows)) - 8 * n
    assert beside_scores < 20e6
    np.testing.assert_array_equal(
        model.score_samples(rows[-1000:]), model.score_samples(rows)[-1000:]
    )


# What fits in no memory ends in MemoryError; what was fitted before is as it was.
LIMITED = """
import gc, resource, warnings; warnings.simplefilter("ignore")
import numpy as np, skmade

X = np.random.default_rng(0).normal(size=(200, 4))
model = skmade.MADEDensity((16,), n_estimators=1, max_iter=1, random_state=0, n_jobs=1).fit(X)
scores, drawn = model.score_samples(X), model.sample(50, random_state=0)
wide = np.broadcast_to(X[:1], (60_000_000, 4))  # which takes no memory by itself

def used():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()

calls = {
    "fit": lambda: model.fit(wide),
    "partial_fit": lambda: model.partial_fit(wide),
    "score_samples": lambda: model.score_samples(wide),
    "score_features": lambda: model.score_features(wide),
    "sample": lambda: model.sample(60_000_000),
    "sample_conditional": lambda: model.sample_conditional(wide),
}
limits = resource.getrlimit(resource.RLIMIT_AS)
for name, call in calls.items():
    gc.collect()
    resource.setrlimit(resource.RLIMIT_AS, (used() + 2**28, limits[1]))
    try:
        call()
        print(name, "went through")
    except MemoryError:
        pass
    resource.setrlimit(resource.RLIMIT_AS, limits)
    assert np.array_equal(model.score_samples(X), scores), name
    assert np.array_equal(model.sample(50, random_state=0), drawn), name
model.fit(X)
assert np.array_equal(model.score_samples(X), scores)
print("as before")
"""


@pytest.mark.skipif(not JIT, reason="interpreted kernels take long")
def test_where_memory_ends_nothing_is_spoilt(tmp_path):
    assert run(LIMITED, tmp_path) == "as before\n"
