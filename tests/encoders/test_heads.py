"""Projection heads of two and three layers, in memory and saved."""

import pytest
import torch
from torch import nn

from ballast.encoders.heads import first_layer, layers_of, projection_head
from ballast.encoders.model import build, load_model, save_model

NETWORK = {"stem": "cifar", "block": "basic", "width": 16, "depths": [1], "projection": 8}


@pytest.mark.parametrize("layers", [2, 3])
def test_layers_biases_and_norms_are_the_papers(layers):
    head = projection_head(16, 8, layers)
    linear = [module for module in head if isinstance(module, nn.Linear)]
    assert [module.bias is not None for module in linear] == [True] + [False] * (layers - 1)
    assert [module.out_features for module in linear] == [16] * (layers - 1) + [8]
    assert isinstance(head[-1], nn.BatchNorm1d) and sum(isinstance(m, nn.ReLU) for m in head) == layers - 1
    assert [type(m) for m in first_layer(head)] == [nn.Linear, nn.BatchNorm1d, nn.ReLU]
    assert layers_of(list(head.state_dict())) == layers


@pytest.mark.parametrize("layers", [2, 3])
def test_a_saved_model_comes_back_with_its_head(tmp_path, layers):
    model = build(NETWORK, 1, 3, layers).eval()
    save_model(model, tmp_path, size=8, short=8)
    again = load_model(NETWORK, 1, tmp_path).eval()
    images = torch.rand(4, 1, 8, 8)
    assert all(torch.equal(*pair) for pair in zip(again(images), model(images)))
