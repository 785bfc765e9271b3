"""Chained gradient boosting (miceforest), in an environment of its own.

    python3 -m venv chained
    chained/bin/pip install miceforest==6.0.5 'lightgbm<4.6'
    python -m benchmarks.imputation --data DIR --chained chained/bin/python

That environment's Python runs this file: ``chained.py holes.csv n filled.csv``; see
``benchmarks/elsewhere.py``.
"""

import sys

import miceforest
import pandas as pd


def main():
    """Fill in, write."""
    holes, n, filled = sys.argv[1:]
    frame, n = pd.read_csv(holes), int(n)
    codes = {name: "category" for name in frame if name.startswith("category")}
    kernel = miceforest.ImputationKernel(frame.astype(codes), num_datasets=n, random_state=0)
    kernel.mice(3)
    made = [kernel.complete_data(k) for k in range(n)]
    pd.concat(made).astype(dict.fromkeys(codes, float)).to_csv(filled, index=False)


if __name__ == "__main__":
    main()
