"""What `verbose` shows: bars on a terminal, and lines elsewhere."""

import os
import select
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from conftest import JIT, correlated_flags, quick, sizes

import skmade
from skmade import _progress

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = correlated_flags(100, 5)

ON_A_TERMINAL = """
import sys, threading, time
import numpy as np
sys.path.insert(0, sys.argv[1])
from conftest import correlated_flags, quick
from skmade import _progress
X, stdout, n_jobs = correlated_flags(100, 5), sys.stdout, int(sys.argv[2])
quick(n_estimators=2, verbose=1, n_jobs=n_jobs).fit(X)
print("== lines")
quick(verbose=2).fit(X)
print("== in a thread")
thread = threading.Thread(target=quick(verbose=1).fit, args=(X,))
thread.start()
thread.join()
model = quick(n_jobs=n_jobs).fit(X).set_params(verbose=1)
print("== few rows")
model.score_samples(X), model.sample(100)
print("== many rows")
_progress._SECONDS_UNTIL_BAR = 0
many = np.tile(X, (2000, 1))
model.score_samples(many), model.sample(len(many))
print("== interrupt", flush=True)
forever = dict(max_iter=10**9, n_iter_no_change=10**9)
model = quick(n_estimators=2, verbose=1, n_jobs=n_jobs, **forever).fit(X)
deadline = time.monotonic() + 30
while threading.active_count() > 1 and time.monotonic() < deadline:
    time.sleep(0.01)  # what draws is told to end, but not waited for
print("== kept", len(model._density.networks) > 0, sys.stdout is stdout, threading.active_count())
"""


def shown_on_a_terminal(n_jobs):
    """All that is shown, where Ctrl-C is pressed when the last fit has drawn an epoch."""
    pty = pytest.importorskip("pty", reason="needs pseudo-terminals")
    main, other = pty.openpty()
    folder = str(Path(__file__).parent)
    environment = {**os.environ, "PYTHONPATH": str(Path(skmade.__file__).parents[1])}
    environment |= {"TERM": "xterm", "COLUMNS": "100", "PYTHONWARNINGS": "ignore"}
    process = subprocess.Popen(
        [sys.executable, "-c", ON_A_TERMINAL, folder, str(n_jobs)],
        stdin=other, stdout=other, stderr=other, env=environment,
    )  # fmt: skip
    os.close(other)
    shown, is_pressed = "", False
    while select.select([main], [], [], 100)[0]:
        try:
            shown += os.read(main, 2**16).decode(errors="replace")
        except OSError:  # its other end is closed
            break
        if not is_pressed and "held out" in shown.partition("== interrupt")[2]:
            is_pressed = True
            process.send_signal(signal.SIGINT)
    os.close(main)
    assert process.wait(30) == 0, shown
    return shown


@pytest.mark.skipif(
    not JIT or signal.getsignal(signal.SIGINT) is not signal.default_int_handler,
    reason="needs compiled kernels, and a process that heeds Ctrl-C",
)
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_terminal_shows_bars_and_is_left_clean(n_jobs):
    pytest.importorskip("rich")
    parts = shown_on_a_terminal(n_jobs).split("== ")
    bars, lines, in_a_thread, few, many, interrupted, kept = parts
    assert few.split() == ["few", "rows"]
    for name in ("Scoring", "Drawing"):
        last = many[many.rindex(name) :]
        assert last[: last.index("rows")].endswith("200,000 of 200,000 ")
    assert many.rindex("\x1b[?25h") > many.rindex("Drawing")
    for part in (bars, interrupted):
        assert part.count("\x1b[?25l") == 1  # the cursor is hidden once
        assert part.rindex("\x1b[?25h") > part.rindex("held out")  # and shown in the end
    last = bars[bars.rindex("Network 1") :]
    assert last.count("epoch 3, loss ") == last.count("took") == 2
    for part in (lines, in_a_thread):
        assert part.count("Epoch ") == 3
        assert "\x1b" not in part
    assert kept.split() == ["kept", "True", "True", "1"]


def test_what_is_no_terminal_gets_lines(capsys, monkeypatch):
    rich = pytest.importorskip("rich")
    monkeypatch.setattr(rich, "_console", None)  # one that is made now, for this test only
    monkeypatch.setenv("FORCE_COLOR", "1")
    for verbose in (True, 1, 2):
        quick(verbose=verbose).fit(X)
        out = capsys.readouterr().out
        assert out.count("Epoch ") == out.count("validation score") == 3
        assert "\x1b" not in out and "\r" not in out
    quick(verbose=0).fit(X)
    assert capsys.readouterr().out == ""


def test_bars_and_lines_are_what_numbers_ask_for(monkeypatch):
    pytest.importorskip("rich")
    monkeypatch.setattr(_progress, "_can_draw", lambda: True)
    kinds = {n: [type(own) for own in _progress.printer(n, 3)] for n in (False, True, 2)}
    assert kinds == {False: [], True: [_progress.Bars], 2: [_progress.Lines]}


def test_without_rich_there_are_lines(monkeypatch):
    monkeypatch.setitem(sys.modules, "rich", None)
    (listener,) = _progress.printer(1, 3)
    assert isinstance(listener, _progress.Lines)


def test_listeners_are_told_of_one_thing_at_a_time():
    class Slow(_progress.Listener):
        n_inside, most = 0, 0

        def end_epoch(self, progress):
            self.n_inside += 1
            self.most = max(self.most, self.n_inside)
            threading.Event().wait(1e-3)
            self.n_inside -= 1

    listener = Slow()
    watch = _progress.Watch([listener])
    threads = [threading.Thread(target=watch.end_epoch, args=(None,)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert listener.most == 1


def test_what_was_entered_is_left_where_a_listener_fails():
    class Door(_progress.Listener):
        is_open = False

        def __enter__(self):
            self.is_open = True

        def __exit__(self, *_):
            self.is_open = False

    class Broken(Door):
        def __enter__(self):
            raise OSError

    door = Door()
    with _progress.Watch([door]):
        assert door.is_open
    with pytest.raises(OSError), _progress.Watch([door, Broken()]):
        pass
    assert not door.is_open


class Counter:
    """In place of bars: how many rows there are of what, and how many of them were done."""

    def __init__(self, monkeypatch):
        self.expected, self.done = [], []
        monkeypatch.setattr(_progress, "counting", self.counting)

    @contextmanager
    def counting(self, what, n_rows, verbose):
        self.expected.append((what, n_rows))
        yield self.done.append


@pytest.fixture(scope="module")
def models():
    """Of networks whose orderings put other columns last, and of one that makes orderings."""
    settings = {
        "mixture": {},
        "product": {"combination": "product"},
        "orderings": {"n_masks": None},
    }
    return {
        name: quick(**{"n_estimators": 2, "max_iter": 1, **setting}).fit(X[: sizes(100, 20)])
        for name, setting in settings.items()
    }


@pytest.mark.parametrize("name", ["mixture", "product", "orderings"])
@pytest.mark.parametrize(
    "work",
    [
        ("Scoring", lambda model, X: model.score_samples(X)),
        ("Scoring", lambda model, X: model.score_features(X)),
        ("Scoring", lambda model, X: model.score_samples(X[:4], given=[1, 3])),
        ("Drawing", lambda model, X: model.sample(len(X), random_state=0)),
        ("Filling in", lambda model, X: model.sample_conditional(gappy(X), random_state=0)),
    ],
    ids=["scores", "contributions", "given", "draws", "fills"],
)
def test_rows_are_counted_to_the_end(models, name, work, monkeypatch):
    (what, call), model, table = work, models[name], correlated_flags(sizes(200, 4), 5, seed=1)
    counter = Counter(monkeypatch)
    call(model, table)
    ((told, n_rows),) = counter.expected
    assert told == what and sum(counter.done) == n_rows


def gappy(X):
    """Rows of which most have a gap."""
    return np.where(np.random.default_rng(0).random(X.shape) < 0.3, np.nan, X)


def test_a_bar_appears_where_rows_have_taken_long_and_will(monkeypatch):
    pytest.importorskip("rich")
    now = [0.0]
    monkeypatch.setattr(_progress.time, "monotonic", lambda: now[0])
    for seconds, n_done, is_shown in [(0.4, 10, False), (0.6, 90, False), (0.6, 10, True)]:
        now[0] = 0.0
        with _progress.RowsBar("Scoring", 100) as bar:
            now[0] = seconds
            bar.count(n_done)
            assert (bar._display is not None) == is_shown
