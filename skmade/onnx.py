"""Scores as a graph of ONNX, for places without Python.

The graph reads numbers in the columns' own units (`as_input`), and does with dense masked matrices
what kernels do. Networks, and draws of masks, are stacked: values that differ between them have the
shape (n_networks, n, ...). Columns that are computed alike are one group: their values have the
shape (n, n_columns, ...).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skmade._columns import Table
from skmade._columns._category import Category
from skmade._columns._constant import Constant
from skmade._columns._flag import Flag
from skmade._families._scales import RESIDUAL_LIMIT, SCALE_FLOOR
from skmade._families.gaussian import HALF_LOG_2PI
from skmade._families.negative_binomial import GAMMA_SERIES, LOG_MEANS, LOG_SHAPES
from skmade._made import MADEDensity
from skmade._network import weight_places
from skmade._types import Floats, Rows

try:
    import onnx

    from skmade._graph import Graph, Value, concatenate
except ImportError as error:
    raise ImportError("skmade.onnx needs ONNX: pip install onnx (or 'skmade[onnx]').") from error

_ACTIVATIONS = {
    "relu": "Relu", "tanh": "Tanh", "logistic": "Sigmoid", "softplus": "Softplus", "elu": "Elu",
}  # fmt: skip


def to_onnx(model: MADEDensity) -> onnx.ModelProto:
    """The log-density of rows, as `score_samples` gives it, as an ONNX graph.

    All families, activations and combinations are covered, and atoms, missing cells, labels and
    values that were not seen in `fit`. Cells that have no probability, for which `score_samples`
    raises an error, make the row's score NaN; so do infinite cells, and other values in a column
    that was constant in `fit`.

    Parameters
    ----------
    model : MADEDensity or MADEOutlierDetector
        Fitted.

    Returns
    -------
    onnx.ModelProto
        Of the input ``X``, doubles of shape (n, n_features), as `as_input` makes them; and the
        output ``score``, doubles of shape (n,), in nats. Networks compute in their own dtype.

    Raises
    ------
    NotFittedError
        Before `fit`.

    Examples
    --------
    >>> import numpy as np
    >>> import onnxruntime
    >>> from skmade import MADEDensity
    >>> from skmade.onnx import to_onnx
    >>> X = np.random.default_rng(0).normal(size=(500, 2))
    >>> model = MADEDensity(n_estimators=1, random_state=0).fit(X)
    >>> session = onnxruntime.InferenceSession(to_onnx(model).SerializeToString())
    >>> (scores,) = session.run(["score"], {"X": X})
    >>> bool(np.all(abs(scores - model.score_samples(X)) < 1e-4))
    True
    """
    check_is_fitted(model)
    density, graph = model._density, Graph()
    x, groups = Value(graph, "X", np.dtype(float)), _groups(density)
    cells = [_read(group, x.take(group.places, axis=1)) for group in groups]
    units = concatenate([_units(group, own, density) for group, own in zip(groups, cells)])
    ensemble = density.ensemble.of_weight()
    outputs = _outputs(density.architecture, ensemble.networks, groups, units)
    logs = [_log_probs(*parts).cast(float).sum(-1) for parts in zip(groups, cells, outputs)]
    extras = [own.extras.sum(-1) for own in cells]
    score = _combined(ensemble, _total(logs)) + _total(extras) + density.columns.offset
    return graph.model({"X": ["n", len(density.columns.columns)]}, {"score": (score, ["n"])})


def as_input(model: MADEDensity, X: Rows) -> Floats:
    """Rows of a table as the numbers that the graph of `to_onnx` reads.

    Parameters
    ----------
    model : MADEDensity or MADEOutlierDetector
        Fitted.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)

    Returns
    -------
    ndarray of shape (n_samples, n_features), float64
        Numbers and flags as they are; the codes of labels (from 0 on, in the order of the levels),
        and one more than the last for labels that were not seen; ticks of moments and spans,
        counted from the first one in `fit`. NaN where cells are missing.

    Raises
    ------
    NotFittedError, ValueError
        As :meth:`MADEDensity.score_samples`.
    """
    check_is_fitted(model)
    table = Table.read(model, X, reset=False)
    blocks = [block for _, block in table.stretches()] if table.is_sparse else [table]
    numbers = [model._density.columns.numbers(block) for block in blocks]
    return np.concatenate(numbers).astype(np.float64)


@dataclass(frozen=True)
class _Group:
    """Columns that are computed alike: their places in the table, and what was learnt of them."""

    places: list[int]
    columns: list[Any]
    families: list[Any]
    offsets: np.ndarray

    @property
    def first(self):
        """The family, beside atoms and gaps, of one of them: they differ in constants only."""
        return self.families[0]

    def of_columns(self, name):
        """An attribute of each column, which is a number."""
        return np.array([getattr(column, name) for column in self.columns], float)

    def of_families(self, name):
        """As `of_columns`, of each family, for components of mixtures: (n_columns, 1)."""
        return np.array([[getattr(mixed.family, name)] for mixed in self.families], float)


@dataclass(frozen=True)
class _Cells:
    """The cells of a group, as graphs see them.

    Parameters
    ----------
    values : Value of shape (n, n_columns)
        As the network sees them, doubles; 0 where cells are gone.
    gone : Value of shape (n, n_columns)
        Where cells are missing, and where a flag has a third value.
    extras : Value of shape (n, n_columns)
        What is added to the log-probability of the network and the offset; NaN for what has none.
    is_one : Value of shape (n, n_columns, n_categories), or None
        Of labels, which they are.
    is_atom : Value of shape (n, n_columns, n_atoms), or None
    counts : Value of shape (n, n_columns), or None
        Whole numbers from 0 on.
    """

    values: Value
    gone: Value
    extras: Value
    is_one: Value | None = None
    is_atom: Value | None = None
    counts: Value | None = None


def _groups(density):
    """The groups of the columns of a density."""
    made, columns = {}, density.columns
    for place, (column, mixed) in enumerate(zip(columns.columns, density.architecture.families)):
        key = (
            type(column), type(mixed.family), mixed.n_inputs, mixed.n_outputs, mixed.n_states,
            mixed.n_shown, mixed.has_gaps, mixed.is_informative, mixed.is_alone, _has_cells(mixed),
        )  # fmt: skip
        made.setdefault(key, []).append(place)
    return [
        _Group(
            places,
            [columns.columns[place] for place in places],
            [density.architecture.families[place] for place in places],
            columns.offsets[places],
        )
        for places in made.values()
    ]


def _has_cells(mixed):
    """Whether the family gives values on a lattice the mean density of their cell."""
    return getattr(mixed.family, "half", 0.0) > 0


def _total(values):
    first, *others = values
    return sum(others, first)


def _read(group, x):
    """The cells of a group, from numbers in the units of the columns."""
    missing = x.is_nan()
    extras = x.is_inf().where(np.nan, missing.where(-group.offsets, 0.0))
    read = {Flag: _read_flags, Category: _read_labels, Constant: _read_constants}
    return read.get(type(group.columns[0]), _read_numbers)(group, x, missing, extras)


def _of_rare(group):
    """What cells that were not seen in fit add, NaN where they have no probability."""
    rare = np.array([np.nan if c.rare is None else c.rare for c in group.columns])
    return np.log(rare) - group.of_columns("offset")


def _read_flags(group, x, missing, extras):
    codes = (x - group.of_columns("center")) / group.of_columns("scale")
    rounded = (codes > 0.5).where(1.0, 0.0)
    is_third = abs(codes - rounded) > group.of_columns("tolerance")
    gone, extras = missing | is_third, extras + is_third.where(_of_rare(group), 0.0)
    return _Cells(gone.where(0.0, rounded), gone, extras)


def _read_labels(group, x, missing, extras):
    n_levels = group.first.family.n_categories
    is_one = x.with_axis(-1).equals(np.arange(n_levels))
    is_new, is_known = x.equals(n_levels), is_one.cast(float).sum(-1) > 0.5
    extras += (missing | is_known).where(0.0, is_new.where(_of_rare(group), np.nan))
    return _Cells(missing.where(0.0, x), missing, extras, is_one=is_one)


def _read_constants(group, x, missing, extras):
    is_other = abs(x - group.of_columns("value")) > group.of_columns("tolerance")
    return _Cells(missing.where(0.0, 0.0), missing, extras + is_other.where(np.nan, 0.0))


def _read_numbers(group, x, missing, extras):
    columns, is_atom, counts = group.columns, None, None
    z = (x - group.of_columns("center")) / group.of_columns("scale")
    if group.first.family.support == "counts":
        is_count = x.equals(abs(x.floor()))
        counts = is_count.where(x, 0.0)
        extras += (missing | is_count).where(0.0, np.nan)
    if group.first.atoms:
        atoms = np.array([column.atoms_in_order() for column in columns])
        single = np.where(atoms == np.round(atoms), atoms, atoms.astype(np.float32))
        is_atom = x.with_axis(-1).equals(atoms) | x.with_axis(-1).equals(single)
        of_points = [np.log(column.scale) if column.has_points else 0.0 for column in columns]
        extras += _any(is_atom).where(np.array(of_points), 0.0)
    low, high = np.transpose([column.bounds_seen() for column in columns])
    beyond = [np.log(column.beyond) if column.is_cut_off else 0.0 for column in columns]
    extras += ((z < low) | (z > high)).where(np.array(beyond), 0.0)
    return _Cells(missing.where(0.0, z), missing, extras, is_atom=is_atom, counts=counts)


def _any(flags):
    """Whether any along the last axis is true."""
    return flags.cast(float).sum(-1) > 0.5


def _units(group, cells, density):
    """Inputs of the networks, column by column: (n, n_units)."""
    limit, mixed = density.architecture.input_limit, group.first
    if cells.is_one is not None and mixed.family.n_categories > 1:
        parts = [cells.is_one.cast(density.dtype)]
    else:
        is_label = mixed.family.is_one_hot  # one that is the only one says nothing
        seen = cells.values * 0.0 if is_label else cells.values.clip(-limit, limit)
        parts = [seen.cast(density.dtype).with_axis(-1)]
    if mixed.n_shown:
        shown = cells.is_atom.take(range(mixed.n_shown), axis=-1)
        parts.append(shown.cast(density.dtype))
    if mixed.has_gaps:
        parts.append(cells.gone.cast(density.dtype).with_axis(-1))
    return concatenate(parts).reshape(0, -1)


def _outputs(architecture, networks, groups, units):
    """Parameters of the conditionals, by groups: (n_networks, n, n_columns, n_outputs)."""
    arrays = [_arrays(network, architecture, groups) for network in networks]
    weights, biases, direct = ([np.stack(same) for same in zip(*own)] for own in zip(*arrays))
    hidden = units
    for layer, matrix in enumerate(weights[:-1]):
        a = (hidden @ matrix + biases[layer]).apply(_ACTIVATIONS[architecture.activation])
        hidden = hidden + a if architecture.residual and layer > 0 else a
    outputs = hidden @ weights[-1] + biases[-1]
    for matrix in direct:
        outputs += units @ matrix
    parts = outputs.split([len(group.places) * group.first.n_outputs for group in groups])
    return [own.reshape(0, 0, len(group.places), -1) for own, group in zip(parts, groups)]


def _arrays(network, architecture, groups):
    """Dense weights (sources, units) and biases (1, units) of each layer; and the direct weights,
    in a list, where there are any."""
    plan, weights = network.plan, network.theta[weight_places(network.plan)]
    widths = np.diff(plan.layers)[:, 0].tolist()
    last, matrices, row = len(widths) - 1, [], 0
    links = [(layer - 1, layer) for layer in range(1, len(widths))]
    if architecture.direct_connections and last > 1:
        links.append((0, last))
    inputs, outputs = (_in_groups(plan.features, kind, groups) for kind in ("input", "output"))
    for source, layer in links:
        seen = np.arange(widths[source]) < plan.extents[row : row + widths[layer], None]
        matrix = np.zeros(seen.shape, weights.dtype)
        matrix[seen], weights = np.split(weights, [seen.sum()])
        matrix = matrix[outputs - plan.layers[-1, 0]] if layer == last else matrix
        matrices.append((matrix[:, inputs] if source == 0 else matrix).T)
        row += widths[layer]
    *biases, last_biases = np.split(weights, np.cumsum(widths[1:-1]))
    biases.append(last_biases[outputs - plan.layers[-1, 0]])
    return matrices[:last], [bias[None] for bias in biases], matrices[last:]


def _in_groups(features, kind, groups):
    """Numbers of the input or output units, as they follow each other in groups."""
    records = features[np.argsort(features["column"])]
    records = records[[place for group in groups for place in group.places]]
    return np.concatenate(
        [np.arange(n) + first for first, n in zip(records[f"first_{kind}"], records[f"n_{kind}s"])]
    )


def _log_probs(group, cells, parameters):
    """Of each cell, under each network: as `_choose_state` of the kernels."""
    mixed = group.first
    sizes = [1] * (mixed.n_states > 0) + [len(mixed.atoms)] * bool(mixed.atoms)
    sizes += [1] * mixed.is_informative
    n_family = mixed.family.n_outputs
    *states, own = parameters.split([*([mixed.n_states] if sizes else []), n_family])
    known = _DENSITIES[mixed.family.name](group, cells, own)
    if not sizes:
        return cells.gone.where(0.0, known)
    rest, *others = states[0].log_softmax().split(sizes)
    known = rest.without_axis(-1) + known
    if mixed.atoms:
        atom = cells.is_atom.where(others[0], 0.0).sum(-1)
        if _has_cells(mixed):
            atom -= np.log(2 * group.of_families("half")[:, 0])
            atom = atom if mixed.is_alone else atom.log_add_exp(known)
        known = _any(cells.is_atom).where(atom, known)
    return cells.gone.where(others[-1].without_axis(-1) if mixed.is_informative else 0.0, known)


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
    t, s = _standardised(cells, means, raws)
    return t * t * -0.5 - s.log() - HALF_LOG_2PI


def _standardised(cells, means, raws):
    """Distances of values from means, in scales, and scales."""
    s = raws.softplus() + SCALE_FLOOR
    values = cells.values.cast(means.dtype).with_axis(-1)
    return ((values - means) / s).clip(-RESIDUAL_LIMIT, RESIDUAL_LIMIT), s


def _gaussian_mixture(group, cells, a):
    logits, means, raws = _thirds(group, a)
    return (logits.log_softmax() + _normal(cells, means, raws)).log_sum_exp(-1)


def _thirds(group, a):
    return a.split([group.first.family.n_components] * 3)


def _logistic_mixture(group, cells, a):
    """As `LogisticMixture.log_prob`; where there are no bounds, all of the mass is between them."""
    logits, means, raws = _thirds(group, a)
    (t, s), half = _standardised(cells, means, raws), group.of_families("half")
    t, h = abs(t), s.apply("Reciprocal") * half
    near = abs(t - h)
    both = ((-t - h).exp() + 1.0) * ((-near).exp() + 1.0)
    log_density = -(t - h).apply("Relu") + (_in_cell(h + h) / (s * both)).log()
    below = (means - group.of_families("low")) / s
    above = -(means - group.of_families("high")) / s
    width = below + above
    log_mass = (width * _in_cell(width)).log() - (-below).softplus() - (-above).softplus()
    return (logits.log_softmax() + log_density - log_mass).log_sum_exp(-1)


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


_DENSITIES = {
    "bernoulli": _bernoulli,
    "categorical": _categorical,
    "gaussian": _gaussian,
    "gaussian_mixture": _gaussian_mixture,
    "logistic_mixture": _logistic_mixture,
    "negative_binomial": _negative_binomial,
}


def _combined(ensemble, logs):
    """Log-densities of rows, from those under each network."""
    if len(ensemble.networks) == 1:
        return logs.without_axis(0)
    if ensemble.is_product:
        return logs.mean(0) - ensemble.log_normalizer
    return (logs + ensemble.log_weights[:, None]).log_sum_exp(0)
