"""A family beside atoms and missing cells: a mixed distribution."""

from dataclasses import dataclass

import numpy as np

from skmade._families._scales import UNBOUNDED


@dataclass(frozen=True)
class Mixed:
    """``p(x) = pi_0 f(x)``, where f is of a family, but for atoms and missing cells.

    With ``pi = softmax(a)`` of outputs of its own, an atom has the probability ``pi_k``. On a
    lattice, where f is the mean over a cell, values have the density ``pi_0 f(x)``, and atoms
    ``pi_0 f(x) + pi_k / width``, in units of a cell: there all values have probabilities, and
    they sum to 1. (Where all that was seen are atoms, the rest is what was not: there an atom has
    ``pi_k / width`` alone.) A missing cell has the last of the probabilities where being missing is
    informative; elsewhere it says nothing: its log-density and all derivatives are 0.

    The first input is that of the family, 0 of a missing cell. Others say whether the value is one
    of the most frequent atoms, one-hot, and whether it is missing, if any was in training.

    Parameters
    ----------
    family : object
        What the other values are drawn from; see `skmade._families`.
    atoms : tuple of float
        As the network sees them, those first that have an input.
    n_shown : int
        How many have one.
    low, high : float
        Bounds of the other values: draws of families that do not know them are reflected there.
    share_of_points : float
        How much of the probability of a cell is that of its point, which atoms are.
    is_alone : bool
        Whether all values that were seen are atoms.
    has_gaps : bool
        Whether training rows had missing cells.
    is_informative : bool
        Whether being missing is an outcome.
    """

    family: object
    atoms: tuple = ()
    n_shown: int = 0
    low: float = -UNBOUNDED
    high: float = UNBOUNDED
    share_of_points: float = 1.0
    is_alone: bool = False
    has_gaps: bool = False
    is_informative: bool = False

    @property
    def n_states(self):
        """How many outputs choose between atoms, gaps and the rest; none without these."""
        n_others = len(self.atoms) + self.is_informative
        return 1 + n_others if n_others else 0

    @property
    def n_inputs(self):
        return self.family.n_inputs + self.n_shown + self.has_gaps

    @property
    def n_outputs(self):
        return self.n_states + self.family.n_outputs

    @property
    def constants(self):
        """Those of the family; then width of a cell, bounds and atoms."""
        return (*self.family.constants, self.cell, self.low, self.high, *self.atoms)

    @property
    def cell(self):
        """The width of a cell, or what its point has of it; 0 on no lattice."""
        return 2 * getattr(self.family, "half", 0.0) * self.share_of_points

    @property
    def first_atom(self):
        """Where in the constants the atoms begin."""
        return len(self.family.constants) + 3

    @property
    def has_bounds(self):
        """Whether draws have bounds."""
        return self.low > -UNBOUNDED or self.high < UNBOUNDED

    def initial_bias(self, values, weights):
        """Logarithms of the (smoothed) frequencies of the states, and the family's own bias."""
        missing, atoms = np.isnan(values), np.array(self.atoms, values.dtype)
        order = np.argsort(atoms)
        place = np.searchsorted(atoms[order], values)
        nearest = np.append(order, 0)[place]  # (any beyond the last)
        is_atom = np.append(atoms, np.nan)[nearest] == values
        state = np.where(is_atom, nearest + 1, 0)
        rest = (state == 0) & ~missing
        shown = rest if rest.any() else ~missing
        own = self.family.initial_bias(values[shown], weights[shown])
        if self.n_states == 0:
            return own
        if self.is_informative:
            state[missing] = self.n_states - 1
        counted = ~missing | self.is_informative
        counts = np.bincount(state[counted], weights[counted], self.n_states) + 0.5
        return np.concatenate([np.log(counts / counts.sum()), own])
