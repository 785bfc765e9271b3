#!/usr/bin/env bash
# skl2onnx puts an ONNX graph into that of a pipeline by `add_onnx_graph`. Names of nodes are
# optional in ONNX: its checker, full check included, accepts a graph without any, and onnxruntime
# runs it. But `add_onnx_graph` refuses it, in words that name neither nodes nor the graph.
# Seen:
#   skl2onnx 1.20.0, onnx 1.23.2, onnxruntime 1.32.0
#   alone, nodes without names        [[1.0, 3.0], [5.0, 7.0]]
#   by skl2onnx, nodes with names     [[1.0, 3.0], [5.0, 7.0]]
#   by skl2onnx, nodes without names  ValueError: Name seed must be a non-empty string.
# Whoever writes graphs that a converter may take in names every node.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet \
    skl2onnx==1.20.0 onnx==1.23.2 onnxruntime==1.32.0 scikit-learn==1.9.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'P'
import numpy as np
import onnx
import onnxruntime
import skl2onnx
from onnx import TensorProto, helper
from skl2onnx.helpers import add_onnx_graph
from sklearn.base import BaseEstimator, TransformerMixin

print(f"skl2onnx {skl2onnx.__version__}, onnx {onnx.__version__}, ", end="")
print(f"onnxruntime {onnxruntime.__version__}")
X = np.arange(4, dtype=np.float32).reshape(2, 2)


class Line(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        return 2 * X + 1


def graph(names):
    """2 X + 1."""
    numbers = {"b": 2.0, "c": 1.0}
    constants = [helper.make_tensor(n, TensorProto.FLOAT, [1], [v]) for n, v in numbers.items()]
    nodes = [
        helper.make_node("Mul", ["X", "b"], ["a"], names[0]),
        helper.make_node("Add", ["a", "c"], ["Y"], names[1]),
    ]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n", 2]) for n in "XY"]
    made = helper.make_graph(nodes, "line", ends[:1], ends[1:], constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def run(model):
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(None, {"X": X})[0].tolist()


def by_skl2onnx(names):
    def set_shapes(operator):
        operator.outputs[0].type = type(operator.inputs[0].type)([None, 2])

    def convert(scope, operator, container):
        add_onnx_graph(scope, operator, container, graph(names))

    skl2onnx.update_registered_converter(Line, "Line", set_shapes, convert)
    try:
        return run(skl2onnx.to_onnx(Line().fit(X), X))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


named, unnamed = ("first", "second"), ("", "")
seen = {
    "alone, nodes without names": run(graph(unnamed)),
    "by skl2onnx, nodes with names": by_skl2onnx(named),
    "by skl2onnx, nodes without names": by_skl2onnx(unnamed),
}
for case, what in seen.items():
    print(f"{case:<33} {what}")
right, same, refused = seen.values()
assert right == same == [[1.0, 3.0], [5.0, 7.0]]
assert refused.startswith("ValueError")
P
