"""Fit a density to two real tables, compare it, draw from it, and flag novel rows.

Prints held-out log-likelihoods beside those of other density estimators and writes a
picture of drawn digits with their nearest training digits. Figures are means over several random
states, in whole nats beside ours: training differs in the last bits from processor to processor,
and its results by some tenths of a nat.
"""

import argparse

import matplotlib
import numpy as np
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.metrics import pairwise_distances_argmin
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neighbors import KernelDensity
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from skmade import MADEDensity

matplotlib.use("Agg")
import matplotlib.pyplot as plt

MADE = "MADEDensity"
FALSE_ALARMS = 0.05
RANDOM_STATES = range(3)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", default="quickstart.png", help="where the picture goes")
    output = parser.parse_args().output
    console = Console()
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    # the threads of BLAS slow down mixtures of small tables
    with threadpool_limits(1, "blas"), Progress(*columns, console=console) as progress:
        digits, models = track(progress, "digits: 64 flags", compare_on_digits)
        cancer, _ = track(progress, "breast cancer: 30 real columns", compare_on_real_table)
        novel = track(progress, "novel rows", flag_novel_digits)
        samples = track(progress, "samples and picture", draw_digits, models[0], output)
    console.print(as_table(digits, cancer))
    console.print(
        f"Mean log-likelihoods less that of {MADE}, a mean over {len(RANDOM_STATES)} random "
        "states.\nDigits are flags: there the figures of GaussianMixture and KernelDensity are\n"
        "mean log-densities of flags plus uniform noise, which bound their\n"
        "log-probabilities from below."
    )
    console.print(
        f"At a threshold that flags {FALSE_ALARMS:.0%} of held-out digits, about "
        f"{np.round(4 * novel) / 4:.0%} of the digits 8 are\nflagged by a model that has seen none."
    )
    console.print(f"{samples} digits were drawn in one pass; see {output}.")


def track(progress, description, function, *arguments):
    """Call a function and show that it is running."""
    task = progress.add_task(description, total=1)
    result = function(*arguments)
    progress.update(task, completed=1)
    return result


def binary_digits():
    """The digits of scikit-learn, a pixel being on or off."""
    data = load_digits()
    return (data.data > 7.5).astype(np.uint8), data.target


def compare_on_digits():
    """Mean held-out log-likelihoods by name, and our models."""
    X, _ = binary_digits()
    train, test = split(X)
    rng = np.random.default_rng(0)
    return compare(train, test, train + rng.random(train.shape), test + rng.random(test.shape))


def compare_on_real_table():
    """The same for a table of real numbers."""
    train, test = split(load_breast_cancer().data)
    scaler = StandardScaler().fit(train)
    train, test = scaler.transform(train), scaler.transform(test)
    return compare(train, test, train, test)


def split(X):
    """Rows to train on, and rows to judge by."""
    return train_test_split(X, test_size=0.25, random_state=0)


def compare(train, test, smooth_train, smooth_test):
    """Fit all estimators; the rivals are tuned by cross-validation and get smooth rows."""
    mixture = GridSearchCV(
        GaussianMixture(reg_covar=1e-3, random_state=0),
        {"n_components": [1, 2, 5, 10, 20, 50], "covariance_type": ["full", "tied", "diag"]},
        cv=3,
    )
    kernel = GridSearchCV(KernelDensity(), {"bandwidth": np.logspace(-1, 0.5, 8)}, cv=3)
    independent = MADEDensity(
        hidden_layer_sizes=(),
        direct_connections=False,
        n_estimators=1,
        max_iter=3000,
        random_state=0,
    )
    rivals = {
        "GaussianMixture, tuned": (mixture, smooth_train, smooth_test),
        "KernelDensity, tuned": (kernel, smooth_train, smooth_test),
        "independent columns": (independent, train, test),
    }
    models = [MADEDensity(random_state=k, n_jobs=-1).fit(train) for k in RANDOM_STATES]
    results = {MADE: np.mean([model.score(test) for model in models])}
    for name, (model, fitted_to, judged_by) in rivals.items():
        results[name] = model.fit(fitted_to).score_samples(judged_by).mean()
    return results, models


def flag_novel_digits():
    """Share of digits 8 flagged by a model that has never seen one."""
    X, y = binary_digits()
    normal, held_out = split(X[y != 8])
    model = MADEDensity(random_state=0, n_jobs=-1).fit(normal)
    threshold = np.quantile(model.score_samples(held_out), FALSE_ALARMS)
    return np.mean(model.score_samples(X[y == 8]) < threshold)


def draw_digits(model, output, n=12):
    """Draw digits, and write them with the nearest training digits below."""
    train, _ = split(binary_digits()[0])
    drawn = model.sample(n, random_state=0)
    nearest = train[pairwise_distances_argmin(drawn, train, metric="manhattan")]
    figure, axes = plt.subplots(2, n, figsize=(n, 2.6), layout="constrained")
    for rows, images, title in zip(axes, (drawn, nearest), ("drawn", "nearest in training")):
        rows[0].set_title(title, loc="left", fontsize=10)
        for axis, image in zip(rows, images):
            axis.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
            axis.set(xticks=[], yticks=[])
    for axis, n_different in zip(axes[1], np.sum(drawn != nearest, axis=1)):
        axis.set_xlabel(f"{n_different} pixels differ", fontsize=8)
    figure.savefig(output, dpi=150)
    plt.close(figure)
    return n


def as_table(digits, cancer):
    """How far each estimator is from ours, as a table."""
    table = Table(title=f"Nats per held-out row, beside {MADE}")
    for name in ("estimator", "digits", "breast cancer"):
        table.add_column(name, justify="left" if name == "estimator" else "right")
    for name in digits:
        away = [results[name] - results[MADE] for results in (digits, cancer)]
        table.add_row(name, *(f"{nats:.0f}" for nats in away))
    return table


if __name__ == "__main__":
    main()
