#!/usr/bin/env bash
# imputena's `random_hot_deck_imputation` fills a gap with the value of a row that has the same values in `deck_variables`.
# Rows are looked up by the text of these values, in quotes. A number, a flag or a label of numbers never equals its
# text, so that no row has a donor, and a row without a donor keeps its gap: the table comes back as it was, though
# every gap has some 70 donors. One such column among the decks is enough. Nothing warns or documents it. The same
# column as strings is filled.
# Seen, for 300 rows:
#   imputena 1.0
#   deck column                  gaps before   after   warnings of it
#   grade 1, 2, 3                         76      76                0
#   the same as floats                    76      76                0
#   the same as booleans, > 1             76      76                0
#   the same as a Categorical             76      76                0
#   the same as strings                   76       0                0
#   place (strings) and grade             76      76
# Whoever has decks of numbers makes strings of them first, and counts gaps afterwards.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet numpy==2.4.6 scipy==1.17.1 pandas==2.3.3 scikit-learn==1.9.1 statsmodels==0.15.0
# imputena asks for scikit-learn by a name that can no longer be installed
"$folder/venv/bin/pip" install --quiet --no-deps imputena==1.0
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore - <<'P'
import warnings
from importlib.metadata import version

import numpy as np
import pandas as pd
from imputena import random_hot_deck_imputation

print(f"imputena {version('imputena')}")
print("deck column                  gaps before   after   warnings of it")
rng = np.random.default_rng(0)
np.random.seed(0)
grade = rng.integers(1, 4, 300)
income = 1000 * grade + rng.normal(0, 50, 300)
income[rng.random(300) < 0.25] = np.nan
decks = {
    "grade 1, 2, 3": grade,
    "the same as floats": grade.astype(float),
    "the same as booleans, > 1": grade > 1,
    "the same as a Categorical": pd.Categorical(grade),
    "the same as strings": grade.astype(str),
}
for label, deck in decks.items():
    table = pd.DataFrame({"grade": deck, "income": income})
    # every row with a gap has many donors
    donors = table[table.income.notna()].groupby("grade", observed=True).size()
    assert donors.min() > 50
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        filled = random_hot_deck_imputation(table, "income", ["grade"])
    before, after = table.income.isna().sum(), filled.income.isna().sum()
    told = sum("donor" in str(w.message) or "missing" in str(w.message) for w in said)
    print(f"{label:28} {before:11} {after:7} {told:16}")
    assert told == 0 and after == (0 if label.endswith("strings") else before)
    if after == 0:
        gaps = table.income.isna()
        assert abs(filled.income[gaps] - 1000 * grade[gaps]).max() < 250
# a second column of numbers among the decks is enough
table = pd.DataFrame({"place": rng.choice(["a", "b"], 300), "grade": grade, "income": income})
filled = random_hot_deck_imputation(table, "income", ["place", "grade"])
print(f"{'place (strings) and grade':28} {table.income.isna().sum():11} {filled.income.isna().sum():7}")
assert filled.income.isna().sum() == table.income.isna().sum()
# whatever is not a string is compared with its own text
assert (table.grade == table.grade.astype(str)).sum() == 0
P
