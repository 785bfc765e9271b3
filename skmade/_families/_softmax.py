"""Softmax and mixtures: arithmetic of families that choose one of several.

The arguments are those of the kernels of a family (see `skmade._families`).
"""

from skmade._kernels._compile import part
from skmade._kernels._elementary import exp, like, log, or_zero, uniform
from skmade._kernels._views import rows_of


@part
def softmax(a, work, out, width):
    """Rows of `work` become the softmax of those of `a`, ``out[0]`` their log-sum-exp."""
    n = a.shape[0]
    for b in range(width):
        out[1, b] = a[0, b]
    for c in range(1, n):
        for b in range(width):
            out[1, b] = max(out[1, b], a[c, b])
    for c in range(n):
        for b in range(width):
            work[c, b] = a[c, b] - out[1, b]
    _exponentials(work, n, width)
    _normalise(work, n, out, width)


@part
def mix(joint, out, width):
    """From logarithms of weight times density of each component, that of the mixture.

    It becomes ``out[0]``, and rows of `joint` the posterior probabilities of the components.
    """
    softmax(joint, joint, out, width)


@part
def thirds(rows):
    """Rows for each of three parameters of the components of a mixture."""
    k = rows.shape[0] // 3
    return rows_of(rows, 0, k), rows_of(rows, k, k), rows_of(rows, 2 * k, k)


@part
def draw_index(a, bits, work, out, values, width):
    """Index of a row of `a` by inversion of the cumulative softmax."""
    softmax(a, work, out, width)
    for b in range(width):
        c, total = 0, work[0, b]
        u = uniform(bits[b])
        while c < a.shape[0] - 1 and u >= total:
            c += 1
            total += work[c, b]
        values[b] = like(total, c)


@part
def _exponentials(x, n, width):
    """Replace the first rows of x by their exponentials, 0 where these are lost beside 1."""
    # (a loop of its own, once: inside others, exp would be compiled again and again)
    for r in range(n):
        for b in range(width):
            x[r, b] = or_zero(exp(x[r, b]))


@part
def _normalise(work, n, out, width):
    """Divide rows by their sum; ``out[0]`` becomes ``out[1]`` and the logarithm of the sum."""
    for b in range(width):
        out[0, b] = work[0, b]
    for c in range(1, n):
        for b in range(width):
            out[0, b] += work[c, b]
    for c in range(n):
        for b in range(width):
            work[c, b] /= out[0, b]
    for b in range(width):
        out[0, b] = out[1, b] + log(out[0, b])
