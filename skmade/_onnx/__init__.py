"""Graphs of ONNX that score rows: see `skmade.onnx`."""
