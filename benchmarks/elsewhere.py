"""Imputers that want an environment of their own, with older packages than ours.

The Python of that environment runs a script of this folder: ``script ... holes.csv n filled.csv``.
Categories are codes, in columns whose names begin with "category".
"""

import subprocess
import tempfile
from pathlib import Path

import pandas as pd


def fill_elsewhere(command, frame, n):
    """So many copies of a frame with its missing cells filled in.

    Parameters
    ----------
    command : sequence of str
        A Python, the name of a script, and arguments to come before the files.
    frame : DataFrame
    n : int

    Returns
    -------
    list of DataFrame
    """
    codes = {}
    for j, (_, column) in enumerate(frame.items()):
        is_code = column.dtype == "category"
        own = column.cat.codes.where(column.notna()) if is_code else column
        codes[f"{'category' if is_code else 'number'}{j}"] = own
    python, script, *arguments = command
    with tempfile.TemporaryDirectory() as folder:
        holes, filled = Path(folder, "holes.csv"), Path(folder, "filled.csv")
        pd.DataFrame(codes).to_csv(holes, index=False)
        path = Path(__file__).with_name(script)
        subprocess.run(
            [python, path, *arguments, holes, str(n), filled], check=True, capture_output=True
        )
        made = pd.read_csv(filled)
    columns = {}
    for (name, column), (_, own) in zip(frame.items(), made.items()):
        if column.dtype == "category":
            own = pd.Categorical.from_codes(own.astype(int), dtype=column.dtype)
        elif (column.dropna() % 1 == 0).all():
            own = own.round()
        columns[name] = own
    tables, n_rows = pd.DataFrame(columns), len(frame)
    return [tables.iloc[k * n_rows : (k + 1) * n_rows].set_axis(frame.index) for k in range(n)]
