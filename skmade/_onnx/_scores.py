"""Scores of rows as a graph."""

from skmade._onnx._cells import make_groups, read, units_of
from skmade._onnx._densities import log_probs
from skmade._onnx._networks import combined, outputs_of
from skmade._onnx._values import concatenate


def scores_of(density, x):
    """What `score_samples` gives for rows in the columns' own units: (n,), doubles."""
    groups = make_groups(density)
    cells = [read(group, x.take(group.places, axis=1)) for group in groups]
    units = concatenate([units_of(group, own, density) for group, own in zip(groups, cells)])
    ensemble = density.ensemble.of_weight()
    outputs = outputs_of(density.architecture, ensemble.networks, groups, units)
    logs = [log_probs(*parts).cast(float).sum(-1) for parts in zip(groups, cells, outputs)]
    extras = [own.extras.sum(-1) for own in cells]
    return combined(ensemble, _total(logs)) + _total(extras) + density.columns.offset


def _total(values):
    first, *others = values
    return sum(others, first)
