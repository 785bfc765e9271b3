"""Training of a network by mini-batches, with early stopping.

Fixed data (`Rows`, `Settings`) is kept apart from what changes (`Progress`).
"""

import warnings
from dataclasses import dataclass, field

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skmade._combination import log_mean_exp
from skmade._kernels._constants import SOLVERS
from skmade._kernels._steps import Batches, Descent, make_memory, train_steps
from skmade._layout import flops_per_row
from skmade._scoring import log_densities
from skmade._shared import SharedMemory, SharedNetwork, run_shared_steps
from skmade._threads import make_teams, n_threads, run_as_team

# The Euclidean norm a batch's gradient is cut back to.
_MAX_NORM = 10.0
# When the validated score stops rising, the step is divided by this, so often, each
# time from the best network so far, before training ends.
_RATE_DIVISOR = 5.0
_RATE_CUTS = 1
# Parameters are averaged over about so many of the latest epochs.
_AVERAGED_EPOCHS = 10
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

    `rarity` is what each has beyond the log-density of the networks, 0 by default.
    """

    table: np.ndarray
    weights: np.ndarray
    rarity: np.ndarray | float = 0.0

    def part(self, index):
        """Some of the rows."""
        rarity = self.rarity[index] if np.ndim(self.rarity) else self.rarity
        return Rows(self.table[index], self.weights[index], rarity)


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
    verbose: bool
    n_jobs: int | None


@dataclass
class Progress:
    """What training changes."""

    theta: np.ndarray
    moments: np.ndarray
    rate: float
    average: np.ndarray
    best_theta: np.ndarray
    best_score: float = -np.inf
    step: int = 0
    n_averaged: int = 0
    average_leads: bool = False
    loss_curve: list = field(default_factory=list)
    validation_curve: list = field(default_factory=list)

    @classmethod
    def start(cls, theta, rate):
        """Progress before the first step."""
        moments = np.zeros((2, len(theta)), theta.dtype)
        return cls(theta.copy(), moments, rate, theta.copy(), theta.copy())

    def take_average(self):
        """Take the latest parameters into the average, in which the older ones fade."""
        self.n_averaged += 1
        share = max(1 / self.n_averaged, 1 / _AVERAGED_EPOCHS)
        self.average *= 1 - share  # (in this form the first average is exactly the network)
        self.average += share * self.theta

    def return_to_best(self):
        """Go on from the best network so far, with smaller steps."""
        self.theta[:] = self.best_theta
        self.moments[:] = 0
        self.step = self.n_averaged = 0
        self.average[:] = self.theta
        self.average_leads = False
        self.rate /= _RATE_DIVISOR


def train(network, training, validation, settings, offset, rng):
    """Fit a network's parameters.

    Minimises, by mini-batches,

        ``mean_i w_i (-log p(x_i)) + alpha / 2 * sum of squared weights``

    1. go once through the training rows in random order;
    2. score the validation rows, by the network and by the average of what it was after the
       latest ten epochs or so, which the noise of the steps moves less (the training loss
       stands in where there are no such rows), and keep the better one if it is the best so
       far;
    3. after `n_iter_no_change` epochs that did not improve by `tol`, return to the best
       network and divide the step by five; the second time, stop. An epoch that ends in
       numbers that are not finite is treated in the same way at once.

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

    Returns
    -------
    Progress

    Raises
    ------
    ValueError
        If no epoch ends in finite numbers.
    """
    progress = Progress.start(network.theta, settings.learning_rate_init)
    stale = cuts = 0
    try:
        for _ in range(settings.max_iter):
            loss = run_epoch(network, progress, training, settings, rng)
            theta, score = progress.theta, -loss
            if validation is not None:
                theta, score = best_candidate(network, progress, validation, settings.n_jobs)
            finite = np.isfinite(loss) and np.isfinite(score) and np.all(np.isfinite(theta))
            record(progress, loss - offset, score + offset, validation, settings)
            stale = 0 if finite and score > progress.best_score + settings.tol else stale + 1
            if finite and score > progress.best_score:
                progress.best_theta, progress.best_score = theta.copy(), score
            if stale >= settings.n_iter_no_change or not finite:
                if cuts == _RATE_CUTS:
                    break
                progress.return_to_best()
                stale, cuts = 0, cuts + 1
        else:
            warnings.warn(
                f"Training stopped after max_iter={settings.max_iter} epochs while the score was "
                "still rising; raise max_iter, or raise learning_rate_init to get there sooner.",
                ConvergenceWarning,
                stacklevel=5,
            )
    except KeyboardInterrupt:
        warnings.warn(
            "Training interrupted by user; the best network so far is kept.", stacklevel=5
        )
    if not np.isfinite(progress.best_score) and progress.loss_curve:
        raise ValueError(
            "The loss was not finite in any epoch. Lower learning_rate_init, or look for "
            "extreme values in X."
        )
    return progress


def best_candidate(network, progress, validation, n_jobs):
    """The better of the latest parameters and their average, and its score.

    The average, which lags behind at first, is judged alone once it was ahead.
    """
    progress.take_average()
    candidates = (
        [progress.average] if progress.average_leads else [progress.theta, progress.average]
    )
    scores = [mean_score(network, theta, validation, n_jobs) for theta in candidates]
    best = int(np.argmax(scores))  # a score that is not a number, where there is one
    progress.average_leads = candidates[best] is progress.average
    return candidates[best], scores[best]


def record(progress, loss, score, validation, settings):
    """Add an epoch to the curves, and print it if asked to."""
    progress.loss_curve.append(float(loss))
    if validation is not None:
        progress.validation_curve.append(float(score))
    if settings.verbose:
        held_out = f", validation score {score:.4f}" if validation is not None else ""
        print(f"Epoch {len(progress.loss_curve)}: loss {loss:.4f}{held_out}", flush=True)


def run_epoch(network, progress, training, settings, rng):
    """One pass over the training rows in random order; returns the mean loss."""
    n = len(training.table)
    n_batches = -(-n // settings.batch_size)
    bounds = np.arange(n_batches + 1) * n // n_batches  # sizes differ by one at most
    rows = rng.permutation(n)
    weights = training.weights[rows] / np.repeat(np.diff(bounds), np.diff(bounds))
    weights = weights.astype(progress.theta.dtype)
    plan = network.draws[0].plan if isinstance(network, SharedNetwork) else network.plan
    batch_size, dtype = int(np.diff(bounds).max()), progress.theta.dtype
    is_small = 3 * flops_per_row(plan) * batch_size < _FLOPS_WORTH_THREADS
    team_size = 1 if is_small else n_threads(settings.n_jobs)
    if isinstance(network, SharedNetwork):
        memory = SharedMemory.allocate(network, batch_size, team_size)
    else:
        memory = make_memory(plan, batch_size, team_size, dtype)
    total, used = 0.0, 0
    for first, last in _stretches(plan, settings, bounds):
        part = slice(bounds[first], bounds[last])
        noise, kept = draw_noise(plan, settings, part.stop - part.start, weights.dtype, rng)
        batches = Batches(
            training.table, rows[part], weights[part], bounds[first : last + 1] - part.start,
            noise, kept,
        )  # fmt: skip
        loss, n_used = run_steps(network, progress, batches, settings, memory, rng)
        progress.step += n_used
        total, used = total + loss, used + n_used
    return total / used if used else np.nan


def run_steps(network, progress, batches, settings, memory, rng):
    """Steps on one thread or on several, which does not change a bit of the result.

    Returns the sum of the losses of the batches that were used, and their number.
    """
    descent = Descent(
        SOLVERS.index(settings.solver), float(progress.rate), progress.step,
        float(settings.alpha), _MAX_NORM,
    )  # fmt: skip
    if isinstance(network, SharedNetwork):
        return run_shared_steps(network, progress, batches, descent, memory, rng)
    return run_as_team(
        lambda team: train_steps(
            network.plan, team, progress.theta, progress.moments, batches, descent, memory
        ),
        make_teams(network.plan, len(progress.theta), len(memory.scratch)),
    )


def _stretches(plan, settings, bounds):
    """Runs of batches between two returns to Python, where an interrupt is heeded."""
    n_batches, rows_per_batch = len(bounds) - 1, bounds[-1] / (len(bounds) - 1)
    cells = 1 + (plan.layers[-1, 0] if settings.dropout or settings.input_noise else 0)
    n_rows = min(_NOISE_CELLS / cells, _FLOPS_AT_A_TIME / (3 * flops_per_row(plan)))
    size = max(1, int(n_rows / rows_per_batch))
    return [(first, min(first + size, n_batches)) for first in range(0, n_batches, size)]


def draw_noise(plan, settings, n_rows, dtype, rng):
    """Input noise (n_rows, n_features) and dropout factors (n_hidden, n_rows), or empty ones."""
    noise = np.zeros((n_rows if settings.input_noise else 0, len(plan.features)), dtype)
    n_hidden = plan.layers[-1, 0] - plan.layers[0, 1]
    kept = np.zeros((n_hidden if settings.dropout else 0, n_rows), dtype)
    if noise.size:
        rng.standard_normal(out=noise, dtype=dtype)
        noise *= settings.input_noise
    if kept.size:
        # 16 random bits for each unit: whole random numbers would take as long as the products
        bits = rng.integers(0, 2**64, -(-kept.size // 4), np.uint64).view(np.uint16)
        kept[:] = bits[: kept.size].reshape(kept.shape) >= round(settings.dropout * 2**16)
        kept /= 1 - settings.dropout
    return noise, kept


def mean_score(network, theta, rows, n_jobs):
    """Weighted mean log-density of rows of the table, averaged over some draws of masks."""
    logs = log_densities(network.networks(theta, _VALIDATION_DRAWS), rows.table, n_jobs)
    return np.average(log_mean_exp(logs), weights=rows.weights)
