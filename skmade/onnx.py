"""Scores as a graph of ONNX, for places without Python, of models and of pipelines.

The graph reads numbers in the columns' own units (`as_input`), and does with dense masked matrices
what kernels do. Networks, and draws of masks, are stacked: values that differ between them have the
shape (n_networks, n, ...). Columns that are computed alike are one group: their values have the
shape (n, n_columns, ...).
"""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skmade._columns import Table
from skmade._made import MADEDensity
from skmade._outlier import MADEOutlierDetector
from skmade._types import Floats, Rows

try:
    import onnx
except ImportError as error:
    raise ImportError("skmade.onnx needs ONNX: pip install onnx (or 'skmade[onnx]').") from error

from skmade._onnx._scores import scores_of
from skmade._onnx._values import Graph, Value


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
        For other estimators, as pipelines are: see `register_with_skl2onnx`.
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
    x = Value(graph, "X", np.dtype(float))
    inputs = {"X": (x, ["n", len(density.columns.columns)])}
    return graph.model(inputs, {"score": (scores_of(density, x), ["n"])})


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
        counted from the first one in `fit` (of days of a time zone, as its clocks show them). NaN
        where cells are missing.

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


def register_with_skl2onnx() -> None:
    """Let ``skl2onnx`` convert pipelines and searches that end in our estimators.

    Call it once in a process. Outputs are columns of shape (n, 1): of a `MADEDensity`
    ``score_samples``; of a `MADEOutlierDetector` ``label``, which is ``predict``, ``scores``, which
    is ``decision_function``, and ``score_samples``. They are doubles where doubles go in, else
    floats. Rows whose score is NaN, as in `to_onnx`, have the label -1.

    Raises
    ------
    ImportError
        Without skl2onnx.

    Notes
    -----
    Conversion raises NotImplementedError where `to_onnx` does; for columns of text, moments or
    spans, which steps of a pipeline do not hand on as numbers; and for opsets before 18.

    Examples
    --------
    >>> import numpy as np
    >>> import onnxruntime
    >>> import skl2onnx
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skmade import MADEDensity
    >>> from skmade.onnx import register_with_skl2onnx
    >>> X = np.random.default_rng(0).normal(size=(500, 2))
    >>> model = make_pipeline(StandardScaler(), MADEDensity(n_estimators=1, random_state=0)).fit(X)
    >>> register_with_skl2onnx()
    >>> session = onnxruntime.InferenceSession(skl2onnx.to_onnx(model, X).SerializeToString())
    >>> (scores,) = session.run(["score_samples"], {"X": X})
    >>> bool(np.all(abs(scores[:, 0] - model.score_samples(X)) < 1e-4))
    True
    """
    try:
        from skl2onnx import update_registered_converter
    except ImportError as error:
        raise ImportError(
            "register_with_skl2onnx needs skl2onnx: pip install skl2onnx (or 'skmade[skl2onnx]')."
        ) from error
    from skmade._onnx._converter import alias_of, convert, parse, set_shapes

    for estimator in (MADEDensity, MADEOutlierDetector):
        alias = alias_of(estimator)
        update_registered_converter(estimator, alias, set_shapes, convert, parser=parse)


def _density_of(model):
    if not isinstance(model, MADEDensity):
        raise TypeError(
            f"model must be a MADEDensity or MADEOutlierDetector; got {type(model).__name__}. Of "
            "a pipeline pass the last step, and as X what the steps before it make of a table; of "
            "a MADEImputer its estimator_."
        )
    check_is_fitted(model)
    return model._density
