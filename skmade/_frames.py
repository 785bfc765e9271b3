"""DataFrames in, DataFrames out: pandas and polars, neither of which is needed.

What is remembered of a frame is plain values.
"""

import sys

import numpy as np


def library_of(X):
    """ "pandas" or "polars" for a DataFrame of theirs, else None."""
    for name in ("pandas", "polars"):
        if name in sys.modules and isinstance(X, sys.modules[name].DataFrame):
            return name
    return None


def describe(X):
    """Names and dtypes of a frame's columns; None for what is no frame."""
    library = library_of(X)
    if library is None:
        return None
    columns, dtypes, categories, ordered = list(X.columns), [], [], []
    for j in range(X.shape[1]):
        dtype = X.dtypes.iloc[j] if library == "pandas" else X.dtypes[j]
        levels = getattr(dtype, "categories", None)  # of polars' Enum, too
        is_fixed = levels is not None and (library == "pandas" or type(dtype).__name__ == "Enum")
        dtypes.append(str(dtype) if library == "pandas" else type(dtype).__name__)
        categories.append(np.array(list(levels), dtype=object) if is_fixed else None)
        ordered.append(bool(getattr(dtype, "ordered", False)))
    return {
        "library": library, "columns": columns, "dtypes": dtypes, "categories": categories,
        "ordered": ordered,
    }  # fmt: skip


def as_objects(X):
    """The cells of a frame."""
    if library_of(X) == "pandas":
        return X.to_numpy(dtype=object)
    return np.array(X.rows(), dtype=object).reshape(X.shape)


def is_categorical(frame):
    """Which columns of a described frame have a dtype of categories or of text."""
    text = {"category", "object", "string", "str", "Categorical", "Enum", "String", "Utf8"}
    return np.array([dtype.split("[")[0] in text for dtype in frame["dtypes"]])


def make_frame(values, frame):
    """A frame as described, from one array for each column."""
    if frame["library"] == "pandas":
        import pandas

        columns = [
            pandas.Series(column, dtype=_pandas_dtype(frame, j)) for j, column in enumerate(values)
        ]
        made = pandas.concat(columns, axis=1) if columns else pandas.DataFrame()
        made.columns = frame["columns"]
        return made
    import polars

    return polars.DataFrame(
        [
            polars.Series(name, column.tolist(), strict=False).cast(_polars_dtype(frame, j))
            for j, (name, column) in enumerate(zip(frame["columns"], values))
        ]
    )


def _pandas_dtype(frame, j):
    import pandas

    if frame["categories"][j] is None:
        return frame["dtypes"][j]
    levels = pandas.Index(frame["categories"][j].tolist())
    return pandas.CategoricalDtype(levels, frame["ordered"][j])


def _polars_dtype(frame, j):
    import polars

    if frame["categories"][j] is not None:
        return polars.Enum(frame["categories"][j].tolist())
    return getattr(polars, frame["dtypes"][j])


def fill_frame(X, values, missing):
    """A copy of a frame with missing cells taken from one array for each column."""
    if library_of(X) == "pandas":
        X = X.copy()
        for j, column in enumerate(values):
            if missing[:, j].any():
                filled = X.iloc[:, j].copy()
                filled[missing[:, j]] = column[missing[:, j]]
                X.isetitem(j, filled)
        return X
    import polars

    columns = []
    for j, (name, dtype) in enumerate(X.schema.items()):
        cells = zip(X[name].to_list(), values[j].tolist(), missing[:, j])
        columns.append(
            polars.Series(name, [new if gone else old for old, new, gone in cells], dtype)
        )
    return polars.DataFrame(columns)
