"""The one door to scikit-learn's private parts."""

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from sklearn.base import _fit_context
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import _check_feature_names_in, _get_feature_names

try:
    from sklearn.callback import CallbackSupportMixin as CallbackSupportMixin
except ImportError:  # before scikit-learn 1.9

    class CallbackSupportMixin:
        """Nothing: there are no callbacks."""


Method = TypeVar("Method", bound=Callable[..., Any])


def fit_context(prefer_skip_nested_validation: bool) -> Callable[[Method], Method]:
    """scikit-learn's decorator of methods that fit, through which type checkers see."""
    return _fit_context(prefer_skip_nested_validation=prefer_skip_nested_validation)


@contextmanager
def unchanged_on_error(estimator):
    """A call that fails, or is interrupted, leaves what was fitted before."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


@dataclass
class _NamedColumns:
    """Names of columns, by the interchange protocol of frames."""

    names: list
    shape: tuple

    def __dataframe__(self):
        return self

    def column_names(self):
        """Names of the columns."""
        return self.names


def with_names(frame, names):
    """What scikit-learn reads the names of a frame from.

    It is the frame itself, but for versions of scikit-learn that do not know its library.
    """
    return frame if _get_feature_names(frame) is not None else _NamedColumns(names, frame.shape)


def checked_feature_names(estimator, input_features):
    """Names of the features of `fit`, or those given for them, which must agree."""
    return _check_feature_names_in(estimator, input_features)


def callback_context(estimator):
    """The context of callbacks for a call to `fit` that begins; None where there are none."""
    if not hasattr(estimator, "_init_callback_context"):
        return None
    return estimator._init_callback_context(max_subtasks=None, sequential_subtasks=False)


def fit_with_callbacks(estimator, inner, columns, X):
    """``inner.fit(columns)``, of which the callbacks of an estimator in `fit` are told."""
    if not hasattr(estimator, "_init_callback_context"):
        return inner.fit(columns)
    context = estimator._init_callback_context(max_subtasks=1)
    context.call_on_fit_task_begin(estimator=estimator, X=X)
    task = context.subcontext(task_name="fit-density")
    with task.propagate_callback_context(inner):
        task.call_on_fit_task_begin(estimator=estimator, X=X)
        inner.fit(columns)
        task.call_on_fit_task_end(estimator=estimator, X=X)
    context.call_on_fit_task_end(estimator=estimator, X=X)
    return inner


def output_library(transformer):
    """The library of the frame that `set_output` asks for, or "default"."""
    return _get_output_config("transform", transformer)["dense"]
