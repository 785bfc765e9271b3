"""The families of conditional densities, a file each: what they are, and their kernels.

`FAMILIES` is the only place that lists them. A family is a frozen dataclass with

- ``name``, as `conditionals` gives it;
- ``support``, the values it takes: "flags" (0 and 1), "codes" (0, 1, ... of categories),
  "counts" (whole numbers from 0 on) or "real";
- ``is_discrete``: whether it gives probabilities, not densities;
- ``is_one_hot``: whether its input is one-hot of a code, else it is the value;
- ``noise``, what a draw needs besides random bits: "none", or a "normal" or "logistic" number;
- ``takes_input_noise``: whether training may add noise to its values;
- ``n_inputs`` and ``n_outputs``: units at the network's input, and parameters;
- ``constants``: numbers that its kernels need, the same for all rows;
- ``initial_bias(values, weights)``: its parameters before training;
- with "real" support ``of_components(n)``, the family with so many; ``means``, which of the
  parameters are means; and ``bias_about(mean, deviation)``, parameters about another mean; if
  it mixes components, ``bias_at_quantiles(values, weights)``, each about a part of the values.

Its fields are facts of a column (see `Real.family`). One that asks for ``half`` gives values on a
lattice the mean density of their cells; one that asks for ``low`` and ``high`` has no density
beyond. Columns of families with "real" support may have atoms.

Its kernels work on one feature for the rows of a tile, of which there are `width`:

- ``log_prob(a, values, constants, work, out, width)``: ``out[0, b] = log p(values[b])``. The
  rows of `a` are the parameters. `work` has as many rows, and `out` a second one, for what is
  needed on the way. Mixtures leave logarithms of the weights of their components in the first
  `n_components` rows of `a`, and their posterior probabilities in those of `work`;
- ``gradient(a, values, constants, deltas, width)``: the derivatives of ``-log p`` by the
  parameters, in place of what `log_prob` left in its `work`;
- ``draw(a, bits, noise, constants, work, out, values, width)``: ``values[b] ~ p``.

Here each kernel is one for all families in use: a chain of if and else over their codes.
"""

from dataclasses import fields

from skmade._families.bernoulli import Bernoulli
from skmade._families.categorical import Categorical
from skmade._families.gaussian import Gaussian
from skmade._families.gaussian_mixture import GaussianMixture
from skmade._families.logistic_mixture import LogisticMixture
from skmade._families.negative_binomial import NegativeBinomial
from skmade._kernels._choice import choice

FAMILIES = (
    Bernoulli, Categorical, Gaussian, GaussianMixture, LogisticMixture, NegativeBinomial,
)  # fmt: skip

FAMILY_NAMES = tuple(family.name for family in FAMILIES)


def family_named(name):
    """The class of a family."""
    return FAMILIES[FAMILY_NAMES.index(name)]


def make_family(name, **facts):
    """A family for a column of which `facts` are known; its fields say which of them it needs."""
    family = family_named(name)
    return family(**{field.name: facts[field.name] for field in fields(family)})


def asks_for(name, fact):
    """Whether a family is made from a fact of its column."""
    return fact in {field.name for field in fields(family_named(name))}


def family_code(family):
    """Number of a family in the kernels."""
    return FAMILIES.index(type(family))


def _of_all_families(kernel):
    """One kernel for all families: its first arguments say which are in use, and of which."""
    kernels = [getattr(family, kernel) for family in FAMILIES]
    return choice(kernels)


log_prob = _of_all_families("log_prob")
gradient = _of_all_families("gradient")
draw = _of_all_families("draw")
