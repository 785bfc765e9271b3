"""Warnings that name the line of the caller."""

import concurrent.futures
import sys
import threading
import warnings
from pathlib import Path

import joblib
import sklearn

# What lies between a caller and us. (Folders end in a separator: "skmade_tests" is not ours.)
_BETWEEN = (
    *(
        str(Path(file).parent / "_")[:-1]
        for file in (__file__, sklearn.__file__, joblib.__file__, concurrent.futures.__file__)
    ),
    threading.__file__,
)


def warn(message, category=UserWarning):
    """Warn of the line, outside of skmade and of what it is called through, that led here."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_BETWEEN):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
