"""Released weights: fetched by their library, or one line that says what to do without a network."""

import os

import pytest
import timm
import torch

from ballast.cli import main
from ballast.encoders import hub
from ballast.encoders.backbone import backbone
from ballast.encoders.weights import read

TINY = {"patch_size": 4, "embed_dim": 24, "depth": 1, "num_heads": 2, "img_size": 16}


def fails(*arguments, **options):
    raise OSError("no way\nto the hub")


def test_what_is_fetched_is_read_as_weights_to_start_from(tmp_path, monkeypatch, capsys):
    """The library's download is replaced; what it returns is a network with its classifier."""
    torch.manual_seed(1)
    network = timm.create_model("vit_tiny_patch16_224", num_classes=10, **TINY)
    monkeypatch.setattr(hub, "reachable", lambda address: True)
    monkeypatch.setattr(timm, "create_model", lambda name, pretrained: network)
    main(["fetch", "timm", "vit_tiny_patch16_224", "--out", str(tmp_path / "w.safetensors")])
    assert "network: {source: timm, name: vit_tiny_patch16_224, projection: 128}" in capsys.readouterr().out
    monkeypatch.undo()
    found = read(tmp_path / "w.safetensors", backbone("timm", "vit_tiny_patch16_224", TINY))
    assert found.convention == "timm" and set(found.left_out) == {"head.weight", "head.bias"}
    assert torch.equal(found.tensors["cls_token"], network.cls_token)


@pytest.mark.parametrize(("arguments", "line"), [
    (["timm", "resnet18", "--out", "w.safetensors"], "ballast: resnet18: expected weights from the network or"),
    (["torchvision", "resnet18", "--out", "w.safetensors"], "ballast: resnet18: expected weights from the network or"),
    (["timm", "resnet81", "--out", "w.safetensors"], "ballast: network.name: expected one of the"),
    (["timm", "resnet18", "--out", "w.pt"], "ballast: --out w.pt: expected a name that ends in .safetensors"),
])
def test_without_a_network_or_with_a_wrong_name_it_is_one_line(arguments, line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(hub, "reachable", lambda address: False)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.setattr(timm, "create_model", fails)
    monkeypatch.setattr("torchvision.models.get_model", fails)
    with pytest.raises(SystemExit) as ended:
        main(["fetch", *arguments])
    assert str(ended.value).startswith(line) and "\n" not in str(ended.value)
    assert not list(tmp_path.iterdir())


def test_a_server_that_does_not_answer_is_not_reachable(monkeypatch):
    monkeypatch.setattr(hub.urllib.request, "getproxies", dict)
    assert not hub.reachable("https://localhost:1")
