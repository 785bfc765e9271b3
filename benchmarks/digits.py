"""Binarized MNIST: likelihood by the number of networks, and digits that were drawn.

    python -m benchmarks.digits --data DIR [--units 4000] [--networks 8] [--minutes 90]

Networks are fitted one after the other, with random states 0, 1, ..., each with its own
ordering; after each, all there are so far are combined, as a mixture and as a product.
Figures are nats per test row. The picture shows digits drawn from the first network, and
below each the nearest training digit.
"""

import time

import matplotlib
import numpy as np

from benchmarks import report, tables
from skmade import MADEDensity
from skmade._ensemble import Ensemble

SETTING = {
    "dropout": 0.5,
    "learning_rate_init": 0.001,
    "n_iter_no_change": 5,
    "n_estimators": 1,
}


def main():
    parser = tables.parser(__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, default=4000, help="of the hidden layer")
    parser.add_argument("--networks", type=int, default=8)
    parser.add_argument("--minutes", type=float, default=90, help="no network begins after these")
    options = parser.parse_args()
    options.sets = ["binarized_mnist"]
    data = tables.load(tables.files(options, "binary")["binarized_mnist"])
    if options.quick:
        data = {part: rows[:500] for part, rows in data.items()}
    results, networks, started = tables.Results("digits", options.quick), [], time.perf_counter()
    for k in range(2 if options.quick else options.networks):
        if time.perf_counter() - started > 60 * options.minutes:
            break
        more = {"max_iter": 2} if options.quick else {}
        model = MADEDensity((options.units,), random_state=k, n_jobs=2, **SETTING, **more)
        model.fit(data["train"], X_val=data["valid"])
        networks += model._density.networks
        if k == 0:
            draw_digits(model, data["train"], results.name)
        seconds = time.perf_counter() - started
        for row in measured(networks, tables.encoded(model, data["test"])):
            results.add(units=options.units, networks=len(networks), fit_s=seconds, **row)
    test = results.table("test", index=["units", "networks"])
    results.finish({"test": test.round(3)})


def measured(networks, test):
    """Figures of the latest network alone, and of all together."""
    ensembles = {"the latest alone": Ensemble.equal(networks[-1:], "mixture")}
    if len(networks) > 1:
        ensembles |= {name: Ensemble.equal(networks, name) for name in ("mixture", "product")}
    for who, ensemble in ensembles.items():
        error = 0.0
        if who == "product":
            error = ensemble.normalize(2, np.random.default_rng(0))
        scores = ensemble.score(test)
        yield {
            "who": who, "test": scores.mean(), "error": scores.std() / len(scores) ** 0.5,
            "normalizer_error": error,
        }  # fmt: skip


def draw_digits(model, train, name):
    """A row of digits that were drawn, above a row of their nearest training digits."""
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    drawn = model.sample(12, random_state=0)
    neighbours = train[differences(drawn, train).argmin(axis=1)]
    figure, axes = plt.subplots(2, len(drawn), figsize=(9, 1.7), layout="constrained")
    for row, digits, title in zip(axes, (drawn, neighbours), ("drawn", "nearest")):
        for ax, digit in zip(row, digits):
            ax.imshow(digit.reshape(28, 28), cmap="gray_r", interpolation="nearest")
            ax.set(xticks=[], yticks=[])
        row[0].set_ylabel(title)
    folder = report.RESULTS / name
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / "digits.png", dpi=150)
    plt.close(figure)


def differences(drawn, train):
    """Numbers of pixels that differ: (n_drawn, n_train)."""
    drawn, train = drawn.astype(np.float32), train.astype(np.float32)
    return drawn @ (1 - train.T) + (1 - drawn) @ train.T


if __name__ == "__main__":
    main()
