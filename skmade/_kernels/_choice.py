"""What there may be one of several of, and what of it a kernel holds.

Kernels are compiled for what is in use only. What is, they learn from the types of a tuple: its
items are True where the kind of that number is in use, and None elsewhere.
"""

import numba

from skmade._kernels._compile import part, part_for


def in_use(used, kinds):
    """Of all kinds, which are in use: True or None."""
    return tuple(True if kind in used else None for kind in kinds)


def the_one(parts):
    """What calls the part that is in use, for its own arguments: what is in use, and a tuple."""

    def call(used, arguments):
        return parts[used.index(True)](*arguments)

    @part_for(call)
    def choose(used, arguments):
        (chosen,) = _held(parts, used).values()
        return lambda used, arguments: chosen(*arguments)

    return call


def choice(parts):
    """What calls ``parts[k](*arguments)``, for its own arguments: what is in use, k, and a tuple.

    All parts take arguments of the same types, and return nothing.
    """

    def call(used, k, arguments):
        parts[k](*arguments)

    @part_for(call)
    def choose(used, k, arguments):
        chain = _chain(*_held(parts, used).items())
        return lambda used, k, arguments: chain(k, arguments)

    return call


def _held(parts, used):
    """The parts that are in use, by number."""
    return {k: parts[k] for k, kind in enumerate(used.types) if kind != numba.types.none}


def _chain(first, *others):
    """A chain of if and else, that calls one of numbered parts."""
    code, function = first
    if not others:
        return part(lambda k, arguments: function(*arguments))
    rest = _chain(*others)

    @part
    def choose(k, arguments):
        if k == code:
            function(*arguments)
        else:
            rest(k, arguments)

    return choose
