"""Checks of params.yaml and configs/ before any work; trainings depend on ballast.config, and not on this package."""
