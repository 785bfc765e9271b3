"""What the accuracy benchmarks share: the data folder, the command line, and results."""

import argparse
import os
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import report
from skmade._columns import Table


def parser(description):
    """The command line that all have."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--data", default=os.environ.get("SKMADE_DATA"), help="folder of the data")
    made.add_argument("--quick", action="store_true", help="a few rows and epochs, to see it works")
    made.add_argument("--sets", nargs="+", help="names of the data sets; all by default")
    return made


def files(options, *kinds, unless_named=()):
    """The npz files of some kinds, by name: those asked for, or else all but `unless_named`."""
    if not options.data:
        sys.exit("Where is the data? Give --data DIR, or set SKMADE_DATA.")
    found = {}
    for kind in kinds:
        folder = Path(options.data, kind)
        if len(kinds) == 1 and not folder.is_dir():
            folder = folder.parent  # DIR may be the folder of the kind itself
        paths = {path.stem: path for path in sorted(folder.glob("*.npz"))}
        names = [
            name
            for name in paths
            if (name in options.sets if options.sets else name not in unless_named)
        ]
        cut = options.quick and not options.sets
        found |= {name: paths[name] for name in (names[:1] if cut else names)}
    missing = sorted(set(options.sets or []).difference(found))
    if missing or not found:
        what = f"{', '.join(missing)}.npz" if missing else ".npz file"
        sys.exit(f"There is no {what} in {' or '.join(kinds)} of {options.data}.")
    return found


def load(path):
    """The arrays of an npz file."""
    with np.load(path) as data:
        return {key: data[key] for key in data.files}


def encoded(model, X):
    """Rows as the networks of a fitted model see them."""
    density = model._density
    return density.encode(density.columns.numbers(Table.read(model, X, reset=False)))


def timed(function, *arguments, **options):
    """What a function returns, and the seconds it took."""
    started = time.perf_counter()
    result = function(*arguments, **options)
    return result, time.perf_counter() - started


class Results:
    """Rows of results, printed and written as they come; with `resume`, after those there are."""

    def __init__(self, name, quick, resume=False):
        self.name, self.rows = f"{name}-quick" if quick else name, []
        written = report.RESULTS / self.name / "results.csv"
        if resume and written.exists():
            self.rows = pd.read_csv(written).to_dict("records")

    def has(self, **row):
        """Whether there is a row with these values."""
        return any(row.items() <= other.items() for other in self.rows)

    def add(self, **row):
        """One more row."""
        self.rows.append(row)
        text = {k: f"{v:.4g}" if isinstance(v, float) else str(v) for k, v in row.items()}
        print("  ".join(f"{key} {value}" for key, value in text.items()), flush=True)
        folder = report.RESULTS / self.name
        folder.mkdir(parents=True, exist_ok=True)
        pd.DataFrame(self.rows).to_csv(folder / "results.csv", index=False)

    def finish(self, tables):
        """Write everything, with tables made of the rows."""
        report.write(self.name, self.rows, tables)

    def table(self, value, index="set", columns="who"):
        """One column of the rows, laid out."""
        frame = pd.DataFrame(self.rows)
        return frame.pivot_table(value, index, columns, sort=False)
