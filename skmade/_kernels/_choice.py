"""One of several parts, chosen by a number, while a kernel runs."""

import numba

from skmade._kernels._compile import IS_PLAIN, part
from skmade._kernels._intrinsics import cgutils, intrinsic, types


def choice(parts):
    """What calls ``parts[k](*arguments)``, for its own two arguments: k and a tuple.

    All parts take arguments of the same types, and return nothing. (A chain of if and else
    would do; but a call in compiled code takes long to compile, and a switch does not.)
    """
    if numba.config.DISABLE_JIT:
        return lambda k, arguments: parts[k](*arguments)
    if IS_PLAIN:
        return _chain(*parts)

    @intrinsic
    def choose(typingctx, k, arguments):
        functions = [types.Dispatcher(part) for part in parts]
        signatures = [
            typingctx.resolve_function_type(function, arguments.types, {}) for function in functions
        ]

        def codegen(context, builder, signature, args):
            k, arguments = args[0], cgutils.unpack_tuple(builder, args[1])
            after = builder.append_basic_block()
            switch = builder.switch(k, after)
            for code, (function, own) in enumerate(zip(functions, signatures)):
                block = builder.append_basic_block()
                switch.add_case(k.type(code), block)
                with builder.goto_block(block):
                    call = context.get_function(function, own)
                    context.add_linking_libs(call.libs)
                    call(builder, arguments)
                    builder.branch(after)
            builder.position_at_end(after)
            return context.get_dummy_value()

        return types.void(k, arguments), codegen

    return choose


def _chain(first, *others):
    """A chain of if and else."""
    if not others:
        return part(lambda k, arguments: first(*arguments))
    rest = _chain(*others)

    @part
    def choose(k, arguments):
        if k == 0:
            first(*arguments)
        else:
            rest(k - 1, arguments)

    return choose
