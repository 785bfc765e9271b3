"""Threads that make a step together: their shares, and what happens when one fails."""

import multiprocessing
import threading

import numpy as np
import pytest
from conftest import JIT, called_by_kernel, correlated_flags, quick, sizes
from joblib import Parallel, delayed

from skmade import _threads, _training
from skmade._kernels._steps import PART
from skmade._kernels._sync import wait
from skmade._network import Network

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def network(n_features, **parameters):
    X = correlated_flags(sizes(60, 20), n_features)
    return Network.from_state(quick(max_iter=1, **parameters).fit(X)._networks[0])


@pytest.mark.parametrize("n", [1, 2, 3, 5])
@pytest.mark.parametrize(
    "setting",
    [
        {"n_features": 70, "hidden_layer_sizes": (200, 130)},
        {"n_features": 3, "hidden_layer_sizes": (4,)},
        {"n_features": 1, "hidden_layer_sizes": (8,)},
        {"n_features": 40, "hidden_layer_sizes": (), "direct_connections": False},
    ],
    ids=str,
)
def test_every_unit_is_one_threads_share(setting, n):
    plan = network(**setting).plan
    teams = _threads.make_teams(plan, 1000, n)
    assert [team.thread for team in teams] == list(range(n))
    team = teams[0]
    whole = {
        "parts": (0, -(-len(plan.features) // PART)),
        "panels": (0, len(plan.panels)),
        "stretches": (0, 1000),
    }
    for name, ends in whole.items():
        bounds = getattr(team, name)
        assert (bounds[0], bounds[-1]) == ends
        assert np.all(np.diff(bounds) >= 0)
    for name in ("rows", "sources"):
        bounds = getattr(team, name)
        np.testing.assert_array_equal(bounds[:, [0, -1]], plan.layers)
        assert np.all(np.diff(bounds, axis=1) >= 0)


def test_shares_take_about_equal_time():
    plan = network(200, hidden_layer_sizes=(600,)).plan
    forward, back = _threads._operations(plan)
    team = _threads.make_teams(plan, 1000, 2)[0]
    for costs, bounds in ((forward, team.rows), (back, team.sources)):
        for layer in (1, 2) if costs is forward else (1,):
            first, middle, last = bounds[layer]
            share = costs[first:middle].sum() / costs[first:last].sum()
            assert 0.45 < share < 0.55


def test_operations_are_counted_as_masks_let_units_through():
    plan = network(30, hidden_layer_sizes=(50,)).plan
    forward, back = _threads._operations(plan)
    assert forward.sum() - len(forward) == back.sum() - len(back) == plan.extents.sum()


@pytest.mark.skipif(not JIT, reason="interpreted kernels run on one thread")
def test_threads_go_on_when_all_have_come():
    sync, order, wait_in_kernel = np.zeros(16, np.int64), [], called_by_kernel(wait)

    def come(thread):
        for step in range(100):
            order.append((step, thread))
            assert wait_in_kernel(sync, 3)
        return thread

    assert _threads.run_in_threads(come, 3) == [0, 1, 2]
    steps = [step for step, _ in order]
    assert steps == sorted(steps)
    assert sync[0] == 300


@pytest.mark.skipif(not JIT, reason="interpreted kernels run on one thread")
def test_a_thread_that_fails_keeps_no_other_waiting():
    plan, wait_in_kernel = network(5).plan, called_by_kernel(wait)

    def fail(team):
        if team.thread == 1:
            raise MemoryError("no memory for this thread")
        return wait_in_kernel(team.sync, team.n_threads)

    with pytest.raises(MemoryError, match="no memory"):
        _threads.run_as_team(fail, _threads.make_teams(plan, 10, 2))


def threads_of(n_jobs):
    return _threads.n_threads(n_jobs), multiprocessing.parent_process() is not None


@pytest.mark.skipif(not JIT, reason="interpreted kernels run on one thread")
def test_worker_processes_get_no_more_threads_than_their_share():
    assert threads_of(3) == (3, False)
    ((n, is_worker),) = Parallel(n_jobs=2, backend="loky")([delayed(threads_of)(64)])
    assert is_worker
    assert n <= max(1, multiprocessing.cpu_count() // 2)


def test_a_network_is_the_same_from_more_threads_than_cores(monkeypatch):
    monkeypatch.setattr(_training, "_FLOPS_WORTH_THREADS", 0)
    X, n_before = correlated_flags(sizes(300, 20), 40), threading.active_count()
    thetas = [quick(n_jobs=n_jobs, max_iter=2).fit(X)._networks[0]["theta"] for n_jobs in (1, 2, 7)]
    np.testing.assert_array_equal(thetas[0], thetas[1])
    np.testing.assert_array_equal(thetas[0], thetas[2])
    assert threading.active_count() == n_before


@pytest.mark.parametrize("n_masks", [3, None])
def test_a_shared_network_is_the_same_on_any_number_of_threads(n_masks, monkeypatch):
    monkeypatch.setattr(_training, "_FLOPS_WORTH_THREADS", 0)
    X = correlated_flags(sizes(200, 20), 50)
    one, *others = (
        quick(n_masks=n_masks, hidden_layer_sizes=(130,), n_jobs=n_jobs, max_iter=2).fit(X)
        for n_jobs in (1, 2, 3)
    )
    for other in others:
        np.testing.assert_array_equal(one._networks[0]["theta"], other._networks[0]["theta"])
        assert one.loss_curve_ == other.loss_curve_
