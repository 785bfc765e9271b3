"""Numbers: real columns, and those on a lattice, as counts are."""

from dataclasses import dataclass, field, replace

import numpy as np

from skmade._columns._between import Between
from skmade._columns._column import LARGEST_SEEN, Column, from_numbers, to_numbers
from skmade._columns._decimals import in_precision
from skmade._columns._lattice import (
    OFF_LATTICE,
    in_short_floats,
    nearest_place,
    on_lattice,
    rounding_of,
)
from skmade._columns._numeric import alike, check_counts
from skmade._columns._warp import Warp
from skmade._families import asks_for, family_named, make_family
from skmade._families._mixed import Mixed
from skmade._families._scales import UNBOUNDED

# Numbers are rounded by this part of themselves, at most, in single precision.
_ROUNDING = 2.0**-24


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
        is_near |= (numbers == atoms[place]) | (numbers == single[place])
        return is_near | (in_short_floats(numbers, self.dtype) == atoms[place]), place

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
        self.near = values[in_precision(self.nearest(values), self.dtype) != values].tolist()


def restore(seen, known, values, numbers):
    """Make numbers exactly the values that the network sees as `known`, which are in order."""
    place = np.searchsorted(known, seen).clip(max=len(known) - 1)
    numbers[:] = np.where(known[place] == seen, values[place], numbers)
