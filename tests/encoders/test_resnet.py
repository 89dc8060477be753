"""The encoder is torchvision's network, and its file loads there."""

import pytest
import torch
import torchvision
from safetensors.torch import load_file
from torch import nn

from ballast.encoders.model import build, load_weights, save_weights
from ballast.encoders.resnet import ResNet
from ballast.runtime.errors import BallastError

ARCHITECTURES = {"resnet18": ("basic", [2, 2, 2, 2]), "resnet50": ("bottleneck", [3, 4, 6, 3])}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_imagenet_stem_equals_torchvision_and_loads_strictly(name, tmp_path):
    block, depths = ARCHITECTURES[name]
    own = ResNet(3, "imagenet", block, 64, depths).eval()
    save_weights(own, tmp_path / "encoder.safetensors")
    theirs = getattr(torchvision.models, name)()
    theirs.fc = nn.Identity()
    theirs.load_state_dict(load_file(tmp_path / "encoder.safetensors"), strict=True)
    images = torch.rand(2, 3, 64, 64)
    torch.testing.assert_close(own(images), theirs.eval()(images))


def test_cifar_stem_keeps_the_resolution_and_loads_strictly(tmp_path):
    own = ResNet(3, "cifar", "basic", 64, [2, 2, 2, 2])
    assert own.conv1.kernel_size == (3, 3) and own.conv1.stride == (1, 1) and own.features == 512
    assert own.layer1(own.conv1(torch.rand(1, 3, 32, 32))).shape[-1] == 32
    theirs = torchvision.models.resnet18()
    theirs.conv1, theirs.maxpool, theirs.fc = nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.Identity(), nn.Identity()
    save_weights(own, tmp_path / "encoder.safetensors")
    theirs.load_state_dict(load_file(tmp_path / "encoder.safetensors"), strict=True)
    images = torch.rand(2, 3, 32, 32)
    torch.testing.assert_close(own.eval()(images), theirs.eval()(images))


def test_weights_are_a_function_of_the_seed():
    network = {"stem": "cifar", "block": "basic", "width": 4, "depths": [1], "projection": 8}
    state = lambda seed: build(network, 1, seed).state_dict()  # noqa: E731
    torch.manual_seed(5)
    first = state(1)
    torch.manual_seed(6)
    assert all(torch.equal(a, b) for a, b in zip(first.values(), state(1).values()))
    assert not torch.equal(first["encoder.conv1.weight"], state(2)["encoder.conv1.weight"])


def test_projections_have_unit_length():
    model = build({"stem": "cifar", "block": "basic", "width": 4, "depths": [1, 1], "projection": 8}, 3, 0)
    features, z = model(torch.rand(5, 3, 8, 8))
    assert features.shape == (5, 8) and z.shape == (5, 8)
    torch.testing.assert_close(z.norm(dim=1), torch.ones(5))


def test_weights_of_another_network_are_refused_in_one_line(tmp_path):
    save_weights(ResNet(1, "cifar", "basic", 4, [1]), tmp_path / "w.safetensors")
    with pytest.raises(BallastError, match=r"w.safetensors: not the weights of this architecture"):
        load_weights(ResNet(1, "cifar", "basic", 8, [1]), tmp_path / "w.safetensors")
    (tmp_path / "w.safetensors").write_bytes(b"nonsense")
    with pytest.raises(BallastError, match=r"w.safetensors"):
        load_weights(ResNet(1, "cifar", "basic", 4, [1]), tmp_path / "w.safetensors")
    with pytest.raises(BallastError, match=r"missing"):
        load_weights(ResNet(1, "cifar", "basic", 4, [1]), tmp_path / "none.safetensors")


def test_bf16_computes_in_half_and_gives_float32():
    network = {"stem": "cifar", "block": "basic", "width": 16, "depths": [1, 1], "projection": 8}
    images = torch.rand(6, 3, 16, 16)
    whole, half = build(network, 3, 0), build({**network, "precision": "bf16"}, 3, 0)
    seen = []
    half.encoder.layer1.register_forward_hook(lambda *given: seen.append(given[2].dtype))
    for own, other in zip(half(images), whole(images)):
        assert own.dtype == torch.float32 and not torch.equal(own, other)
        torch.testing.assert_close(own, other, rtol=0.1, atol=0.1)
    assert seen == [torch.bfloat16] and all(p.dtype == torch.float32 for p in half.parameters())
    half(images)[1].square().sum().backward()
    assert all(p.grad.isfinite().all() for p in half.parameters())
