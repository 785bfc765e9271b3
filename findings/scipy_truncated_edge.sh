#!/usr/bin/env bash
# `stats.truncate` of SciPy gives the density of a distribution that is cut off. At the limit itself it
# is 0 for a normal or a logistic, although it is greatest right beside it, so that a single row at
# the limit, as rounded measurements have, makes the log-likelihood of a column minus infinity. `mode` names
# the limit, at which `pdf` is 0. Cut exponentials and gammas, whose own supports begin with a number, have
# their density at the limit, and so has `truncnorm`. Both `support`s are the same. Nothing warns of it.
# Seen, for a limit of 1 below:
#   scipy 1.17.1
#                  support      mode   pdf at the limit   and 1e-9 right   log-likelihood of 1000 rounded rows
#   normal         1.0 to inf    1.0               0.00             1.53                    -inf
#   truncnorm      1.0 to inf                      1.53             1.53                  -344.7
#   logistic       1.0 to inf    1.0               0.00             0.73                    -inf
#   exponential    1.0 to inf    1.0               1.00             1.00                  -524.4
# Whoever has rows at the limit takes the density of the whole, divided by the probability beyond it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet scipy==1.17.1 numpy==2.4.6
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W error - <<'P'
from importlib.metadata import version

import numpy as np
from scipy import stats

print(f"scipy {version('scipy')}")
print(
    "               support      mode   pdf at the limit   and 1e-9 right"
    "   log-likelihood of 1000 rounded rows"
)
rows = np.round(stats.truncnorm(1, np.inf).rvs(1000, random_state=0), 1)
assert (rows == 1).any() and (rows >= 1).all()
for name, whole in {
    "normal": stats.Normal(),
    "truncnorm": None,
    "logistic": stats.Logistic(),
    "exponential": stats.make_distribution(stats.expon)(),
}.items():
    cut = stats.truncate(whole, lb=1.0) if whole is not None else stats.truncnorm(1, np.inf)
    low, high = cut.support()
    mode = f"{float(cut.mode()):.1f}" if whole is not None else ""
    at, right = float(cut.pdf(1.0)), float(cut.pdf(1 + 1e-9))
    total = float(np.sum(cut.logpdf(rows)))
    print(f"{name:15}{low:.1f} to {high:.1f}{mode:>7}{at:19.2f}{right:17.2f}{total:24.1f}")
    assert (low, high) == (1, np.inf) and (whole is None or mode == "1.0")
    if name in ("normal", "logistic"):
        # what it should be
        assert np.isclose(whole.pdf(1.0) / whole.ccdf(1.0), right)
        assert at == 0 and total == -np.inf
        assert np.isfinite(np.sum(whole.logpdf(rows) - whole.logccdf(1.0)))
    else:
        assert np.isclose(at, right) and np.isfinite(total)
P
