"""Threads that make a step together: their shares, and what happens when one fails."""

import multiprocessing
import threading
import time

import numpy as np
import pytest
from conftest import JIT, called_by_kernel, correlated_flags, network_of, quick, sizes
from joblib import Parallel, delayed

from skmade import _threads, _training
from skmade._kernels._steps import PART
from skmade._kernels._sync import has_failed, next_share

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
of_threads = pytest.mark.skipif(not JIT, reason="interpreted kernels run on one thread")


def network(n_features, **parameters):
    X = correlated_flags(sizes(60, 20), n_features)
    return network_of(quick(max_iter=1, **parameters).fit(X))


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
            first, middle, last = bounds[layer, :: team.n_shares // 2]
            share = costs[first:middle].sum() / costs[first:last].sum()
            assert 0.45 < share < 0.55
            shares = np.add.reduceat(costs[first:last], bounds[layer, :-1] - first)
            # (shares end where tiles do)
            np.testing.assert_allclose(shares / shares.sum(), 1 / team.n_shares, atol=0.05)


def test_operations_are_counted_as_masks_let_units_through():
    plan = network(30, hidden_layer_sizes=(50,)).plan
    forward, back = _threads._operations(plan)
    assert forward.sum() - len(forward) == back.sum() - len(back) == plan.extents.sum()


def take_part(next_share, team, work):
    """Take shares of a part of a step until none are left."""
    while (share := next_share(team)) < team.n_shares:
        work(share)


@pytest.mark.parametrize("n", [1, pytest.param(3, marks=of_threads)])
def test_each_share_is_taken_once_and_parts_follow_each_other(n):
    order, next_compiled = [], called_by_kernel(next_share)
    teams = _threads.make_teams(network(5).plan, 10, n)

    def come(team):
        for part in range(100):
            take_part(next_compiled, team, lambda share, part=part: order.append((part, share)))
        return team.thread

    assert _threads.run_in_threads(lambda thread: come(teams[thread]), n) == list(range(n))
    n_shares = teams[0].n_shares
    assert sorted(order) == [(part, share) for part in range(100) for share in range(n_shares)]
    parts = [part for part, _ in order]
    assert parts == sorted(parts)


@of_threads
def test_threads_take_over_what_a_slow_one_has_left():
    next_compiled, taken = called_by_kernel(next_share), [[], []]
    rest = threading.Event()

    def come(team):
        def work(share):
            taken[team.thread].append(share)
            if team.thread == 1:
                assert rest.wait(60)
            elif len(taken[0]) == team.n_shares - 1:
                rest.set()

        if team.thread == 0:  # not before the other has taken its first share
            while not taken[1]:
                time.sleep(1e-3)
        take_part(next_compiled, team, work)

    _threads.run_as_team(come, _threads.make_teams(network(5).plan, 10, 2))
    assert taken[1] == [4]
    assert taken[0] == [0, 1, 2, 3, 5, 6, 7]


@of_threads
def test_a_thread_that_fails_keeps_no_other_waiting():
    plan, next_compiled = network(5).plan, called_by_kernel(next_share)

    def fail(team):
        if team.thread == 1:
            raise MemoryError("no memory for this thread")
        take_part(next_compiled, team, lambda share: None)
        assert called_by_kernel(has_failed)(team)

    with pytest.raises(MemoryError, match="no memory"):
        _threads.run_as_team(fail, _threads.make_teams(plan, 10, 2))


def threads_of(n_jobs):
    return _threads.n_threads(n_jobs), multiprocessing.parent_process() is not None


@of_threads
def test_worker_processes_get_no_more_threads_than_their_share():
    assert threads_of(3) == (3, False)
    ((n, is_worker),) = Parallel(n_jobs=2, backend="loky")([delayed(threads_of)(64)])
    assert is_worker
    assert n <= max(1, multiprocessing.cpu_count() // 2)


def test_a_network_is_the_same_from_more_threads_than_cores(monkeypatch):
    monkeypatch.setattr(_training, "_FLOPS_WORTH_THREADS", 0)
    X, n_before = correlated_flags(sizes(300, 20), 40), threading.active_count()
    thetas = [network_of(quick(n_jobs=n_jobs, max_iter=2).fit(X)).theta for n_jobs in (1, 2, 7)]
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
        np.testing.assert_array_equal(network_of(one).theta, network_of(other).theta)
        assert one.loss_curve_ == other.loss_curve_
