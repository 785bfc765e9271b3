"""Fit a density to two real tables, compare it, draw from it, and flag novel rows.

Prints held-out log-likelihoods beside those of other density estimators and writes a
picture of drawn digits with their nearest training digits.
"""

import argparse
import time

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

from skmade import MADEDensity

matplotlib.use("Agg")
import matplotlib.pyplot as plt

MADE = "MADEDensity"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", default="quickstart.png", help="where the picture goes")
    output = parser.parse_args().output
    console = Console()
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns, console=console) as progress:
        digits = track(progress, "digits: 64 flags", compare_on_digits)
        cancer = track(progress, "breast cancer: 30 real columns", compare_on_real_table)
        novel = track(progress, "novel rows", flag_novel_digits)
        samples = track(progress, "samples and picture", draw_digits, digits[MADE][1], output)
    console.print(as_table(digits, cancer))
    console.print(
        "Digits are flags: for GaussianMixture and KernelDensity the figure is the mean\n"
        "log-density of flags plus uniform noise, which bounds their log-probability from below."
    )
    console.print(f"Of the digits 8, unseen in training, {novel:.0%} are flagged; of others, 5%.")
    console.print(f"{samples} digits were drawn in one pass each; see {output}.")


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
    """Mean held-out log-likelihood of each estimator, and the estimator."""
    X, _ = binary_digits()
    train, test = train_test_split(X, test_size=0.25, random_state=0)
    rng = np.random.default_rng(0)
    return compare(
        train, test, train + rng.random(train.shape), test + rng.random(test.shape),
        MADEDensity(hidden_layer_sizes=(), direct_connections=False, random_state=0),
    )  # fmt: skip


def compare_on_real_table():
    """The same for a table of real numbers, in units of their standard deviations."""
    X = load_breast_cancer().data
    train, test = train_test_split(X, test_size=0.25, random_state=0)
    scaler = StandardScaler().fit(train)
    train, test = scaler.transform(train), scaler.transform(test)
    independent = MADEDensity(hidden_layer_sizes=(), direct_connections=False, random_state=0)
    return compare(train, test, train, test, independent)


def compare(train, test, smooth_train, smooth_test, independent):
    """Fit all estimators; the rivals are tuned by cross-validation and get smooth rows."""
    mixture = GridSearchCV(
        GaussianMixture(reg_covar=1e-3, random_state=0), {"n_components": [1, 2, 5, 10]}, cv=3
    )
    kernel = GridSearchCV(KernelDensity(), {"bandwidth": np.logspace(-1, 0.5, 8)}, cv=3)
    results = {}
    for name, model, smooth in [
        (MADE, MADEDensity(random_state=0), False),
        ("GaussianMixture, tuned", mixture, True),
        ("KernelDensity, tuned", kernel, True),
        ("independent columns", independent, False),
    ]:
        started = time.perf_counter()
        model.fit(smooth_train if smooth else train)
        held_out = smooth_test if smooth else test
        score = np.mean(model.score_samples(held_out)) if not smooth else model.score(held_out)
        if name.startswith("KernelDensity"):
            score /= len(held_out)  # its score is a sum
        results[name] = score, model, time.perf_counter() - started
    return results


def flag_novel_digits():
    """Share of digits 8 flagged by a model that has never seen one, at 5 % false alarms."""
    X, y = binary_digits()
    normal, held_out = train_test_split(X[y != 8], test_size=0.25, random_state=0)
    model = MADEDensity(random_state=0).fit(normal)
    threshold = np.quantile(model.score_samples(held_out), 0.05)
    return np.mean(model.score_samples(X[y == 8]) < threshold)


def draw_digits(model, output, n=12):
    """Draw digits, and write them with the nearest training digits below."""
    X, _ = binary_digits()
    train, _ = train_test_split(X, test_size=0.25, random_state=0)
    drawn = model.sample(n, random_state=0)
    nearest = train[pairwise_distances_argmin(drawn, train, metric="manhattan")]
    figure, axes = plt.subplots(2, n, figsize=(n, 2.4), layout="constrained")
    for rows, images, title in zip(axes, (drawn, nearest), ("drawn", "nearest in training")):
        rows[0].set_title(title, loc="left", fontsize=10)
        for axis, image in zip(rows, images):
            axis.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
            axis.set(xticks=[], yticks=[])
    figure.savefig(output, dpi=150)
    return n


def as_table(digits, cancer):
    """Results as a table."""
    table = Table(title="Mean log-likelihood of held-out rows, in nats (higher is better)")
    table.add_column("estimator")
    for name in ("digits", "seconds", "breast cancer", "seconds"):
        table.add_column(name, justify="right")
    for name in digits:
        cells = [f"{value:.2f}" for r in (digits, cancer) for value in (r[name][0], r[name][2])]
        table.add_row(name, *cells)
    return table


if __name__ == "__main__":
    main()
