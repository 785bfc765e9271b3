"""Log-densities of cells as graphs, given the parameters of their conditionals.

Parameters have the shape (n_networks, n, n_columns, n_outputs).
"""

import numpy as np

from skmade._families._scales import RESIDUAL_LIMIT, SCALE_FLOOR
from skmade._families.gaussian import HALF_LOG_2PI
from skmade._families.negative_binomial import GAMMA_SERIES, LOG_MEANS, LOG_SHAPES
from skmade._onnx._cells import any_of, has_cells


def log_probs(group, cells, parameters):
    """Of each cell, under each network: as `_choose_state` of the kernels."""
    mixed = group.first
    sizes = [1] * (mixed.n_states > 0) + [len(mixed.atoms)] * bool(mixed.atoms)
    sizes += [1] * mixed.is_informative
    n_family = mixed.family.n_outputs
    *states, own = parameters.split([*([mixed.n_states] if sizes else []), n_family])
    known = _density_of(group)(group, cells, own)
    if not sizes:
        return cells.gone.where(0.0, known)
    rest, *others = states[0].log_softmax().split(sizes)
    known = rest.without_axis(-1) + known
    if mixed.atoms:
        atom = cells.is_atom.where(others[0], 0.0).sum(-1)
        if has_cells(mixed):
            atom -= np.log([own.cell for own in group.families])
            atom = atom if mixed.is_alone else atom.log_add_exp(known)
        known = any_of(cells.is_atom).where(atom, known)
    return cells.gone.where(others[-1].without_axis(-1) if mixed.is_informative else 0.0, known)


def _density_of(group):
    name = group.first.family.name
    if name not in DENSITIES:
        raise NotImplementedError(
            f"Column {group.columns[0].label} has a {name!r} conditional, of which there is no "
            "graph: choose another family for it in conditionals, or add one to "
            "skmade/_onnx/_densities.py."
        )
    return DENSITIES[name]


def _bernoulli(group, cells, a):
    a = a.without_axis(-1)
    return a * cells.values.cast(a.dtype) - a.softplus()


def _categorical(group, cells, a):
    log_p = a.log_softmax()
    return (log_p if cells.is_one is None else cells.is_one.where(log_p, 0.0)).sum(-1)


def _gaussian(group, cells, a):
    mean, raw = a.split([1, 1])
    return _normal(cells, mean, raw).without_axis(-1)


def _normal(cells, means, raws):
    s = _scales(raws)
    t = _standardised(_values(cells, means), means, s)
    return t * t * -0.5 - s.log() - HALF_LOG_2PI


def _scales(raws):
    return raws.softplus() + SCALE_FLOOR


def _values(cells, means):
    """Values of cells, beside means of components."""
    return cells.values.cast(means.dtype).with_axis(-1)


def _standardised(values, means, s):
    """Distances of values from means, in scales."""
    return ((values - means) / s).clip(-RESIDUAL_LIMIT, RESIDUAL_LIMIT)


def _gaussian_mixture(group, cells, a):
    logits, means, raws = _thirds(group, a)
    return (logits.log_softmax() + _normal(cells, means, raws)).log_sum_exp(-1)


def _thirds(group, a):
    return a.split([group.first.family.n_components] * 3)


def _logistic_mixture(group, cells, a):
    """As `LogisticMixture.log_prob`; where there are no bounds, all of the mass is between them."""
    logits, means, raws = _thirds(group, a)
    half, low, high = map(group.of_families, ("half", "low", "high"))
    values, s = _values(cells, means), _scales(raws)
    within = values.apply("Max", low).apply("Min", high)
    t, h = abs(_standardised(within, means, s)), s.apply("Reciprocal") * half
    beyond = abs(_standardised(values, within, s))
    near = abs(t - h)
    both = ((-t - h).exp() + 1.0) * ((-near).exp() + 1.0)
    log_density = -(t - h).apply("Relu") + (_in_cell(h + h) / (s * both)).log()
    below, above = (means - low) / s, -(means - high) / s
    width = below + above
    log_mass = (width * _in_cell(width)).log() - (-below).softplus() - (-above).softplus()
    return (logits.log_softmax() + log_density - beyond - log_mass).log_sum_exp(-1)


def _in_cell(u):
    """``(1 - e**-u) / u``, at 0 its limit 1: as `_in_cell` of the kernels."""
    series = -u * (-u * (-u * (1 / 24) + 1 / 6) + 1 / 2) + 1.0
    return (u < 0.1).where(series, -((-u).exp() - 1.0) / u)


def _negative_binomial(group, cells, a):
    """In double precision, in which gamma functions leave enough digits when they cancel."""
    counts = cells.counts.with_axis(-1)
    logits, means, raws = (part.cast(float) for part in _thirds(group, a))
    log_m, log_r = means.clip(*LOG_MEANS), raws.clip(*LOG_SHAPES)
    r = log_r.exp()
    log_total = (r + log_m.exp()).log()
    log_p = _log_gamma(counts + r) - _log_gamma(r) - _log_gamma(counts + 1.0)
    log_p += r * (log_r - log_total) + counts * (log_m - log_total)
    return (logits.log_softmax() + log_p).log_sum_exp(-1).cast(a.dtype)


def _log_gamma(x):
    """The logarithm of the gamma function, for x > 0: by Stirling's series for x + 8."""
    y, product = x + 8.0, x
    for k in range(1, 8):
        product *= x + float(k)
    z, series = (y * y).apply("Reciprocal"), y * 0.0
    for term in GAMMA_SERIES:
        series = series * z + term
    return (y - 0.5) * y.log() - y + HALF_LOG_2PI + series / y - product.log()


#: Of each family, its log-density for a group, its cells and their parameters.
DENSITIES = {
    "bernoulli": _bernoulli,
    "categorical": _categorical,
    "gaussian": _gaussian,
    "gaussian_mixture": _gaussian_mixture,
    "logistic_mixture": _logistic_mixture,
    "negative_binomial": _negative_binomial,
}
