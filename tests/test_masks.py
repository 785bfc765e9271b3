"""Which conditional depends on which feature: all predecessors, and nothing else."""

import itertools
import warnings

import numpy as np
import pytest
from conftest import ALL_CONDITIONALS, SUPPORTS, network_of, quick, sizes
from naive import DenseNetwork

from skmade._masks import draw_degrees, lost_dependencies, reference_masks


def table(conditionals, n_samples=41, seed=0):
    """Rows for columns of given families, related to each other."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=n_samples)
    columns = []
    for family in conditionals:
        column = common + rng.normal(size=n_samples)
        if SUPPORTS[family] == "flags":
            column = (column > 0).astype(float)
        elif SUPPORTS[family] == "codes":
            column = np.digitize(column, [-0.5, 0.5]).astype(float)
        elif SUPPORTS[family] == "counts":
            column = np.floor(np.exp(column))
        columns.append(column)
    return np.column_stack(columns)


def dependencies(model, X):
    """(d, e): whether the share of feature d ever changes when feature e alone does."""
    n_features, base = X.shape[1], model.score_features(X)
    found = np.zeros((n_features, n_features), bool)
    for e in range(n_features):
        for other in np.random.default_rng(e).permutation(len(X))[:8]:
            changed = X.copy()
            changed[:, e] = X[other, e]
            found[:, e] |= (model.score_features(changed) != base).any(axis=0)
    return found


def predecessors(ordering):
    """(d, e): whether e comes before d."""
    position = np.argsort(ordering)
    return position[:, None] > position[None, :]


SHAPES = [
    (n_features, depth, width)
    for n_features in (1, 2, 3, 5, 20)
    for depth in range(4)
    for width in sorted({1, max(n_features - 1, 1), n_features, 10 * n_features})
]
ORDERINGS = ["natural", "random", "reversed"]


@pytest.mark.parametrize("max_iter", [0, 2], ids=["at the start", "after training"])
@pytest.mark.parametrize(
    ("n_features", "depth", "width"), sizes(SHAPES, [s for s in SHAPES if s[0] < 20][::9])
)
def test_conditionals_depend_on_all_predecessors_and_nothing_else(
    n_features, depth, width, max_iter
):
    for ordering, direct in itertools.product(ORDERINGS, [True, False]):
        families = [ALL_CONDITIONALS[j % len(ALL_CONDITIONALS)] for j in range(n_features)]
        order = np.arange(n_features)[::-1] if ordering == "reversed" else ordering
        model = quick(
            hidden_layer_sizes=(width,) * depth, activation="tanh", direct_connections=direct,
            ordering=order, conditionals=families, dtype="float64", max_iter=max(max_iter, 1),
            learning_rate_init=1e-2 if max_iter else 1e-300, early_stopping=False,
        )  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            X = table(families)
            model.fit(X)
        network = network_of(model)
        linked = direct or depth > 0
        expected = predecessors(model.orderings_[0]) & linked
        lost = lost_dependencies(network.degrees, n_features, direct)
        for after, before in model.orderings_[0][lost]:
            expected[after, before] = False
        everything_covered = direct or depth == 0 or width >= n_features - 1
        assert (len(lost) == 0) == everything_covered
        found = dependencies(model, X[:24])
        own = np.eye(n_features, dtype=bool)
        np.testing.assert_array_equal(found & ~own, expected)
        assert found[own].all()


@pytest.mark.parametrize("width", [1, 3, 4, 7, 40])
@pytest.mark.parametrize("residual", [False, True])
def test_every_degree_that_can_be_covered_is_covered(width, residual, rng):
    for _ in range(20):
        degrees = draw_degrees((width,) * 3, 5, residual, rng)
        lowest = 1
        for layer in degrees:
            assert np.all(np.diff(layer) >= 0)
            assert layer.min() >= lowest
            assert layer.max() <= 4
            assert len(set(layer)) == min(width, 4 - lowest + 1)
            lowest = layer.min()


def test_lost_dependencies_match_the_product_of_masks(rng):
    for sizes_, n_features in itertools.product([(2,), (3, 9), (9, 2), (9, 9)], [2, 6, 10]):
        degrees = draw_degrees(sizes_, n_features, False, rng)
        masks, everything = reference_masks(degrees, n_features)
        paths = np.linalg.multi_dot([mask.astype(int) for mask in masks[::-1]])
        expected = np.argwhere(everything & (paths == 0))
        np.testing.assert_array_equal(lost_dependencies(degrees, n_features, False), expected)
        assert not np.any(paths * ~everything)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_narrow_layer_warns_and_names_what_is_lost():
    X = np.random.default_rng(0).normal(size=(30, 6))
    model = quick(hidden_layer_sizes=(2,), direct_connections=False, early_stopping=False)
    with pytest.warns(UserWarning, match="dependencies between features are lost: no path leads"):
        model.fit(X)


def test_weights_outside_the_masks_are_zero_after_training():
    X = table(ALL_CONDITIONALS * 3, 60)
    model = quick(
        conditionals=ALL_CONDITIONALS * 3, hidden_layer_sizes=(150, 120), alpha=0.1, dropout=0.2
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X)
    dense = DenseNetwork(network_of(model))
    for key, weights in dense.weights.items():
        assert np.all(weights[~dense.masks[key]] == 0)
        assert np.all(weights[dense.masks[key]] != 0)
