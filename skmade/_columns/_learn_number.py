"""What is learnt of a column of numbers: lattice, atoms, map, bounds, family and scale."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skmade._columns._atoms import find_atoms, find_bounds
from skmade._columns._between import Between, find_between
from skmade._columns._cells import cells_of_array
from skmade._columns._column import origin_of, rare_share, to_numbers, towards_zero
from skmade._columns._decimals import decimals_of, spacing_of
from skmade._columns._far import find_far
from skmade._columns._lattice import nearest_place, on_lattice, rounding_of, without_rounding
from skmade._columns._number import Lattice, Real, Warped
from skmade._columns._numeric import alike, check_counts, numeric
from skmade._columns._warp import find_warp
from skmade._families import asks_for, family_named
from skmade._families._scales import SCALE_FLOOR

# Atoms of so many rows have an input of their own.
_LEAST_SHOWN = 0.01
# How far draws go beyond all numbers of a column with a map, in distances from its middle.
_GUARD = 4.0
# What part of the rows of a column may be where a map makes its lattice coarse is what this leaves.
_STEEP = 0.9
# What part of the rows are no atoms, at least, of a lattice that others are between the points of.
_LEAST_BETWEEN = 1 / 2
# Center and scale are those of the values that are no atoms, if these are not too few.
_FEWEST_OF_REST, _LEAST_REST = 20, 0.02


def learn_number(cells, conditional, weights, atoms, takes_between, takes_warp=False):
    """A column of numbers; `conditional` "auto" is chosen by their values.

    "logistic_mixture" for values that repeat, on a lattice so coarse that narrow components
    could sit on its points; else "gaussian_mixture".
    """
    cells = numeric(cells)
    dtype = cells.values.dtype.name
    is_count = conditional != "auto" and family_named(conditional).support == "counts"
    origin = 0 if is_count else origin_of(cells.values)  # (counts are from 0 on)
    numbers = to_numbers(cells, dtype, origin).astype(np.float64)
    atoms = given_atoms(atoms, cells.label, dtype, origin)
    return number_column(
        Real, Lattice, numbers, conditional, weights, atoms, zero=towards_zero(-origin),
        takes_between=takes_between, takes_warp=takes_warp, label=cells.label, dtype=dtype,
        origin=origin,
    )  # fmt: skip


def given_atoms(atoms, label, dtype, origin=0, clocks=None):
    """Atoms that were asked for as numbers of a column; "auto" and None as they are.

    ``clocks(cells)`` is what clocks show at moments of UTC, where the column is of these.

    Raises
    ------
    ValueError
        For what is no list of numbers, or of moments.
    """
    if atoms is None or isinstance(atoms, str):
        return atoms
    values = np.asarray(atoms)
    if values.ndim != 1:
        raise ValueError(f"atoms of column {label} must be a list of values; got {atoms!r}.")
    try:
        cells = alike(cells_of_array(label, values), dtype)
    except (TypeError, ValueError):
        own = {"M": "moments of NumPy, of UTC", "m": "spans of time of NumPy"}
        what = own.get(np.dtype(dtype).kind, "numbers")
        raise ValueError(f"atoms of column {label} must be {what}; got {atoms!r}.") from None
    numbers = to_numbers(cells if clocks is None else clocks(cells), dtype, origin)
    if not np.all(np.isfinite(numbers)):
        raise ValueError(f"atoms of column {label} must be finite; got {atoms!r}.")
    return np.unique(numbers)


@dataclass(frozen=True, kw_only=True)
class _Parts:
    """What the numbers of a column are made of.

    Parameters
    ----------
    given : ndarray of shape (n,)
        Numbers without what is rounding alone.
    numbers : ndarray of shape (n,)
        The same, but the points of a lattice that a few are between.
    step : float
        Distance of neighbouring values; 0 if they are on no lattice.
    between : Between or None
        Where numbers are besides points.
    atoms, codes : ndarray
        Values with a probability of their own, and those of them that are far from all others.
    is_near : ndarray of shape (n,)
        Which numbers are no codes, and not wild.
    rest : ndarray of shape (n,)
        Which are no atoms; those that are near where too few are none.
    are_alone, are_few : bool
        Whether all are atoms, or nearly all.
    decimals : int or None
        To how many these are rounded.
    """

    given: NDArray
    numbers: NDArray
    step: float
    between: Between | None
    atoms: NDArray
    codes: NDArray
    is_near: NDArray
    rest: NDArray
    are_alone: bool
    are_few: bool
    decimals: int | None

    @classmethod
    def of(cls, numbers, weights, atoms, dtype, zero, takes_between):
        """Parts of numbers; `atoms` are numbers, "auto" or None."""
        numbers, step = without_rounding(numbers, dtype)
        far = codes, is_near = find_far(numbers, weights)
        between = _between_of(numbers, step, far, zero) if takes_between else None
        given = numbers
        if between is not None:
            numbers, step = between.points(given), between.step
        numbers, atoms = _with_atoms(numbers, atoms, step, dtype, far)
        if between is None:
            given = numbers
        rest, are_alone, are_few = _others(numbers, atoms, is_near)
        has_others = step == 0 and not are_few
        others = [] if has_others else np.append(given[~rest], atoms)  # (atoms have their own)
        return cls(
            given=given, numbers=numbers, step=step, between=between, atoms=atoms,
            codes=codes[np.isin(codes, atoms)], is_near=is_near, rest=rest, are_alone=are_alone,
            are_few=are_few, decimals=decimals_of(given[rest], np.array(others), dtype, has_others),
        )  # fmt: skip

    @property
    def others(self):
        """Numbers that are no atoms."""
        return self.numbers[self.rest]

    def shown(self):
        """Atoms so frequent that the network has an input for each."""
        values, counts = np.unique(self.numbers, return_counts=True)
        frequent = values[counts >= _LEAST_SHOWN * len(self.numbers)]
        return self.atoms[np.isin(self.atoms, frequent)]

    def shares_between(self, weights):
        """Where values are above points: parameters of a column on a lattice."""
        if self.between is None:
            return {}
        is_other = ~np.isin(self.between.points(self.given), self.atoms)
        shares = self.between.of_rows(self.given[is_other], weights[is_other]).shares
        beside = [self.between.beside(atom, self.given, weights) for atom in self.atoms]
        return {"fine": self.between.fine, "shares": shares.tolist(), "beside_atoms": beside}


def number_column(
    real, lattice, numbers, conditional, weights, atoms, zero=0.0, takes_between=True,
    takes_warp=False, **parameters
):  # fmt: skip
    """A column of the class `lattice` if it is on one that draws should keep to, else `real`;
    in place of `Real` it may be `Warped`.

    `atoms` are numbers, "auto" or None; `zero` is where numbers change their sign; `takes_between`
    says whether the lattice may be one that a few values are between the points of, `takes_warp`
    whether a family that is given may see numbers through a map.
    """
    dtype, label = parameters["dtype"], parameters["label"]
    is_auto = conditional == "auto"
    takes_atoms = is_auto or family_named(conditional).support == "real"
    if not takes_atoms:
        _check_takes_none(atoms, label, conditional)
    takes_between = takes_between and is_auto and real is Real and isinstance(atoms, str)
    of_column = atoms if takes_atoms else np.array([])
    parts = _Parts.of(numbers, weights, of_column, dtype, zero, takes_between)
    bounds, warp, is_refused = (None, None), None, False
    if real is Real and not parts.are_few and (is_auto or takes_warp):
        chosen = parts.rest if is_auto else parts.rest & parts.is_near  # (wild cells choose none)
        warp, is_refused = _warp_of(parts.numbers[chosen], parts.step, parts.decimals, zero)
    if is_auto:
        conditional, bounds = _family_and_bounds(parts, zero, warp, is_refused)
    if warp is not None:
        bounds = _guarded(bounds, parts.others, warp)
    seen = parts.others if warp is None else warp(parts.others)
    center, scale = map(float, standardisation(seen, weights[parts.rest]))
    parameters |= {"conditional": conditional, "scale": scale, "decimals": parts.decimals}
    if takes_atoms:
        parameters |= {
            "atoms": parts.atoms.tolist(),
            "shown": parts.shown().tolist(),
            "atoms_are_alone": parts.are_alone,
            "atoms_are_codes": atoms is None,
            "bounds": bounds,
            "beyond": rare_share(0, len(numbers)),
        }
    if warp is None:
        return _without_map(real, lattice, parts, weights, center, parameters)
    return Warped(
        center=center, middle=warp.middle, width=warp.width, cell=parts.step,
        on=float(parts.numbers.min()), **spacing_of(parts.others, parts.decimals), **parameters,
    )  # fmt: skip


def _family_and_bounds(parts, zero, warp, is_refused):
    """What family parts of a column want, and what bounds its draws keep to."""
    is_coarse = is_refused or (warp is None and _is_coarse(parts.others, parts.step))
    no_code = ~np.isin(parts.numbers, parts.codes)
    no_codes = np.setdiff1d(parts.atoms, parts.codes)
    bounds, is_sharp = find_bounds(parts.numbers[no_code], no_codes, parts.step, zero, warp)
    if parts.between is not None:
        bounds = _around(bounds, parts.given[no_code], parts.between)
    return "logistic_mixture" if is_coarse or is_sharp else "gaussian_mixture", bounds


def _without_map(real, lattice, parts, weights, center, parameters):
    """A column of the class `lattice` or `real`."""
    conditional, label, step = parameters["conditional"], parameters["label"], parts.step
    if family_named(conditional).support == "counts":
        check_counts(label, parts.numbers, conditional)
        return lattice(center=float(np.round(center)), step=1.0, **parameters)
    if step > 0 and (asks_for(conditional, "half") or parts.decimals == 0):
        _check_on_lattice(parts.atoms, parts.numbers.min(), step, label, parameters["origin"])
        center = float(on_lattice(center, parts.numbers[0], step))
        shares = parts.shares_between(weights)
        column = lattice(center=center, step=step, **shares, **parameters)
        column.keep_near(np.unique(parts.given))
        return column
    spacing = spacing_of(parts.others, parts.decimals) if real is Real else {}
    return real(center=center, **spacing, **parameters)


def _with_atoms(numbers, atoms, step, dtype, far):
    """Numbers and their atoms: found, or those that were asked for, and codes without any; `far` is
    what `find_far` says of them."""
    if atoms is None:
        return numbers, far[0]
    if isinstance(atoms, str):
        return numbers, find_atoms(numbers, step, far)
    return _as_atoms(numbers, atoms, step, dtype), atoms


def _between_of(numbers, step, far, zero):
    """Where numbers are besides the points of a coarse lattice, if they are on one but for a few,
    and atoms explain them no better; None where they are not, and for numbers of many sizes."""
    codes, is_near = far
    near = numbers[is_near]
    between = find_between(near, step) if step > 0 else None
    if between is None:
        return None
    points = between.points(near)
    atoms = find_atoms(points, between.step)
    rest = ~np.isin(points, atoms)
    if rest.mean() < _LEAST_BETWEEN or not between.holds(codes):
        return None
    is_coarse = _is_coarse(points[rest], between.step) and find_warp(points[rest], zero) is None
    if not is_coarse or between.stands_out(near, atoms):
        return None
    # (the finer lattice alone would have values between points as often as points)
    are_atoms = np.isin(near, find_atoms(near, step)).mean() >= 1 / 2
    return between if not are_atoms or between.explains(near, atoms) else None


def _around(bounds, numbers, between):
    """Bounds, points of a lattice, that leave none of the numbers between its points outside."""
    low, high = bounds
    ends = between.points_about(numbers.min())[0], between.points_about(numbers.max())[1]
    return (
        None if low is None else min(low, ends[0]), None if high is None else max(high, ends[1])
    )  # fmt: skip


def _check_takes_none(atoms, label, conditional):
    """Raise ValueError for atoms of a column whose family takes none."""
    if not (atoms is None or isinstance(atoms, str)):
        raise ValueError(
            f"atoms names column {label}, but a {conditional!r} conditional takes none; choose "
            "'auto' or a family of real numbers for it, or leave it out of atoms."
        )


def _others(numbers, atoms, is_near):
    """Which numbers are no atoms, or all that are near if too few of them are none; whether none
    is, and whether they are too few."""
    rest = ~np.isin(numbers, atoms)
    are_few = np.count_nonzero(rest) < max(_FEWEST_OF_REST, _LEAST_REST * len(numbers))
    return is_near if are_few else rest, not rest.any(), are_few


def _is_coarse(numbers, step):
    """Whether narrow components could sit on the points of a lattice."""
    _, equal = standardisation(numbers, np.ones(len(numbers)))
    return step > 5 * SCALE_FLOOR * equal


def _as_atoms(numbers, atoms, step, dtype):
    """Numbers, of which those that differ by rounding alone from an atom that was given are that
    atom: it need not be the most frequent of them."""
    if not len(atoms):
        return numbers
    nearest = nearest_place(atoms, numbers)
    with np.errstate(over="ignore"):
        is_near = abs(numbers - atoms[nearest]) < rounding_of(atoms, step, dtype)[nearest]
    return np.where(is_near, atoms[nearest], numbers)


def _check_on_lattice(atoms, value, step, label, origin):
    """Raise ValueError for atoms beside the lattice that a value is on."""
    beside = abs(on_lattice(atoms, value, step) - atoms) > step / 100
    if np.any(beside):
        raise ValueError(
            f"atoms of column {label} must be values that it can have, which are {step:g} apart, "
            f"as {value + origin:g} is one; got {atoms[beside][0] + origin:g}."
        )


def _warp_of(numbers, step, decimals, zero):
    """The map that a column of numbers wants, if any, and whether they are on a lattice that it
    would make coarse: then they have none, nor if rounding would not lead back to a lattice."""
    if step > 0 and decimals is None:
        return None, False
    warp = find_warp(numbers, zero)
    if warp is None or step == 0:
        return warp, False
    cells = step * np.exp(warp.log_slope(numbers))
    is_coarse = bool(np.quantile(cells, _STEEP) > 5 * SCALE_FLOOR * warp(numbers).std())
    return None if is_coarse else warp, is_coarse


def _guarded(bounds, numbers, warp):
    """Bounds, and for an end without one of a column with a map so many times the largest distance
    from its middle: small errors of what the network sees are large there, and tails of logistics
    those of powers."""
    low, high = bounds
    below, above = numbers.min() - warp.middle, numbers.max() - warp.middle
    if low is None and below < 0:
        low = warp.middle + _GUARD * below
    if high is None and above > 0:
        high = warp.middle + _GUARD * above
    return tuple(None if end is None or not np.isfinite(end) else float(end) for end in (low, high))


def standardisation(column, weights):
    """Center and scale that few values cannot spoil; scale 1 where only rounding varies.

    They are mean and standard deviation after wild values were drawn in, to four times
    the range of the middle nine tenths beyond it: further than a normal column reaches.
    """
    largest = max(np.abs(column).max(), np.finfo(float).tiny)
    ratio = column / largest  # no overflow, whatever the units
    low, high = np.quantile(ratio, [0.05, 0.95], weights=weights, method="inverted_cdf")
    reach = 4 * (high - low)
    if reach > 0:
        ratio = np.clip(ratio, low - reach, high + reach)
        unit = 2.0 ** (np.frexp(np.abs(ratio).max())[1] - 1)  # (which changes no digit)
        ratio, largest = ratio / unit, largest * unit
    mean = np.average(ratio, weights=weights)
    deviation = np.sqrt(np.average((ratio - mean) ** 2, weights=weights))
    size = np.sqrt(np.average(ratio**2, weights=weights))
    if deviation <= 10 * np.finfo(float).eps * size or column.min() == column.max():
        return mean * largest, 1.0
    return mean * largest, max(deviation * largest, np.finfo(float).tiny)
