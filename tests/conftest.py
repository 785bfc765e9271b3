"""What all tests share."""

import itertools

import numba
import numpy as np
import pytest

import skmade
from skmade._columns import Table
from skmade._families import FAMILIES, FAMILY_NAMES
from skmade._kernels._compile import kernel

#: Without compilation kernels are slow: tests then take smaller sizes.
JIT = not numba.config.DISABLE_JIT


def pytest_configure(config):
    if not JIT:  # NumPy warns of overflow where compiled arithmetic does not
        config.addinivalue_line("filterwarnings", "ignore::RuntimeWarning")


ALL_CONDITIONALS = list(FAMILY_NAMES)
#: What columns of each family hold: "flags", "codes", "counts" or "real".
SUPPORTS = {family.name: family.support for family in FAMILIES}


def sizes(compiled, interpreted):
    """The first where kernels are compiled, the second where they are interpreted."""
    return compiled if JIT else interpreted


def called_by_kernel(function):
    """`function`, which only kernels can call."""

    def call(*arguments):
        return function(*arguments)

    return _uncached(call)


def apply(function, x, out):
    """Call an elementary function in a loop, as kernels do."""

    def loop(x, out):
        for i in range(x.shape[0]):
            out[i] = function(x[i])

    _uncached(loop)(x, out)


def _uncached(function):
    """`function` as a kernel that is not kept on disk."""
    return kernel(function, is_cached=False)


def binary_states(n_features):
    """All 2**n_features rows of zeros and ones."""
    return np.array(list(itertools.product([0.0, 1.0], repeat=n_features)))


def correlated_flags(n_samples, n_features, seed=0):
    """Rows of zeros and ones that depend on each other."""
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(n_features, n_features))
    return (rng.normal(size=(n_samples, n_features)) @ mixing > 0).astype(float)


def mixed_table(n_samples, seed=0, families=ALL_CONDITIONALS):
    """A table with a column of each family, related to each other, and the families."""
    rng = np.random.default_rng(seed)
    hidden, n_real, columns = rng.normal(size=n_samples), 0, []
    for family in families:
        if SUPPORTS[family] == "flags":
            column = hidden + rng.normal(size=n_samples) > 0
        elif SUPPORTS[family] == "codes":
            column = np.digitize(hidden + rng.normal(size=n_samples), [-0.5, 0.7]) * 10
        elif SUPPORTS[family] == "counts":
            column = rng.poisson(np.exp(hidden + 1))
        elif n_real == 0:
            column = 3 * hidden + 1
        else:
            column = hidden**2 + rng.normal(size=n_samples)
        n_real += SUPPORTS[family] == "real"
        columns.append(column)
    return np.column_stack(columns).astype(float), list(families)


def quick(**parameters):
    """A small network that trains for a few epochs only."""
    defaults = {
        "hidden_layer_sizes": (16,), "max_iter": 3, "tol": 0.0, "n_components": 3,
        "random_state": 0, "n_estimators": 1, "dropout": 0.0, "learning_rate_init": 0.001,
        "n_iter_no_change": 4,
    }  # fmt: skip
    return skmade.MADEDensity(**{**defaults, **parameters})


def encoded(model, X):
    """Rows as the networks of a fitted model see them."""
    density = model._density
    return density.encode(density.columns.numbers(Table.read(model, X, reset=False)))


def network_of(model):
    """The first network of a fitted model."""
    return model._density.networks[0]


def is_plain(value):
    """Whether a fitted attribute is an array, a plain value, or made of these."""
    if isinstance(value, dict):
        return all(is_plain(v) for v in value.values())
    if isinstance(value, (list, tuple)):
        return all(is_plain(v) for v in value)
    return value is None or isinstance(value, (np.ndarray, str, int, float, bool))


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def cluster():
    """Two processes, each with a quarter of the memory that the largest table of a test takes."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, memory_limit="500MB", dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client
