"""Weights from elsewhere: every convention is read, whatever does not fit is one line, and no code is run."""

import argparse
import pickle

import pytest
import torch
from safetensors.torch import save_file

from ballast.config.profile import Network
from ballast.encoders.model import build, save_encoder
from ballast.encoders.resnet import ResNet
from ballast.encoders.weights import read
from ballast.runtime.errors import BallastError

NETWORK = Network(stem="imagenet", block="basic", width=16, depths=[1, 1], projection=8)


@pytest.fixture
def encoder():
    torch.manual_seed(1)
    return ResNet(3, "imagenet", "basic", 16, [1, 1])


def prefixed(state, prefix):
    return {f"{prefix}{name}": tensor for name, tensor in state.items()}


def queue():
    return {"module.queue": torch.zeros(3)}


FC = {"fc.weight": torch.ones(5, 32), "fc.bias": torch.ones(5)}
FILES = {
    "MoCo": lambda s: {"epoch": 200, "state_dict": {**prefixed(s, "module.encoder_q."), **queue(),
                                                    **prefixed({k: v + 1 for k, v in s.items()}, "module.encoder_k."),
                                                    "module.encoder_q.fc.0.weight": torch.ones(2, 2)}},
    "MoCo v3": lambda s: {"state_dict": {**prefixed(s, "module.base_encoder."),
                                         **prefixed(s, "module.momentum_encoder.")}},
    "DINO": lambda s: {"student": prefixed({k: v + 1 for k, v in s.items()}, "module.backbone."),
                       "teacher": {**prefixed(s, "backbone."), "head.mlp.0.weight": torch.ones(2)},
                       "args": argparse.Namespace(lr=0.1), "epoch": 3},
    "torchvision or timm": lambda s: {**s, **FC},
    "DataParallel": lambda s: {"model": prefixed(s, "module.")},
}


@pytest.mark.parametrize("convention", FILES)
def test_every_convention_is_read_and_named(convention, encoder, tmp_path):
    state = encoder.state_dict()
    torch.save(FILES[convention](state), tmp_path / "weights.pth")
    found = read(tmp_path / "weights.pth", ResNet(3, "imagenet", "basic", 16, [1, 1]))
    assert found.convention == convention
    assert found.tensors.keys() == state.keys()
    assert all(torch.equal(found.tensors[name], state[name]) for name in state)


def test_safetensors_half_precision_and_older_files_without_counters(encoder, tmp_path):
    state = {name: tensor.half() for name, tensor in encoder.state_dict().items() if "num_batches" not in name}
    save_file({**state, **FC}, tmp_path / "weights.safetensors")
    found = read(tmp_path / "weights.safetensors", encoder)
    assert found.left_out == ["fc.weight", "fc.bias"] or set(found.left_out) == set(FC)
    assert found.tensors["conv1.weight"].dtype == torch.float32
    assert found.tensors["bn1.num_batches_tracked"] == 0


def test_an_encoder_of_ballast_is_known_as_one(tmp_path):
    save_encoder(build(NETWORK, 3, 1), tmp_path, 32, 32)
    assert read(tmp_path / "encoder.safetensors", build(NETWORK, 3, 2).encoder).convention == "a Ballast encoder"


def without(state, name):
    return {key: value for key, value in state.items() if key != name}


@pytest.mark.parametrize(("change", "line"), [
    (lambda s: without(s, "bn1.weight"), "torchvision or timm: it lacks bn1.weight"),
    (lambda s: {**s, "layer3.0.conv1.weight": torch.ones(1)}, "there is no place for layer3.0.conv1.weight"),
    (lambda s: {**s, "conv1.weight": torch.ones(16, 3, 3, 3)}, r"conv1.weight is \[16, 3, 3, 3\] in place of"),
    (lambda s: {**s, "bn1.bias": torch.full((16,), torch.nan)}, "expected finite weights, got others in bn1.bias"),
    (lambda s: {"epoch": 3}, "expected a state dict of tensors, got none; its keys are epoch"),
    (lambda s: [1, 2], "expected a state dict of tensors, got a list"),
])
def test_what_does_not_fit_is_one_line(change, line, encoder, tmp_path):
    torch.save(change(encoder.state_dict()), tmp_path / "weights.pth")
    with pytest.raises(BallastError, match=line) as error:
        read(tmp_path / "weights.pth", encoder)
    assert "\n" not in str(error.value) and str(error.value).startswith(str(tmp_path))


class Evil:
    def __reduce__(self):
        return print, ("this must not run",)


def test_a_file_with_code_is_refused_and_the_code_does_not_run(encoder, tmp_path, capsys):
    torch.save({"state_dict": encoder.state_dict(), "hook": Evil()}, tmp_path / "zip.pth")
    (tmp_path / "plain.pth").write_bytes(pickle.dumps(Evil()))
    for name in ("zip.pth", "plain.pth"):
        with pytest.raises(BallastError, match="expected tensors alone, got a pickle") as error:
            read(tmp_path / name, encoder)
        assert "\n" not in str(error.value)
    assert "must not run" not in capsys.readouterr().out


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_truncated_file_is_one_line(suffix, share, encoder, tmp_path):
    path = tmp_path / f"weights{suffix}"
    save = torch.save if suffix == ".pth" else save_file
    save(encoder.state_dict(), path)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(BallastError) as error:
        read(path, encoder)
    assert "\n" not in str(error.value)


def test_a_missing_file_is_one_line(encoder, tmp_path):
    with pytest.raises(BallastError, match="missing; expected a file of weights"):
        read(tmp_path / "weights.pth", encoder)
