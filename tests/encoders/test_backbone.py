"""Networks of timm and torchvision as encoders."""

import pytest
import timm
import torch

from ballast.config.profile import Backbone, Network
from ballast.encoders.backbone import backbone
from ballast.encoders.blocks import blocks_of
from ballast.encoders.model import build, load_encoder, outline, save_model
from ballast.encoders.resnet import ResNet
from ballast.runtime.errors import BallastError

TINY = {"img_size": 16, "patch_size": 4, "embed_dim": 24, "depth": 2, "num_heads": 2}
VIT = Backbone(source="timm", name="vit_tiny_patch16_224", options=TINY, projection=8)


@pytest.mark.parametrize("source", ["timm", "torchvision"])
def test_a_resnet_with_the_same_weights_has_the_same_features(source):
    ours, theirs = ResNet(3, "imagenet", "basic", 64, [2, 2, 2, 2]).eval(), backbone(source, "resnet18", {}).eval()
    theirs.load_state_dict(ours.state_dict(), strict=True)
    images = torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert (ours(images) - theirs(images)).abs().max() < 1e-5
    assert theirs.feature_dim == ours.feature_dim and theirs.mean == ours.mean


@pytest.mark.parametrize("name", ["convnext_tiny", "vit_b_16", "mobilenet_v3_small", "efficientnet_b0"])
def test_networks_of_torchvision_end_before_their_classifier(name):
    outline(Backbone(source="torchvision", name=name, projection=8), 3, 224)


def test_a_vit_takes_images_of_other_sizes_and_the_statistics_of_its_weights():
    model = build(VIT, 3, 1).eval()
    with torch.no_grad():
        assert model.features(torch.rand(2, 3, 24, 24)).shape == (2, 24)
    assert model.mean.flatten().tolist() == [0.5] * 3


def test_gray_images_are_three_equal_channels():
    gray, colored = build(VIT, 1, 1).eval(), build(VIT, 3, 1).eval()
    images = torch.rand(2, 1, 16, 16)
    with torch.no_grad():
        assert torch.equal(gray.features(images), colored.features(images.expand(-1, 3, -1, -1)))


def test_a_saved_encoder_says_what_it_is(tmp_path):
    model = build(VIT, 3, 1).eval()
    save_model(model, tmp_path, 16, 18)
    loaded, size, short = load_encoder(tmp_path / "encoder.safetensors")
    images = torch.rand(2, 3, 16, 16)
    assert (size, short) == (16, 18) and torch.equal(loaded.features(images), model.features(images))


@pytest.mark.parametrize(("network", "line"), [
    ({"source": "timm", "name": "resnet118"}, r"network.name: expected one of .* did you mean 'resnet18'\?"),
    ({"source": "torchvision", "name": "resnet81"}, "network.name: expected one of"),
    ({"source": "torchvision", "name": "googlenet"}, "network.name: expected a network .* one linear classifier"),
    ({"source": "timm", "name": "resnet18", "options": {"depht": 3}}, "network.options: .* unexpected keyword"),
    ({"source": "timm", "name": "vit_tiny_patch16_224", "options": {"num_heads": 7}}, "network.options: .*divisible"),
    ({"source": "timm", "name": "resnet18", "options": {"pretrained": True}}, "network.options.pretrained: "),
])
def test_a_network_that_does_not_exist_is_one_line(network, line):
    with pytest.raises(BallastError, match=line) as error:
        outline(Backbone(**network, projection=8), 3)
    assert "\n" not in str(error.value)


def test_a_size_that_the_network_does_not_take_is_one_line():
    with pytest.raises(BallastError, match="expected one that takes images of 18 x 18 pixels, got timm's vit_tiny"):
        outline(VIT, 3, 18)


def test_a_library_that_is_missing_is_one_line(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "timm", None)
    with pytest.raises(BallastError, match="pip install timm"):
        backbone("timm", "resnet18", {})


def test_the_blocks_of_a_vit_are_those_of_timm():
    network = timm.create_model("vit_tiny_patch16_224", num_classes=0, **TINY)
    theirs = timm.models.group_parameters(network, network.group_matcher(coarse=False))
    of_timm = {name: min(block, 2) for block, names in theirs.items() for name in names}  # the last norm is its own
    assert blocks_of(network) == of_timm


@pytest.mark.parametrize("encoder", [
    ResNet(3, "cifar", "basic", 16, [2, 1]), backbone("torchvision", "vit_b_16", {"image_size": 32})])
def test_the_first_block_is_what_comes_before_the_first_sequence(encoder):
    number = blocks_of(encoder)
    first = {name for name, block in number.items() if block == 0}
    assert first in ({"conv1.weight", "bn1.weight", "bn1.bias"},
                     {"class_token", "conv_proj.weight", "conv_proj.bias", "encoder.pos_embedding"})
    assert max(number.values()) == (3 if "conv1.weight" in first else 12)


def test_frozen_blocks_stay_as_they_are_with_their_statistics():
    model = build(Network(stem="cifar", block="basic", width=16, depths=[1, 1], projection=8), 3, 1)
    before = {name: tensor.clone() for name, tensor in model.encoder.state_dict().items()}
    model.freeze(2)
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
    for _ in range(2):
        model.train()
        model(torch.rand(8, 3, 8, 8))[1].square().sum(0).std().backward()
        optimizer.step()
    changed = {name for name, tensor in model.encoder.state_dict().items() if not torch.equal(tensor, before[name])}
    assert changed and all(name.startswith("layer2.") for name in changed)
    with pytest.raises(BallastError, match="freeze: expected at most 2 of the encoder's 3 blocks, got 3"):
        model.freeze(3)
