"""Networks as graphs: dense masked matrices, of all networks and draws of masks side by side.

Values that differ between networks have the shape (n_networks, n, ...).
"""

import numpy as np

from skmade._network import weight_places

_ACTIVATIONS = {"relu": "Relu", "tanh": "Tanh", "logistic": "Sigmoid", "elu": "Elu"}


def outputs_of(architecture, networks, groups, units):
    """Parameters of the conditionals, by groups: (n_networks, n, n_columns, n_outputs)."""
    arrays = [_arrays(network, architecture, groups) for network in networks]
    weights, biases, direct = ([np.stack(same) for same in zip(*own)] for own in zip(*arrays))
    hidden = units
    for layer, matrix in enumerate(weights[:-1]):
        a = _activated(hidden @ matrix + biases[layer], architecture.activation)
        hidden = hidden + a if architecture.residual and layer > 0 else a
    outputs = hidden @ weights[-1] + biases[-1]
    for matrix in direct:
        outputs += units @ matrix
    parts = outputs.split([len(group.places) * group.first.n_outputs for group in groups])
    return [own.reshape(0, 0, len(group.places), -1) for own, group in zip(parts, groups)]


def _activated(values, activation):
    return values.softplus() if activation == "softplus" else values.apply(_ACTIVATIONS[activation])


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


def combined(ensemble, logs, share_observed):
    """Log-densities of rows, from those under each network; see `Ensemble.combine`."""
    if len(ensemble.networks) == 1:
        return logs.without_axis(0)
    if ensemble.is_product:
        return logs.mean(0) - share_observed * ensemble.log_normalizer
    return (logs + ensemble.log_weights[:, None]).log_sum_exp(0)
