"""Likelihood of real-valued tables, beside tuned rivals.

    python -m benchmarks.real --data DIR

Columns are jittered within their resolution where values repeat (uniform noise as wide as the
least distance of two values), so that all models are densities of the same thing: else the
likelihood could be made as large as one likes by narrow components on repeated values. They are
standardised; columns with under 20 distinct values and one of each pair correlated above 0.98 are
dropped; rows are permuted by ``default_rng(0)`` and split 80/10/10; rivals are tuned on the
validation rows. Figures are nats per test row. Three densities that are known say how far from
the truth the default model is.
"""

import warnings

import numpy as np
import pandas as pd
from scipy.stats import multivariate_normal, norm
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity

from benchmarks import tables
from skmade import MADEDensity

COMPONENTS = (1, 2, 3, 5, 8, 12, 20, 30, 40)
REGULARISATIONS = (1e-6, 1e-4, 1e-3)
BANDWIDTHS = np.geomspace(0.05, 1.0, 10)


def main():
    options = tables.parser(__doc__.splitlines()[0]).parse_args()
    warnings.simplefilter("ignore")
    more = {"max_iter": 2} if options.quick else {}
    known, real = (tables.Results(n, options.quick) for n in ("known", "real"))
    found = tables.files(options, "continuous")
    if not options.sets:
        known_densities(known, more)
        known.finish({"gaps": pd.DataFrame(known.rows).set_index("set").round(3)})
    for name, path in found.items():
        real_table(real, name, tables.load(path)["X"], more, options.quick)
    test, seconds = real.table("test").round(3), real.table("fit_s").round(1)
    real.finish({"test": test, "seconds": seconds})


def split(rows):
    """80, 10 and 10 per cent of permuted rows."""
    n = len(rows)
    order = np.random.default_rng(0).permutation(n)
    return [rows[part] for part in np.split(order, [int(0.8 * n), int(0.9 * n)])]


def prepared(X):
    """Training, validation and test rows of a real table."""
    X = X[:, [len(np.unique(column)) >= 20 for column in X.T]]
    correlation, kept = np.abs(np.corrcoef(X.T)), []
    for j in range(X.shape[1]):
        if all(correlation[j, k] <= 0.98 for k in kept):
            kept.append(j)
    parts = split(jittered(X[:, kept]))
    mean, deviation = parts[0].mean(axis=0), parts[0].std(axis=0)
    return [(part - mean) / deviation for part in parts]


def jittered(X):
    """Columns in which values repeat, with noise as wide as the least distance of two of them."""
    rng, noisy = np.random.default_rng(1), X.astype(float)
    for column in noisy.T:
        values = np.unique(column)
        if len(values) < len(column):
            column += np.diff(values).min() * rng.uniform(-0.5, 0.5, len(column))
    return noisy


def real_table(results, name, X, more, quick):
    """Ours and the rivals on one table."""
    train, valid, test = prepared(X[:1000] if quick else X)
    for who, setting in [
        ("MADE default", {}),
        ("MADE, product of 4", {"n_estimators": 4, "combination": "product"}),
    ]:
        model = MADEDensity(random_state=0, n_jobs=2, **more, **setting)
        _, seconds = tables.timed(model.fit, train, X_val=valid)
        results.add(set=name, who=who, test=model.score(test), fit_s=seconds)
    rivals = {
        "Gaussian mixture": [
            GaussianMixture(k, reg_covar=regularisation, random_state=0)
            for k in COMPONENTS
            for regularisation in REGULARISATIONS
        ],
        "kernel density": [KernelDensity(bandwidth=h) for h in BANDWIDTHS],
    }
    for who, models in rivals.items():
        rows = train[:8000] if who == "kernel density" else train
        best, seconds = tables.timed(best_of, models[:2] if quick else models, rows, valid)
        score = best.score_samples(test).mean()
        results.add(set=name, who=who, test=score, fit_s=seconds)
    flows(results, name, train, valid, test, quick)


def best_of(models, train, valid):
    """The model with the highest score of the validation rows."""
    return max((m.fit(train) for m in models), key=lambda m: m.score_samples(valid).mean())


def flows(results, name, train, valid, test, quick):
    """Flows of zuko, where it is installed."""
    try:
        import zuko  # noqa: F401

        from benchmarks import rivals
    except ImportError:
        return
    for kind in ("MAF", "NSF"):
        epochs = 1 if quick else 500
        flow, seconds = tables.timed(rivals.fit_flow, kind, train, valid, max_epochs=epochs)
        score = float(rivals.flow_score(flow, test).mean())
        results.add(set=name, who=f"{kind} (zuko)", test=score, fit_s=seconds)


def known_densities(results, more):
    """Correlated Gaussians in six and nine dimensions, and two bumps in one: gaps to the truth."""
    rng = np.random.default_rng(0)
    for d in (6, 9):
        mixing = rng.normal(size=(d, d))
        truth = multivariate_normal(np.zeros(d), mixing @ mixing.T)
        X, fresh = truth.rvs(20_000, rng), truth.rvs(10_000, rng)
        compare(results, f"Gaussian, 20,000 x {d}", X, fresh, truth.logpdf(fresh), more)
    X, fresh = bumps(1400, rng), bumps(10_000, rng)
    density = 0.4 * norm.pdf(fresh[:, 0], -2, 0.7) + 0.6 * norm.pdf(fresh[:, 0], 2, 0.7)
    compare(results, "two bumps, 1,400 x 1", X, fresh, np.log(density), more)


def bumps(n, rng):
    """Draws from a mixture of two Gaussians."""
    return (np.where(rng.random(n) < 0.4, -2, 2) + 0.7 * rng.normal(size=n))[:, None]


def compare(results, name, X, fresh, log_density, more):
    """Default model and truth on fresh rows."""
    model = MADEDensity(random_state=0, n_jobs=2, **more)
    _, seconds = tables.timed(model.fit, X)
    test, truth = model.score(fresh), log_density.mean()
    results.add(set=name, test=test, truth=truth, gap=truth - test, fit_s=seconds)


if __name__ == "__main__":
    main()
