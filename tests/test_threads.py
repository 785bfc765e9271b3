"""Threads that make a step together: their chunks of work, and what happens when one fails."""

import multiprocessing
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from conftest import JIT, called_by_kernel, correlated_flags, network_of, quick, sizes
from joblib import Parallel, delayed

from skmade import _teams, _threads, _training
from skmade._kernels._steps import PART
from skmade._kernels._sync import has_failed, next_chunk

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
of_threads = pytest.mark.skipif(not JIT, reason="interpreted kernels run on one thread")


def as_it_is(function):
    """A part of kernels, which Python interprets where it calls it."""
    return function


in_both_ways = pytest.mark.parametrize("way", [called_by_kernel, as_it_is])


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
def test_every_unit_is_one_threads_work(setting, n):
    plan = network(**setting).plan
    teams = _teams.make_teams(plan, 1000, n)
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


def test_chunks_take_about_equal_time():
    plan = network(200, hidden_layer_sizes=(600,)).plan
    forward, back = _teams._operations(plan)
    team = _teams.make_teams(plan, 1000, 2)[0]
    for costs, bounds in ((forward, team.rows), (back, team.sources)):
        for layer in (1, 2) if costs is forward else (1,):
            first, middle, last = bounds[layer, :: team.n_chunks // 2]
            half = costs[first:middle].sum() / costs[first:last].sum()
            assert 0.45 < half < 0.55
            chunks = np.add.reduceat(costs[first:last], bounds[layer, :-1] - first)
            # (chunks end where tiles do)
            np.testing.assert_allclose(chunks / chunks.sum(), 1 / team.n_chunks, atol=0.05)


def test_operations_are_counted_as_masks_let_units_through():
    plan = network(30, hidden_layer_sizes=(50,)).plan
    forward, back = _teams._operations(plan)
    assert forward.sum() - len(forward) == back.sum() - len(back) == plan.extents.sum()


def run(function, teams):
    """``function(team)`` for each team, in threads of their own."""
    with ThreadPoolExecutor(len(teams)) as pool:
        return _teams.run_as_team(function, teams, pool)


def take_part(next_chunk, team, work):
    """Take chunks of a part of a step until none are left."""
    while (chunk := next_chunk(team)) < team.n_chunks:
        work(chunk)


@in_both_ways
@pytest.mark.parametrize("n", [1, pytest.param(3, marks=of_threads)])
def test_each_chunk_is_taken_once_and_parts_follow_each_other(n, way):
    order, next_of = [], way(next_chunk)
    teams = _teams.make_teams(network(5).plan, 10, n)

    def come(team):
        for part in range(100):
            take_part(next_of, team, lambda chunk, part=part: order.append((part, chunk)))
        return team.thread

    assert _threads.run_in_threads(lambda thread: come(teams[thread]), n) == list(range(n))
    n_chunks = teams[0].n_chunks
    assert sorted(order) == [(part, chunk) for part in range(100) for chunk in range(n_chunks)]
    parts = [part for part, _ in order]
    assert parts == sorted(parts)


@of_threads
@in_both_ways
def test_threads_take_over_what_a_slow_one_has_left(way):
    next_of, taken = way(next_chunk), [[], []]
    rest = threading.Event()

    def come(team):
        def work(chunk):
            taken[team.thread].append(chunk)
            if team.thread == 1:
                assert rest.wait(60)
            elif len(taken[0]) == team.n_chunks - 1:
                rest.set()

        if team.thread == 0:  # not before the other has taken its first chunk
            while not taken[1]:
                time.sleep(1e-3)
        take_part(next_of, team, work)

    run(come, _teams.make_teams(network(5).plan, 10, 2))
    assert taken[1] == [4]
    assert taken[0] == [0, 1, 2, 3, 5, 6, 7]


@of_threads
@in_both_ways
@pytest.mark.parametrize("is_late", [False, True])
def test_a_thread_that_fails_keeps_no_other_waiting(is_late, way):
    plan, next_of, taken, waits = network(5).plan, way(next_chunk), [], threading.Event()

    def fail(team):
        if team.thread == 1:
            assert not is_late or waits.wait(60)
            raise MemoryError("no memory for this thread")

        def work(chunk):
            taken.append(chunk)
            if len(taken) == team.n_chunks:  # for the other to ask for the next one, too
                waits.set()

        take_part(next_of, team, work)
        assert way(has_failed)(team)

    with pytest.raises(MemoryError, match="no memory"):
        run(fail, _teams.make_teams(plan, 10, 2))
    assert len(taken) == 8 or not is_late


@of_threads
@in_both_ways
@pytest.mark.parametrize("n_taken", [0, 1, 5, 8])
def test_after_a_failure_nothing_is_left(n_taken, way):
    next_of = way(next_chunk)
    first, second = teams = _teams.make_teams(network(5).plan, 10, 2)
    assert [next_of(first) for _ in range(n_taken)] == list(range(n_taken))
    second.sync[-1] = 1
    for team in teams:
        assert [next_of(team) for _ in range(100)] == [team.n_chunks] * 100


@of_threads
@pytest.mark.parametrize("n_started", [0, 1])
def test_a_thread_that_cannot_be_started_keeps_no_other_waiting(n_started, monkeypatch):
    monkeypatch.setattr(_training, "_FLOPS_WORTH_THREADS", 0)
    start, started = threading.Thread.start, []

    def start_some(thread):
        if "ThreadPool" in thread.name:
            if len(started) == n_started:
                raise RuntimeError("can't start new thread")
            started.append(thread)
        start(thread)

    X, n_before = correlated_flags(200, 30), threading.active_count()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start_some)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            quick(n_jobs=3).fit(X)
    assert threading.active_count() == n_before


@of_threads
@pytest.mark.parametrize("n_masks", [1, 2])
def test_one_pool_serves_a_fit(n_masks, monkeypatch):
    monkeypatch.setattr(_training, "_FLOPS_WORTH_THREADS", 0)
    names, run_as_team = set(), _teams.run_as_team

    def spy(function, teams, pool):
        def come(team):
            names.add(threading.current_thread().name)
            return function(team)

        return run_as_team(come, teams, pool)

    monkeypatch.setattr(_teams, "run_as_team", spy)
    quick(n_jobs=3, n_masks=n_masks, max_iter=4).fit(correlated_flags(200, 30))
    assert len(names) == 3
    assert threading.main_thread().name not in names


def threads_of(n_jobs):
    return _threads.n_threads(n_jobs), multiprocessing.parent_process() is not None


@of_threads
def test_worker_processes_get_no_more_threads_than_their_share():
    assert threads_of(3) == (3, False)
    ((n, is_worker),) = Parallel(n_jobs=2, backend="loky")([delayed(threads_of)(64)])
    assert is_worker
    assert n <= max(1, multiprocessing.cpu_count() // 2)


@of_threads
def test_on_a_cluster_there_are_no_more_threads_than_asked_for(monkeypatch):
    # joblib has as many jobs as the cluster has cores, whatever n_jobs is
    monkeypatch.setattr(_threads, "effective_n_jobs", lambda n_jobs: 1000)
    assert _threads.n_threads(3) == 3
    assert _threads.n_threads(-1) == _threads.n_threads(None) <= multiprocessing.cpu_count()


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
