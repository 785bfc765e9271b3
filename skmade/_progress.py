"""What training tells while it goes on: to callbacks, by bars, or in lines; and bars of rows.

Training knows a `Watch` only, which tells all its listeners. Scoring and drawing know a function
only, which they call with the number of rows that are done.
"""

import multiprocessing
import threading
import time
from contextlib import ExitStack, contextmanager

# Lines tell of an epoch that takes longer in between.
_SECONDS_UNTIL_SAID = 5.0
# Rows have a bar where they have taken longer, and what is left will take longer, too.
_SECONDS_UNTIL_BAR = 0.5


class Listener:
    """What hears of training; each method is a moment of it, and none need be heard.

    `progress` is that of one network. What ends returns True where training is to stop: after an
    epoch of this network, after a network of all.
    """

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def begin_network(self, progress):
        """A network is about to be trained."""

    def begin_epoch(self, progress):
        """It is about to see the rows once more."""

    def pass_rows(self, progress, share):
        """It has seen a share of the rows in this epoch."""

    def end_epoch(self, progress):
        """Its curves have a point more."""

    def end_network(self, progress):
        """It is trained."""


class Watch:
    """Tells listeners, of one thing at a time: networks may train in several threads.

    Parameters
    ----------
    listeners : sequence of Listener
    """

    def __init__(self, listeners=()):
        self._listeners, self._in_turn = listeners, threading.Lock()
        self.is_over = False  # whether no further network is to be trained

    def __enter__(self):
        with ExitStack() as stack:  # those before one that fails are left again
            for listener in self._listeners:
                stack.enter_context(listener)
            self._entered = stack.pop_all()
        return self

    def __exit__(self, *error):
        return self._entered.__exit__(*error)

    def begin_network(self, progress):
        """See `Listener`."""
        self._tell("begin_network", progress)

    def begin_epoch(self, progress):
        """See `Listener`."""
        self._tell("begin_epoch", progress)

    def pass_rows(self, progress, share):
        """See `Listener`."""
        self._tell("pass_rows", progress, share)

    def end_epoch(self, progress):
        """See `Listener`; returns whether the network's training is to stop."""
        return self._tell("end_epoch", progress) or self.is_over

    def end_network(self, progress):
        """See `Listener`."""
        if self._tell("end_network", progress):
            self.is_over = True

    def hear_of(self, progress):
        """A network was trained where nobody listens: its last epoch is told of, and its end."""
        self.begin_network(progress)
        self.begin_epoch(progress)
        self.end_epoch(progress)
        self.end_network(progress)

    def _tell(self, moment, *what):
        with self._in_turn:
            answers = [getattr(listener, moment)(*what) for listener in self._listeners]
        return any(answers)


class Lines(Listener):
    """Prints a line after each epoch, and some within long ones."""

    def __init__(self):
        self._said = {}  # when, of each network

    def begin_epoch(self, progress):
        self._said[progress.number] = time.monotonic()

    def pass_rows(self, progress, share):
        if time.monotonic() - self._said[progress.number] > _SECONDS_UNTIL_SAID:
            self._said[progress.number] = time.monotonic()
            _say(progress, len(progress.loss_curve) + 1, f"{share:.0%} of the rows")

    def end_epoch(self, progress):
        _say(progress, len(progress.loss_curve), _last(progress, "validation score"))


def _say(progress, epoch, text):
    """Print a line on an epoch."""
    name = "Epoch" if progress.number is None else f"Network {progress.number}, epoch"
    print(f"{name} {epoch}: {text}\n", end="", flush=True)  # in one piece: others print, too


def _last(progress, name_of_score):
    """The last points of the curves."""
    text = f"loss {progress.loss_curve[-1]:.4f}"
    if progress.validation_curve:
        text += f", {name_of_score} {progress.validation_curve[-1]:.4f}"
    return text


class Bars(Listener):
    """Draws a bar for each network on a terminal.

    Training ends early, so that bars show how far epochs are at most, and the time that is left
    at most.
    """

    def __init__(self, max_iter):
        self._max_iter, self._bars = max_iter, {}
        self._display = _display()

    def __enter__(self):
        self._display.start()
        return self

    def __exit__(self, *_):
        self._display.stop()

    def begin_network(self, progress):
        name = "Training" if progress.number is None else f"Network {progress.number}"
        fields = {"told": "", "most": "at most"}
        bar = self._display.add_task(name, total=self._max_iter, **fields)
        self._display.tasks[-1].start_time -= progress.seconds
        self._bars[progress.number] = bar

    def pass_rows(self, progress, share):
        bar, done = self._bars[progress.number], len(progress.loss_curve)
        self._display.update(bar, completed=done + share)

    def end_epoch(self, progress):
        bar, done = self._bars[progress.number], len(progress.loss_curve)
        told = f"epoch {done}, {_last(progress, 'held out')}"
        self._display.update(bar, completed=done, told=told)

    def end_network(self, progress):
        bar, done = self._bars[progress.number], len(progress.loss_curve)
        self._display.update(bar, completed=done, total=done, most="took")


def _display():
    """Rows of a name, a bar, what is told, and the time that is left."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(12),
        TextColumn("{task.fields[told]}", markup=False),
        TextColumn("{task.fields[most]}", markup=False),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
    )


def uncounted(n):
    """What is called as rows are done, where nobody counts them."""


@contextmanager
def counting(what, n_rows, verbose):
    """``count(n)``, to be called as n more of so many rows are done.

    It draws a bar where a parameter `verbose` asks for it, there is a terminal, and the rows take
    long enough to be felt. Several threads may call it.
    """
    if verbose != 1 or not _can_draw():
        yield uncounted
        return
    with RowsBar(what, n_rows) as bar:
        yield bar.count


class RowsBar:
    """A bar of rows that are done, which appears where they take long."""

    def __init__(self, what, n_rows):
        self._what, self._n_rows, self._n_done = what, n_rows, 0
        self._in_turn, self._display, self._began = threading.Lock(), None, time.monotonic()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._display is not None:
            self._display.stop()

    def count(self, n):
        """So many rows more are done."""
        with self._in_turn:
            self._n_done += n
            if self._display is None and self._is_long():
                self._display = _display_of_rows()
                self._display.start()
                self._bar = self._display.add_task(self._what, total=self._n_rows)
            if self._display is not None:
                self._display.update(self._bar, completed=self._n_done)

    def _is_long(self):
        taken = time.monotonic() - self._began
        left = taken * (self._n_rows - self._n_done) / max(self._n_done, 1)
        return min(taken, left) > _SECONDS_UNTIL_BAR


def _display_of_rows():
    """A name, a bar, how many rows are done, and the time that is left."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(12),
        TextColumn("{task.completed:,} of {task.total:,} rows", markup=False),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
    )


UNWATCHED = Watch()  # nobody listens


def printer(verbose, max_iter):
    """What prints where a parameter `verbose` asks for it: a list of no listener or one."""
    if not verbose:
        return []
    return [Bars(max_iter) if verbose == 1 and _can_draw() else Lines()]


def _can_draw():
    """Whether there is a terminal that is ours alone, and rich to draw on it."""
    try:
        from rich import get_console
    except ImportError:
        return False
    console = get_console()
    return (
        console.is_interactive
        and console.file.isatty()  # (rich takes a pipe for a terminal where FORCE_COLOR is set)
        and multiprocessing.parent_process() is None
        and threading.current_thread() is threading.main_thread()
    )


class NoCallbacks(Listener):
    """In place of `Callbacks`, before scikit-learn 1.9."""

    def expect(self, *_):
        """Nobody does."""

    def end(self):
        """Nobody hears."""


class Callbacks(Listener):
    """Calls scikit-learn's callbacks: networks are tasks of a fit, and epochs subtasks of these.

    Parameters
    ----------
    estimator : MADEDensity
        In `fit`.
    context : CallbackContext
        Of `fit`, which is about to begin.
    data : dict
        What hooks may ask for: X, y and metadata.
    """

    @classmethod
    def of(cls, estimator, context, X, y, sample_weight):
        """Callbacks of a call to `fit`; a listener that hears nothing where there are none."""
        if context is None:
            return NoCallbacks()
        metadata = {} if sample_weight is None else {"sample_weight": sample_weight}
        return cls(estimator, context, {"X": X, "y": y, "metadata": metadata})

    def __init__(self, estimator, context, data):
        self._estimator, self._fit, self._data = estimator, context, data
        self._first = self._n = 0
        self._networks, self._epochs = {}, {}

    def expect(self, n_networks, n_rounds, max_iter, attributes):
        """Networks are about to be trained, in one of some rounds.

        ``attributes()`` is what an estimator would be fitted to if training ended now.
        """
        self._max_iter, self._attributes = max_iter, attributes
        if self._n == 0:
            self._fit.max_subtasks = n_networks * n_rounds  # which was not known before
            self._begin(self._fit)
        self._first, self._n = self._n, self._n + n_networks

    def end(self):
        """The fit has ended."""
        self._fit.call_on_fit_task_end(
            estimator=self._estimator, **self._data, reconstruction_attributes={}
        )

    def begin_network(self, progress):
        context = self._fit.subcontext(
            task_name="network",
            task_id=self._first + (progress.number or 1) - 1,
            max_subtasks=self._max_iter,
        )
        self._networks[progress.number] = self._begin(context)

    def begin_epoch(self, progress):
        context = self._networks[progress.number].subcontext(task_name="epoch")
        self._epochs[progress.number] = self._begin(context)

    def end_epoch(self, progress):
        return self._end(self._epochs[progress.number])

    def end_network(self, progress):
        return self._end(self._networks[progress.number])

    def _begin(self, context):
        return context.call_on_fit_task_begin(estimator=self._estimator, **self._data)

    def _end(self, context):
        return context.call_on_fit_task_end(
            estimator=self._estimator, **self._data, reconstruction_attributes=self._attributes
        )
