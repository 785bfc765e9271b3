"""Times of training, scoring and sampling, beside what a user would run instead.

    python -m benchmarks.speed [--quick] [--threads 1 2]

All run in one process, on the same number of threads, one turn after the other; medians of
at least five turns, compile time apart. The floor is the time that the useful operations would
take at the speed of this machine's dense float32 product, measured in the same turns.
"""

import argparse
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from functools import partial

import numpy as np
import pandas as pd
import threadpoolctl
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity

from benchmarks import report, tables
from skmade import MADEDensity, _training
from skmade._masks import reference_masks

CASES = {
    "tabular": (16, (64, 64), 128),
    "medium": (64, (256, 256), 128),
    "dna": (180, (500,), 100),
    "mnist": (784, (500,), 100),
    "wide": (784, (1000, 1000), 100),
}
N_BATCHES, N_SCORED, N_DRAWN = 20, 10_000, 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two small cases, to see it works")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    cases = ["tabular", "dna"] if options.quick else options.cases
    rows = []
    for n_threads in [1] if options.quick else options.threads:
        with threadpoolctl.threadpool_limits(n_threads):
            for name in cases:
                for row in run_case(name, n_threads, max(5, options.repeats), options.quick):
                    rows.append({"case": name, "threads": n_threads, **row})
                    print(rows[-1], flush=True)
    report.write("speed-quick" if options.quick else "speed", rows, {"ratios": ratios(rows)})


def run_case(name, n_threads, repeats, quick):
    """Rows of results of one case."""
    n_features, hidden, batch_size = CASES[name]
    rng = np.random.default_rng(0)
    X = (rng.random((N_BATCHES * batch_size, n_features)) < 0.4).astype(np.float32)
    scored = np.resize(X, (N_SCORED, n_features))
    started = time.perf_counter()
    model = MADEDensity(
        hidden, batch_size=batch_size, dropout=0.0, alpha=0.0, max_iter=1, ordering="natural",
        early_stopping=False, random_state=0, n_jobs=n_threads, n_estimators=1,
    ).fit(X)  # fmt: skip
    model.score_samples(scored), model.sample(1)
    yield {"task": "compile", "who": "skmade", "median_s": time.perf_counter() - started}
    network = model._density.networks[0]
    tasks = {
        task: {"skmade": function} for task, function in calls(model, network, X, scored).items()
    }
    if n_threads > 1:
        one = copy(model).set_params(n_jobs=1)
        several = [calls(one, network, X, scored) for _ in range(n_threads)]
        for task, functions in tasks.items():
            alone = [functions_of_one[task] for functions_of_one in several]
            functions["skmade, one thread"] = alone[0]
            functions[f"skmade, {n_threads} at once"] = partial(at_once, alone)
    add_rivals(tasks, network, X, scored, batch_size, n_threads, quick)
    if n_features <= 64:
        add_scikit_learn(tasks["score"], X, scored)
    useful = int(network.plan.extents.sum())
    operations = {
        "fit step": 6 * useful * batch_size,
        "score": 2 * useful * N_SCORED,
        "sample": 2 * useful * N_DRAWN,
        "score one row": 2 * useful,
    }
    a = rng.random((2000, 2000), dtype=np.float32)
    for task, functions in tasks.items():
        functions["dense product"] = lambda: a @ a
        # (D passes take up to a minute)
        times = report.seconds_in_turn(functions, 5 if task == "sample" else repeats)
        speed = 2 * len(a) ** 3 / np.median(times.pop("dense product"))
        yield {"task": task, "who": "floor", "median_s": operations[task] / speed}
        per = N_BATCHES if task == "fit step" else 1
        for who, own in times.items():
            yield {"task": task, "who": who, **report.summary([t / per for t in own])}


def calls(model, network, X, scored):
    """What is timed of ours."""
    return {
        "fit step": epoch(model, network, X),
        "score": lambda: model.score_samples(scored),
        "sample": lambda: model.sample(N_DRAWN, random_state=0),
        "score one row": lambda: model.score_samples(scored[:1]),
    }


def at_once(functions):
    """Call functions at the same time, each in a thread of its own."""
    with ThreadPoolExecutor(len(functions)) as pool:
        list(pool.map(lambda function: function(), functions))


def epoch(model, network, X):
    """A function that goes once through X in steps of training."""
    rows = _training.Rows(tables.encoded(model, X), np.ones(len(X)))
    progress = _training.Progress.start(network.theta, 1e-3)
    settings, rng = model._settings(len(X), [True] * X.shape[1]), np.random.default_rng(0)
    return lambda: _training.run_one_epoch(network, progress, rows, settings, rng)


def add_rivals(tasks, network, X, scored, batch_size, n_threads, quick):
    """PyTorch and zuko, where they are installed."""
    try:
        from benchmarks import rivals
    except ImportError:
        return
    rivals.set_threads(n_threads)
    n_features = X.shape[1]
    masks, direct = reference_masks(network.degrees, n_features)
    torch_model = rivals.TorchMADE(masks, direct)
    steps = {"PyTorch": rivals.training_step(torch_model, compiled=False)}
    if not quick:
        compiled = rivals.TorchMADE(masks, direct)
        steps["PyTorch compiled"] = rivals.training_step(compiled, compiled=True)
    try:
        hidden = [len(layer) for layer in network.degrees]
        steps["zuko MAF"], _ = rivals.zuko_step(n_features, hidden)
    except ImportError:
        pass
    batches = rivals.tensor(X).split(batch_size)
    for who, step in steps.items():
        tasks["fit step"][who] = lambda step=step: [step(batch) for batch in batches]
    once = torch_model.masked_once()
    tasks["score"]["PyTorch masked once"] = lambda: rivals.score(once, scored)
    tasks["sample"]["PyTorch, D passes"] = lambda: rivals.sample(once, N_DRAWN, n_features)


def add_scikit_learn(functions, X, scored):
    """Densities of scikit-learn, which know no flags but can be timed on them."""
    for model in (GaussianMixture(5, reg_covar=1e-3), KernelDensity()):
        model.fit(X)
        functions[type(model).__name__] = lambda model=model: model.score_samples(scored)


def ratios(rows):
    """Rival's time divided by ours; for the floor, the share of it that we reach."""
    table = pd.DataFrame(rows).pivot_table(
        index=["task", "threads", "who"], columns="case", values="median_s", sort=False
    )
    ours = table.xs("skmade", level="who")
    shared = table[table.index.get_level_values("task").isin(["fit step", "score", "sample"])]
    compared = shared.drop("skmade", level="who").copy()
    for index in compared.index:
        compared.loc[index] /= ours.loc[index[:2]]
    return compared[[case for case in CASES if case in compared]].round(2)


if __name__ == "__main__":
    main()
