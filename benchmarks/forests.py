"""Trees that draw and fill in, in an environment of their own, with older packages than ours.

    python3 -m venv forests
    forests/bin/pip install arfpy==0.1.1 utrees==0.3.0 'scikit-learn<1.7' 'numpy<2.4' 'pandas<3'
    python -m benchmarks.mixed --data DIR --forests forests/bin/python
    python -m benchmarks.imputation --data DIR --forests forests/bin/python

That environment's Python runs this file: ``forests.py arf|utrees train.csv n drawn.csv``, or
``forests.py impute holes.csv n filled.csv``.
Categories are codes, in columns whose names begin with "category".
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd


class Forest:
    """A synthesiser that another Python runs.

    Parameters
    ----------
    python : str
        That of the environment.
    kind : {"arf", "utrees"}
    """

    def __init__(self, python, kind):
        self.python, self.kind = python, kind

    def fit_and_sample(self, frame, n):
        """Rows drawn after a fit to a frame; whole numbers are rounded."""
        is_category = [dtype == "category" for dtype in frame.dtypes]
        codes = {}
        for j, (name, is_code) in enumerate(zip(frame, is_category)):
            kind, own = ("category", frame[name].cat.codes) if is_code else ("number", frame[name])
            codes[f"{kind}{j}"] = own
        with tempfile.TemporaryDirectory() as folder:
            train, drawn = Path(folder, "train.csv"), Path(folder, "drawn.csv")
            pd.DataFrame(codes).to_csv(train, index=False)
            command = [self.python, __file__, self.kind, train, str(n), drawn]
            subprocess.run(command, check=True, capture_output=True)
            made = pd.read_csv(drawn)
        columns = {}
        for name, is_code, (_, own) in zip(frame, is_category, made.items()):
            if is_code:
                columns[name] = pd.Categorical.from_codes(own.astype(int), dtype=frame[name].dtype)
            else:
                is_whole = (frame[name].dropna() % 1 == 0).all()
                columns[name] = own.round() if is_whole else own
        return pd.DataFrame(columns)


def main():
    """Fit, draw or fill in, write."""
    kind, table, n, made = sys.argv[1:]
    tasks = {"arf": draw_by_arf, "utrees": draw_by_utrees, "impute": impute_by_utrees}
    tasks[kind](pd.read_csv(table), int(n)).to_csv(made, index=False)


def draw_by_arf(frame, n):
    """Rows from adversarial random forests."""
    from arfpy import arf

    codes = {name: str for name in frame if name.startswith("category")}
    model = arf.arf(x=frame.astype(codes), verbose=False)
    model.forde()
    return model.forge(n)


def draw_by_utrees(frame, n):
    """Rows from UnmaskingTrees."""
    return pd.DataFrame(unmasking_trees(frame).generate(n), columns=frame.columns)


def impute_by_utrees(frame, n):
    """Copies filled in by UnmaskingTrees, one below the other."""
    filled = unmasking_trees(frame).impute(n).reshape(-1, frame.shape[1])
    return pd.DataFrame(filled, columns=frame.columns)


def unmasking_trees(frame):
    """UnmaskingTrees, fitted."""
    from utrees import UnmaskingTrees

    is_code = [name.startswith("category") for name in frame]
    kinds = ["categorical" if own else "continuous" for own in is_code]
    return UnmaskingTrees(random_state=0).fit(frame.to_numpy(float), quantize_cols=kinds)


if __name__ == "__main__":
    main()
