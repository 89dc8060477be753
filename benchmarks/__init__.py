"""Measurements beside the obvious alternative, in one run on one machine: python -m benchmarks.NAME."""
