"""What is asked for of each column, by the parameters of an estimator."""

from dataclasses import dataclass

import numpy as np

from skmade._families import FAMILY_NAMES


@dataclass(frozen=True)
class Rule:
    """What is asked for of a column, besides what its dtype and values say."""

    conditional: str = "auto"
    of_numbers: str = "auto"
    """What "auto" is for numbers that are no flags: the name of a family, or chosen by values."""
    is_categorical: bool = False
    labels_are_categories: bool = True
    handle_unknown: str = "error"
    atoms: object = "auto"
    missing: str = "ignorable"

    @property
    def names_atoms(self):
        """Whether atoms were given for this column."""
        return self.atoms is not None and not isinstance(self.atoms, str)


def make_rules(
    names, n_features, conditionals, of_numbers, categorical_features, handle_unknown, atoms,
    missing,
):  # fmt: skip
    """A rule for each column, from parameters of `MADEDensity`.

    `names` are those of the columns of a frame, else empty.

    Raises
    ------
    ValueError
        For parameters that do not fit the columns.
    """
    from_dtype = isinstance(categorical_features, str)
    key = None if from_dtype else categorical_features
    return [
        Rule(family, of_numbers, is_category, from_dtype, handle_unknown, own, missing)
        for family, is_category, own in zip(
            _chosen_conditionals(conditionals, n_features),
            _chosen_categories(key, names, n_features),
            _chosen_atoms(atoms, names, n_features),
        )
    ]


def _chosen_conditionals(conditionals, n_features):
    """One family, or "auto", for each column."""
    if isinstance(conditionals, str):
        return [conditionals] * n_features
    if len(conditionals) != n_features:
        raise ValueError(
            f"conditionals names {len(conditionals)} families, but X has {n_features} "
            "features; give one family for each feature, or one for all."
        )
    chosen = [str(family) for family in conditionals]
    unknown = set(chosen) - {"auto", *FAMILY_NAMES}
    if unknown:
        raise ValueError(
            f"conditionals must be of {FAMILY_NAMES} or 'auto'; got {sorted(unknown)}."
        )
    return chosen


def _chosen_categories(categorical_features, names, n_features):
    """Whether each column is one of those that a mask, names or positions stand for.

    Raises
    ------
    ValueError
        For all others: masks of another length, names that no column has, positions that none is
        at.
    """
    chosen = np.asarray([] if categorical_features is None else categorical_features, object)
    key = [k.item() if isinstance(k, np.generic) else k for k in chosen.ravel()]
    if key and all(isinstance(k, bool) for k in key):
        if len(key) != n_features:
            raise ValueError(
                f"categorical_features is a mask of {len(key)} columns, but X has {n_features}; "
                "give one flag for each column."
            )
        return key
    if all(isinstance(k, str) for k in key):
        columns, what = names, "names"
    elif all(isinstance(k, int) for k in key):
        columns, what = range(n_features), "has the positions"
        key = [k + n_features if k < 0 else k for k in key]
    else:
        raise ValueError(
            "categorical_features must be a mask, or names or positions of columns; got "
            f"{categorical_features!r}."
        )
    known, wanted = set(columns), set(key)
    unknown = [k for k, own in zip(chosen.ravel().tolist(), key) if own not in known]
    if unknown:
        raise ValueError(
            f"categorical_features {what} {unknown}, which X does not have; its columns are "
            f"{list(columns) or f'{n_features}, without names'}."
        )
    return [column in wanted for column in columns or range(n_features)]


def _chosen_atoms(atoms, names, n_features):
    """What `atoms` says of each column."""
    if not isinstance(atoms, dict):
        return [atoms] * n_features
    columns = names or list(range(n_features))
    unknown = [key for key in atoms if key not in columns]
    if unknown:
        raise ValueError(
            f"atoms names {unknown}, which X does not have; its columns are {columns}."
        )
    return [atoms.get(column, "auto") for column in columns]
