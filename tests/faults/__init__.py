"""Faults made on purpose. `make faults` tries each many times and prints what was lost; `make test` a few."""
