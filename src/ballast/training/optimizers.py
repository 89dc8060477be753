"""Optimizers and what they train: SGD as the papers' code, AdamW, LARS; later blocks faster than earlier ones.

SGD decays all weights, as the papers' code does. AdamW and LARS leave those of one dimension alone (norms, biases), as
their papers' code does.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from ballast.config.profile import Optimization
from ballast.encoders.blocks import blocks_of
from ballast.frameworks.sdclr import SDCLR
from ballast.frameworks.simclr import SimCLR

TRUST = 0.001  # LARS's eta
BETA_2 = 0.999  # of AdamW


def optimizer(framework: SimCLR | SDCLR, optimization: Optimization) -> torch.optim.Optimizer:
    """Return the optimizer of what has a gradient; every group of it has its ``scale`` of the schedule's rate."""
    kind, momentum = optimization.optimizer, optimization.momentum
    groups = groups_of(framework, optimization)
    if kind == "sgd":
        return torch.optim.SGD(groups, lr=1.0, momentum=momentum, fused=True)  # without Nesterov
    if kind == "adamw":
        return torch.optim.AdamW(groups, lr=1.0, betas=(momentum, BETA_2), fused=True)
    return LARS(groups, lr=1.0, momentum=momentum)


def groups_of(framework: SimCLR | SDCLR, optimization: Optimization) -> list[dict]:
    """Return the parameters in groups of one rate and one weight decay.

    A block's rate is ``layer_decay`` times that of the block after it, the head's the schedule's. A head that trains
    alone at first is a group of its own: torch's SGD begins to remember a group's gradients all at once.
    """
    groups: dict[tuple[float, float, bool], list[nn.Parameter]] = {}
    for height, parameter in heights(framework):
        if parameter.requires_grad:
            decays = optimization.optimizer == "sgd" or parameter.dim() > 1
            key = (optimization.layer_decay**height, optimization.weight_decay if decays else 0.0,
                   bool(optimization.head_warmup) and height == 0)
            groups.setdefault(key, []).append(parameter)
    return [{"params": parameters, "scale": scale, "weight_decay": decay}
            for (scale, decay, _), parameters in groups.items()]


def heights(framework: SimCLR | SDCLR) -> Iterator[tuple[int, nn.Parameter]]:
    """Yield every parameter and how many blocks of the encoder lie from its own to the head, 0 for the head itself."""
    number = blocks_of(framework.model.encoder)
    blocks = max(number.values(), default=0) + 1
    twins = dict(enumerate(framework.pruned.names)) if isinstance(framework, SDCLR) else {}
    for name, parameter in framework.named_parameters():
        if name.startswith("pruned.norms."):  # the pruned branch's copy of a norm
            place, key = name.removeprefix("pruned.norms.").split(".", 1)
            name = f"model.{twins[int(place)]}.{key}"
        block = number.get(name.removeprefix("model.encoder."))
        yield 0 if block is None else blocks - block, parameter


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Set the rate of every group from that of the schedule."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["scale"] if group["scale"] != 1 else rate


class LARS(torch.optim.Optimizer):
    """Rates by layer (You et al., arXiv 1708.03888), as SimCLR and MoCo v3 use them.

        u = g + lambda w,   u = eta |w| / |u| u where a weight is decayed and both norms are above 0
        v = mu v + u,   w = w - rate v
    """

    def __init__(self, groups: list[dict], lr: float, momentum: float) -> None:
        super().__init__(groups, {"lr": lr, "momentum": momentum, "weight_decay": 0.0})

    @torch.no_grad()
    def step(self) -> None:
        """Take a step; the host does not look at the device."""
        for group in self.param_groups:
            trained = [parameter for parameter in group["params"] if parameter.grad is not None]
            if not trained:
                continue
            updates = [parameter.grad for parameter in trained]
            if group["weight_decay"]:
                updates = scaled(trained, torch._foreach_add(updates, trained, alpha=group["weight_decay"]))
            velocities = [self.state[parameter].setdefault("velocity", torch.zeros_like(parameter))
                          for parameter in trained]
            torch._foreach_mul_(velocities, group["momentum"])
            torch._foreach_add_(velocities, updates)
            torch._foreach_sub_(trained, torch._foreach_mul(velocities, group["lr"]))


def scaled(weights: list[Tensor], updates: list[Tensor]) -> list[Tensor]:
    """Return every update at the length of TRUST times its weight's norm; one without such a norm as it is."""
    lengths, norms = (torch.stack(torch._foreach_norm(tensors)) for tensors in (weights, updates))
    ratio = torch.where((lengths > 0) & (norms > 0), TRUST * lengths / norms, 1.0)
    return torch._foreach_mul(updates, list(ratio.unbind()))
