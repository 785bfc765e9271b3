"""Fitted models in skops' format: files that name our estimators and plain values alone."""

import operator
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import skops.io
from conftest import correlated_flags, quick
from files.make import table
from test_dtypes import DTYPES, GOOD, alone, cells, form
from test_fitted import FILES

from skmade import MADEDensity, MADEImputer
from skmade._columns import Columns, Table

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore::sklearn.exceptions.InconsistentVersionWarning",
)

WIDE = np.random.default_rng(0).normal(size=(40, 2))
WIDE[::2, 0] = 0
NAMES = {
    "integers": [3, 1],
    "flags": [False, True],
    "floats": [0.5, 1.5],
    "bytes": [b"a", b"b"],
    "pairs": pd.MultiIndex.from_tuples([("a", 1), ("a", 2)], names=["u", None]),
    "moments": pd.to_datetime(["2020-01-01", "2020-01-02"]),
    "moments of a zone": pd.to_datetime(["2020-01-01", "2020-01-02"]).tz_localize("Asia/Kolkata"),
    "spans": pd.to_timedelta([1, 2], unit="s"),
    "periods": pd.period_range("2020", periods=2, freq="M"),
    "intervals": pd.interval_range(0, 2),
}


def through_skops(value, *trusted):
    """What is loaded of a file that names no other classes than those that are trusted."""
    return skops.io.loads(skops.io.dumps(value), trusted=list(trusted))


def learnt(X):
    """What is learnt of columns before training; None where they are refused."""
    model = MADEDensity()
    try:
        rows = Table.read(model, X, reset=True)
        return model._learn_columns(rows, np.ones(len(rows)))
    except (TypeError, ValueError):
        return None


def assert_same(first, second):
    """Both are of the same types and values, all the way down."""
    assert type(first) is type(second)
    if isinstance(first, dict):
        assert list(first) == list(second)
        assert [type(key) for key in first] == [type(key) for key in second]
        first, second = list(first.values()), list(second.values())
    if isinstance(first, (list, tuple)):
        assert len(first) == len(second)
        for pair in zip(first, second):
            assert_same(*pair)
    elif isinstance(first, np.ndarray):
        np.testing.assert_array_equal(first, second, strict=True)
    else:
        assert first == second or first != first


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_models_need_no_trust_but_in_their_class(path):
    model, X = pickle.loads(path.read_bytes())["model"], table()
    again = through_skops(model, type(model))
    np.testing.assert_array_equal(again.score_samples(X), model.score_samples(X))
    pd.testing.assert_frame_equal(again.sample(5, random_state=0), model.sample(5, random_state=0))
    assert_same(again.__getstate__(), model.__getstate__())
    assert_same(again.atoms_, model.atoms_)


def test_imputers_need_no_trust_but_in_their_classes():
    X = correlated_flags(60, 3)
    X[::5, 1] = np.nan
    imputer = MADEImputer(quick(), add_indicator=True, random_state=0).fit(X)
    again = through_skops(imputer, MADEImputer, MADEDensity)
    np.testing.assert_array_equal(again.transform(X), imputer.transform(X))


@pytest.mark.parametrize("name", GOOD)
def test_columns_of_every_dtype_are_plain_values(name):
    columns = learnt(alone(DTYPES[name][1]))
    if columns is None:
        pytest.skip("fit refuses this dtype")  # and test_dtypes allows that
    loaded = Columns.from_state(through_skops(columns.state()))
    assert_same(loaded.state(), columns.state())
    drawn, again = columns.decode(np.zeros((3, 1))), loaded.decode(np.zeros((3, 1)))
    assert form(again) == form(drawn)
    assert cells(again) == cells(drawn)


@pytest.mark.parametrize("kind", NAMES)
def test_names_of_columns_are_plain_values(kind):
    columns = learnt(pd.DataFrame(WIDE, columns=NAMES[kind]))
    loaded = Columns.from_state(through_skops(columns.state()))
    assert_same(loaded.container["names"], columns.container["names"])
    assert_same(loaded.atoms, columns.atoms)
    pd.testing.assert_index_equal(loaded.decode(WIDE).columns, columns.decode(WIDE).columns)


@pytest.mark.parametrize("name", [None, ("a", 1), NAMES["moments of a zone"][0], NAMES["spans"][0]])
def test_the_name_of_all_names_is_a_plain_value(name):
    columns = learnt(pd.DataFrame(WIDE, columns=pd.Index(["a", "b"], name=name)))
    loaded = Columns.from_state(through_skops(columns.state()))
    assert loaded.decode(WIDE).columns.name == name


@pytest.fixture(scope="module")
def models():
    """One with masks of its own, and one with several draws of them."""
    X = correlated_flags(60, 4)
    return {n_masks: quick(n_masks=n_masks, max_iter=1).fit(X) for n_masks in (1, 2)}


def test_what_else_a_file_holds_is_refused(models):
    model = pickle.loads(pickle.dumps(models[1]))
    model.sneaked_in = operator.methodcaller("upper")
    with pytest.raises(skops.io.exceptions.UntrustedTypesFoundException, match="methodcaller"):
        through_skops(model, MADEDensity)


def _swap(network):
    network["degrees"][0][:] = network["degrees"][0][::-1]


def _beyond(network):
    network["degrees"][0][-1] = 4


def _twice(network):
    network["ordering"][0] = network["ordering"][1]


def _draw_beyond(network):
    network["draws"][1]["degrees"][0][-1] = -1


def _short(network):
    network["theta"] = network["theta"][:-1]


@pytest.mark.parametrize(
    ("n_masks", "damage"),
    [(1, _swap), (1, _beyond), (1, _twice), (2, _draw_beyond), (2, _short)],
)
def test_damaged_files_are_refused_before_kernels_see_them(models, n_masks, damage):
    state = pickle.loads(pickle.dumps(models[n_masks].__getstate__()))
    damage(state["_density"]["networks"][0])
    with pytest.raises(ValueError, match="damaged"):
        MADEDensity().__setstate__(state)


def test_files_call_no_function_of_polars():
    columns = learnt(pl.DataFrame({"a": [0.5, 1.5, 2.5]}))
    state = columns.state()
    state["container"]["dtypes"][0] = {"name": "read_csv", "arguments": ["/etc/hostname"]}
    with pytest.raises(ValueError, match="polars has no dtype 'read_csv'"):
        Columns.from_state(state).decode(np.zeros((1, 1)))
