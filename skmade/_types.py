"""Types of arguments and results, as hints name them."""

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import numpy as np
from narwhals.typing import IntoDataFrame
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import sparray, spmatrix

#: A table: an array or what becomes one, a sparse matrix, or a DataFrame of any library.
Rows: TypeAlias = ArrayLike | IntoDataFrame | sparray | spmatrix
#: The same, or what returns it.
RowsOrCall: TypeAlias = Rows | Callable[[], Rows]
#: One column or several, by name or position.
ColumnNames: TypeAlias = Sequence[str | int] | str | int | None
Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
RandomState: TypeAlias = int | np.random.RandomState | None
# Of a call, which may go on with numbers of the caller's.
Seed: TypeAlias = RandomState | np.random.Generator

Auto: TypeAlias = Literal["auto"]
Sizes: TypeAlias = Sequence[int] | int | Auto
Activation: TypeAlias = Literal["relu", "tanh", "logistic", "softplus", "elu"]
Combination: TypeAlias = Literal["mixture", "weighted", "product"]
HandleUnknown: TypeAlias = Literal["error", "rare"]
MaskSampling: TypeAlias = Literal["both", "ordering", "connectivity"]
Missing: TypeAlias = Literal["ignorable", "informative"]
Ordering: TypeAlias = Literal["random", "natural", "auto"] | Sequence[int] | Integers
Precision: TypeAlias = Literal["float32", "float64"]
Solver: TypeAlias = Literal["adam", "adagrad", "adadelta", "sgd"]
Categorical: TypeAlias = (
    Literal["from_dtype"] | Sequence[bool] | Sequence[int] | Sequence[str] | None
)
