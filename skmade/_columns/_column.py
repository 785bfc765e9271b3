"""What all kinds of columns have in common."""

from dataclasses import dataclass, fields
from functools import partial

import numpy as np

from skmade._families._mixed import Mixed

#: Up to here, floats are told apart as integers are.
LARGEST_EXACT = 2**53
#: A standardised number may be this large at most, so that it stays finite in float32.
LARGEST_SEEN = 1e30


@dataclass(kw_only=True)
class Column:
    """What was learnt about one column, and how its cells become numbers and come back.

    `read` makes numbers of cells, in the units of the column (codes, for labels); the network
    sees ``(number - center) / scale``; `write` makes cells of numbers that were drawn.

    Parameters
    ----------
    label : str
        What the column is called in messages.
    dtype : str
        NumPy's name for the dtype of the values; "object" for labels.
    conditional : str
        Family of the column's conditional.
    gaps : {"none", "ignorable", "informative"}
        Whether cells were missing in fit, and what that says.
    rare : float or None
        Probability of what was not seen in fit (see `rare_share`), which what was seen leaves;
        None where that is an error, or has a density like all.
    """

    label: str
    dtype: str
    conditional: str
    gaps: str = "none"
    rare: float | None = None

    center = 0.0
    scale = 1.0
    #: Whether its density is in the units of the column, the network's of what it sees.
    has_density = False
    #: The number that stands where a cell is missing.
    placeholder = 0.0
    #: Whether an array of numbers is read as it is.
    reads_numbers = True
    #: Numbers with a probability of their own, beside a density of the others.
    atoms = ()
    #: Whether it is one of numbers or moments.
    may_have_atoms = False
    #: Distance of neighbouring values, where a few are between the points of a lattice; and where
    #: these are.
    fine, between = 0.0, None

    @property
    def has_extras(self):
        """Whether there are numbers whose log-probability is not that of the network and the
        offset."""
        return self.rare is not None

    @property
    def offset(self):
        """What is added to the log-probability of the network."""
        return 0.0 if self.rare is None else float(np.log1p(-self.rare))

    @property
    def is_linear(self):
        """Whether what is written are the numbers themselves, as they are."""
        return False

    def forget_bounds(self):
        """Have no bounds that rows to come may be beyond."""

    def write_means(self, numbers):
        """As `write`, of means of drawn numbers."""
        return self.write(numbers)

    def mixed(self, n_components):
        """The family of the conditional, beside atoms and gaps."""
        return Mixed(self.family(n_components), **self._gaps())

    def atom_values(self):
        """Atoms as values of the column."""
        return self.write(np.array(self.atoms, float))

    def _gaps(self):
        return {"has_gaps": self.gaps != "none", "is_informative": self.gaps == "informative"}

    def state(self):
        """The column as plain arrays and values."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {"kind": type(self).__name__, **values}


def rare_share(n_once, n):
    """Probability of what is not among n cells, of which n_once are of values that occur once.

    It is Good and Turing's estimate, ``(n_once + 1/2) / (n + 1)`` [1]_.

    References
    ----------
    .. [1] I. J. Good. The population frequencies of species and the estimation of population
       parameters. Biometrika 40, 1953. (The halves keep the estimate above 0 and below 1.)
    """
    return float((n_once + 0.5) / (n + 1))


def exact_numbers(cells, dtype):
    """Values of cells as they are: of moments and spans of time, ticks.

    Raises
    ------
    ValueError
        For moments and spans beyond what the unit of `dtype` can hold.
    """
    values = cells.values
    if values.dtype.kind not in "Mm":
        return values
    cast = values.astype(dtype)
    if np.can_cast(values.dtype, dtype, "safe"):  # to a finer unit, whose numbers may not suffice
        wrong = (cast.astype(values.dtype) != values) & ~np.isnat(values)
        if wrong.any():
            raise ValueError(
                f"Column {cells.label} holds {values[wrong][0]}, which is beyond {dtype}, what it "
                "was in fit; drop such rows, or convert the column to a coarser unit before fit."
            )
    return cast.view(np.int64)


def to_numbers(cells, dtype, origin=0):
    """As `exact_numbers`, but floats, counted from an origin; NaN where cells are missing."""
    values = exact_numbers(cells, dtype)
    if origin:
        numbers = _counted_from(origin, values)
    elif cells.missing is None and values.dtype.kind == "f":
        return values
    else:
        numbers = values.astype(np.float64)
    if cells.missing is not None:
        numbers[cells.missing] = np.nan
    return numbers


def _counted_from(origin, values):
    """Numbers less an integer, as floats: exact where it is near, and without wrapping."""
    rounded = float(origin)
    numbers = (values.astype(np.float64) - rounded) + (int(rounded) - origin)
    if values.dtype.kind == "f":
        return numbers
    exact = (values.astype(np.uint64) - np.uint64(origin % 2**64)).view(np.int64)
    return np.where(abs(numbers) < 2**62, exact, numbers)  # (beyond, 64 bits may not suffice)


def origin_of(values):
    """What numbers are counted from, so that floats can tell them apart: mostly 0.

    Of moments and spans the lowest tick, of integers that floats merge the one, in the middle of
    their range or of them, or 0, that keeps most of them: some may be codes far from all others.
    """
    if values.dtype.kind in "Mm":
        return int(values.view(np.int64).min())
    if values.dtype.kind in "iu":
        low, high = int(values.min()), int(values.max())
        if max(-low, high) <= LARGEST_EXACT:
            return 0
        values = np.unique(values)
        origins = (low + high) // 2, int(values[len(values) // 2]), 0
        return max(origins, key=partial(_n_kept, values))
    return 0


def _n_kept(values, origin):
    """How many integers are the same again after they were floats."""
    return np.sum(from_numbers(_counted_from(origin, values), values.dtype, origin) == values)


def from_numbers(numbers, dtype, origin):
    """Floats as values of a dtype: whole and within its range, if it is one of integers."""
    dtype = np.dtype(dtype)
    if dtype.kind in "Mm":
        return _whole(numbers, -(2**63) + 1, 2**63 - 1, origin).view(dtype)
    if dtype.kind in "iu":
        return _whole(numbers, np.iinfo(dtype).min, np.iinfo(dtype).max, origin).astype(dtype)
    if dtype.kind == "b":
        return numbers > 0.5
    most = float(np.finfo(dtype).max)
    return np.clip(numbers, -most, most).astype(dtype, copy=False)


def _whole(numbers, lowest, highest, origin):
    """Integers from floats that are counted from an origin, within limits; modulo 2**64."""
    low, high = towards_zero(int(lowest) - origin), towards_zero(int(highest) - origin)
    counted = np.clip(np.rint(numbers), low, high)
    size = abs(counted).astype(np.uint64)
    whole = np.where(counted < 0, ~size + np.uint64(1), size) + np.uint64(origin % 2**64)
    for limit, is_beyond in ((lowest, numbers < low), (highest, numbers > high)):
        whole = np.where(is_beyond, np.uint64(int(limit) % 2**64), whole)
    return whole


def towards_zero(integer):
    """The nearest float that is no farther from 0."""
    nearest = float(integer)
    return nearest if abs(int(nearest)) <= abs(integer) else float(np.nextafter(nearest, 0))
