"""The picture at the head of README and documentation.

A density that can be seen, draws beside rows that the model has not seen, and the cell that makes
a row strange.
"""

import argparse
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer, make_moons
from sklearn.model_selection import train_test_split

from skmade import ContributionsDisplay, DrawsDisplay, MADEDensity, MADEOutlierDetector

matplotlib.use("Agg")
plt.rc("axes", titlesize="medium")
PICTURE = Path(__file__).parents[1] / "docs" / "_static" / "glance.png"
COLUMNS = ["radius", "texture", "area", "smoothness", "compactness", "symmetry"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", default=PICTURE, help="where the picture goes")
    output = parser.parse_args().output
    figure, axes = plt.subplots(1, 3, figsize=(11, 3.2), layout="constrained")
    show_density(axes[0])
    table = load_breast_cancer(as_frame=True).data[[f"mean {name}" for name in COLUMNS]]
    train, test = train_test_split(table.set_axis(COLUMNS, axis=1), test_size=200, random_state=0)
    spoilt = test.iloc[[0]].assign(area=1200.0)
    show_draws(axes[1], train, test, spoilt)
    show_strange_row(axes[2], train, spoilt)
    figure.savefig(output, dpi=90)
    print(f"See {output}.")


def show_density(ax):
    """The density of two columns, and rows that it was learnt from."""
    X, _ = make_moons(3000, noise=0.08, random_state=0)
    model = MADEDensity((64, 64), n_estimators=2, random_state=0).fit(X)
    sides = np.linspace(-1.5, 2.5, 200), np.linspace(-1, 1.5, 200)
    grid = np.stack(np.meshgrid(*sides), axis=-1)
    density = np.exp(model.score_samples(grid.reshape(-1, 2))).reshape(200, 200)
    ax.pcolormesh(*sides, density, cmap="Blues", rasterized=True)
    ax.plot(*X[:150].T, ".", color="0.3", markersize=2)
    ax.set(title="the density of two columns", xticks=[], yticks=[])


def show_draws(ax, train, test, spoilt):
    """Draws of two of six columns, beside rows that the model has not seen, and a spoilt one."""
    model, pair = MADEDensity(random_state=0).fit(train), ("radius", "area")
    DrawsDisplay.from_estimator(
        model, test, features=[pair], n_samples=len(test), random_state=0, ax=ax
    )
    ax.plot(*spoilt[list(pair)].iloc[0], "x", color="tab:red", markersize=9, label="a spoilt row")
    ax.set_title("draws beside rows that it has not seen")
    ax.legend()


def show_strange_row(ax, train, spoilt):
    """What the cells of a spoilt row contribute."""
    detector = MADEOutlierDetector(validation_fraction=0.4, random_state=0).fit(train)
    ContributionsDisplay.from_estimator(detector, spoilt, reference=train, ax=ax)
    p = detector.p_values(spoilt)[0]
    ax.set_title(f"why that row is strange (p = {p:.3f})")


if __name__ == "__main__":
    main()
