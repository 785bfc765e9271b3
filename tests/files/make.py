"""Fit the models whose files later releases must load: ``python tests/files/make.py``.

Run once for each release; its files are kept from then on.
"""

import pickle
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

import skmade


def table(n=60):
    """A table with a column of each kind."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=n)
    days = np.datetime64("2026-01-01", "s") + (rng.integers(0, 300, n) * 86400)
    return pd.DataFrame(
        {
            "real": x,
            "count": rng.poisson(3, n),
            "flag": x > 0,
            "two": np.where(x > 0.5, 3.5, 1.25),
            "constant": np.full(n, 7.0),
            "label": np.array(["a", "b", "01", "1"])[rng.integers(0, 4, n)].astype(object),
            "level": pd.Categorical(rng.integers(0, 3, n), categories=[0, 1, 2, 3]),
            "day": pd.Series(days).dt.tz_localize("UTC"),
        }
    )


MODELS = {
    "one": skmade.MADEDensity((16, 12), n_estimators=1),
    "product": skmade.MADEDensity((16,), n_estimators=3, combination="product"),
    "residual": skmade.MADEDensity((60, 60), residual=True, n_estimators=2, dtype="float64"),
    "draws": skmade.MADEDensity((16,), n_masks=3),
    "agnostic": skmade.MADEDensity((16,), n_masks=None),
    "passes": skmade.MADEDensity((16,), n_estimators=2, handle_unknown="rare"),
    "detector": skmade.MADEOutlierDetector((16,), n_estimators=2),
}


def holes():
    """The table without some of its cells: one of each column in ten."""
    X, rng = table().astype({"count": "Int64", "flag": "boolean"}), np.random.default_rng(1)
    for name in X:
        X.loc[rng.random(len(X)) < 0.1, name] = None
    return X


def make():
    """Write fitted models with the scores they give."""
    X = table()
    for name, model in MODELS.items():
        model.set_params(random_state=0, max_iter=3, n_components=2)
        fit = model.partial_fit if name == "passes" else model.fit
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit(X)
        write(name, {"model": model, "scores": model.score_samples(X)})
    make_imputer()


def make_imputer():
    """Write a fitted imputer with the scores of its density."""
    X = pd.concat([holes(), holes()], ignore_index=True)  # it keeps rows that repeat others
    density = skmade.MADEDensity((16,), n_estimators=2, max_iter=3, n_components=2, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        imputer = skmade.MADEImputer(density, add_indicator=True, random_state=0).fit(X)
    write("imputer", {"model": imputer, "scores": imputer.estimator_.score_samples(X)})


def write(name, stored):
    """Write a file of this release."""
    path = Path(__file__).with_name(f"{skmade.__version__}-{name}.pickle")
    path.write_bytes(pickle.dumps(stored))


if __name__ == "__main__":
    make()
