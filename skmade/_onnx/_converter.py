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

from skmade._columns._category import Category
from skmade._onnx._scores import scores_of
from skmade._onnx._values import OPSET, Graph, Value, concatenate
from skmade._outlier import MADEOutlierDetector

_DTYPES = {
    FloatTensorType: np.float32, DoubleTensorType: np.float64, Int64TensorType: np.int64,
    BooleanTensorType: np.bool_,
}  # fmt: skip


def parse(scope, model, inputs, custom_parsers=None):
    """Declare the outputs: of a detector those that skl2onnx gives detectors, too."""
    alias = f"Skmade{type(model).__name__}"
    operator = scope.declare_local_operator(alias, model)
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
    x = Value(graph, "X", np.dtype(_DTYPES[type(operator.inputs[0].type)]))
    outputs = {"score_samples": scores_of(model._density, _numbers_of(model._density, x))}
    if isinstance(model, MADEOutlierDetector):
        decision = outputs["score_samples"] - model.offset_
        is_strange = (decision < 0) | decision.is_nan()
        outputs = {"label": is_strange.where(-1, 1), "scores": decision} | outputs
    made = {}
    for (name, value), output in zip(outputs.items(), operator.outputs):
        is_label = isinstance(output.type, Int64TensorType)
        dtype = np.int64 if is_label else guess_numpy_type(output.type)
        made[name] = value.cast(dtype).with_axis(-1), ["n", 1]
    model = graph.model({"X": (x, ["n", len(model._density.columns.columns)])}, made)
    add_onnx_graph(scope, operator, container, model)


def _numbers_of(density, x):
    """What the steps before a model make of a table in the columns' own units: labels are codes."""
    columns = density.columns.columns
    numbers = x.cast(float)
    if all(column.reads_numbers for column in columns):
        return numbers
    return concatenate(
        [
            (numbers if column.reads_numbers else _codes(column, x)).take([place], axis=1)
            for place, column in enumerate(columns)
        ]
    )


def _codes(column, x):
    """Codes of labels that are numbers, as `Category.read` looks them up."""
    if not isinstance(column, Category) or np.dtype(column.dtype).kind not in "biuf":
        raise NotImplementedError(
            f"Column {column.label} is of {column.dtype}, not of numbers, as steps of a pipeline "
            "hand them on: skmade.onnx.to_onnx makes a graph that reads codes."
        )
    is_single = np.float32 in (x.dtype, np.dtype(column.dtype)) and column.dtype.startswith("float")
    values = x.cast(np.float32 if is_single else float)
    levels = np.asarray(column.levels, values.dtype)
    unknown = len(levels)
    is_one = values.with_axis(-1).equals(levels)
    codes = is_one.where(np.arange(unknown) - float(unknown), 0.0).sum(-1) + unknown
    return values.is_nan().where(np.nan, codes)
