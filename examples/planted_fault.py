"""Find a planted fault: one cell of a real table is spoilt, and the detector names it.

Prints how many of the spoilt rows are flagged, and for how many the spoilt cell is the one
that made the row strange; draws the contributions of one of them.
"""

import argparse

import matplotlib
import numpy as np
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split

from skmade import ContributionsDisplay, MADEOutlierDetector

matplotlib.use("Agg")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", default="planted_fault.png", help="where the picture goes")
    output = parser.parse_args().output
    table = load_wine(as_frame=True).data
    train, rows = train_test_split(table, test_size=0.3, random_state=0)
    # Of 124 rows, a fifth would leave a dozen to set the threshold.
    detector = MADEOutlierDetector(validation_fraction=0.4, random_state=0).fit(train)
    spoilt, cells = spoil(rows, np.random.default_rng(0))
    usual = detector.score_features(train).mean(axis=0)
    blamed = np.argmin(detector.score_features(spoilt) - usual, axis=1)
    print(f"Wines flagged as they are: {np.mean(detector.predict(rows) == -1):.0%}")
    print(f"Wines flagged with one spoilt cell: {np.mean(detector.predict(spoilt) == -1):.0%}")
    print(f"The spoilt cell contributes least: in {np.mean(blamed == cells):.0%} of them")
    first = int(np.argmin(detector.score_samples(spoilt)))
    display = ContributionsDisplay.from_estimator(
        detector, spoilt.iloc[[first]], reference=train, n_features=8
    )
    display.ax_.set_title(f"spoilt: {table.columns[cells[first]]}")
    display.figure_.savefig(output)
    print(f"See {output}.")


def spoil(rows, rng):
    """In each row one cell is moved by four standard deviations; returns rows and cells."""
    spoilt, cells = rows.astype(float), rng.integers(0, rows.shape[1], len(rows))
    for i, j in enumerate(cells):
        spoilt.iloc[i, j] += rng.choice([-4, 4]) * rows.iloc[:, j].std()
    return spoilt, cells


if __name__ == "__main__":
    main()
