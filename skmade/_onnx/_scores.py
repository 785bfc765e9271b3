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
    share_observed = _share_observed(groups, cells) if ensemble.is_product else 1.0
    combination = combined(ensemble, _total(logs), share_observed)
    return combination + _total(extras) + density.columns.offset


def _share_observed(groups, cells):
    """What share of the columns is observed; missing cells that are outcomes are."""
    counts = [
        own.gone.where(float(group.first.is_informative), 1.0).sum(-1)
        for group, own in zip(groups, cells)
    ]
    return _total(counts) / float(sum(len(group.places) for group in groups))


def _total(values):
    first, *others = values
    return sum(others, first)
