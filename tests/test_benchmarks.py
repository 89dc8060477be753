"""Every benchmark runs, at a size at which its numbers mean nothing."""

import subprocess
import sys

import pytest

from tests import ROOT

TABLES = {
    "selection": ["K-center", "K-center, large", "ECLE"],
    "scale": ["Choice from files", "MAK's scores from files of ten passes", "Choice from vectors"],
    "step": ["Training step"],
    "evaluation": ["Pool embedding", "Round of COLT", "Probe"],
    "augmentation": ["Augmentation"],
    "loop": ["Epoch of SimCLR"],
    "rules": ["ballast select"],
    "manifest": ["Manifest, from files and from archives", "Manifest of a large pool"],
    "gpu": ["8 steps in fp32"],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLES)
def test_a_benchmark_prints_its_tables(name):
    words = ["profile", "simclr", "sdclr-colt", "guide"] if name == "step" else []
    done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}", "quick", *words], cwd=ROOT, capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    assert all(f"**{title}" in done.stdout for title in TABLES[name])
    assert "NO" not in done.stdout  # K-center: the same picks
