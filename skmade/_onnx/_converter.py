"""What skl2onnx asks of a converter: which outputs there are, of which shapes, and a graph."""

import numpy as np
from skl2onnx.common.data_types import (
    BooleanTensorType,
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    guess_numpy_type,
    guess_tensor_type,
)
from skl2onnx.common.utils import check_input_and_output_numbers, check_input_and_output_types
from skl2onnx.helpers import add_onnx_graph
from sklearn.utils.validation import check_is_fitted

from skmade._columns._category import Category
from skmade._columns._column import LARGEST_EXACT
from skmade._families import family_named
from skmade._onnx._scores import scores_of
from skmade._onnx._values import OPSET, Graph, Value, concatenate
from skmade._outlier import MADEOutlierDetector

_DTYPES = {
    FloatTensorType: np.float32, DoubleTensorType: np.float64, Int64TensorType: np.int64,
    BooleanTensorType: np.bool_,
}  # fmt: skip


def alias_of(estimator):
    """The name of a class in the registry."""
    return f"Skmade{estimator.__name__}"


def parse(scope, model, inputs, custom_parsers=None):
    """Declare the outputs: of a detector those that skl2onnx gives detectors, too."""
    operator = scope.declare_local_operator(alias_of(type(model)), model)
    operator.inputs = inputs
    floats = guess_tensor_type(inputs[0].type)
    types = {"score_samples": floats}
    if isinstance(model, MADEOutlierDetector):
        types = {"label": Int64TensorType(), "scores": floats} | types
    for name, kind in types.items():
        operator.outputs.append(scope.declare_local_variable(name, type(kind)()))
    return operator.outputs


def set_shapes(operator):
    """A number of each output for each row, in a column, as skl2onnx has it."""
    check_input_and_output_numbers(operator, input_count_range=1)
    check_input_and_output_types(operator, good_input_types=list(_DTYPES))
    for output in operator.outputs:
        output.type.shape = [operator.inputs[0].get_first_dimension(), 1]


def convert(scope, operator, container):
    """Add the graph of a model to that of a pipeline."""
    if container.target_opset_onnx < OPSET:
        raise NotImplementedError(f"Graphs of skmade need an opset of {OPSET} or later.")
    model, graph = operator.raw_operator, Graph()
    check_is_fitted(model)
    x = Value(graph, "X", np.dtype(_DTYPES[type(operator.inputs[0].type)]))
    score = scores_of(model._density, _numbers_of(model._density, x))
    outputs = {}
    for (name, value), declared in zip(_outputs_of(model, score).items(), operator.outputs):
        is_label = isinstance(declared.type, Int64TensorType)
        dtype = np.int64 if is_label else guess_numpy_type(declared.type)
        outputs[name] = value.cast(dtype).with_axis(-1), ["n", 1]
    inputs = {"X": (x, ["n", model.n_features_in_])}
    add_onnx_graph(scope, operator, container, graph.model(inputs, outputs))


def _outputs_of(model, score):
    """Values by name, in the order in which `parse` declares them."""
    if not isinstance(model, MADEOutlierDetector):
        return {"score_samples": score}
    decision = score - model.offset_
    label = ((decision < 0) | decision.is_nan()).where(-1, 1)
    return {"label": label, "scores": decision, "score_samples": score}


def _numbers_of(density, x):
    """What the steps before a model make of a table in the columns' own units: labels are codes."""
    columns = density.columns.columns
    if all(map(_is_read_as_it_is, columns)):
        return x.cast(float)
    cells = [x.take([place], axis=1) for place in range(len(columns))]
    return concatenate(
        [
            own.cast(float) if _is_read_as_it_is(column) else _codes(column, own)
            for column, own in zip(columns, cells)
        ]
    )


def _is_read_as_it_is(column):
    """Whether the column's own units are those of arrays: of counts, too, at which `read` looks."""
    is_count = family_named(column.conditional).support == "counts"
    return column.reads_numbers or (is_count and not column.origin)


def _codes(column, x):
    """Codes of labels that are numbers, as `Category.read` looks them up."""
    dtype = np.dtype(column.dtype)
    is_category = isinstance(column, Category) and dtype.kind in "biuf"
    if not (is_category and max(map(abs, column.levels)) <= LARGEST_EXACT):
        raise NotImplementedError(
            f"Column {column.label} (of {column.dtype}) is not of numbers that floats tell apart, "
            "which steps of a pipeline hand on: skmade.onnx.to_onnx makes a graph for it."
        )
    is_single = dtype.kind == "f" and np.float32 in (dtype, x.dtype)
    values = x.cast(np.float32 if is_single else float)
    is_one = values.with_axis(-1).equals(np.asarray(column.levels, values.dtype))
    unknown = len(column.levels)
    codes = is_one.where(np.arange(unknown) - float(unknown), 0.0).sum(-1) + unknown
    return values.is_nan().where(np.nan, codes)
