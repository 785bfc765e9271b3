"""Compiled arithmetic: arrays in, results in place, no policy and no randomness.

Everything is feature-major: a row of a buffer is a unit of the network, a column is a
row of the batch, so that the units some other unit may see are one contiguous block.
"""
