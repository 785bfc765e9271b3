"""Degrees of hidden units, and the masks that follow from them.

A feature at position d of the ordering (from 1) has inputs and outputs of degree d. A
hidden unit of degree m sees units of degree <= m; an output of degree d sees units of
degree < d. So no path leads from an input to an output at or before it.
"""

from itertools import pairwise

import numpy as np


def draw_degrees(hidden_layer_sizes, n_features, residual, rng):
    """Degrees of the hidden units of each layer, sorted within a layer.

    Degrees lie between the smallest of the layer before (1 for the first) and D - 1. As
    many units as there is room for are spread evenly, so that every degree occurs
    wherever a layer is wide enough. Layers of a residual network share the degrees of the
    first.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int
    n_features : int
        D, at least 2.
    residual : bool
    rng : numpy.random.Generator

    Returns
    -------
    list of ndarray of int64
    """
    degrees, lowest = [], 1
    for size in hidden_layer_sizes:
        if residual and degrees:
            degrees.append(degrees[0])
            continue
        degrees.append(_layer_degrees(size, lowest, n_features - 1, rng))
        lowest = degrees[-1].min()
    return degrees


def _layer_degrees(size, lowest, highest, rng):
    """Every degree equally often; the remainder distinct, evenly spaced from a random start."""
    n_degrees = highest - lowest + 1
    rounds, remainder = divmod(size, n_degrees)
    every = np.tile(np.arange(n_degrees), rounds)
    spaced = (np.arange(remainder) + rng.random()) * n_degrees / max(remainder, 1)
    return np.sort(lowest + np.concatenate([every, spaced.astype(np.int64)]))


def reference_masks(degrees, n_features):
    """The masks as in the paper, 1 where a weight is kept, one matrix per product.

    Parameters
    ----------
    degrees : list of ndarray
        Of each hidden layer.
    n_features : int

    Returns
    -------
    masks : list of ndarray of bool
        One per layer, (units, units of the layer before); the last is (n_features, units of
        the last hidden layer), or of the inputs where there is no hidden layer.
    direct : ndarray of bool of shape (n_features, n_features)
        From inputs to outputs.
    """
    positions = np.arange(1, n_features + 1)
    chain = [positions, *degrees]
    masks = [np.greater_equal.outer(after, before) for before, after in pairwise(chain)]
    return [*masks, np.greater.outer(positions, chain[-1])], np.greater.outer(positions, positions)


def lost_dependencies(degrees, n_features, direct_connections):
    """Pairs (position of output, position of input) that should be linked and are not.

    A network without hidden layers and direct connections, asked for to have independent
    columns, loses nothing.

    Parameters
    ----------
    degrees : list of ndarray
    n_features : int
    direct_connections : bool

    Returns
    -------
    ndarray of shape (n_lost, 2)
        Positions in the ordering, from 0.
    """
    needed = set(range(1, n_features))
    if direct_connections or all(needed <= set(layer) for layer in degrees):
        # A predecessor e of d is reached through the units of degree e of every layer.
        return np.zeros((0, 2), int)
    masks, everything = reference_masks(degrees, n_features)
    reached = np.eye(n_features, dtype=np.float32)
    for mask in masks:
        reached = (mask.astype(np.float32) @ reached > 0).astype(np.float32)
    return np.argwhere(everything & (reached == 0))
