"""An encoder from elsewhere is one line, or a right one: whatever its description or its weights hold."""

import json
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file

from ballast.encoders.model import build, load_encoder, save_encoder
from ballast.runtime.errors import BallastError

NETWORK = {"stem": "cifar", "block": "basic", "width": 16, "depths": [1]}
FACTS = {"network": NETWORK, "channels": 3, "size": 8, "short": 9, "mean": [0.5] * 3, "std": [0.2] * 3}
DEEP = "[" * 100_000 + "]" * 100_000


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    """The folder of an encoder that is as it should be."""
    folder = tmp_path_factory.mktemp("encoder")
    save_encoder(build({**NETWORK, "projection": 4}, 3, 1), folder, 8, 9)
    return folder


def changed(encoder, tmp_path, facts=None, **weights):
    """Write an encoder with another description, a text or values, or with other weights."""
    state = {**load_file(encoder / "encoder.safetensors"), **weights}
    text = facts if isinstance(facts, str) else json.dumps({**FACTS, **(facts or {})})
    save_file({name: value for name, value in state.items() if value is not None}, tmp_path / "e.safetensors",
              {"ballast": text})
    return tmp_path / "e.safetensors"


@pytest.mark.parametrize(("facts", "line"), [
    ("{}", "no JSON object with a network"), ("null", "no JSON object"), ("[1]", "no JSON object"),
    ("{", "no JSON object"), (DEEP, "no JSON object"), ('{"network": 3}', "no JSON object"),
    ({"network": {**NETWORK, "stem": "../x"}}, r"network\.stem: expected"),
    ({"network": {**NETWORK, "width": 10**6}}, r"network\.width: expected"),
    ({"network": {**NETWORK, "width": "16"}}, r"network\.width: expected"),
    ({"network": {**NETWORK, "depths": [100_000, 1]}}, r"network\.depths\.0: expected"),
    ({"network": {**NETWORK, "depths": [1] * 100}}, r"network\.depths: expected"),
    ({"network": {**NETWORK, "source": "elsewhere"}}, r"network\.source: expected"),
    ({"network": {**NETWORK, "script": "x"}}, r"network\.script: "),
    ({"network": {**NETWORK, "width": 32}}, "expected torch.float32"),
    ({"network": {**NETWORK, "depths": [1, 1]}}, "but it lacks"), ({"channels": 2}, "channels: expected"),
    ({"size": 10}, "short: expected at least"), ({"size": 10**6, "short": 10**6}, "size: expected a value less than"),
    ({"size": -1}, "size: expected"), ({"std": [0.0] * 3}, r"std\.0: expected"), ({"mean": [0.5]}, "mean: expected"),
    ({"mean": [float("nan")] * 3}, r"mean\.0: expected"), ({"more": 1}, "more: "),
])
def test_a_wrong_description_is_one_line(encoder, tmp_path, facts, line):
    with pytest.raises(BallastError, match=f"e.safetensors: .*{line}") as raised:
        load_encoder(changed(encoder, tmp_path, facts))
    assert len(str(raised.value)) < 500 and "\n" not in str(raised.value)


@pytest.mark.parametrize(("weights", "line"), [
    ({"conv1.weight": torch.full((16, 3, 3, 3), torch.nan)}, "conv1.weight: expected finite weights"),
    ({"conv1.weight": torch.zeros(16, 3, 3, 3, dtype=torch.int8)}, "conv1.weight: expected torch.float32"),
    ({"conv1.weight": None}, "it lacks conv1.weight"), ({"extra": torch.zeros(2)}, "it has extra"),
    ({"conv1.weight": torch.zeros(16, 1, 3, 3)}, r"got torch.float32 \[16, 1, 3, 3\]"),
])
def test_wrong_weights_are_one_line(encoder, tmp_path, weights, line):
    with pytest.raises(BallastError, match=line):
        load_encoder(changed(encoder, tmp_path, **weights))


def test_how_a_network_ran_elsewhere_is_ignored(encoder, tmp_path):
    running = {**NETWORK, "compile": True, "graph": True, "precision": "bf16", "decode": "cuda", "projection": 10**9}
    model, size, short = load_encoder(changed(encoder, tmp_path, {"network": running}))
    assert (size, short) == (8, 9) and not model.compiled and not model.graphed and not model.use_bf16
    half = {name: value.half() if value.is_floating_point() else value
            for name, value in load_file(encoder / "encoder.safetensors").items()}
    assert load_encoder(changed(encoder, tmp_path, **half))[0].features(torch.rand(1, 3, 8, 8)).dtype == torch.float32


@pytest.mark.slow
def test_a_command_ends_in_one_line(encoder, tmp_path):
    path = changed(encoder, tmp_path, {"network": {**NETWORK, "depths": [100_000, 1]}})
    done = subprocess.run([sys.executable, "-m", "ballast.cli", "embed", "--encoder", str(path), "--images", "nowhere",
                           "--out", "x.npy"], capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1 and "depths" in done.stderr
