"""Chained gradient boosting (miceforest), in an environment of its own.

    python3 -m venv chained
    chained/bin/pip install miceforest==6.0.5 'lightgbm<4.6'
    python -m benchmarks.imputation --data DIR --chained chained/bin/python

That environment's Python runs this file: ``chained.py holes.csv n filled.csv``. Categories are
codes, in columns whose names begin with "category".
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd


class Chained:
    """miceforest, that another Python runs.

    Parameters
    ----------
    python : str
        That of the environment.
    """

    def __init__(self, python):
        self.python = python

    def fill(self, frame, n):
        """So many copies of a frame with its missing cells filled in."""
        codes = {}
        for j, (_, column) in enumerate(frame.items()):
            is_code = column.dtype == "category"
            own = column.cat.codes.where(column.notna()) if is_code else column
            codes[f"{'category' if is_code else 'number'}{j}"] = own
        with tempfile.TemporaryDirectory() as folder:
            holes, filled = Path(folder, "holes.csv"), Path(folder, "filled.csv")
            pd.DataFrame(codes).to_csv(holes, index=False)
            command = [self.python, __file__, holes, str(n), filled]
            subprocess.run(command, check=True, capture_output=True)
            made = pd.read_csv(filled)
        columns = {}
        for (name, column), (_, own) in zip(frame.items(), made.items()):
            if column.dtype == "category":
                own = pd.Categorical.from_codes(own.astype(int), dtype=column.dtype)
            columns[name] = own
        tables, n_rows = pd.DataFrame(columns), len(frame)
        return [tables.iloc[k * n_rows : (k + 1) * n_rows].set_axis(frame.index) for k in range(n)]


def main():
    """Fill in, write."""
    import miceforest

    holes, n, filled = sys.argv[1:]
    frame, n = pd.read_csv(holes), int(n)
    codes = {name: "category" for name in frame if name.startswith("category")}
    kernel = miceforest.ImputationKernel(frame.astype(codes), num_datasets=n, random_state=0)
    kernel.mice(3)
    made = [kernel.complete_data(k) for k in range(n)]
    pd.concat(made).astype(dict.fromkeys(codes, float)).to_csv(filled, index=False)


if __name__ == "__main__":
    main()
