"""Slow and obvious twins of the kernels: dense masks, one row at a time, float64."""

import numpy as np
from scipy.special import expit, logsumexp
from scipy.stats import logistic, nbinom, norm

from skmade._families import FAMILY_NAMES
from skmade._families._scales import SCALE_FLOOR
from skmade._families.negative_binomial import LOG_MEANS, LOG_SHAPES
from skmade._kernels._constants import ACTIVATIONS
from skmade._layout import make_plan
from skmade._masks import reference_masks

VALUE = {
    "relu": lambda a: np.maximum(a, 0),
    "tanh": np.tanh,
    "logistic": expit,
    "softplus": lambda a: np.logaddexp(0, a),
    "elu": lambda a: np.where(a > 0, a, np.expm1(np.minimum(a, 0))),
}


class DenseNetwork:
    """A network as dense matrices, with masks built from degrees as in the paper."""

    def __init__(self, network, theta=None):
        plan, theta = network.plan, network.theta if theta is None else theta
        self.plan, self.ordering = plan, network.ordering
        n_features, n_layers = len(network.ordering), len(plan.layers)
        positions = np.arange(1, n_features + 1)
        inputs = np.repeat(positions, plan.features["n_inputs"])
        outputs = np.repeat(positions, plan.features["n_outputs"])
        degrees = [inputs, *network.degrees, outputs]
        self.weights, self.masks, self.biases = {}, {}, []
        for layer in range(1, n_layers):
            for source in {layer - 1, 0} if layer == n_layers - 1 else {layer - 1}:
                compare = np.greater if layer == n_layers - 1 else np.greater_equal
                self.masks[layer, source] = compare.outer(degrees[layer], degrees[source])
                self.weights[layer, source] = np.zeros(self.masks[layer, source].shape)
            rows = plan.layers[layer] - plan.layers[0, 1] + plan.biases
            self.biases.append(np.asarray(theta[rows[0] : rows[1]], float))
        for index, panel in enumerate(plan.panels):
            row, stop, first, extent, height, offset, _ = panel
            layer = np.searchsorted(plan.first_panel, index, side="right") - 1
            source = int(np.searchsorted(plan.layers[:, 1], first, side="right"))
            block = np.asarray(theta[offset : offset + extent * height], float)
            begin = plan.layers[layer, 0]
            matrix = self.weights[layer, source]
            matrix[row - begin : stop - begin, :extent] = block.reshape(extent, height).T[
                : stop - row
            ]

    def inputs(self, row):
        """Input units of one row of the table."""
        units = []
        for feature, constants in zip(self.plan.features, self.plan.constants):
            value, limit = row[feature.column], self.plan.input_limit
            n = feature.n_inputs - feature.n_shown - feature.has_flag
            if feature.is_one_hot:  # of a code past the last, and of the only one, nothing
                units.extend((np.arange(n) == value) & (n > 1))
            else:
                units.append(0 if np.isnan(value) else np.clip(value, -limit, limit))
            units.extend(atoms_of(feature, constants)[: feature.n_shown] == value)
            units.extend([np.isnan(value)] * feature.has_flag)
        return np.array(units, float)

    def outputs(self, inputs):
        """Output units, from dense masked products."""
        activation, n_layers = ACTIVATIONS[self.plan.activation.index(True)], len(self.plan.layers)
        values = inputs
        for layer in range(1, n_layers - 1):
            masked = self.weights[layer, layer - 1] * self.masks[layer, layer - 1]
            added = VALUE[activation](masked @ values + self.biases[layer - 1])
            values = values + added if self.plan.residual and layer > 1 else added
        last = n_layers - 1
        result = self.biases[-1].copy()
        for source in {last - 1, 0}:
            result += (self.weights[last, source] * self.masks[last, source]) @ (
                inputs if source == 0 else values
            )
        return result

    def parameters(self, row):
        """For each position: record of the feature, outputs and constants."""
        outputs, first = self.outputs(self.inputs(row)), self.plan.layers[-1, 0]
        for feature, constants in zip(self.plan.features, self.plan.constants):
            start = feature.first_output - first
            yield feature, outputs[start : start + feature.n_outputs], constants

    def contributions(self, row):
        """log p(x_d | x_<d) of one row of the table, by column."""
        contributions = np.zeros(len(row))
        for feature, outputs, constants in self.parameters(row):
            value = row[feature.column]
            contributions[feature.column] = log_prob(feature, value, outputs, constants)
        return contributions

    def sample(self, uniform, noise, choices):
        """One row by D passes, from two uniform numbers and the family's noise for each feature."""
        row = np.zeros(len(self.ordering))
        for d in range(len(row)):
            feature, outputs, constants = list(self.parameters(row))[d]
            drawn = draw(feature, outputs, uniform[d], noise[d], choices[d], constants)
            row[feature.column] = drawn
        return row


class DenseDraw(DenseNetwork):
    """A shared network under one draw: columns and units stay where they are, masks change.

    Dense weights are read block by block, source unit by source unit; the masks are the
    paper's, from degrees that are not sorted.
    """

    def __init__(self, network, draw, theta=None):
        architecture, n_features = network.sampler.architecture, len(draw.ordering)
        self.ordering = draw.ordering
        # for the columns' families and places only: nothing of the draw's own layout
        degrees = [np.sort(layer) for layer in draw.degrees]
        self.plan = make_plan(architecture, np.arange(n_features), degrees)
        positions = np.argsort(draw.ordering)
        inputs = np.repeat(positions, self.plan.features["n_inputs"])
        outputs = np.repeat(positions, self.plan.features["n_outputs"])
        self.degrees = [inputs + 1, *draw.degrees, outputs + 1]
        chain, direct = reference_masks(draw.degrees, n_features)
        last, has_direct = len(chain), architecture.direct_connections
        self.masks = {(layer, layer - 1): mask for layer, mask in enumerate(chain, 1)}
        self.masks[last, last - 1] = self.masks[last, last - 1][outputs]
        self.masks[1, 0] = self.masks[1, 0][:, inputs]
        if last > 1 or not has_direct:
            self.masks[last, 0] = direct[np.ix_(outputs, inputs)] & has_direct
        widths, place = np.diff(self.plan.layers)[:, 0], 0
        theta = np.asarray(network.theta if theta is None else theta, float)
        self.weights, self.biases = {}, []
        for layer, source in self.masks:
            n = widths[source] * widths[layer]
            block = theta[place : place + n]
            self.weights[layer, source] = block.reshape(widths[source], widths[layer]).T
            place += n
        for width in widths[1:]:
            self.biases.append(theta[place : place + width])
            place += width
        assert place == len(theta)


def atoms_of(feature, constants):
    """The atoms of a feature."""
    return constants[feature.first_atom : feature.first_atom + feature.n_atoms]


def log_prob(feature, value, outputs, constants):
    """That of a family, beside atoms and missing cells."""
    n, atoms = feature.n_states, atoms_of(feature, constants)
    if np.isnan(value) and n < len(atoms) + 2:
        return 0.0
    log_states = outputs[:n] - (logsumexp(outputs[:n]) if n else 0)
    if np.isnan(value):
        return log_states[-1]
    density = LOG_PROB[FAMILY_NAMES[feature.family]](value, outputs[n:], constants)
    if n == 0:
        return density
    if value not in atoms:
        return log_states[0] + density
    log_atom, cell = log_states[1 + list(atoms).index(value)], constants[feature.first_atom - 3]
    if cell == 0 or feature.is_alone:
        return log_atom - (np.log(cell) if cell else 0)
    return np.logaddexp(log_atom - np.log(cell), log_states[0] + density)


def draw(feature, outputs, uniform, noise, choice, constants):
    """A value of a family, or else an atom, or NaN for a missing cell."""
    n, atoms = feature.n_states, atoms_of(feature, constants)
    value = DRAW[FAMILY_NAMES[feature.family]](outputs[n:], uniform, noise, constants)
    cell, low, high = constants[feature.first_atom - 3 : feature.first_atom]
    if feature.has_bounds:
        value = 2 * low - value if value < low else value
        value = max(2 * high - value, low) if value > high else value
    if n == 0:
        return value
    k = _index(outputs[:n], choice)
    if k > 0:
        return [*atoms, np.nan][k - 1]
    near = atoms[np.abs(atoms - value) < cell / 4]
    return near[0] if len(near) else value


def scale(raw):
    return SCALE_FLOOR + np.logaddexp(0, raw)


def _mixture_parts(parameters):
    logits, means, raw = np.split(parameters, 3)
    return logits - logsumexp(logits), means, scale(raw)


def _index(logits, uniform):
    cumulative = np.cumsum(np.exp(logits - logsumexp(logits)))
    return min(np.searchsorted(cumulative, uniform, side="right"), len(logits) - 1)


def _categorical_log_prob(value, logits, _):
    return logits[int(value)] - logsumexp(logits) if value < len(logits) else 0.0


def _gaussian_mixture_log_prob(value, parameters, _):
    log_weights, means, scales = _mixture_parts(parameters)
    return logsumexp(log_weights + norm.logpdf(value, means, scales))


def _draw_component(parameters, uniform, noise, _):
    log_weights, means, scales = _mixture_parts(parameters)
    k = _index(log_weights, uniform)
    return means[k] + scales[k] * noise


def _mass_between(low, high, means, scales):
    """Of logistic distributions; where differences keep their digits."""
    sign = np.where(low + high > 2 * means, -1, 1)
    ends = logistic.cdf(sign * (high - means) / scales), logistic.cdf(sign * (low - means) / scales)
    return sign * (ends[0] - ends[1])


def _logistic_mixture_log_prob(value, parameters, constants):
    (log_weights, means, scales), (half, low, high) = _mixture_parts(parameters), constants[:3]
    log_weights = log_weights - np.log(_mass_between(low, high, means, scales))
    log_weights = log_weights - abs(value - np.clip(value, low, high)) / scales
    value = np.clip(value, low, high)
    if half == 0:
        return logsumexp(log_weights + logistic.logpdf(value, means, scales))
    inside = _mass_between(value - half, value + half, means, scales)
    return logsumexp(log_weights + np.log(inside / (2 * half)))


def _draw_logistic(parameters, uniform, noise, constants):
    (log_weights, means, scales), (half, low, high) = _mixture_parts(parameters), constants[:3]
    k = _index(log_weights, uniform)
    first, last = logistic.cdf([low, high], means[k], scales[k])
    drawn = logistic.ppf(first + expit(noise) * (last - first), means[k], scales[k])
    return np.floor(drawn / (2 * half) + 0.5) * 2 * half if half else drawn


def _components_of_counts(parameters):
    """Logits of the components, their distributions, and their modes."""
    logits, means, shapes = np.split(parameters, 3)
    m, r = np.exp(np.clip(means, *LOG_MEANS)), np.exp(np.clip(shapes, *LOG_SHAPES))
    return logits, nbinom(r, r / (r + m)), np.maximum(np.floor((r - 1) * m / r), 0)


def _negative_binomial_log_prob(value, parameters, constants):
    (logits, components, _), (origin, unit) = _components_of_counts(parameters), constants[:2]
    n = max(np.round((value - origin) / unit), 0)
    return logsumexp(logits + components.logpmf(n)) - logsumexp(logits)


def _draw_count(parameters, uniform, noise, constants):
    """Probabilities added up from the mode to both sides, below it first."""
    (logits, components, modes), (origin, unit) = _components_of_counts(parameters), constants[:2]
    k, u, steps = _index(logits, uniform), expit(noise), np.arange(1, 3000)
    counts = modes[k] + np.r_[0, np.column_stack([-steps, steps]).ravel()]
    passed = u < np.cumsum(components.pmf(counts[:, None])[:, k])
    return origin + unit * counts[np.argmax(passed)]


LOG_PROB = {
    "bernoulli": lambda x, a, _: -np.logaddexp(0, -a[0] if x else a[0]),
    "categorical": _categorical_log_prob,
    "gaussian": lambda x, a, _: norm.logpdf(x, a[0], scale(a[1])),
    "gaussian_mixture": _gaussian_mixture_log_prob,
    "logistic_mixture": _logistic_mixture_log_prob,
    "negative_binomial": _negative_binomial_log_prob,
}
DRAW = {
    "bernoulli": lambda a, u, z, _: float(u < expit(a[0])),
    "categorical": lambda a, u, z, _: float(_index(a, u)),
    "gaussian": lambda a, u, z, _: a[0] + scale(a[1]) * z,
    "gaussian_mixture": _draw_component,
    "logistic_mixture": _draw_logistic,
    "negative_binomial": _draw_count,
}


def copy_probabilities(row, donors, share, log_density):
    """That a row of labels is a copy of each donor, and last that it is none; NaN is missing."""
    weights = []
    for donor in donors:
        weight = share / len(donors) if np.any(np.isnan(row) & ~np.isnan(donor)) else 0.0
        for value, own, column in zip(row, donor, donors.T):
            if np.isnan(value) or value == own:
                continue
            weight *= _frequency(value, column) if np.isnan(own) else 0.0
        weights.append(weight)
    weights = np.array([*weights, (1 - share) * np.exp(log_density)])
    return weights / weights.sum()


def _frequency(value, column):
    """Probability of a label in a column of others."""
    column = column[~np.isnan(column)]
    values, counts = np.unique(column, return_counts=True)
    rare = (np.sum(counts == 1) + 0.5) / (len(column) + 1) / (np.ptp(values) + 1)
    return max(np.sum(column == value) - 1, 0) / len(column) + rare
