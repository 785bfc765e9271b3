"""Which networks train, and in which of two ways the training of each begins.

- Direct connections find lines, which some tables consist of, in a few epochs; in others, lines are
  in the way of what hidden units come to. These may come first.
- The density of a single column is one mixture. From wide components, training comes to smooth
  densities, from narrow ones, each at its part of the rows, to those of many modes.

Two networks train first. Held-out rows tell from them how the others begin, whether there are any,
and whether one of the two is left out.
"""

from dataclasses import replace

import numpy as np

from skmade._combination import log_mean_exp
from skmade._families import FAMILIES
from skmade._kernels._memory import aligned_copy
from skmade._scoring import log_densities
from skmade._sparse import SparseRows

# Fewer rows for each component tell modes from chance too rarely.
_ROWS_OF_A_COMPONENT = 25
# Nats of a row that the mean of two networks gains over single ones. Three more gain about .6 of
# that again; with less than this, they are not worth the time.
_LEAST_GAIN = 0.05


def together(networks, progresses):
    """Numbers of the networks that train together: of all."""
    return [range(len(networks))]


def rounds(networks, progresses, says_enough):
    """Numbers of the networks that train together: of the first two, then of the others.

    The second one begins otherwise than the first. The others do as the one of these that held-out
    rows like better, if there are to be others: ``says_enough`` is asked for that about the first
    two, as they were best.
    """
    n = len(progresses)
    for progress in progresses[1:2]:
        progress.begins_otherwise = True
    yield range(min(n, 2))
    if n <= 2:
        return
    pair = [replace(network, theta=p.best_theta) for network, p in zip(networks[:2], progresses)]
    if not says_enough(pair):
        otherwise = progresses[1].best_score > progresses[0].best_score
        for progress in progresses[2:]:
            progress.begins_otherwise = otherwise
        yield range(2, n)


def say_the_same(networks, held_out, n_jobs):
    """Whether networks differ so little that their mean is hardly likelier than single ones.

    What the mean gains on held-out rows, ``log mean_k p_k(x) - mean_k log p_k(x)``, grows with the
    variance of their log-densities, which is all that more networks of this kind could take away.
    It has to be small by a standard error.
    """
    logs = log_densities(networks, held_out.table, n_jobs)
    with np.errstate(invalid="ignore"):
        gains = log_mean_exp(logs) - np.mean(logs, axis=0)
        mean, error = _mean_and_error(gains, held_out.weights)
    return bool(mean + error < _LEAST_GAIN)


def begun_otherwise(network, rows):
    """A network that begins in the second way, or the same where there is no such way.

    Parameters
    ----------
    network : Network
    rows : Rows
        To train on.

    Returns
    -------
    Network
        Without direct connections, which are still to come, or of a single column.
    """
    if len(network.ordering) > 1:
        return network.without_direct_connections()
    feature = network.plan.features[0]
    is_mixture = FAMILIES[feature.family].support == "real" and feature.n_components > 1
    if not is_mixture or isinstance(rows.table, SparseRows):
        return network
    values, used = network.smooth_values(0, rows.table)
    used &= rows.weights > 0
    if np.count_nonzero(used) < _ROWS_OF_A_COMPONENT * feature.n_components:
        return network
    theta, family = aligned_copy(network.theta), FAMILIES[feature.family]
    family = family.of_components(int(feature.n_components))
    first = feature.first_output + feature.n_states
    _, biases = network.places_of_outputs(first, first + family.n_outputs)
    theta[biases] = family.bias_at_quantiles(values[used], rows.weights[used])
    return replace(network, theta=theta)


def without_the_worse(kept, held_out, n_jobs):
    """Networks and their progress, but for the only one of its way if it makes rows less likely.

    Held-out rows have to be likelier without it, in the mixture of all, by a standard error.
    """
    ways = [progress.begins_otherwise for _, progress in kept]
    alone = [k for k, way in enumerate(ways) if ways.count(way) == 1]
    if len(kept) < 2 or not alone:
        return kept
    worse = min(alone, key=lambda k: kept[k][1].best_score)
    logs = log_densities([network for network, _ in kept], held_out.table, n_jobs)
    with np.errstate(invalid="ignore"):
        gains = log_mean_exp(np.delete(logs, worse, axis=0)) - log_mean_exp(logs)
        mean, error = _mean_and_error(gains, held_out.weights)
    if mean > error:
        return kept[:worse] + kept[worse + 1 :]
    return kept  # (also where no network takes a row for possible)


def _mean_and_error(gains, weights):
    """Mean, and its standard error, which a single row says nothing of."""
    n = len(gains)
    error = np.std(gains) / np.sqrt(n) if n > 1 else np.inf
    return np.average(gains, weights=weights), error
