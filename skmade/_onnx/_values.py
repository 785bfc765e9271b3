"""Graphs of ONNX, written as arithmetic."""

from dataclasses import dataclass

import numpy as np
from onnx import helper, numpy_helper

# Of ONNX, from 2022: runtimes of today read it.
OPSET, _IR_VERSION = 18, 8
# What is larger is not squared; beside its square 1 is nothing.
_LARGE = 1e100


class Graph:
    """Nodes and constants, as they are added."""

    def __init__(self):
        self.nodes, self.constants = [], []

    def add(self, operator, *inputs, n_outputs=1, **attributes):
        """The names of what a node computes from what has these names."""
        names = [f"{operator}_{len(self.nodes)}_{k}" for k in range(n_outputs)]
        self.nodes.append(helper.make_node(operator, inputs, names, names[0], **attributes))
        return names

    def constant(self, value):
        """The name of an array."""
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def model(self, inputs, outputs):
        """A model of all nodes.

        Parameters
        ----------
        inputs, outputs : dict
            Values, and their shapes, by names; a text stands for any length.
        """
        for name, (value, _) in outputs.items():
            self.nodes.append(helper.make_node("Identity", [value.name], [name], name))
        infos = [[_info(name, *end) for name, end in ends.items()] for ends in (inputs, outputs)]
        graph = helper.make_graph(self.nodes, "skmade", *infos, self.constants)
        opsets = [helper.make_opsetid("", OPSET)]
        return helper.make_model(
            graph, producer_name="skmade", opset_imports=opsets, ir_version=_IR_VERSION
        )


def _info(name, value, shape):
    code = helper.np_dtype_to_tensor_dtype(value.dtype)
    return helper.make_tensor_value_info(name, code, shape)


@dataclass(frozen=True)
class Value:
    """What a node computes. Operators of Python, and methods named as NumPy's, add nodes.

    Numbers and arrays beside it become constants of its dtype.
    """

    graph: Graph
    name: str
    dtype: np.dtype

    def apply(self, operator, *others, dtype=None, **attributes):
        """The value of an operator of ONNX, of this and others."""
        names = [self.name, *map(self._name_of, others)]
        (name,) = self.graph.add(operator, *names, **attributes)
        return Value(self.graph, name, np.dtype(dtype or self.dtype))

    def _name_of(self, other):
        if isinstance(other, Value):
            return other.name
        return self.graph.constant(np.asarray(other, self.dtype))

    def __add__(self, other):
        return self.apply("Add", other)

    def __sub__(self, other):
        return self.apply("Sub", other)

    def __mul__(self, other):
        return self.apply("Mul", other)

    def __truediv__(self, other):
        return self.apply("Div", other)

    def __matmul__(self, other):
        return self.apply("MatMul", other)

    def __neg__(self):
        return self.apply("Neg")

    def __abs__(self):
        return self.apply("Abs")

    def __lt__(self, other):
        return self.apply("Less", other, dtype=bool)

    def __gt__(self, other):
        return self.apply("Greater", other, dtype=bool)

    def __or__(self, other):
        return self.apply("Or", other)

    def __invert__(self):
        return self.apply("Not")

    def equals(self, other):
        """Where both are the same."""
        return self.apply("Equal", other, dtype=bool)

    def where(self, first, second):
        """One value where this is true, and another elsewhere; numbers alone are doubles."""
        dtypes = [other.dtype for other in (first, second) if isinstance(other, Value)]
        like = Value(self.graph, self.name, np.dtype(dtypes[0] if dtypes else float))
        names = [like._name_of(other) for other in (first, second)]
        (name,) = self.graph.add("Where", self.name, *names)
        return Value(self.graph, name, like.dtype)

    def cast(self, dtype):
        """In another dtype."""
        code = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return self.apply("Cast", to=code, dtype=dtype)

    def clip(self, low, high):
        return self.apply("Clip", low, high)

    def exp(self):
        return self.apply("Exp")

    def log(self):
        return self.apply("Log")

    def arcsinh(self):
        """(Runtimes have none of doubles.)"""
        size = abs(self)
        near, is_near = size.clip(0.0, _LARGE), size < _LARGE
        of_near = (near + (near * near + 1.0).apply("Sqrt")).log()
        return self.apply("Sign") * is_near.where(of_near, size.log() + np.log(2))

    def log_hypot(self):
        """Logarithm of the root of a square, of what is positive, and 1."""
        near = self.clip(0.0, _LARGE)
        return (self < _LARGE).where((near * near + 1.0).apply("Sqrt").log(), self.log())

    def softplus(self):
        """(Runtimes have none of doubles, or one that overflows.)"""
        if self.dtype == np.float32:
            return self.apply("Softplus")
        return self.apply("Max", 0.0) + ((-abs(self)).exp() + 1.0).log()

    def floor(self):
        return self.apply("Floor")

    def round(self):
        return self.apply("Round")

    def is_nan(self):
        return self.apply("IsNaN", dtype=bool)

    def is_inf(self):
        return self.apply("IsInf", dtype=bool)

    def log_softmax(self):
        """Over the last axis."""
        return self.apply("LogSoftmax", axis=-1)

    def sum(self, axis):
        return self._axes("ReduceSum", axis, keepdims=0)

    def mean(self, axis):
        return self._axes("ReduceMean", axis, keepdims=0)

    def log_sum_exp(self, axis):
        """``log sum exp`` over an axis."""
        top = self._axes("ReduceMax", axis, keepdims=1)
        return top.without_axis(axis) + (self - top).exp().sum(axis).log()

    def log_add_exp(self, other):
        """``log(exp(self) + exp(other))``."""
        return self.apply("Max", other) + (-abs(self - other)).softplus()

    def _axes(self, operator, axis, **attributes):
        axes = self.graph.constant(np.array([axis], np.int64))
        return self.apply(operator, Value(self.graph, axes, np.dtype(np.int64)), **attributes)

    def with_axis(self, axis):
        """With a further axis of length 1."""
        return self._axes("Unsqueeze", axis)

    def without_axis(self, axis):
        """Without an axis of length 1."""
        return self._axes("Squeeze", axis)

    def reshape(self, *shape):
        """In another shape: 0 for an axis that stays, -1 for what is left."""
        shape = self.graph.constant(np.array(shape, np.int64))
        return self.apply("Reshape", Value(self.graph, shape, np.dtype(np.int64)))

    def take(self, places, axis):
        """Some of the entries along an axis."""
        places = self.graph.constant(np.asarray(places, np.int64))
        return self.apply("Gather", Value(self.graph, places, np.dtype(np.int64)), axis=axis)

    def places_in(self, numbers):
        """Those of some numbers, doubles, whose places these are."""
        names = self.graph.constant(np.asarray(numbers, float)), self.cast(np.int64).name
        (name,) = self.graph.add("Gather", *names)
        return Value(self.graph, name, np.dtype(float))

    def split(self, sizes):
        """Parts of the last axis, of these sizes."""
        if len(sizes) == 1:
            return [self]
        lengths = self.graph.constant(np.array(sizes, np.int64))
        names = self.graph.add("Split", self.name, lengths, n_outputs=len(sizes), axis=-1)
        return [Value(self.graph, name, self.dtype) for name in names]


def concatenate(values):
    """Values one after another along their last axis."""
    first, *others = values
    return first.apply("Concat", *others, axis=-1) if others else first
