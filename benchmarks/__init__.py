"""Benchmarks: each module is one command, and writes ``results/<name>/``."""
