"""Tests of sources.

The variable BALLAST_PUBLISHED_SPLITS may name a folder with the lists that the papers' code contains: cifar10,
cifar100, imagenet100 and places. Without it, the tests that need them are skipped.
"""

import os
from pathlib import Path

SPLITS = Path(os.environ.get("BALLAST_PUBLISHED_SPLITS", "/nonexistent"))
