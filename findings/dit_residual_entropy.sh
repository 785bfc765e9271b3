#!/usr/bin/env bash
# dit documents `cumulative_residual_entropy` as minus the integral of P(|X| > x) log2 P(|X| > x), which tells long waits and
# rare great values from others. It takes P(X <= x) in place of P(X > x): it is the entropy of the column's mirror image,
# and the generalized and conditional ones are so too. For symmetric columns, such as a die, both are equal. Otherwise
# a rare great value counts as a rare small one would. The documentation's own example of a die with a 100 shows
# the wrong value, 22.67.
# Seen:
#   dit 2.3
#                                cumulative   generalized   documented integral
#   die of 1 to 6                     2.068         2.068                 2.068
#   die of 1 to 5 and 100            22.673        22.673                42.566
#   100 in one of 10, else 0         13.680        13.680                33.219
#   100 in nine of 10, else 0        33.219        33.219                13.680
#   days of waiting, mean 10          9.253         9.253                14.415
# Whoever wants the residual entropy of values above 0 hands over the values with a minus to the generalized function.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet dit==2.3 numpy==2.4.6 scipy==1.17.1
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore - <<'P'
from importlib.metadata import version

import numpy as np
from dit import Distribution
from dit.other import cumulative_residual_entropy, generalized_cumulative_residual_entropy
from scipy import integrate

print(f"dit {version('dit')}")
print("                             cumulative   generalized   documented integral")


def by_definition(values, chances):
    """-integral of P(X > x) log2 P(X > x), on each stretch between two values"""

    def integrand(x):
        above = chances[values > x].sum()
        return -above * np.log2(above) if above > 0 else 0.0

    order = np.sort(values)
    return sum(integrate.quad(integrand, a, b)[0] for a, b in zip(order, order[1:]) if b > a)


def show(label, values, chances):
    values, chances = np.array(values, float), np.array(chances)
    column = Distribution([(value,) for value in values], chances)
    seen = [
        float(np.squeeze(f(column)))
        for f in (cumulative_residual_entropy, generalized_cumulative_residual_entropy)
    ]
    right = by_definition(values, chances)
    print(f"{label:28} {seen[0]:10.3f} {seen[1]:13.3f} {right:21.3f}")
    return *seen, right


days = np.arange(200)
waits = np.exp(-days / 10) - np.exp(-(days + 1) / 10)
waits /= waits.sum()
die = show("die of 1 to 6", np.arange(1, 7), np.full(6, 1 / 6))
odd = show("die of 1 to 5 and 100", [1, 2, 3, 4, 5, 100], np.full(6, 1 / 6))
rare = show("100 in one of 10, else 0", [0, 100], [0.9, 0.1])
often = show("100 in nine of 10, else 0", [0, 100], [0.1, 0.9])
wait = show("days of waiting, mean 10", days, waits)
assert np.isclose(die[0], die[2])
assert np.isclose(odd[0], 22.6727, atol=1e-3) and odd[2] > 1.8 * odd[0]
# each has the other's
assert np.isclose(rare[0], often[2]) and np.isclose(often[0], rare[2])
# what to do instead
mirrored = Distribution([(-value,) for value in days], waits)
assert np.isclose(float(np.squeeze(generalized_cumulative_residual_entropy(mirrored))), wait[2])
# the closed form of an exponential is its mean, in bits mean / log(2)
assert abs(wait[2] * np.log(2) / 10 - 1) < 0.02 and wait[0] < 0.7 * wait[2]
assert all(np.isclose(s[0], s[1]) for s in (die, odd, rare, often, wait))
P
