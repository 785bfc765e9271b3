"""Halves of faces of unseen people completed, lower ones and upper ones by one network.

    python -m benchmarks.faces --data DIR

The Olivetti faces (AT&T Laboratories Cambridge): 40 people, ten pictures each, here of 16 x 16
pixels. 26 people train, with mirror images; 4 judge, and the last 10 are completed. One
order-agnostic network draws each half given the other 19 times. Of the pixels that were hidden:

- error: root mean square error of the mean of the draws, or of the one completion there is, as a
  share of the range of brightness;
- covered: share between the lowest and the highest of the draws: 0.90 is perfect.

Beside it: the half of the nearest training face, ridge regression and extremely randomised trees,
as in scikit-learn's example of faces; each is fitted for one half, and has one completion. The
picture shows lower halves of the first picture of some people, four draws each, with the training
face beside that is nearest to the first.
"""

import matplotlib
import numpy as np
import pandas as pd
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.linear_model import RidgeCV
from sklearn.metrics import pairwise_distances_argmin
from sklearn.neighbors import KNeighborsRegressor

from benchmarks import report, tables
from skmade import MADEDensity

SIDE, N_DRAWS, N_SHOWN = 16, 19, 6
#: People who train, and from whom on they are completed.
TRAIN, TEST = 26, 30


def main():
    options = tables.parser(__doc__.splitlines()[0]).parse_args()
    options.sets = ["olivetti"]
    data = tables.load(tables.files(options, "images")["olivetti"])
    faces, people = small(data["X"]), data["subject"]
    train, validation, test = (
        faces[own] for own in (people < TRAIN, (people >= TRAIN) & (people < TEST), people >= TEST)
    )
    train = np.concatenate([train, train[:, :, ::-1]])
    train, validation, test = (x.reshape(len(x), -1) for x in (train, validation, test))
    results = tables.Results("faces", options.quick)
    model, seconds = tables.timed(fitted, train, validation, options.quick)
    halves = np.arange(SIDE**2) < SIDE**2 // 2
    for half, known in (("lower", halves), ("upper", ~halves)):
        hidden = np.where(known, test, np.nan)
        draws = np.stack([model.sample_conditional(hidden, random_state=k) for k in range(N_DRAWS)])
        results.add(half=half, who="MADEDensity", **judged(draws, test, ~known), seconds=seconds)
        if half == "lower":
            draw_faces(test, hidden, draws, train, results.name)
        for who, regressor in rivals().items():
            _, own = tables.timed(regressor.fit, train[:, known], train[:, ~known])
            filled = test.copy()
            filled[:, ~known] = regressor.predict(test[:, known])
            results.add(half=half, who=who, **judged(filled[None], test, ~known), seconds=own)
    frame = pd.DataFrame(results.rows).set_index(["half", "who"]).round(3)
    results.finish({"summary": frame})


def small(pictures):
    """Pictures of SIDE x SIDE pixels, of brightness from 0 to 1."""
    n, side, _ = pictures.shape
    step = side // SIDE
    blocks = pictures.reshape(n, SIDE, step, SIDE, step).mean(axis=(2, 4))
    return (blocks - blocks.min()) / np.ptp(blocks)


def fitted(train, validation, quick):
    """One network for all orderings of the pixels."""
    more = {"max_iter": 2} if quick else {}
    model = MADEDensity(
        (500, 500), n_masks=None, conditionals="gaussian", input_noise=0.1, n_iter_no_change=12,
        random_state=0, n_jobs=2, **more,
    )  # fmt: skip
    return model.fit(train, X_val=validation)


def rivals():
    """Regressions of one half on the other."""
    return {
        "nearest face": KNeighborsRegressor(n_neighbors=1),
        "RidgeCV": RidgeCV(alphas=np.logspace(-2, 3, 11)),
        "ExtraTreesRegressor": ExtraTreesRegressor(max_features=32, random_state=0, n_jobs=2),
    }


def judged(draws, test, hidden):
    """Figures of completions, (n_draws, n, n_pixels)."""
    draws, truth = draws[:, :, hidden], test[:, hidden]
    figures = {"error": np.sqrt(np.mean((draws.mean(axis=0) - truth) ** 2)), "covered": np.nan}
    if len(draws) > 1:
        lowest, highest = draws.min(axis=0), draws.max(axis=0)
        figures["covered"] = np.mean((lowest <= truth) & (truth <= highest))
    return {key: float(value) for key, value in figures.items()}


def draw_faces(test, hidden, draws, train, name):
    """A row of pictures for each of some people."""
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    shown = np.arange(N_SHOWN) * 10
    nearest = train[pairwise_distances_argmin(draws[0], train)]
    columns = {"unseen": test, "known": hidden, "mean": draws.mean(axis=0)}
    columns |= {f"draw {k + 1}": draws[k] for k in range(4)} | {"nearest to 1": nearest}
    figure, axes = plt.subplots(
        N_SHOWN, len(columns), figsize=(len(columns), 1.08 * N_SHOWN), layout="constrained"
    )
    for own, (title, pictures) in zip(axes.T, columns.items()):
        own[0].set_title(title, fontsize="medium")
        for ax, picture in zip(own, pictures[shown]):
            ax.imshow(picture.reshape(SIDE, SIDE), cmap="gray", vmin=0, vmax=1)
            ax.set(xticks=[], yticks=[], facecolor="mistyrose")
    folder = report.RESULTS / name
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / "faces.png", dpi=150)
    plt.close(figure)


if __name__ == "__main__":
    main()
