"""SDCLR: two branches, one set of weights, and the released code's two backwards."""

import copy

import torch
from torch import nn

from ballast.encoders.model import build
from ballast.frameworks.sdclr import SDCLR
from ballast.frameworks.simclr import SimCLR
from ballast.losses.ntxent import ntxent
from tests.oracles.pruned import pruned_copy

NETWORK = {"stem": "cifar", "block": "basic", "width": 4, "depths": [1, 1], "projection": 8}


def network(prune=0.5, layers=2):
    return SDCLR(build(NETWORK, 3, 1, layers).double(), prune)


def views(pairs=6, further=0):
    torch.manual_seed(0)
    return torch.rand(2 * pairs + further, 3, 8, 8, dtype=torch.float64)


def gradients(framework):
    return {name: parameter.grad.clone() for name, parameter in framework.named_parameters()}


def test_joint_backward_equals_the_released_two_pass_gradient():
    images = views()
    joint = network()
    ntxent(*joint.embed(images, [6], [0])[1].chunk(2), 0.2).backward()

    two = network()
    first, second = images.chunk(2)
    with torch.no_grad():
        f2 = two.pruned(two.model, second)[1]
    ntxent(two.model(first)[1], f2, 0.2).backward()
    with torch.no_grad():
        f1 = copy.deepcopy(two.model)(first)[1]
    ntxent(f1, two.pruned(two.model, second)[1], 0.2).backward()

    expected = gradients(two)
    for name, gradient in gradients(joint).items():
        torch.testing.assert_close(gradient, expected[name], rtol=1e-9, atol=1e-12)


def test_without_pruning_and_with_equal_statistics_it_is_simclr():
    framework = network(prune=0.0).eval()
    images = views()
    of_simclr = SimCLR(framework.model).eval().embed(images, [6], [0])
    torch.testing.assert_close(framework.embed(images, [6], [0]), of_simclr)


def test_the_second_view_of_a_pair_is_pruned_and_the_others_are_dense():
    framework = network(prune=0.9).eval()
    images = views(pairs=4, further=3)
    z = framework.embed(images, [4], [3])[1]
    dense = framework.model(images)[1]
    torch.testing.assert_close(z[:4], dense[:4])
    torch.testing.assert_close(z[8:], dense[8:])
    torch.testing.assert_close(z[4:8], pruned_copy(framework.model, 0.9)(images[4:8])[1])
    assert (z[4:8] - dense[4:8]).abs().max() > 1e-3


def test_every_batchnorm_has_a_twin_that_learns_apart():
    framework = network(layers=3)
    norms = [m for m in framework.model.modules() if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d))]
    assert len(framework.pruned.norms) == len(norms) == 9  # stem, 2 and 3 in the blocks, 3 in the head
    ntxent(*framework.embed(views(), [6], [0])[1].chunk(2), 0.2).backward()
    for norm, twin in zip(norms, framework.pruned.norms):
        assert not torch.equal(norm.running_mean, twin.running_mean)
        assert norm.weight.grad is not None and twin.weight.grad is not None
        assert norm.num_batches_tracked == twin.num_batches_tracked == 1


def test_masked_weights_learn_from_the_dense_branch_alone():
    framework = network(prune=0.9)
    first, second = views().chunk(2)
    framework.pruned(framework.model, second)[1].square().sum().backward()
    for name, mask in framework.pruned.masks.items():
        assert not framework.model.get_parameter(name).grad[~mask].any()
    framework.model(first)[1].square().sum().backward()
    assert any(framework.model.get_parameter(name).grad[~mask].any() for name, mask in framework.pruned.masks.items())


def test_masks_follow_the_weights_at_the_next_epoch_only():
    framework = network()
    before = {name: mask.clone() for name, mask in framework.pruned.masks.items()}
    with torch.no_grad():
        for name in before:
            framework.model.get_parameter(name).copy_(torch.randn_like(framework.model.get_parameter(name)))
    framework.embed(views(), [6], [0])
    assert all(torch.equal(mask, before[name]) for name, mask in framework.pruned.masks.items())
    framework.start_epoch()
    assert any(not torch.equal(mask, before[name]) for name, mask in framework.pruned.masks.items())
