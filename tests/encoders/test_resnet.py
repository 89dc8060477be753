"""The encoder computes torchvision's bits, and its file loads there."""

import pytest
import torch
import torchvision
from safetensors.torch import load_file
from torch import nn

from ballast.encoders import resnet
from ballast.encoders.model import build, load_weights, save_weights
from ballast.encoders.resnet import ResNet
from ballast.runtime.errors import BallastError

ARCHITECTURES = {"resnet18": ("basic", [2, 2, 2, 2]), "resnet50": ("bottleneck", [3, 4, 6, 3])}


CIFAR_NETWORK = {"stem": "cifar", "block": "basic", "width": 4, "depths": [1], "projection": 8}


@pytest.mark.parametrize("stem", ["imagenet", "cifar"])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_file_loads_strictly_into_torchvision(name, stem, tmp_path):
    block, depths = ARCHITECTURES[name]
    encoder = ResNet(3, stem, block, 64, depths)
    save_weights(encoder, tmp_path / "encoder.safetensors")
    theirs = getattr(torchvision.models, name)()
    theirs.fc = nn.Identity()
    if stem == "cifar":
        theirs.conv1, theirs.maxpool = nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.Identity()
    theirs.load_state_dict(load_file(tmp_path / "encoder.safetensors"), strict=True)
    size = 16 if stem == "cifar" else 64
    images = torch.rand(2, 3, size, size)
    torch.testing.assert_close(encoder.eval()(images), theirs.eval()(images))


def weights_and_a_step(stem, block, depths):
    """Initial weights by name, then features, gradients and running statistics of one training step."""
    torch.manual_seed(3)
    encoder = ResNet(3, stem, block, 16, depths)
    initial = {name: weight.detach().clone() for name, weight in encoder.named_parameters()}
    features = encoder(torch.rand(4, 3, 32, 32))
    (features * torch.randn_like(features)).sum().backward()
    return initial, [features, *(weight.grad for weight in encoder.parameters()), *encoder.buffers()]


@pytest.mark.parametrize("stem", ["imagenet", "cifar"])
@pytest.mark.parametrize(("block", "depths"), [("basic", [2, 2, 1]), ("bottleneck", [1, 2])])
def test_blocks_draw_the_weights_and_compute_the_bits_of_torchvisions(block, depths, stem, monkeypatch):
    initial, step = weights_and_a_step(stem, block, depths)
    torchvisions = {"basic": torchvision.models.resnet.BasicBlock, "bottleneck": torchvision.models.resnet.Bottleneck}
    monkeypatch.setattr(resnet, "BLOCKS", torchvisions)
    expected_initial, expected_step = weights_and_a_step(stem, block, depths)
    assert list(initial) == list(expected_initial)
    assert all(torch.equal(initial[name], expected_initial[name]) for name in initial)
    assert all(torch.equal(*pair) for pair in zip(step, expected_step, strict=True))


def test_the_cifar_stem_keeps_the_resolution():
    encoder = ResNet(3, "cifar", "basic", 64, [2, 2, 2, 2])
    assert encoder.conv1.kernel_size == (3, 3) and encoder.conv1.stride == (1, 1) and encoder.feature_dim == 512
    assert encoder.layer1(encoder.conv1(torch.rand(1, 3, 32, 32))).shape[-1] == 32


def test_weights_are_a_function_of_the_seed():
    state = lambda seed: build(CIFAR_NETWORK, 1, seed).state_dict()  # noqa: E731
    torch.manual_seed(5)
    first = state(1)
    torch.manual_seed(6)
    assert all(torch.equal(a, b) for a, b in zip(first.values(), state(1).values()))
    assert not torch.equal(first["encoder.conv1.weight"], state(2)["encoder.conv1.weight"])


def test_projections_have_unit_length():
    model = build({**CIFAR_NETWORK, "depths": [1, 1]}, 3, 0)
    features, z = model(torch.rand(5, 3, 8, 8))
    assert features.shape == (5, 8) and z.shape == (5, 8)
    torch.testing.assert_close(z.norm(dim=1), torch.ones(5))


def test_weights_of_another_network_are_refused_in_one_line(tmp_path):
    save_weights(ResNet(1, "cifar", "basic", 4, [1]), tmp_path / "w.safetensors")
    with pytest.raises(BallastError, match=r"w.safetensors: expected weights of this architecture"):
        load_weights(ResNet(1, "cifar", "basic", 8, [1]), tmp_path / "w.safetensors")
    (tmp_path / "w.safetensors").write_bytes(b"nonsense")
    with pytest.raises(BallastError, match=r"w.safetensors"):
        load_weights(ResNet(1, "cifar", "basic", 4, [1]), tmp_path / "w.safetensors")
    with pytest.raises(BallastError, match=r"missing"):
        load_weights(ResNet(1, "cifar", "basic", 4, [1]), tmp_path / "none.safetensors")


def test_bf16_computes_in_bfloat16_and_returns_float32():
    network = {**CIFAR_NETWORK, "width": 16, "depths": [1, 1]}
    images = torch.rand(6, 3, 16, 16)
    whole, half = build(network, 3, 0), build({**network, "precision": "bf16"}, 3, 0)
    dtypes = []
    half.encoder.layer1.register_forward_hook(lambda *call: dtypes.append(call[2].dtype))
    for output, expected in zip(half(images), whole(images)):
        assert output.dtype == torch.float32 and not torch.equal(output, expected)
        torch.testing.assert_close(output, expected, rtol=0.1, atol=0.1)
    assert dtypes == [torch.bfloat16] and all(p.dtype == torch.float32 for p in half.parameters())
    half(images)[1].square().sum().backward()
    assert all(p.grad.isfinite().all() for p in half.parameters())
