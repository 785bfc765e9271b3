"""What all kinds of columns have in common."""

from dataclasses import dataclass, fields

import numpy as np

from skmade._families._mixed import Mixed


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
    """

    label: str
    dtype: str
    conditional: str
    gaps: str = "none"

    center = 0.0
    scale = 1.0
    #: Whether its density is in the units of the column, the network's of what it sees.
    has_density = False
    #: What is added to the log-probability of the network.
    offset = 0.0
    #: The number that stands where a cell is missing.
    placeholder = 0.0
    #: Whether an array of numbers is read as it is.
    reads_numbers = True
    #: Whether there are numbers whose log-probability is not that of the network and the offset.
    has_extras = False
    #: Numbers with a probability of their own, beside a density of the others.
    atoms = ()
    #: Whether it is one of numbers or moments.
    may_have_atoms = False

    @property
    def is_linear(self):
        """Whether what is written are the numbers themselves, as they are."""
        return False

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


def exact_numbers(cells, dtype, origin=0):
    """Values of cells as they are: of moments and spans of time, and of integers with an origin,
    what they are after it.

    Raises
    ------
    ValueError
        For moments and spans beyond what the unit of `dtype` can hold.
    """
    values = cells.values
    if values.dtype.kind not in "Mm":
        return _after(values, origin) if origin else values
    cast = values.astype(dtype)
    if np.can_cast(values.dtype, dtype, "safe"):  # to a finer unit, whose numbers may not suffice
        wrong = (cast.astype(values.dtype) != values) & ~np.isnat(values)
        if wrong.any():
            raise ValueError(
                f"Column {cells.label} holds {values[wrong][0]}, which is beyond {dtype}, what it "
                "was in fit; drop such rows, or convert the column to a coarser unit before fit."
            )
    return cast.view(np.int64) - np.int64(origin)


def _after(values, origin):
    """Numbers after an integer: exact for integers, where that is no more than 62 bits away."""
    distance = values.astype(np.float64) - float(origin)
    if values.dtype.kind not in "iu":
        return distance
    exact = values.astype(np.uint64) - np.uint64(origin % 2**64)  # modulo 2**64
    return np.where(np.abs(distance) < 2.0**62, exact.view(np.int64).astype(np.float64), distance)


def to_numbers(cells, dtype, origin=0):
    """As `exact_numbers`, as floats; NaN where cells are missing."""
    values = exact_numbers(cells, dtype, origin)
    if cells.missing is None:
        return values if values.dtype.kind == "f" else values.astype(np.float64)
    numbers = values.astype(np.float64)
    numbers[cells.missing] = np.nan
    return numbers


def _range(dtype):
    limits = np.iinfo(dtype)
    return int(limits.min), int(limits.max)


def from_numbers(numbers, dtype, origin=0):
    """Floats as values of a dtype: whole and within its range, if it is one of integers."""
    dtype = np.dtype(dtype)
    if dtype.kind in "Mm":
        lowest, highest = float(-(2**63) + 1025 - origin), float(2**63 - 2049 - origin)
        ticks = np.clip(np.rint(numbers), max(lowest, -(2.0**63)), min(highest, 2.0**63 - 1024))
        return (ticks.astype(np.int64) + np.int64(origin)).view(dtype)
    if dtype.kind in "iu":
        lowest, highest = (float(end - origin) for end in _range(dtype))
        if highest > 2**53:  # which a float rounds up, out of range
            highest = np.nextafter(highest, 0)
        whole = np.clip(np.rint(numbers), lowest, highest)
        if not origin:
            return whole.astype(dtype)
        return (whole.astype(np.int64).view(np.uint64) + np.uint64(origin % 2**64)).astype(dtype)
    if dtype.kind == "b":
        return numbers > 0.5
    most = float(np.finfo(dtype).max)
    return np.clip(numbers, -most, most).astype(dtype, copy=False)
