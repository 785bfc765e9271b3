"""From the columns of X to the table the network sees, and back.

Real columns are standardised; categories become codes 0, 1, ...; flags stay 0 and 1. The
table is real-valued, (n_samples, n_features), in the network's dtype.
"""

from dataclasses import dataclass

import numpy as np

from skmade._families import (
    FAMILY_NAMES,
    Bernoulli,
    Categorical,
    Gaussian,
    GaussianMixture,
    LogisticMixture,
    NegativeBinomial,
)
from skmade._families._scales import SCALE_FLOOR

# A standardised cell may be this large at most, so that it stays finite in float32.
_LARGEST = 1e30
_REAL = {"gaussian", "gaussian_mixture", "logistic_mixture", "negative_binomial"}


@dataclass
class Columns:
    """What was learnt about each column of X.

    Parameters
    ----------
    conditionals : list of str
        Family of each column.
    center, scale : ndarray of shape (n_features,)
        Of real columns; mean and standard deviation but for wild values, 0 and 1 for the others.
    steps : ndarray of shape (n_features,)
        Distance of neighbouring values of a column of integers, or of another that is
        taken to be on a lattice, with ties; else 0.
    decimals : list of (int or None)
        To how many decimals the values of such a column are rounded, so that draws are the
        same numbers bit for bit; None where they are not.
    categories : list of (ndarray or None)
        Sorted distinct values of each categorical column.
    n_components : int
        Of mixtures.
    """

    conditionals: list
    center: np.ndarray
    scale: np.ndarray
    steps: np.ndarray
    decimals: list
    categories: list
    n_components: int

    @classmethod
    def learn(cls, X, weights, conditionals, n_components, names):
        """Learn scales and categories from training rows.

        Raises
        ------
        ValueError
            If a column does not hold what its family is for.
        """
        n_features = X.shape[1]
        center, scale, steps = np.zeros(n_features), np.ones(n_features), np.zeros(n_features)
        categories, decimals = [None] * n_features, [None] * n_features
        for j, family in enumerate(conditionals):
            if family == "categorical":
                categories[j] = np.unique(X[:, j])
            elif family != "bernoulli":
                column = _as_float(X, [j], names)[:, 0].astype(np.float64)
                center[j], scale[j] = _standardisation(column, weights)
                if family == "logistic_mixture" or _is_integral(column):
                    steps[j] = lattice_step(column)
                    center[j] = _on_lattice(center[j], column[0], steps[j])
                    decimals[j] = _decimals(column)
                if family == "negative_binomial":
                    _check_counts(column, names[j])
                    center[j], steps[j], decimals[j] = np.round(center[j]), 1.0, 0
        return cls(conditionals, center, scale, steps, decimals, categories, n_components)

    def families(self):
        """The family of each column, as an object."""
        make = {
            "bernoulli": lambda j: Bernoulli(),
            "categorical": lambda j: Categorical(len(self.categories[j])),
            "gaussian": lambda j: Gaussian(),
            "gaussian_mixture": lambda j: GaussianMixture(self.n_components),
            "logistic_mixture": lambda j: LogisticMixture(
                self.n_components, self.steps[j] / 2 / self.scale[j]
            ),
            "negative_binomial": lambda j: NegativeBinomial(
                self.n_components, -self.center[j] / self.scale[j], 1 / self.scale[j]
            ),
        }
        return [make[family](j) for j, family in enumerate(self.conditionals)]

    @property
    def is_discrete(self):
        """Whether each column has probabilities, not a density."""
        return [family.is_discrete for family in self.families()]

    @property
    def log_jacobian(self):
        """``log |dz/dx|`` of each column: what turns densities of the table into those of X."""
        return np.where(self.is_discrete, 0.0, -np.log(self.scale))

    def sample_dtype(self, dtype, given_dtype):
        """Name of the dtype of samples, for X of a `given_dtype` that was read as `dtype`.

        Integers are kept where every column is discrete.
        """
        if dtype.kind not in "biuf":
            return "object"
        is_discrete = [
            family in ("bernoulli", "categorical") or step > 0
            for family, step in zip(self.conditionals, self.steps)
        ]
        kinds = "biuf" if all(is_discrete) else "f"
        is_kept = isinstance(given_dtype, np.dtype) and given_dtype.kind in kinds
        return given_dtype.name if is_kept else "float64"

    def encode(self, X, table, names):
        """Write rows of X as rows of the table.

        Raises
        ------
        ValueError
            For values other than 0 and 1 in a Bernoulli column, and for unknown categories.
        """
        present = set(self.conditionals)
        flags, real = self._selection({"bernoulli"}, present), self._selection(_REAL, present)
        if flags is not None:
            values = _as_float(X, flags, names)
            _check_binary(values, flags, names)
            table[:, flags] = values
        if real is not None:
            values = _as_float(X, real, names)
            table[:, real] = self._standardise(values, real)
            for j in np.flatnonzero(np.array(self.conditionals) == "negative_binomial"):
                _check_counts(_as_float(X, [j], names)[:, 0], names[j])
        if "categorical" in present:
            for j, categories in enumerate(self.categories):
                if categories is not None:
                    table[:, j] = _codes(X[:, j], categories, names[j])

    def hold_text(self):
        """Whether the categories of some column are no numbers."""
        return any(c is not None and c.dtype.kind == "O" for c in self.categories)

    def placeholders(self, dtype):
        """A value for each column that may stand where one is missing."""
        values = [
            center if categories is None else categories[0]
            for center, categories in zip(self.center, self.categories)
        ]
        return np.array(values, dtype)

    def _selection(self, families, present):
        """Columns of some families: all as a slice, which needs no copy; None without any.

        `present` are the families of all columns.
        """
        if present <= families:
            return slice(None)
        if present.isdisjoint(families):
            return None
        return np.flatnonzero([family in families for family in self.conditionals])

    def _standardise(self, X, column=...):
        with np.errstate(over="ignore"):
            z = (X.astype(np.float64, copy=False) - self.center[column]) / self.scale[column]
        return np.clip(z, -_LARGEST, _LARGEST)

    def decode(self, table, dtype):
        """Rows of the table as rows of X, an array of a dtype."""
        if set(self.conditionals) == {"bernoulli"}:  # numbers stand for themselves
            return table.astype(dtype, copy=False)
        values = self._values(table)
        if "categorical" not in self.conditionals:
            return values.astype(dtype, copy=False)
        X = np.empty(table.shape, dtype)
        for j, column in enumerate(self._with_categories(values)):
            X[:, j] = column
        return X

    def decode_columns(self, table):
        """Rows of the table as columns of X: a list of arrays."""
        return list(self._with_categories(self._values(table)))

    def _values(self, table):
        """What numbers stand for; categories are still codes."""
        values = self.center + self.scale * table.astype(np.float64)
        for j in np.flatnonzero(self.steps):
            values[:, j] = _on_lattice(values[:, j], self.center[j], self.steps[j])
            if self.decimals[j] is not None:
                values[:, j] = np.round(values[:, j], self.decimals[j])
        return values

    def _with_categories(self, values):
        for column, categories in zip(values.T, self.categories):
            yield column if categories is None else categories[column.astype(int)]


def choose_conditionals(X, conditionals, categorical, text, names):
    """One family per column.

    "auto" is categorical for columns of a categorical dtype or of text, Bernoulli for
    {0, 1}, a discretised mixture of logistics where ties lie on a lattice so coarse that
    narrow components could sit on its points, and a mixture of Gaussians for all others.

    Parameters
    ----------
    X : ndarray
    conditionals : str or sequence of str
    categorical : ndarray of bool
        Columns that are said to be categorical.
    text : ndarray of bool
        Columns that "auto" takes as categorical.
    names : sequence
    """
    n_features = X.shape[1]
    if isinstance(conditionals, str):
        chosen = [conditionals] * n_features
    else:
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
    for j in range(n_features):
        if categorical[j] or (chosen[j] == "auto" and text[j]):
            chosen[j] = "categorical"
        elif chosen[j] == "auto":
            column = _as_float(X, [j], names)[:, 0]
            chosen[j] = (
                "bernoulli" if _is_binary(column)
                else "logistic_mixture" if _is_coarse(column)
                else "gaussian_mixture"
            )  # fmt: skip
    return chosen


def lattice_step(column):
    """Distance of neighbouring values, if a column has ties and lies on a lattice; else 0."""
    values = np.unique(column)
    if len(values) < 2 or len(values) == len(column):
        return 0.0
    for step in (np.diff(values).min(), 1.0):
        place = (values - values[0]) / step
        if place[-1] < 1e7 and np.all(np.abs(place - np.round(place)) < 1e-3):
            return float((values[-1] - values[0]) / np.round(place[-1]))
    return 0.0


def _decimals(column):
    """To how many decimals all values are rounded, if to 15 or fewer."""
    values = np.unique(column)
    return next((n for n in range(16) if np.array_equal(np.round(values, n), values)), None)


def _on_lattice(values, origin, step):
    """The nearest points of a lattice, if there is one."""
    return origin + step * np.round((values - origin) / step) if step > 0 else values


def _is_coarse(column):
    """Whether values repeat on a lattice much coarser than the smallest scale of a mixture."""
    column = column.astype(np.float64)
    _, scale = _standardisation(column, np.ones(len(column)))
    return lattice_step(column) > 5 * SCALE_FLOOR * scale


def _is_integral(column):
    return bool(np.all(column == np.round(column)))


def _is_binary(column):
    return bool(np.all((column == 0) | (column == 1)))


def _check_binary(values, columns, names):
    binary = (values == 0) | (values == 1)
    if not binary.all():
        row, j = np.argwhere(~binary)[0]
        name, other = np.asarray(names)[columns][j], float(values[row, j])
        raise ValueError(
            f"Column {name} has the value {other:g}, but a 'bernoulli' conditional takes 0 and 1 "
            "only; binarise the column, or choose 'categorical', 'gaussian' or "
            "'gaussian_mixture' for it."
        )


def _check_counts(values, name):
    wrong = values[(values < 0) | (values != np.round(values))]
    if len(wrong):
        raise ValueError(
            f"Column {name} has the value {float(wrong[0]):g}, but a 'negative_binomial' "
            "conditional takes whole numbers from 0 on only; choose 'logistic_mixture', "
            "'gaussian_mixture' or 'categorical' for it."
        )


def _as_float(X, columns, names):
    """Some columns of X as floats."""
    values = X[:, columns]
    if values.dtype.kind == "f":
        return values
    try:
        return values.astype(np.float64)
    except ValueError as error:
        text = [any(isinstance(x, str) for x in column) for column in values.T]
        name = np.asarray(names)[columns][np.argmax(text)]
        raise ValueError(
            f"Column {name} is to be real-valued, but holds text ({error}); convert it to "
            "numbers, or choose 'categorical' for it in conditionals."
        ) from None


def _standardisation(column, weights):
    """Center and scale that few values cannot spoil; scale 1 where only rounding varies.

    They are mean and standard deviation after wild values were drawn in, to four times
    the range of the middle nine tenths beyond it: further than a normal column reaches.
    """
    largest = max(np.abs(column).max(), np.finfo(float).tiny)
    ratio = column / largest  # no overflow, whatever the units
    low, high = np.quantile(ratio, [0.05, 0.95])
    reach = 4 * (high - low)
    if reach > 0:
        ratio = np.clip(ratio, low - reach, high + reach)
    mean = np.average(ratio, weights=weights)
    deviation = np.sqrt(np.average((ratio - mean) ** 2, weights=weights))
    if deviation <= 10 * np.finfo(float).eps or np.ptp(column) == 0:
        return mean * largest, 1.0
    return mean * largest, max(deviation * largest, np.finfo(float).tiny)


def _codes(column, categories, name):
    try:
        codes = np.searchsorted(categories, column)
        found = categories[np.minimum(codes, len(categories) - 1)] == column
    except TypeError:  # text among numbers, or numbers among text
        found = np.isin(column.astype(object), categories.astype(object))
        codes = np.zeros(len(column), int)
    if not np.all(found):
        unknown = np.unique(np.asarray(column)[~found].astype(str))[:5].tolist()
        raise ValueError(
            f"Found unknown categories {unknown} in column {name}: they did not occur in fit, "
            "and their probability is not defined. Drop these rows, or fit on rows with them."
        )
    return codes
