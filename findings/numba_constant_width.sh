#!/usr/bin/env bash
# Numba compiles loops over float32 arrays to vector instructions. A number that such a loop reads from a float64
# array, and casts to float32 there, is the same in every turn; one would guess that it is read once, before the
# loop, and costs nothing. But as far as the compiler knows, what the loop writes may overwrite it, and the length
# of vectors is chosen by the widest type in the loop: that of the constant. So all arithmetic of the loop, which is
# in float32, is done on half as many numbers at a time, long exponentials and divisions included. Reading the
# constant in the line before the loop gives the long vectors back, with the same results. Nothing warns.
# Seen (widest registers that floating-point instructions of the machine code use):
#   numba 0.68.1
#   AVX2: constant read in the loop 128 bits, before it 256 bits
# Whoever passes parameters in a float64 array to kernels in float32 casts them before loops.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet numba==0.68.1 numpy==2.4.6
cd "$folder"
NUMBA_CPU_NAME=haswell NUMBA_CPU_FEATURES=+avx,+avx2,+fma "$folder/venv/bin/python" -W ignore - <<'P'
import re

import numba
import numpy as np

print(f"numba {numba.__version__}")


@numba.njit(fastmath=True, error_model="numpy")
def inside(x, constants, out):
    for i in range(x.shape[0]):
        out[i] = x[i] / (np.float32(constants[0]) + abs(x[i]))


@numba.njit(fastmath=True, error_model="numpy")
def before(x, constants, out):
    c = np.float32(constants[0])
    for i in range(x.shape[0]):
        out[i] = x[i] / (c + abs(x[i]))


x = np.linspace(-3, 3, 4096, dtype=np.float32)
widths, results = [], []
for function in (inside, before):
    out = np.empty_like(x)
    function(x, np.array([0.5]), out)
    results.append(out)
    (code,) = function.inspect_asm().values()
    packed = re.findall(r"v(?:add|div|mul|fm\w+|rcp)\d*ps\s.*", code)
    registers = {name for line in packed for name in re.findall(r"%([xyz]mm)", line)}
    widths.append({"xmm": 128, "ymm": 256, "zmm": 512}[max(registers)])
np.testing.assert_array_equal(*results)
print(f"AVX2: constant read in the loop {widths[0]} bits, before it {widths[1]} bits")
assert widths == [128, 256]
P
