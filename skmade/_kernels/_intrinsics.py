"""What functions that write LLVM's code themselves are made with."""

import llvmlite.binding
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.extending import _Intrinsic
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array

__all__ = [
    "INDEX", "VECTOR_BYTES", "WORD", "VectorCode", "cgutils", "choose", "function_once",
    "intrinsic", "intrinsic_for", "ir", "make_array", "populate_array", "types",
]  # fmt: skip

# Integers in LLVM: of addresses, and of what chooses among the numbers of a vector.
WORD, INDEX = ir.IntType(64), ir.IntType(32)


class _Instruction(_Intrinsic):
    """An intrinsic that Python can call, too."""

    def __call__(self, *args):
        return self.interpreted(*args)


def intrinsic_for(function):
    """As Numba's `intrinsic`, in place of a function, which is run where Python calls it."""

    def decorate(definition):
        made = intrinsic(definition)
        made.__class__, made.interpreted = _Instruction, function
        return made

    return decorate


def _vector_bytes():
    """Width of this machine's vectors."""
    features = llvmlite.binding.get_host_cpu_features()
    return 64 if features.get("avx512f") else 32 if features.get("avx2") else 16


VECTOR_BYTES = _vector_bytes()


def function_once(module, name, args, write):
    """A function whose body ``write(builder, args)`` writes, once in a module.

    It is never inlined, which would only multiply compile time.
    """
    kind = ir.FunctionType(ir.VoidType(), [argument.type for argument in args])
    function = cgutils.get_or_insert_function(module, kind, f"skmade_{name}_{args[-1].type}")
    if function.is_declaration:
        function.linkage = "linkonce_odr"
        function.attributes.add("noinline")
        write(ir.IRBuilder(function.append_basic_block()), function.args)
    return function


def choose(builder, number, args, functions):
    """Call one of several functions: that of the number it is under."""
    after = builder.append_basic_block()
    switch = builder.switch(number, after)
    for case, function in functions.items():
        block = builder.append_basic_block()
        switch.add_case(number.type(case), block)
        with builder.goto_block(block):
            builder.call(function, args)
            builder.branch(after)
    builder.position_at_end(after)


class VectorCode:
    """Writes code on vectors of numbers, which LLVM keeps in registers.

    Parameters
    ----------
    builder : IRBuilder
    number : LLVM's type of the numbers
    """

    def __init__(self, builder, number):
        self.builder, self.number = builder, number
        self.size = 4 if isinstance(number, ir.FloatType) else 8
        self.lanes = VECTOR_BYTES // self.size
        self.vector = ir.VectorType(number, self.lanes)

    def address(self, base, *terms, size=None):
        """``base`` and the sum of the products of the pairs, in elements."""
        for pair in terms:
            count, distance = (WORD(x) if isinstance(x, int) else x for x in pair)
            elements = self.builder.mul(count, distance)
            base = self.builder.add(base, self.builder.mul(elements, WORD(size or self.size)))
        return base

    def load(self, place, kind, size=None):
        """A number, or a vector, from an address."""
        value = self.builder.load(self.builder.inttoptr(place, kind.as_pointer()))
        value.align = size or self.size
        return value

    def store(self, value, place, size=None):
        """Write a number, or a vector, to an address."""
        pointer = self.builder.inttoptr(place, value.type.as_pointer())
        self.builder.store(value, pointer).align = size or self.size

    def spread(self, number):
        """A vector of one number."""
        undefined, indices = self.vector(ir.Undefined), ir.VectorType(INDEX, self.lanes)
        first = self.builder.insert_element(undefined, number, INDEX(0))
        return self.builder.shuffle_vector(first, undefined, indices(None))

    def add_product(self, factor, vector, total):
        """Add a product of vectors to the vector that a register holds."""
        name, terms = f"llvm.fmuladd.v{self.lanes}f{8 * self.size}", (factor, vector)
        self.builder.store(self.call(name, self.vector, *terms, self.builder.load(total)), total)

    def prefetch(self, place):
        """Fetch a line of the cache to read it often."""
        pointer = self.builder.inttoptr(place, ir.IntType(8).as_pointer())
        is_write, locality, is_data = INDEX(0), INDEX(3), INDEX(1)
        self.call("llvm.prefetch.p0i8", ir.VoidType(), pointer, is_write, locality, is_data)

    def call(self, name, result, *args):
        """Call a function of LLVM's own."""
        kind = ir.FunctionType(result, [argument.type for argument in args])
        function = cgutils.get_or_insert_function(self.builder.module, kind, name)
        return self.builder.call(function, args)
