"""Synthesisers by trees, in an environment of their own: they want older packages than ours.

    python3 -m venv forests
    forests/bin/pip install arfpy==0.1.1 utrees==0.3.0 'scikit-learn<1.7' 'numpy<2.4' 'pandas<3'
    python -m benchmarks.mixed --data DIR --forests forests/bin/python

That environment's Python runs this file: ``forests.py arf|utrees train.csv n drawn.csv``.
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
    """Fit, draw, write."""
    kind, train, n, drawn = sys.argv[1:]
    frame, n = pd.read_csv(train), int(n)
    categories = [name.startswith("category") for name in frame]
    if kind == "arf":
        from arfpy import arf

        codes = {name: str for name, is_code in zip(frame, categories) if is_code}
        model = arf.arf(x=frame.astype(codes), verbose=False)
        model.forde()
        made = model.forge(n)
    else:
        from utrees import UnmaskingTrees

        kinds = ["categorical" if is_code else "continuous" for is_code in categories]
        model = UnmaskingTrees(random_state=0).fit(frame.to_numpy(float), quantize_cols=kinds)
        made = pd.DataFrame(model.generate(n), columns=frame.columns)
    made.to_csv(drawn, index=False)


if __name__ == "__main__":
    main()
