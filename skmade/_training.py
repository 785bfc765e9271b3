"""Training of a network by mini-batches, with early stopping.

Fixed data (`Rows`, `Settings`) is kept apart from what changes (`Progress`).
"""

import time
from collections import deque
from contextlib import closing
from dataclasses import dataclass, field, replace

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skmade._beginnings import begun_otherwise
from skmade._combination import log_mean_exp
from skmade._components import refitted
from skmade._determined import sharpened
from skmade._kernels._choice import in_use
from skmade._kernels._constants import SOLVERS
from skmade._kernels._memory import aligned_copy
from skmade._kernels._steps import Batches, Descent
from skmade._layout import flops_per_row
from skmade._lines import parameters_by_lines
from skmade._processes import are_in_force, map_as_they_come
from skmade._progress import UNWATCHED
from skmade._scoring import log_densities
from skmade._sparse import DENSE_CELLS, SparseRows
from skmade._teams import Crew
from skmade._threads import n_threads, never, out_of_reach, take_in_turn
from skmade._warnings import warn

# The Euclidean norm a batch's gradient is cut back to.
_MAX_NORM = 10.0
# When the validated score stops rising, and there is no stronger prior to try, the step is
# multiplied by this, so often, each time from the best network so far, before training ends; the
# first time dropout ends, too.
_RATE_FACTOR = 0.3
_RATE_CUTS = 2
# Parameters are averaged over about so many of the latest epochs, or over the last one of so
# many parts of all epochs since the last return to the best network, if these are more; that one
# counts as so many epochs.
_AVERAGED_EPOCHS, _AVERAGED_PARTS = 10, 4
_EPOCHS_OF_THE_BEST = 3
# Validation averages over so many draws of masks, at most.
_VALIDATION_DRAWS = 8
# Random numbers for so many cells are drawn at a time.
_NOISE_CELLS = 4_000_000
# Steps of so many operations (some tenths of a second) are made at a time.
_FLOPS_AT_A_TIME = 2e10
# A step of fewer operations (some tens of microseconds) is not worth a second thread.
_FLOPS_WORTH_THREADS = 5e6


@dataclass(frozen=True)
class Rows:
    """Encoded rows, with weights of mean one.

    `extras` is what each has beyond the log-density of the networks and the offset; `are_fresh`
    says that columns have learnt nothing of them.
    """

    table: np.ndarray | SparseRows
    weights: np.ndarray
    extras: np.ndarray | float = 0.0
    are_fresh: bool = False

    @property
    def are_in_file(self):
        """Whether the table is mapped from a file, which may exceed memory."""
        return isinstance(getattr(self.table, "base", None), np.memmap)

    def part(self, index):
        """Some of the rows."""
        extras = self.extras[index] if np.ndim(self.extras) else self.extras
        return Rows(self.table[index], self.weights[index], extras, self.are_fresh)

    def at_most(self, n, rng):
        """So many of the rows, chosen at random, or all if there are no more."""
        if len(self.table) <= n:
            return self
        return self.part(np.sort(rng.choice(len(self.table), n, replace=False)))


@dataclass(frozen=True)
class Settings:
    """What the loop takes from the estimator's parameters."""

    solver: str
    learning_rate_init: float
    batch_size: int
    max_iter: int
    tol: float
    n_iter_no_change: int
    dropout: float
    input_noise: float
    alpha: float
    n_jobs: int | None
    l1: tuple = (0.0,)
    """Strengths of the Laplace prior of the weights that may be tried, rising."""


@dataclass
class Progress:
    """What training changes."""

    theta: np.ndarray
    moments: np.ndarray
    rate: float
    average: np.ndarray
    best_theta: np.ndarray
    l1: float = 0.0
    best_l1: float = 0.0
    with_dropout: bool = True
    best_score: float = -np.inf
    step: int = 0
    n_averaged: int = 0
    is_rising: bool = False
    """Whether training ended only because of `max_iter`."""
    n_diverged: int = 0
    """Epochs that ended in numbers that are not finite."""
    number: int | None = None
    """Of the network, from one, where there are several."""
    begins_otherwise: bool = False
    """Whether training begins in the second of two ways, see `_beginnings`."""
    seconds: float = 0.0
    """That it took in another process, before it was heard of."""
    loss_curve: list = field(default_factory=list)
    validation_curve: list = field(default_factory=list)

    @classmethod
    def start(cls, theta, rate, number=None, begins_otherwise=False):
        """Progress before the first step."""
        moments = np.zeros((2, len(theta)), theta.dtype)
        theta, average, best = (aligned_copy(theta) for _ in range(3))
        return cls(
            theta, moments, rate, average, best, number=number, begins_otherwise=begins_otherwise
        )

    @classmethod
    def of_passes(cls, network, rate, number, solver):
        """Progress of passes over rows, of which no average and no best one is kept.

        They go on with the moments of those before, but of another solver's nothing can be made.
        """
        theta, moments, step = aligned_copy(network.theta), network.moments, network.step
        if moments is None or network.solver not in (solver, None):  # (older files do not say)
            moments, step = np.zeros((2, len(theta)), theta.dtype), 0
        return cls(theta, moments.copy(), rate, theta, theta, step=step, number=number)

    def take_average(self):
        """Take the latest parameters into the average, in which the older ones fade.

        The k-th ones since the start have a share of ``1 / k``, but of ``min(1 / 10, 4 / (k + 3))``
        at least: it is a plain mean of the first ten, then reaches back over about ten, and in the
        end over about a quarter of all. After a return to the best network, which is an average
        itself, that one counts as the first three.
        """
        self.n_averaged += 1
        k, parts = self.n_averaged, _AVERAGED_PARTS
        share = max(1 / k, min(1 / _AVERAGED_EPOCHS, parts / (k + parts - 1)))
        self.average *= 1 - share  # (in this form the first average is exactly the network)
        self.average += share * self.theta

    def keep_if_best(self, theta, score):
        """Keep parameters whose score is the best so far."""
        if score > self.best_score:
            self.best_theta, self.best_score = aligned_copy(theta), score
            self.best_l1 = self.l1

    def begin_at(self, theta):
        """Go on from other parameters as if from the start."""
        self.theta[:] = self.average[:] = theta
        self.moments[:] = 0
        self.step = self.n_averaged = 0

    def return_to_best(self, rate, l1, finite=True):
        """Go on from the best network so far, with another step or prior.

        Moments are kept: with none, the first steps are as long in all directions, and what a table
        of nearly determined columns has learnt is lost for many epochs. Those of steps that have
        diverged say nothing.
        """
        self.theta[:] = self.best_theta
        if not finite:
            self.moments[:] = 0
            self.step = 0
        self.n_averaged = min(self.n_averaged, _EPOCHS_OF_THE_BEST)
        self.average[:] = self.theta
        self.rate, self.l1 = rate, l1


class Stages:
    """What training goes on with where the score has stopped to rise.

    It is all stronger priors in turn, as one that does not help may be followed by one that does,
    then shorter steps. Dropout keeps networks from fitting rows too closely while they learn, but
    where columns say nearly all of each other, its noise blurs what they say. So shorter steps are
    made without it, where held-out rows judge whether that helps.
    """

    def __init__(self, settings, progress, has_judge):
        self.stronger, self.n_cuts = deque(settings.l1), 0
        self.first_wait = self.wait = settings.n_iter_no_change
        self.has_judge = has_judge
        progress.l1 = self.stronger.popleft()

    def advance(self, progress, finite=True):
        """Go on from the best network so far; returns False where training ends."""
        if finite and self.stronger:
            progress.return_to_best(progress.rate, self.stronger.popleft())
            return True
        if self.n_cuts == _RATE_CUTS:
            return False
        self.stronger.clear()
        self.n_cuts, self.wait = self.n_cuts + 1, -(-self.first_wait // 2)
        progress.return_to_best(progress.rate * _RATE_FACTOR, progress.best_l1, finite)
        progress.with_dropout = not self.has_judge
        return True


def train_networks(
    networks,
    progresses,
    training,
    validation,
    settings,
    offset,
    rngs,
    n_jobs,
    watch,
    turns,
):
    """Fit the parameters of networks, side by side where `n_jobs` allows it.

    They train in threads of this process; but in other processes where joblib's caller has put
    these in force, unless rows are in a file, and so may be too many to be sent.

    After an interrupt each goes on to the end of its current stretch of batches, and where a
    listener stops all, to the end of its epoch; those that have finished an epoch are kept as they
    were best.

    Parameters
    ----------
    networks : list of Network or of SharedNetwork
        With initial parameters, which are left as they are.
    progresses : list of Progress
        As they start; they are changed.
    training : Rows
    validation : Rows or None
    settings : Settings
    offset : float
        What log-densities of X have above those of the table.
    rngs : list of numpy.random.Generator
        One for each network.
    n_jobs : int or None
    watch : Watch
    turns : callable
        ``turns(networks, progresses)`` yields the numbers of those that train together, in turn,
        which may depend on what those before have come to.

    Returns
    -------
    list of tuple of network and Progress
        Those that are kept: all that were to train, but for an interrupt or a stop.

    Raises
    ------
    KeyboardInterrupt
        If there was an interrupt before any network had finished an epoch.
    ValueError
        If neither an epoch nor the initial network has a finite score.
    """
    common = training, validation, settings, offset
    elsewhere = len(networks) > 1 and not training.are_in_file and are_in_force(n_jobs)
    train_some = _train_elsewhere if elsewhere else _train_here
    try:
        with watch:
            for which in turns(networks, progresses):
                train_some(which, networks, progresses, common, rngs, n_jobs, watch)
    except KeyboardInterrupt:
        if not any(np.isfinite(progress.best_score) for progress in progresses):
            raise
        watch.is_over = True
        warn("Training interrupted by user; the best network so far is kept.")
    kept = kept_networks(networks, progresses)
    _warn_of_rising([progress.is_rising for _, progress in kept], settings.max_iter)
    _warn_of_divergence([progress for _, progress in kept])
    return kept


def _train_here(which, networks, progresses, common, rngs, n_jobs, watch):
    """Fit some of the networks in threads."""
    training, validation, settings, offset = common
    n = min(n_threads(n_jobs), len(which))
    if n > 1:
        settings = replace(settings, n_jobs=1)

    def train_all(heed):
        def train_one(k):
            if watch.is_over:
                return
            watch.begin_network(progresses[k])
            train(
                networks[k], training, validation, settings, offset, rngs[k], progresses[k],
                heed, watch,
            )  # fmt: skip
            watch.end_network(progresses[k])

        take_in_turn(lambda: train_one, which, n)

    _run_within_reach(train_all, n_jobs)


def _train_elsewhere(which, networks, progresses, common, rngs, n_jobs, watch):
    """Fit some of the networks in other processes; each is heard of when it has come back."""
    training, validation, settings, offset = common
    common = training, validation, replace(settings, n_jobs=1), offset

    def still_wanted():
        for k in which:
            if watch.is_over:
                return
            yield networks[k], progresses[k].number, progresses[k].begins_otherwise, rngs[k]

    with closing(map_as_they_come(_trained, common, still_wanted(), n_jobs)) as trained:
        for i, progress in trained:
            progress.best_theta = aligned_copy(progress.best_theta)
            progresses[which[i]] = progress
            watch.hear_of(progress)


def _trained(training, validation, settings, offset, network, number, begins_otherwise, rng):
    """The progress of a network at its end, in the process that trains it."""
    began, rate = time.monotonic(), settings.learning_rate_init
    progress = Progress.start(network.theta, rate, number, begins_otherwise)
    train(network, training, validation, settings, offset, rng, progress)
    progress.seconds = time.monotonic() - began
    return progress


def kept_networks(networks, progresses):
    """Pairs of those that have finished an epoch, as they were best, and their progress."""
    return [
        (replace(network, theta=progress.best_theta, moments=None), progress)
        for network, progress in zip(networks, progresses)
        if np.isfinite(progress.best_score)
    ]


def numbers_of(networks):
    """The numbers of networks in what is printed: from one, and none where there is one only."""
    return range(1, len(networks) + 1) if len(networks) > 1 else [None]


def _run_within_reach(function, n_jobs):
    """``function(heed)``: in this thread where it is the only one, else out of reach."""
    if n_threads(n_jobs) == 1:
        function(never)
    else:
        out_of_reach(function)


def _warn_of_rising(rising, max_iter):
    """Warn if there are networks that `max_iter` has stopped."""
    if any(rising):
        warn(
            f"Training{_share_of_networks(rising)} stopped after max_iter={max_iter} epochs while "
            "the score was still rising; raise max_iter, or raise learning_rate_init to get there "
            "sooner.",
            ConvergenceWarning,
        )


def _warn_of_divergence(progresses):
    """Warn if steps were so long that numbers were not finite."""
    diverged = [progress.n_diverged for progress in progresses]
    if any(diverged):
        n_epochs = sum(len(progress.loss_curve) for progress in progresses)
        warn(
            f"Training{_share_of_networks([n > 0 for n in diverged])} diverged: {sum(diverged)} of "
            f"{n_epochs} epochs ended in numbers that are not finite. The best network was kept, "
            "be it the one that training began with; lower learning_rate_init.",
            ConvergenceWarning,
        )


def _share_of_networks(is_concerned):
    """How many networks a warning is about, where there are several."""
    n = len(is_concerned)
    return f" of {sum(is_concerned)} of {n} networks" if n > 1 else ""


def train(
    network, training, validation, settings, offset, rng, progress, heed=never, watch=UNWATCHED
):
    """Fit a network's parameters.

    Minimises, by mini-batches,

        ``mean_i w_i (-log p(x_i)) + alpha / 2 * sum of w**2 + l1 * sum of |w|``

    1. go once through the training rows in random order;
    2. score the validation rows by the average of what the network was after the latest ten
       epochs or more, which the noise of the steps moves less, and keep it if it is the best
       so far (in the last epoch that `max_iter` allows, the network itself may be better;
       where there are no such rows, the training loss judges it);
    3. after `n_iter_no_change` epochs that did not improve by `tol`, for the first time, begin
       anew at lines if these predict held-out rows better (see `parameters_by_lines`; the best
       network so far is kept until there is a better one); or else, where direct connections were
       left out so far, at the best network, with them;
    4. after as many again, return to the best network, and go on with the next stronger prior,
       `l1`, as long as there is one;
    5. then return to the best network and its prior, multiply the step by 0.3, leave no more
       units out, where there are held-out rows, and wait for half as many epochs from there on;
       the third time, stop. An epoch
       that ends in numbers that are not finite comes to this at once, and where none before it
       was better, the best network is the initial one. A listener may stop earlier;
    6. refit the weights of the components of mixtures (see `refitted`), and of columns that are
       determined by others (see `sharpened`), unless rows were trained on with noise.

    Parameters
    ----------
    network : Network or SharedNetwork
        With initial parameters, which are left as they are.
    training : Rows
    validation : Rows or None
    settings : Settings
    offset : float
        What log-densities of X have above those of the table.
    rng : numpy.random.Generator
    progress : Progress
        As it starts; it is changed.
    heed : callable
        Called in between; raises KeyboardInterrupt where training is to end.
    watch : Watch
        Is told of each epoch.

    Raises
    ------
    ValueError
        If neither an epoch nor the initial network has a finite score.
    """
    stale, stages, whole = 0, Stages(settings, progress, validation is not None), network
    may_begin_anew = validation is not None and not settings.input_noise
    if may_begin_anew and progress.begins_otherwise:
        network = begun_otherwise(network, training)
        progress.begin_at(network.theta)
        progress.best_theta[:] = network.theta
    progress.begins_otherwise = network is not whole
    beyond = mean_extras(training)
    beyond_held_out = 0.0 if validation is None else mean_extras(validation)
    with _crew(whole, training, settings, heed) as crew:
        for epoch in range(settings.max_iter):
            is_last = epoch == settings.max_iter - 1
            watch.begin_epoch(progress)
            loss = run_epoch(network, progress, training, settings, rng, crew, watch)
            theta, score = progress.theta, -loss
            if validation is not None:
                theta, score = candidate(network, progress, validation, settings, is_last, heed)
            heed()
            finite = np.isfinite(loss) and np.isfinite(score) and np.all(np.isfinite(theta))
            progress.loss_curve.append(float(loss - offset - beyond))
            if validation is not None:
                progress.validation_curve.append(float(score + offset + beyond_held_out))
            stale = 0 if finite and score > progress.best_score + settings.tol else stale + 1
            if finite:
                progress.keep_if_best(theta, score)
            else:
                progress.n_diverged += 1
                _check_best(network, progress, validation or training, settings, heed)
            if watch.end_epoch(progress):
                break
            if stale >= stages.wait or not finite:
                stale = 0
                if may_begin_anew and finite:
                    may_begin_anew, had_all = False, network.plan is whole.plan
                    network = whole
                    if _begin_anew(network, progress, training, validation, rng, heed, had_all):
                        continue
                if not stages.advance(progress, finite):
                    break
        else:
            progress.is_rising = True
    if validation is None and not _check_best(network, progress, training, settings, heed):
        progress.n_diverged += 1
    if not settings.input_noise:
        _refit(network, progress, training, validation, settings, rng, heed)
    if not np.isfinite(progress.best_score):
        raise ValueError(
            "The loss was not finite in any epoch. Lower learning_rate_init, or look for "
            "extreme values in X."
        )


def _begin_anew(network, progress, training, validation, rng, heed, had_all):
    """Whether training begins anew.

    It does at lines that predict held-out rows better than before; or else at the best network, if
    it had not all connections so far.
    """
    theta = parameters_by_lines(network, progress.best_theta, training, validation, rng, heed)
    if theta is None and had_all:
        return False
    progress.begin_at(progress.best_theta if theta is None else theta)
    return True


def _refit(network, progress, training, validation, settings, rng, heed):
    """Refit weights of components; then, if there are held-out rows, what is determined."""

    def keep(theta):
        if theta is not progress.best_theta:
            _keep_unless_worse(network, progress, theta, validation, settings, heed)

    keep(refitted(network, progress.best_theta, training, rng, heed))
    if validation is not None:
        keep(sharpened(network, progress.best_theta, training, validation, rng, heed))


def _keep_unless_worse(network, progress, theta, validation, settings, heed):
    """Take these parameters for the best ones, unless held-out rows speak against it.

    In the curve, the best score becomes theirs.
    """
    if validation is not None:
        after, before = (
            row_scores(network, candidate, validation, settings.n_jobs, heed)
            for candidate in (theta, progress.best_theta)
        )
        gain = np.average(after - before, weights=validation.weights)
        if gain < -np.std(after - before) / np.sqrt(len(after)):
            return
        progress.best_score += gain
        if np.any(np.isfinite(progress.validation_curve)):
            progress.validation_curve[np.nanargmax(progress.validation_curve)] += float(gain)
    progress.best_theta = theta


def _check_best(network, progress, rows, settings, heed):
    """Whether the best network so far has a finite score; else the initial one takes its place.

    (It may be none where there are no held-out rows: the loss is that before the last step.)
    """
    for theta in (progress.best_theta, network.theta):
        score = mean_score(network, theta, rows, settings.n_jobs, heed)
        if np.isfinite(score):
            break
    is_best = theta is progress.best_theta
    if not is_best or not np.isfinite(progress.best_score):
        progress.best_theta, progress.best_score = aligned_copy(theta), score
    return is_best


def mean_extras(rows):
    """Weighted mean of what rows have beyond the log-density of the networks and the offset."""
    return np.average(rows.extras, weights=rows.weights) if np.ndim(rows.extras) else rows.extras


def candidate(network, progress, validation, settings, is_last=False, heed=never):
    """The average of the parameters, and its score; in the last epoch the better of it and them.

    The average lags behind at first: without the noise of the steps its score rises smoothly,
    and where it has stopped to rise, little is left to be had at this rate.
    """
    progress.take_average()
    candidates = [progress.average, progress.theta] if is_last else [progress.average]
    scores = [mean_score(network, theta, validation, settings.n_jobs, heed) for theta in candidates]
    best = int(np.argmax(scores))  # a score that is not a number, where there is one
    return candidates[best], scores[best]


def run_one_epoch(network, progress, training, settings, rng, watch=UNWATCHED):
    """As `run_epoch`, for once."""
    losses = []

    def run(heed):
        with _crew(network, training, settings, heed) as crew:
            losses.append(run_epoch(network, progress, training, settings, rng, crew, watch))

    _run_within_reach(run, settings.n_jobs)
    return losses[0]


def _crew(network, training, settings, heed):
    """As many threads as a network's mini-batches are worth."""
    n = len(training.table)
    rows_per_batch = -(-n // -(-n // settings.batch_size))
    is_small = 3 * flops_per_row(network.plan) * rows_per_batch < _FLOPS_WORTH_THREADS
    return Crew(1 if is_small else n_threads(settings.n_jobs), heed)


def run_epoch(network, progress, training, settings, rng, crew, watch):
    """One pass over the training rows in random order; returns the mean loss."""
    if not progress.with_dropout:
        settings = replace(settings, dropout=0.0)
    n = len(training.table)
    n_batches = -(-n // settings.batch_size)
    bounds = np.arange(n_batches + 1) * n // n_batches  # sizes differ by one at most
    rows = rng.permutation(n)
    weights = training.weights[rows] / np.repeat(np.diff(bounds), np.diff(bounds))
    weights = weights.astype(progress.theta.dtype)
    plan, rows_per_batch = network.plan, int(np.diff(bounds).max())
    memory = network.step_memory(rows_per_batch, crew.size)
    total, used = 0.0, 0
    for first, last in _stretches(plan, settings, bounds):
        crew.heed()
        watch.pass_rows(progress, bounds[first] / n)
        part = slice(bounds[first], bounds[last])
        noise, bits = draw_noise(plan, settings, part.stop - part.start, weights.dtype, rng)
        table, index = _rows_to_load(training.table, rows[part])
        batches = Batches(
            table, index, weights[part], bounds[first : last + 1] - part.start,
            noise, float(settings.dropout), bits,
        )  # fmt: skip
        descent = Descent(
            in_use([settings.solver], SOLVERS), float(progress.rate), progress.step,
            float(settings.alpha), float(progress.l1), _MAX_NORM,
        )  # fmt: skip
        loss, n_used = network.run_steps(progress, batches, descent, memory, rng, crew)
        progress.step += n_used
        total, used = total + loss, used + n_used
    return total / used if used else np.nan


def _rows_to_load(table, rows):
    """A dense table with some rows, and which of its rows these are."""
    if isinstance(table, SparseRows):
        return table[rows].toarray(), np.arange(len(rows))
    return table, rows


def _stretches(plan, settings, bounds):
    """Runs of batches between two returns to Python, where interrupts are heeded."""
    n_batches, rows_per_batch = len(bounds) - 1, bounds[-1] / (len(bounds) - 1)
    cells = 1 + (plan.layers[-1, 0] if settings.dropout or settings.input_noise else 0)
    n_rows = min(
        _NOISE_CELLS / cells,
        DENSE_CELLS / len(plan.features),  # of dense rows, too: they get the same noise
        _FLOPS_AT_A_TIME / (3 * flops_per_row(plan)),
    )
    size = max(1, int(n_rows / rows_per_batch))
    return [(first, min(first + size, n_batches)) for first in range(0, n_batches, size)]


def draw_noise(plan, settings, n_rows, dtype, rng):
    """Input noise (n_rows, n_features), and 16 random bits for each unit that may be dropped out
    (n_rows, n_hidden), as whole random numbers would take as long as the products; or empty ones.
    """
    noise = np.zeros((n_rows if settings.input_noise else 0, len(plan.features)), dtype)
    n_hidden = plan.layers[-1, 0] - plan.layers[0, 1]
    shape = (n_rows, n_hidden if settings.dropout else 0)
    if noise.size:
        rng.standard_normal(out=noise, dtype=dtype)
        noise *= settings.input_noise
    size = shape[0] * shape[1]
    bits = rng.integers(0, 2**64, -(-size // 4), np.uint64).view(np.uint16)
    return noise, bits[:size].reshape(shape)


def mean_score(network, theta, rows, n_jobs, heed=never):
    """Weighted mean log-density of rows of the table, averaged over some draws of masks."""
    return np.average(row_scores(network, theta, rows, n_jobs, heed), weights=rows.weights)


def row_scores(network, theta, rows, n_jobs, heed=never):
    """Log-density of each row of the table, averaged over some draws of masks."""
    networks = network.networks(theta, _VALIDATION_DRAWS)
    return log_mean_exp(log_densities(networks, rows.table, n_jobs, heed))
