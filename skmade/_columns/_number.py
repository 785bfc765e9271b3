"""Numbers: real columns, and those on a lattice, as counts are."""

from dataclasses import dataclass, field, replace

import numpy as np

from skmade._columns._atoms import find_atoms, find_bounds
from skmade._columns._between import Between, find_between
from skmade._columns._cells import cells_of_array
from skmade._columns._column import (
    LARGEST_EXACT,
    LARGEST_SEEN,
    Column,
    from_numbers,
    origin_of,
    rare_share,
    to_numbers,
    towards_zero,
)
from skmade._columns._far import find_far
from skmade._columns._lattice import (
    OFF_LATTICE,
    nearest_place,
    on_lattice,
    precision,
    rounding_of,
    without_rounding,
)
from skmade._columns._warp import Warp, find_warp
from skmade._families import asks_for, family_named, make_family
from skmade._families._mixed import Mixed
from skmade._families._scales import SCALE_FLOOR, UNBOUNDED

# Atoms of so many rows have an input of their own.
_LEAST_SHOWN = 0.01
# Numbers are rounded by this part of themselves, at most, in single precision.
_ROUNDING = 2.0**-24
# So many values show, mostly, that a column is not rounded.
_FEW = 100
# What part of the numbers may have more decimals than draws, where they are on no lattice.
_FEW_OTHERS = 1 / 50
# Of so many numbers, multiples of one are none by chance.
_FEWEST_SPACED = 20
# How far draws go beyond all numbers of a column with a map, in distances from its middle.
_GUARD = 4.0
# What part of the rows of a column may be where a map makes its lattice coarse is what this leaves.
_STEEP = 0.9
# What part of the rows are no atoms, at least, of a lattice that others are between the points of.
_LEAST_BETWEEN = 1 / 2
# Center and scale are those of the values that are no atoms, if these are not too few.
_FEWEST_OF_REST, _LEAST_REST = 20, 0.02


@dataclass(kw_only=True)
class Real(Column):
    """A column of real numbers; the network sees them standardised.

    Parameters
    ----------
    center, scale : float
        Mean and standard deviation, but for wild values; of values that are no atoms.
    atoms : list of float
        Values with a probability of their own, in ascending order.
    shown : list of float
        Those that are so frequent that the network has an input for each.
    atoms_are_alone : bool
        Whether all numbers in fit were atoms.
    atoms_are_codes : bool
        Whether atoms are codes alone, as none were asked for: these have their probability over a
        width of one scale, so that in any unit they are as strange as they are rare.
    bounds : tuple of float or None
        What draws keep to.
    beyond : float
        What a density is multiplied by beyond the bounds.
    origin : int
        What all numbers are counted from: of integers that floats merge.
    decimals : int or None
        To how many decimals all numbers in fit were rounded, or nearly all of a column on no
        lattice, and draws are to be; None where they were not.
    spacing, first : float
        What all numbers in fit were multiples of, counted from one of them, if that is more than
        their last decimal, and draws are to be; else 0.
    """

    center: float
    scale: float
    atoms: list = field(default_factory=list)
    shown: list = field(default_factory=list)
    atoms_are_alone: bool = False
    atoms_are_codes: bool = False
    bounds: tuple = (None, None)
    beyond: float = 1.0
    origin: int = 0
    decimals: int | None = None
    spacing: float = 0.0
    first: float = 0.0

    step = 0.0
    may_have_atoms = True

    @property
    def has_density(self):
        """Whether its density is in the units of the column; counts have probabilities."""
        return not family_named(self.conditional).is_discrete

    @property
    def has_extras(self):
        """Whether atoms have probabilities beside densities, not in units of a cell; and whether
        there is something beyond the bounds."""
        return self.has_points or self.is_cut_off

    @property
    def has_points(self):
        """Whether atoms have probabilities beside densities, not in units of a cell."""
        return bool(self.atoms) and not (self.step and asks_for(self.conditional, "half"))

    @property
    def extra_of_points(self):
        """What these have beyond the log-probability of the network and the offset."""
        return float(np.log(self.scale) - np.log(self.width_of_points))

    @property
    def width_of_points(self):
        """What their scores are densities over; 1 where these are probabilities."""
        return self.scale if self.atoms_are_codes else 1.0

    def forget_bounds(self):
        """Have no bounds but 0 and atoms: rows to come may be beyond others."""
        kept = {*self.atoms, float(-self.origin)}
        self.bounds = tuple(bound if bound in kept else None for bound in self.bounds)

    @property
    def is_cut_off(self):
        """Whether there is something beyond the bounds."""
        return asks_for(self.conditional, "low") and self.bounds != (None, None)

    def extras(self, numbers):
        """What atoms, and numbers beyond the bounds, have beyond the log-probability of the
        network and the offset: these are rare."""
        extras = np.zeros(len(numbers))
        if self.has_points:
            extras[self.is_atom(numbers)[0]] = self.extra_of_points
        if self.is_cut_off:
            low, high = self.ends
            numbers = numbers.astype(np.float64, copy=False)
            is_beyond = (numbers < low) | (numbers > high)
            if is_beyond.any() and self.atoms:  # (codes are)
                is_beyond &= ~self.is_atom(numbers)[0]
            extras[is_beyond] += np.log(self.beyond)
        return extras

    @property
    def ends(self):
        """What numbers are beyond if they are beyond the bounds, by more than they are rounded in
        single precision."""
        (low, high), half = self.bounds, self.distance / 2 if self.step else 0.0
        return (
            -np.inf if low is None else low - half - _ROUNDING * abs(low),
            np.inf if high is None else high + half + _ROUNDING * abs(high),
        )

    def is_atom(self, numbers):
        """Which numbers are atoms, and for each number the place of the nearest one."""
        atoms = np.array(self.atoms)
        place = nearest_place(atoms, numbers)
        # (whole numbers are told apart: what another rounds to in single precision is none)
        with np.errstate(over="ignore"):
            single = np.where(atoms == np.round(atoms), atoms, atoms.astype(np.float32))
            is_near = abs(numbers - atoms[place]) < self.atom_tolerance(atoms)[place]
        return is_near | (numbers == atoms[place]) | (numbers == single[place]), place

    def atom_tolerance(self, atoms):
        """Within what of each atom numbers differ from it by rounding alone."""
        return rounding_of(atoms, self.distance, self.dtype)

    @property
    def distance(self):
        """Of neighbouring values, for columns with ties on a lattice; else 0."""
        return self.step

    def mark_atoms(self, numbers, seen):
        """Let the network see atoms as what it knows them by, and nothing else so."""
        is_atom, place = self.is_atom(numbers)
        known = self.seen_atoms().astype(seen.dtype)[place]
        others = np.where(seen == known, np.nextafter(known, np.inf, dtype=seen.dtype), seen)
        seen[:] = np.where(is_atom, known, others)

    def restore_atoms(self, seen, numbers):
        """Make numbers that were drawn exactly the atoms that they are."""
        restore(seen, self.seen_atoms().astype(seen.dtype), np.array(self.atoms), numbers)

    def seen_atoms(self):
        """Atoms as the network knows them: in order, and apart in single precision."""
        seen = self.standardised(np.array(self.atoms))
        single = seen.astype(np.float32)
        if np.all(np.diff(single) > 0):
            return seen
        for k in range(1, len(single)):
            single[k] = max(single[k], np.nextafter(single[k - 1], np.float32(np.inf)))
        return single.astype(float)

    def standardised(self, numbers):
        """Numbers as the network sees them."""
        with np.errstate(over="ignore"):
            seen = (numbers - self.center) / self.scale
        return np.clip(seen, -LARGEST_SEEN, LARGEST_SEEN)

    @property
    def reads_numbers(self):
        """Whether an array of numbers is read as it is."""
        return not self.origin

    @property
    def placeholder(self):
        return self.center

    @property
    def is_linear(self):
        """Whether what is written are the numbers themselves, as they are."""
        is_float = np.dtype(self.dtype).name in ("float32", "float64")
        return type(self) in (Real, Warped) and is_float and self.decimals is None

    def read(self, cells):
        """Numbers.

        Raises
        ------
        ValueError
            For text, and for moments.
        """
        return to_numbers(alike(cells, self.dtype), self.dtype, self.origin)

    def write(self, numbers):
        """Numbers of the column's dtype, rounded where all are."""
        if self.decimals is not None:
            rounded = self._multiples(numbers) if self.spacing else numbers
            rounded = np.round(rounded, self.decimals) + 0.0  # (no -0)
            numbers = np.where(np.isin(numbers, self.atoms), numbers, rounded)
        return from_numbers(numbers, self.dtype, self.origin)

    def _multiples(self, numbers):
        """The nearest multiples of the spacing, within bounds and what the dtype can hold."""
        low, high = (
            other if end is None else end for end, other in zip(self.bounds, (-np.inf, np.inf))
        )
        if np.dtype(self.dtype).kind in "iu":
            limits = np.iinfo(self.dtype)
            low, high = max(low, limits.min - self.origin), min(high, limits.max - self.origin)
        low, high = (low - self.first) / self.spacing, (high - self.first) / self.spacing
        places = np.round((numbers - self.first) / self.spacing)
        places = places.clip(np.ceil(low - OFF_LATTICE), np.floor(high + OFF_LATTICE))
        return self.first + self.spacing * places

    def write_means(self, numbers):
        """Numbers between those that are drawn, where the column's dtype can hold them."""
        return from_numbers(numbers, self.dtype, self.origin)

    def family(self, n_components):
        """Of the conditional."""
        low, high = self.bounds_seen()
        return make_family(
            self.conditional, n_components=n_components, half=self.step / 2 / self.scale, low=low,
            high=high, origin=-self.center / self.scale, unit=1 / self.scale,
        )  # fmt: skip

    def mixed(self, n_components):
        """The family of the conditional, beside atoms and gaps."""
        low, high = self.bounds_seen()
        atoms = self.seen_atoms()[np.searchsorted(self.atoms, self.atoms_in_order())]
        return Mixed(
            self.family(n_components), atoms=tuple(atoms.tolist()), n_shown=len(self.shown),
            low=low, high=high,
            is_alone=self.atoms_are_alone, **self._gaps(),
        )  # fmt: skip

    def atoms_in_order(self):
        """Atoms, those first that the network has inputs for."""
        others = [atom for atom in self.atoms if atom not in set(self.shown)]
        return np.array([*self.shown, *others])

    def bounds_seen(self):
        """Bounds as the network sees them: of a lattice, edges of cells."""
        (low, high), half = self.bounds, self.step / 2
        return (
            -UNBOUNDED if low is None else float(self.standardised(low - half)),
            UNBOUNDED if high is None else float(self.standardised(high + half)),
        )


@dataclass(kw_only=True)
class Warped(Real):
    """A column of real numbers of many sizes; the network sees `warp` of them, standardised.

    Parameters
    ----------
    center, scale : float
        As of a real column, but of what the map makes of its numbers.
    middle, width : float
        Of the map, see `skmade._columns._warp`.
    cell : float
        Distance of neighbouring values, for columns with ties; else 0. Atoms have the mean density
        of a cell, and draws are on the lattice.
    on : float
        A point of the lattice.
    """

    middle: float
    width: float
    cell: float
    on: float = 0.0

    @property
    def distance(self):
        return self.cell

    @property
    def warp(self):
        """The map."""
        return Warp(self.middle, self.width)

    @property
    def placeholder(self):
        return self.middle

    def standardised(self, numbers):
        """Numbers as the network sees them."""
        return super().standardised(self.warp(numbers))

    def numbers_of(self, seen):
        """Numbers from what the network sees of them; bounds, where they are these but for rounding
        in single precision."""
        numbers = self.warp.inverse(self.center + self.scale * seen)
        for bound, way in zip(self.bounds, (-1, 1)):
            if bound is not None:
                edge = np.nextafter(np.float32(self.standardised(bound)), np.float32(way * np.inf))
                is_bound = (way * numbers > way * bound) & (way * seen <= way * edge)
                numbers = np.where(is_bound, bound, numbers)
        return numbers

    def write(self, numbers):
        """Numbers of the column's dtype, on its lattice."""
        numbers = on_lattice(numbers, self.on, self.cell) if self.cell else numbers
        return super().write(numbers)

    @property
    def has_extras(self):
        return True

    @property
    def width_of_points(self):
        return self.scale * self.width if self.atoms_are_codes else self.cell or 1.0

    def log_slopes(self, numbers):
        """Logarithms of densities of numbers, in units of the map's width, per density of what the
        network sees: so that rows can be compared by both."""
        slopes = self.extras(numbers) + np.log(self.width)
        if self.has_points and not self.cell:  # (they have no density)
            slopes[self.is_atom(numbers)[0]] = 0.0
        return slopes

    def extras(self, numbers):
        """As of a real column, and the derivative of the map where there is a density."""
        numbers = numbers.astype(np.float64, copy=False)
        slopes = self.warp.log_slope(numbers)
        if self.has_points:
            slopes[self.is_atom(numbers)[0]] = 0.0
        return super().extras(numbers) + slopes


@dataclass(kw_only=True)
class Lattice(Real):
    """A column of numbers on a lattice, with ties: counts, ages, rounded measurements.

    Parameters
    ----------
    center, scale : float
        As of a real column; the center is on the lattice.
    step : float
        Distance of neighbouring values.
    near : list of float
        Values in fit, and bounds, that are beside the lattice by rounding, as of numbers that were
        in single precision once; draws are these in place of its points.
    fine : float
        Distance of neighbouring values, if a few are between points of the lattice; else 0.
    shares : list of float
        How often values are 0, 1, 2, ... of these above a point; see `skmade._columns._between`.
    beside_atoms : list of float
        How often a value whose nearest point is an atom is between points, for each atom.
    """

    step: float
    near: list = field(default_factory=list)
    fine: float = 0.0
    shares: list = field(default_factory=list)
    beside_atoms: list = field(default_factory=list)

    @property
    def between(self):
        """Where values are besides points of the lattice; None where there are no others."""
        return Between(self.center, self.fine, np.array(self.shares)) if self.fine else None

    @property
    def has_extras(self):
        return super().has_extras or self.fine > 0

    @property
    def distance(self):
        return self.fine or self.step

    def extras(self, numbers):
        """As of a real column, and how often values are what they are above points."""
        extras = super().extras(numbers)
        return extras + self.between.log_weights(numbers) if self.fine else extras

    def mixed(self, n_components):
        """The family of the conditional, beside atoms, which are points, and gaps."""
        made = super().mixed(n_components)
        return replace(made, share_of_points=self.shares[0]) if self.fine else made

    def add_between(self, seen, rng):
        """Let points of the lattice that were drawn, as the network sees them, be values about
        them, as often as these are."""
        points, (low, high) = self.center + self.scale * seen.astype(np.float64), self.bounds
        is_beside, is_atom = np.zeros(len(seen), bool), np.zeros(len(seen), bool)
        for atom, share in zip(self.seen_atoms().astype(seen.dtype), self.beside_atoms):
            is_own = seen == atom
            is_atom |= is_own
            is_beside |= is_own & (rng.random(len(seen)) < share)
        values = self.between.draw(points, is_beside, rng)
        is_point = values < (-np.inf if low is None else low)
        is_point |= values > (np.inf if high is None else high)
        is_point |= abs(values - points) < self.fine / 2
        is_point |= is_atom & ~is_beside
        return np.where(is_point, seen, self.standardised(values).astype(seen.dtype))

    @property
    def reads_numbers(self):
        """Whether an array of numbers is read as it is: counts are looked at."""
        return not (self.origin or self._is_count)

    @property
    def _is_count(self):
        return family_named(self.conditional).support == "counts"

    def read(self, cells):
        """Numbers; see `Real`."""
        numbers = super().read(cells)
        if self._is_count:
            check_counts(self.label, numbers, self.conditional)
        return numbers

    def write(self, numbers):
        """Numbers on the lattice, of the column's dtype."""
        return super().write(self.nearest(numbers))

    def nearest(self, numbers):
        """The nearest values of the column."""
        numbers = on_lattice(numbers, self.center, self.distance)
        if self.decimals is not None:
            numbers = np.round(numbers, self.decimals)
        if not self.near:
            return numbers
        near = np.array(self.near)
        near = near[nearest_place(near, numbers)]
        return np.where(abs(numbers - near) < self.distance / 4, near, numbers)

    def keep_near(self, values):
        """Have draws return values in fit, and bounds, bit for bit."""
        bounds = [bound for bound in self.bounds if bound is not None]
        values = np.unique([*values, *bounds])
        self.near = values[_in_precision(self.nearest(values), self.dtype) != values].tolist()


def restore(seen, known, values, numbers):
    """Make numbers exactly the values that the network sees as `known`, which are in order."""
    place = np.searchsorted(known, seen).clip(max=len(known) - 1)
    numbers[:] = np.where(known[place] == seen, values[place], numbers)


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
    numbers, step = without_rounding(numbers, dtype)
    takes_atoms = conditional == "auto" or family_named(conditional).support == "real"
    codes, is_near = find_far(numbers, weights)
    given, between = numbers, None
    if takes_between and conditional == "auto" and real is Real and isinstance(atoms, str):
        between = _between_of(numbers, step, (codes, is_near), zero)
        if between is not None:
            numbers, step = between.points(numbers), between.step
    if takes_atoms:
        are_codes = atoms is None
        numbers, atoms = _with_atoms(numbers, atoms, step, dtype, (codes, is_near))
        codes = codes[np.isin(codes, atoms)]
    else:
        _check_takes_none(atoms, label, conditional)
        atoms = codes = np.array([])
    values, counts = np.unique(numbers, return_counts=True)
    rest, are_alone, are_few = _others(numbers, atoms, is_near)
    given = numbers if between is None else given
    has_others = step == 0 and not are_few
    others = [] if has_others else np.append(given[~rest], atoms)  # (atoms have their own)
    decimals = _decimals(given[rest], np.array(others), dtype, has_others)
    is_auto, bounds, warp, is_refused = conditional == "auto", (None, None), None, False
    if real is Real and not are_few and (is_auto or takes_warp):
        chosen = rest if is_auto else rest & is_near  # (wild cells choose none)
        warp, is_refused = _warp_of(numbers[chosen], step, decimals, zero)
    if is_auto:
        is_coarse = is_refused or (warp is None and _is_coarse(numbers[rest], step))
        no_code = ~np.isin(numbers, codes)
        bounds, is_sharp = find_bounds(
            numbers[no_code], np.setdiff1d(atoms, codes), step, zero, warp
        )
        conditional = "logistic_mixture" if is_coarse or is_sharp else "gaussian_mixture"
        if between is not None:
            bounds = _around(bounds, given[no_code], between)
    if warp is not None:
        bounds = _guarded(bounds, numbers[rest], warp)
    seen = numbers[rest] if warp is None else warp(numbers[rest])
    center, scale = standardisation(seen, weights[rest])
    parameters |= {"conditional": conditional, "scale": float(scale), "decimals": decimals}
    if takes_atoms:
        frequent = values[counts >= _LEAST_SHOWN * len(numbers)]
        parameters |= {
            "atoms": atoms.tolist(),
            "shown": atoms[np.isin(atoms, frequent)].tolist(),
            "atoms_are_alone": are_alone,
            "atoms_are_codes": are_codes,
            "bounds": bounds,
            "beyond": rare_share(0, len(numbers)),
        }
    spacing = _spacing_of(numbers[rest], decimals) if real is Real else {}
    if warp is not None:
        map_of_column = {
            "middle": warp.middle, "width": warp.width, "cell": step, "on": float(values[0]),
        }  # fmt: skip
        return Warped(center=float(center), **map_of_column, **spacing, **parameters)
    if family_named(conditional).support == "counts":
        check_counts(label, numbers, conditional)
        return lattice(center=float(np.round(center)), step=1.0, **parameters)
    if step > 0 and (asks_for(conditional, "half") or decimals == 0):
        _check_on_lattice(atoms, values[0], step, label, parameters["origin"])
        center = on_lattice(center, numbers[0], step)
        if between is not None:
            parameters |= _shares_between(between, given, atoms, weights)
        column = lattice(center=float(center), step=step, **parameters)
        column.keep_near(np.unique(given))
        return column
    return real(center=float(center), **spacing, **parameters)


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


def _shares_between(between, given, atoms, weights):
    """Where values are above points: parameters of a column of given numbers."""
    rest = ~np.isin(between.points(given), atoms)
    return {
        "fine": between.fine,
        "shares": between.of_rows(given[rest], weights[rest]).shares.tolist(),
        "beside_atoms": [between.beside(atom, given, weights) for atom in atoms],
    }


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
    """Cells of numbers in fit: as they are, or those that the labels of a category are.

    Raises
    ------
    TypeError
        For what can be labels only, as numbers beside text.
    ValueError
        For text, and for moments.
    """
    if cells.problem is not None:
        raise cells.problem
    numbers = _as_numbers(cells)
    if numbers is None:
        raise ValueError(
            f"Column {cells.label} is to be real-valued, but holds {cells.describe()}; convert it "
            "to numbers, or choose 'categorical' for it in conditionals."
        )
    return numbers


def alike(cells, dtype):
    """Cells of what a column of `dtype` holds: numbers, or moments or spans of time.

    Raises
    ------
    TypeError
        For what can be labels only.
    ValueError
        For all others.
    """
    if cells.problem is not None:
        raise cells.problem
    kind, numbers = np.dtype(dtype).kind, _as_numbers(cells)
    if kind in "Mm":
        if cells.kind == "":
            return replace(cells, values=np.zeros(len(cells.values), dtype))
        numbers = cells if cells.kind == kind else None
    if numbers is None:
        own = {"M": dtype, "m": dtype, "b": "flags"}.get(kind, "numbers")
        raise ValueError(
            f"Column {cells.label} is to hold {own}, but holds {cells.describe()}; convert it to "
            "what it was in fit."
        )
    return numbers


def _as_numbers(cells):
    """Cells of numbers or flags, or of labels that are such; None for others."""
    if cells.kind == "L" and not cells.holds_text:
        return replace(cells, values=np.array(cells.levels)[cells.values], levels=None)
    return None if cells.kind in ("L", "M", "m") else cells


def _decimals(numbers, atoms, dtype, has_others):
    """To how many decimals all numbers and atoms of a dtype are rounded, or nearly all numbers if
    it has others; None where these would be all the digits that it can hold."""
    few, n_others = numbers[:: len(numbers) // _FEW + 1], _FEW_OTHERS if has_others else 0.0
    size = float(max(abs(numbers).max(initial=0), abs(atoms).max(initial=0)))
    relative = precision(dtype) if np.dtype(dtype).kind == "f" else 1.0
    for n in range(16):
        if n > 0 and size * 10.0**n * relative > 1 / 4:
            break
        is_other = np.mean(_rounded(few, n, dtype) != few) > 1 / 4 if len(few) else False
        if is_other or not np.array_equal(_rounded(atoms, n, dtype), atoms):
            continue
        if not len(numbers) or np.mean(_rounded(numbers, n, dtype) != numbers) <= n_others:
            return n
    return None


def _spacing_of(numbers, decimals):
    """What numbers are multiples of, if it is more than their last decimal, as parameters of a
    column; none of few numbers, which may be so by chance."""
    if decimals is None or len(numbers) < _FEWEST_SPACED:
        return {}
    first, unit = float(numbers.min()), 10.0**-decimals
    with np.errstate(over="ignore"):
        ticks = np.rint((numbers - first) / unit)
    if not ticks.max() <= LARGEST_EXACT:
        return {}
    spacing = float(np.gcd.reduce(ticks.astype(np.int64)) * unit)
    return {"spacing": spacing, "first": first} if spacing > 1.5 * unit else {}


def _rounded(values, n, dtype):
    return _in_precision(np.round(values, n), dtype)


def _in_precision(numbers, dtype):
    """Numbers as those of a dtype are, if it is one of floats."""
    return numbers.astype(dtype) if np.dtype(dtype).kind == "f" else numbers


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
