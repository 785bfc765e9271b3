"""Missing cells of real tables filled in; beside other imputers.

    python -m benchmarks.imputation --data DIR [--chained PYTHON] [--forests PYTHON]

2,000 rows at most, permuted by ``default_rng(0)``. 30 % of the cells are removed: at random, or
the more often the higher the row's rank is in the first complete column of numbers, which is
kept. (Cells that were missing before stay missing, and are not judged.) Every imputer fits the
table with holes, and fills it in 19 times, where it draws. Of the cells that were removed:

- error: root mean square error of the mean of the draws, or of the one value there is, over the
  standard deviation of the column;
- right: share of labels for which the most frequent draw is right;
- covered: share of numbers between the lowest and the highest of 19 draws, where equal ones are
  ordered at random: 0.90 is perfect, for columns of few values, too;
- energy: energy distance between the filled rows and the true ones, a thousand of each at most,
  numbers over their standard deviations and labels one-hot, over the root of two; mean over draws;
- downstream: gradient boosting learns one column (see `TARGETS`) from others without gaps of their
  own, in the first half of the filled rows, and predicts it in the second half of the true ones:
  R² of numbers, share of labels that are right, means over 5 filled tables. The row "true cells"
  learnt from rows without holes.

Imputers of numbers see labels one-hot, and the highest is the label. ``benchmarks/chained.py``
says what `--chained` is, and ``benchmarks/forests.py`` what `--forests` is.
"""

import functools
import warnings

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer

from benchmarks import mixed, tables
from benchmarks.elsewhere import fill_elsewhere
from skmade import MADEDensity, MADEImputer

SETS = ["california_housing", "wine_red", "adult_train", "titanic"]
MOST_ROWS, N_DRAWS, SHARE = 2_000, 19, 0.3
MOST_ROWS_OF_ENERGY, N_TABLES = 1_000, 5
#: What is predicted downstream, and a column that would give it away.
TARGETS = {
    "california_housing": ("medianHouseValue", None),
    "wine_red": ("quality", None),
    "adult_train": ("income", None),
    "titanic": ("alive", "survived"),
}


def main():
    parser = tables.parser(__doc__.splitlines()[0])
    parser.add_argument("--chained", help="Python of an environment with miceforest")
    parser.add_argument("--forests", help="Python of an environment with UnmaskingTrees")
    options = parser.parse_args()
    options.sets = options.sets or SETS
    warnings.simplefilter("ignore")
    results = tables.Results("imputation", options.quick)
    for name, path in tables.files(options, "continuous", "mixed").items():
        whole = read(path)
        order = np.random.default_rng(0).permutation(len(whole))
        whole = whole.iloc[order[: 300 if options.quick else MOST_ROWS]].reset_index(drop=True)
        for mechanism in ("random", "by rank"):
            one_table(results, name, mechanism, whole, options)
    frame = pd.DataFrame(results.rows).set_index(["set", "mechanism", "who"]).round(4)
    results.finish({"summary": frame})


def read(path):
    """A table as a DataFrame; empty categories are missing cells."""
    data = tables.load(path)
    if "X" in data:
        return pd.DataFrame(data["X"], columns=data["columns"])
    frame = mixed.read(path)
    for column in frame.select_dtypes("category"):
        frame[column] = frame[column].cat.remove_categories(
            [level for level in ("", "?", "nan") if level in frame[column].cat.categories]
        )
    return frame


def one_table(results, name, mechanism, whole, options):
    """All imputers on one table."""
    removed = to_remove(whole, mechanism)
    holes = whole.mask(removed)
    results.add(
        set=name, mechanism=mechanism, who="true cells", downstream=downstream(name, whole, [whole])
    )
    for who, fill in imputers(options).items():
        try:
            filled, seconds = tables.timed(fill, holes)
        except Exception as error:
            print(name, mechanism, who, repr(error)[:200])
            continue
        judged = judge(whole, removed, filled)
        judged["downstream"] = downstream(name, whole, filled[:N_TABLES])
        results.add(set=name, mechanism=mechanism, who=who, **judged, seconds=seconds)


def to_remove(whole, mechanism):
    """Which cells are removed; none that are missing already."""
    rng, shares = np.random.default_rng(1), np.full(whole.shape, SHARE)
    if mechanism == "by rank":
        numbers = whole.select_dtypes("number")
        driver = next(column for column in numbers if numbers[column].notna().all())
        rank = whole[driver].rank(pct=True).to_numpy()
        shares = np.tile(2 * SHARE * rank[:, None], whole.shape[1])
        shares[:, whole.columns.get_loc(driver)] = 0
    removed = rng.random(whole.shape) < shares
    return pd.DataFrame(removed, whole.index, whole.columns) & whole.notna()


def imputers(options):
    """Functions that fill in a frame: a list of copies."""
    estimator = MADEDensity(max_iter=2) if options.quick else None

    def ours(holes):
        imputer = MADEImputer(estimator, random_state=0).fit(holes)
        return [imputer.set_params(random_state=k).transform(holes) for k in range(N_DRAWS)]

    def of_numbers(imputer, n):
        def fill(holes):
            codes = one_hot(holes)
            fitted = imputer.fit(codes)
            return [labelled(fitted.transform(codes), holes) for _ in range(n)]

        return fill

    functions = {
        "MADEImputer": ours,
        "SimpleImputer": of_numbers(SimpleImputer(), 1),
        "KNNImputer": of_numbers(KNNImputer(), 1),
        "IterativeImputer": of_numbers(
            IterativeImputer(sample_posterior=True, random_state=0), N_DRAWS
        ),
    }
    others = {
        "miceforest": (options.chained, "chained.py"),
        "UnmaskingTrees": (options.forests, "forests.py", "impute"),
    }
    for who, command in others.items():
        if command[0]:
            functions[who] = functools.partial(fill_elsewhere, command, n=N_DRAWS)
    return functions


def one_hot(holes):
    """Labels one-hot, missing where they are."""
    made = []
    for name, column in holes.items():
        if column.dtype == "category":
            used = column.cat.remove_unused_categories()
            codes = pd.get_dummies(used, prefix=name, dtype=float)
            made.append(codes.where(column.notna()))
        else:
            made.append(column)
    return pd.concat(made, axis=1)


def labelled(filled, holes):
    """A frame like that with holes, from numbers for one-hot labels."""
    columns, place = {}, 0
    for name, column in holes.items():
        width = 1
        if column.dtype == "category":
            levels = column.cat.remove_unused_categories().cat.categories
            width = len(levels)
            best = np.argmax(filled[:, place : place + width], axis=1)
            columns[name] = pd.Categorical(levels[best], dtype=column.dtype)
        else:
            columns[name] = filled[:, place]
        place += width
    return pd.DataFrame(columns, holes.index)


def judge(whole, removed, filled):
    """Figures of filled copies of a table."""
    errors, right, covered, rng = [], [], [], np.random.default_rng(2)
    for name, column in whole.items():
        gone = removed[name].to_numpy()
        truth = column[gone].to_numpy()
        if column.dtype == "category":
            votes = pd.concat([copy[name][gone].astype(str) for copy in filled], axis=1)
            right.append(votes.mode(axis=1)[0].to_numpy() == truth.astype(str))
            continue
        draws = np.stack([copy[name][gone].to_numpy(float) for copy in filled])
        errors.append((draws.mean(axis=0) - truth) / column.std())
        if len(filled) > 1:
            place = (draws < truth).sum(axis=0)
            place += rng.integers(0, (draws == truth).sum(axis=0) + 1)
            covered.append((place > 0) & (place < len(draws)))
    figures = {"error": np.sqrt(np.mean(np.concatenate(errors) ** 2))}
    figures["right"] = np.mean(np.concatenate(right)) if right else np.nan
    figures["covered"] = np.mean(np.concatenate(covered)) if covered else np.nan
    figures["energy"] = np.mean([energy(whole, removed, copy) for copy in filled])
    return {key: float(value) for key, value in figures.items()}


def energy(whole, removed, copy):
    """Energy distance of filled rows and true ones, of rows that were complete before."""
    rows = removed.any(axis=1) & whole.notna().all(axis=1)
    columns, of_copy = [], []
    for name, column in whole.items():
        if column.dtype == "category":
            for level in column.cat.categories:
                columns.append((column == level) / np.sqrt(2))
                of_copy.append((copy[name] == level) / np.sqrt(2))
        else:
            columns.append(column / column.std())
            of_copy.append(copy[name] / column.std())
    x, y = (np.column_stack(them)[rows.to_numpy()] for them in (columns, of_copy))
    x, y = x[:MOST_ROWS_OF_ENERGY].astype(float), y[:MOST_ROWS_OF_ENERGY].astype(float)
    return 2 * cdist(x, y).mean() - cdist(x, x).mean() - cdist(y, y).mean()


def downstream(name, whole, filled):
    """How well a column of true rows is predicted by what is learnt from filled ones."""
    target, twin = TARGETS[name]
    used = [x for x in whole if whole[x].notna().all() and x not in (target, twin)]
    first = np.arange(len(whole)) < len(whole) // 2
    is_label = whole[target].dtype == "category"
    kind = HistGradientBoostingClassifier if is_label else HistGradientBoostingRegressor
    scores = []
    for table in filled:
        table = table.astype(whole.dtypes)
        model = kind(random_state=0).fit(table[used][first], table[target][first])
        scores.append(model.score(whole[used][~first], whole[target][~first]))
    return float(np.mean(scores))


if __name__ == "__main__":
    main()
