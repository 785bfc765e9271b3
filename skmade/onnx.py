"""Scores as a graph of ONNX, for places without Python.

The graph reads numbers in the columns' own units (`as_input`), and does with dense masked matrices
what kernels do. Networks, and draws of masks, are stacked: values that differ between them have the
shape (n_networks, n, ...). Columns that are computed alike are one group: their values have the
shape (n, n_columns, ...).
"""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skmade._columns import Table
from skmade._made import MADEDensity
from skmade._types import Floats, Rows

try:
    import onnx
except ImportError as error:
    raise ImportError("skmade.onnx needs ONNX: pip install onnx (or 'skmade[onnx]').") from error

from skmade._onnx._cells import make_groups, read, units_of
from skmade._onnx._densities import log_probs
from skmade._onnx._networks import combined, outputs_of
from skmade._onnx._values import Graph, Value, concatenate


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
    TypeError
        For other estimators, as pipelines are.
    NotImplementedError
        For a family of conditionals that was added without a graph.

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
    density, graph = _density_of(model), Graph()
    x, groups = Value(graph, "X", np.dtype(float)), make_groups(density)
    cells = [read(group, x.take(group.places, axis=1)) for group in groups]
    units = concatenate([units_of(group, own, density) for group, own in zip(groups, cells)])
    ensemble = density.ensemble.of_weight()
    outputs = outputs_of(density.architecture, ensemble.networks, groups, units)
    logs = [log_probs(*parts).cast(float).sum(-1) for parts in zip(groups, cells, outputs)]
    extras = [own.extras.sum(-1) for own in cells]
    score = combined(ensemble, _total(logs)) + _total(extras) + density.columns.offset
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
    TypeError
        For other estimators, as pipelines are.
    NotFittedError, ValueError
        As :meth:`MADEDensity.score_samples`.
    """
    density = _density_of(model)
    table = Table.read(model, X, reset=False)
    blocks = [block for _, block in table.stretches()] if table.is_sparse else [table]
    numbers = [density.columns.numbers(block) for block in blocks]
    return np.concatenate(numbers).astype(np.float64)


def _density_of(model):
    if not isinstance(model, MADEDensity):
        raise TypeError(
            f"model must be a MADEDensity or MADEOutlierDetector; got {type(model).__name__}. Of "
            "a pipeline pass the last step, and as X what the steps before it make of a table; of "
            "a MADEImputer its estimator_."
        )
    check_is_fitted(model)
    return model._density


def _total(values):
    first, *others = values
    return sum(others, first)
