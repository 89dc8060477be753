"""Measurements, each beside the obvious alternative in the same run on the same machine: python -m benchmarks.NAME."""
