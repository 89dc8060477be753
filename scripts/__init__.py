"""Commands beside the pipeline: `python -m scripts.NAME`, or the target of the Makefile that calls it."""
