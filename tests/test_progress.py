"""What `verbose` shows: bars on a terminal, and lines elsewhere."""

import os
import select
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from conftest import JIT, correlated_flags, quick

import skmade
from skmade import _progress

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = correlated_flags(100, 5)

ON_A_TERMINAL = """
import sys, threading, time
sys.path.insert(0, sys.argv[1])
from conftest import correlated_flags, quick
X, stdout, n_jobs = correlated_flags(100, 5), sys.stdout, int(sys.argv[2])
quick(n_estimators=2, verbose=1, n_jobs=n_jobs).fit(X)
print("== lines")
quick(verbose=2).fit(X)
print("== in a thread")
thread = threading.Thread(target=quick(verbose=1).fit, args=(X,))
thread.start()
thread.join()
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
    bars, lines, in_a_thread, interrupted, kept = parts
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
