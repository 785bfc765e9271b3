"""Numbers: real columns, and those on a lattice, as counts are."""

from dataclasses import dataclass, replace

import numpy as np

from skmade._columns._column import Column, from_numbers, to_numbers
from skmade._families import family_named, make_family
from skmade._families._scales import SCALE_FLOOR


@dataclass(kw_only=True)
class Real(Column):
    """A column of real numbers; the network sees them standardised.

    Parameters
    ----------
    center, scale : float
        Mean and standard deviation, but for wild values.
    """

    center: float
    scale: float

    step = 0.0

    @property
    def has_density(self):
        """Whether its density is in the units of the column; counts have probabilities."""
        return not family_named(self.conditional).is_discrete

    @property
    def placeholder(self):
        return self.center

    @property
    def is_linear(self):
        """Whether what is written are the numbers themselves, as they are."""
        return type(self) is Real and np.dtype(self.dtype).name in ("float32", "float64")

    def read(self, cells):
        """Numbers.

        Raises
        ------
        ValueError
            For text, and for moments.
        """
        return to_numbers(numeric(cells), self.dtype)

    def write(self, numbers):
        """Numbers of the column's dtype."""
        return from_numbers(numbers, self.dtype)

    def family(self, n_components):
        """Of the conditional."""
        return make_family(
            self.conditional, n_components=n_components, half=self.step / 2 / self.scale,
            origin=-self.center / self.scale, unit=1 / self.scale,
        )  # fmt: skip


@dataclass(kw_only=True)
class Lattice(Real):
    """A column of numbers on a lattice, with ties: counts, ages, rounded measurements.

    Parameters
    ----------
    center, scale : float
        As of a real column; the center is on the lattice.
    step : float
        Distance of neighbouring values.
    decimals : int or None
        To how many decimals all values are rounded, so that draws are the same numbers bit
        for bit; None where they are not.
    """

    step: float
    decimals: int | None

    @property
    def reads_numbers(self):
        """Whether an array of numbers is read as it is: counts are looked at."""
        return family_named(self.conditional).support != "counts"

    def read(self, cells):
        """Numbers; see `Real`."""
        numbers = super().read(cells)
        if not self.reads_numbers:
            check_counts(self.label, numbers, self.conditional)
        return numbers

    def write(self, numbers):
        """Numbers on the lattice, of the column's dtype."""
        numbers = on_lattice(numbers, self.center, self.step)
        if self.decimals is not None:
            numbers = np.round(numbers, self.decimals)
        return super().write(numbers)


def learn_number(cells, conditional, weights):
    """A column of numbers; `conditional` "auto" is chosen by their values.

    "logistic_mixture" for values that repeat, on a lattice so coarse that narrow components
    could sit on its points; else "gaussian_mixture".
    """
    cells = numeric(cells)
    dtype = cells.values.dtype.name
    numbers = to_numbers(cells, dtype).astype(np.float64)
    return number_column(
        Real, Lattice, numbers, conditional, weights, label=cells.label, dtype=dtype
    )


def number_column(real, lattice, numbers, conditional, weights, **parameters):
    """A column of the class `lattice` if it is on one that draws should keep to, else `real`."""
    center, scale = standardisation(numbers, weights)
    step = lattice_step(numbers)
    if conditional == "auto":
        _, equal = standardisation(numbers, np.ones(len(numbers)))
        conditional = "logistic_mixture" if step > 5 * SCALE_FLOOR * equal else "gaussian_mixture"
    parameters |= {"conditional": conditional, "scale": float(scale)}
    if family_named(conditional).support == "counts":
        check_counts(parameters["label"], numbers, conditional)
        return lattice(center=float(np.round(center)), step=1.0, decimals=0, **parameters)
    if step > 0 and (conditional == "logistic_mixture" or np.all(numbers == np.round(numbers))):
        center = on_lattice(center, numbers[0], step)
        return lattice(center=float(center), step=step, decimals=_decimals(numbers), **parameters)
    return real(center=float(center), **parameters)


def check_counts(label, numbers, conditional):
    """Raise ValueError for numbers that are no counts."""
    wrong = numbers[(numbers < 0) | (numbers != np.round(numbers))]
    wrong = wrong[~np.isnan(wrong)]
    if len(wrong):
        raise ValueError(
            f"Column {label} has the value {float(wrong[0]):g}, but a {conditional!r} conditional "
            "takes whole numbers from 0 on only; choose 'logistic_mixture', 'gaussian_mixture' or "
            "'categorical' for it."
        )


def numeric(cells):
    """Cells of numbers: as they are, or those that the labels of a category are.

    Raises
    ------
    ValueError
        For text, and for moments.
    """
    if cells.kind == "L" and not any(isinstance(level, (str, bytes)) for level in cells.levels):
        return replace(cells, values=np.array(cells.levels)[cells.values], levels=None)
    if cells.kind in ("L", "M", "m"):
        raise ValueError(
            f"Column {cells.label} is to be real-valued, but holds {cells.describe()}; convert it "
            "to numbers, or choose 'categorical' for it in conditionals."
        )
    return cells


def alike(cells, dtype):
    """Cells of what a column of `dtype` holds: numbers, or moments or spans of time.

    Raises
    ------
    ValueError
        For all others.
    """
    kind = np.dtype(dtype).kind
    if kind not in "Mm":
        return numeric(cells)
    if cells.kind == "":
        return replace(cells, values=np.zeros(len(cells.values), dtype))
    if cells.kind != kind:
        raise ValueError(
            f"Column {cells.label} is to hold {dtype}, but holds {cells.describe()}; convert it to "
            "what it was in fit."
        )
    return cells


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


def on_lattice(values, origin, step):
    """The nearest points of a lattice."""
    return origin + step * np.round((values - origin) / step)


def standardisation(column, weights):
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
