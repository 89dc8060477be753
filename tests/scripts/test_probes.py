"""Probes of several seeds over the same features."""

import subprocess
import sys

import pytest
import torch

from ballast.evaluation.probe import Probe, predict, train_probe
from scripts.probes import SEEDS, probes
from tests import ROOT


def test_every_seed_is_a_probe_of_its_own():
    labels = torch.arange(60) % 3
    features = torch.randn(2, 60, 8, generator=torch.Generator().manual_seed(0)) + labels[:, None] * 0.3
    how = Probe(epochs=3, batch=16, lr=1.0, steps=[2], copies=2, crop=0, flip=0.0, every=3, top=1)
    given = features, labels, features[0], labels, features[1]
    found = dict(probes(*given, how))
    assert list(found) == list(SEEDS)
    assert all(torch.equal(predicted, predict(train_probe(*given[:4], 3, how, seed), features[1]))
               for seed, predicted in found.items())
    assert len({tuple(predicted.tolist()) for predicted in found.values()}) > 1


@pytest.mark.parametrize(("row", "rates", "says"), [
    ("nope", "1", "no such row as 'nope'; known: balanced"),
    ("simclr", "1,x", "rates are numbers above 0 like 30,10,1, not '1,x'"),
    ("simclr", "0", "rates are numbers above 0 like 30,10,1, not '0'"),
])
def test_a_mistake_is_one_line(row, rates, says):
    ran = subprocess.run([sys.executable, "scripts/probes.py", row, rates], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 1 and says in ran.stderr and len(ran.stderr.splitlines()) == 1
