"""Probes of several seeds over the same features."""

import os
import re
import subprocess
import sys

import pytest
import torch

from ballast.config.profile import Probe
from ballast.evaluation.probe import predict, train_probe
from ballast.runtime.errors import BallastError
from scripts.probes import SEEDS, main, probes, rates_of
from tests import ROOT


def test_every_seed_is_a_probe_of_its_own():
    labels = torch.arange(60) % 3
    features = torch.randn(2, 60, 8, generator=torch.Generator().manual_seed(0)) + labels[:, None] * 0.3
    settings = Probe(epochs=3, batch=16, lr=1.0, steps=[2], copies=2, crop=0, flip=0.0, every=3, top=1)
    given = features, labels, features[0], labels, features[1]
    predictions = dict(probes(*given, settings))
    assert list(predictions) == list(SEEDS)
    assert all(torch.equal(predicted, predict(train_probe(*given[:4], 3, settings, seed), features[1]))
               for seed, predicted in predictions.items())
    assert len({tuple(predicted.tolist()) for predicted in predictions.values()}) > 1


@pytest.mark.parametrize(("row", "rates", "says"), [
    ("nope", "1", "ROW: expected a row of params.yaml, got 'nope'; choose from balanced"),
    ("simclr", "1,x", "RATE: expected numbers above 0 like 30,10,1, got '1,x'"),
    ("simclr", "0", "RATE: expected numbers above 0 like 30,10,1, got '0'"),
])
def test_a_mistake_is_one_line(row, rates, says):
    with pytest.raises(BallastError, match=re.escape(says)):
        main(row, rates_of(rates))


def test_the_command_prints_the_one_line():
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    ran = subprocess.run([sys.executable, "-m", "scripts.probes", "simclr", "0"], cwd=ROOT, env=environment,
                         capture_output=True, text=True)
    assert ran.returncode == 1 and ran.stderr.startswith("probes: RATE") and len(ran.stderr.splitlines()) == 1
