"""Optimizers beside their equations, and which parameters get which rate."""

from dataclasses import replace

import pytest
import torch

from ballast.encoders.blocks import blocks_of
from ballast.encoders.model import build
from ballast.frameworks.sdclr import SDCLR
from ballast.frameworks.simclr import SimCLR
from ballast.training.optimizers import TRUST, groups_of, heights, optimizer, set_rate
from tests.builders import NETWORK, OPTIMIZATION, Memory, flat_weights
from tests.training.rows import PARAMS, PROFILE, SCENE, trainer


def framework():
    return SimCLR(build(NETWORK, 1, 1))


def with_gradients(trained, seed):
    chance = torch.Generator().manual_seed(seed)
    for parameter in trained.parameters():
        parameter.grad = torch.empty_like(parameter).copy_(torch.rand(parameter.shape, generator=chance) - 0.5)
    return trained


def test_lars_is_its_equations():
    trained = framework()
    rate, momentum, decay = 0.3, 0.9, 0.01
    steps = optimizer(trained, replace(OPTIMIZATION, optimizer="lars", momentum=momentum, weight_decay=decay))
    expected = {name: parameter.detach().clone() for name, parameter in trained.named_parameters()}
    velocity = {name: torch.zeros_like(weight) for name, weight in expected.items()}
    for step in range(3):
        with_gradients(trained, step)
        for name, parameter in trained.named_parameters():
            update, weight = parameter.grad.clone(), expected[name]
            if weight.dim() > 1:
                update += decay * weight
                update *= TRUST * weight.norm() / update.norm()
            velocity[name] = momentum * velocity[name] + update
            expected[name] = weight - rate * velocity[name]
        set_rate(steps, rate)
        steps.step()
    for name, parameter in trained.named_parameters():
        torch.testing.assert_close(parameter.detach(), expected[name])


def test_adamw_is_that_of_torch_and_decays_no_norm():
    ours, theirs = framework(), framework()
    steps = optimizer(ours, replace(OPTIMIZATION, optimizer="adamw", momentum=0.8, weight_decay=0.1))
    parts = [{"params": [p for p in theirs.parameters() if (p.dim() > 1) == large], "weight_decay": decay}
             for large, decay in ((True, 0.1), (False, 0.0))]
    reference = torch.optim.AdamW(parts, lr=0.02, betas=(0.8, 0.999))
    set_rate(steps, 0.02)
    for step in range(3):
        with_gradients(ours, step), with_gradients(theirs, step)
        steps.step(), reference.step()
    torch.testing.assert_close(flat_weights(ours), flat_weights(theirs))


def test_sgd_is_one_group_that_decays_all():
    groups = groups_of(framework(), replace(OPTIMIZATION, weight_decay=0.1))
    assert len(groups) == 1 and groups[0]["weight_decay"] == 0.1


@pytest.mark.parametrize("kind", [SimCLR, lambda model: SDCLR(model, 0.5)])
def test_rates_fall_from_the_head_to_the_images(kind):
    trained = kind(build(NETWORK, 1, 1))
    number = blocks_of(trained.model.encoder)
    height = {name: height for (name, _), (height, _) in zip(trained.named_parameters(), heights(trained))}
    last = max(number.values())
    for name, block in number.items():
        assert height[f"model.encoder.{name}"] == last + 1 - block
    assert all(value == 0 for name, value in height.items() if name.startswith("model.head."))
    norms = [name for name in height if name.startswith("pruned.norms.")]
    for name in norms:  # a norm of the pruned branch is as high as the one it copies
        place, key = name.removeprefix("pruned.norms.").split(".", 1)
        assert height[name] == height[f"model.{trained.pruned.names[int(place)]}.{key}"]
    assert bool(norms) == isinstance(trained, SDCLR)
    scales = {group["scale"] for group in groups_of(trained, replace(OPTIMIZATION, layer_decay=0.5))}
    assert scales == {0.5**height for height in range(last + 2)}


def row(**values):
    params = {**PARAMS, "methods": {**PARAMS["methods"], "simclr": {
        **PARAMS["methods"]["simclr"], "pretrain": {"framework": "simclr", **values}}}}
    return trainer(params, "simclr")


def test_the_head_alone_trains_at_first():
    training = row(head_warmup=3)
    before = [parameter.detach().clone() for parameter in training.framework.model.encoder.parameters()]
    head = training.framework.model.head[0].weight.detach().clone()
    training.train(Memory())
    after = list(training.framework.model.encoder.parameters())
    assert all(torch.equal(a, b) for a, b in zip(before, after))
    assert not torch.equal(head, training.framework.model.head[0].weight)


@pytest.mark.parametrize("values", [{"optimizer": "adamw", "lr": 0.01}, {"optimizer": "lars"}, {"clip": 0.01},
                                    {"layer_decay": 0.5}, {"freeze": 1}, {"head_warmup": 1}])
def test_every_value_changes_a_training_that_resumes_exactly(values):
    plain, whole, killed = row(), row(**values), Memory(die_after=2)
    for training in (plain, whole):
        training.train(Memory())
    with pytest.raises(KeyboardInterrupt):
        row(**values).train(killed)
    killed.die_after = None
    resumed = row(**values)
    resumed.train(killed)
    ends = [flat_weights(training.framework.model) for training in (plain, whole, resumed)]
    assert ends[1].isfinite().all() and torch.equal(ends[1], ends[2]) and not torch.equal(ends[0], ends[1])


def test_a_clipped_step_is_short():
    training = row(clip=0.01)
    training.train(Memory())
    gradients = [parameter.grad for parameter in training.framework.parameters()]
    assert torch.stack([gradient.norm() for gradient in gradients]).norm() <= 0.01 * (1 + 1e-4)
    assert PROFILE["pretrain"]["epochs"] == 3 and len(SCENE.in_domain) == 40
