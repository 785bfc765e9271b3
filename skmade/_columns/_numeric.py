"""Cells that hold numbers, whatever they came as."""

from dataclasses import replace

import numpy as np


def numeric(cells):
    """Cells of numbers in fit: as they are, or those that the labels of a category are.

    Raises
    ------
    TypeError
        For what can be labels only, as numbers beside text.
    ValueError
        For text, and for moments.
    """
    if cells.problem is not None:
        raise cells.problem
    numbers = _as_numbers(cells)
    if numbers is None:
        raise ValueError(
            f"Column {cells.label} is to be real-valued, but holds {cells.describe()}; convert it "
            "to numbers, or choose 'categorical' for it in conditionals."
        )
    return numbers


def alike(cells, dtype):
    """Cells of what a column of `dtype` holds: numbers, or moments or spans of time.

    Raises
    ------
    TypeError
        For what can be labels only.
    ValueError
        For all others.
    """
    if cells.problem is not None:
        raise cells.problem
    kind, numbers = np.dtype(dtype).kind, _as_numbers(cells)
    if kind in "Mm":
        if cells.kind == "":
            return replace(cells, values=np.zeros(len(cells.values), dtype))
        numbers = cells if cells.kind == kind else None
    if numbers is None:
        own = {"M": dtype, "m": dtype, "b": "flags"}.get(kind, "numbers")
        raise ValueError(
            f"Column {cells.label} is to hold {own}, but holds {cells.describe()}; convert it to "
            "what it was in fit."
        )
    return numbers


def _as_numbers(cells):
    """Cells of numbers or flags, or of labels that are such; None for others."""
    if cells.kind == "L" and not cells.holds_text:
        return replace(cells, values=np.array(cells.levels)[cells.values], levels=None)
    return None if cells.kind in ("L", "M", "m") else cells


def check_counts(label, numbers, conditional):
    """Raise ValueError for numbers that are no counts."""
    wrong = numbers[(numbers < 0) | (numbers != np.round(numbers))]
    wrong = wrong[~np.isnan(wrong)]
    if len(wrong):
        raise ValueError(
            f"Column {label} has the value {float(wrong[0]):g}, but a {conditional!r} conditional "
            "takes whole numbers from 0 on only; choose 'logistic_mixture', 'gaussian_mixture' or "
            "'categorical' for it."
        )
