"""What is asked for of each column, by the parameters of an estimator."""

from dataclasses import dataclass
from numbers import Integral

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
    takes_between: bool = True
    """Whether a few of its numbers may be between the points of a lattice: that depends on nothing,
    and rows to come have it as often."""

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


def rules_of_kept(parameters, names, kept):
    """Parameters of an estimator for some of the columns only, from those for all.

    What they say of columns that are left out is left out; positions are counted anew. What does
    not fit the columns stays as it is, for the estimator to complain of.

    Parameters
    ----------
    parameters : dict
        `categorical_features`, `conditionals`, `atoms`, `targets` and `ordering`.
    names : list
        Of all columns of a frame; none of an array's.
    kept : ndarray of bool of shape (n_features,)

    Returns
    -------
    dict
    """
    n, place = len(kept), np.cumsum(kept) - 1

    def anew(keys, by_name=True):
        """Names or positions of columns that are kept; those of names go before positions."""
        found = []
        for key in keys:
            is_name = not isinstance(key, Integral) or (by_name and key in names)
            if is_name or not -n <= key < n:
                found += [key] if key not in names or kept[names.index(key)] else []
            elif kept[key]:
                found.append(int(place[key]))
        return found

    made = dict(parameters)
    categories, families = made["categorical_features"], made["conditionals"]
    atoms, targets, ordering = made["atoms"], made["targets"], made["ordering"]
    if categories is not None and not isinstance(categories, str):
        keys = _listed(categories)
        is_mask = keys and all(isinstance(key, bool) for key in keys)
        made["categorical_features"] = (
            [key for key, own in zip(keys, kept) if own] if is_mask else anew(keys, by_name=False)
        )
    if not isinstance(families, str) and len(families) == n:
        made["conditionals"] = [family for family, own in zip(families, kept) if own]
    if isinstance(atoms, dict):
        made["atoms"] = {k: values for key, values in atoms.items() for k in anew([key])}
    if targets is not None:
        is_one = isinstance(targets, str) or not np.iterable(targets)
        made["targets"] = anew([targets] if is_one else targets) or None
    if made["targets"] is None and isinstance(ordering, str) and ordering == "auto":
        made["ordering"] = "random"
    elif not isinstance(ordering, str):
        made["ordering"] = anew(ordering, by_name=False)
    return made


def _listed(columns):
    """Flags, names or positions of columns as plain values; names may be tuples."""
    if any(isinstance(column, tuple) for column in columns):
        return list(columns)
    return np.asarray(columns, object).ravel().tolist()


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
    chosen = _listed([] if categorical_features is None else categorical_features)
    key = [k.item() if isinstance(k, np.generic) else k for k in chosen]
    if key and all(isinstance(k, bool) for k in key):
        if len(key) != n_features:
            raise ValueError(
                f"categorical_features is a mask of {len(key)} columns, but X has {n_features}; "
                "give one flag for each column."
            )
        return key
    if all(isinstance(k, str | tuple) for k in key):
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
    unknown = [k for k, own in zip(chosen, key) if own not in known]
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
