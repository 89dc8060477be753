"""The pruned branch of SDCLR: the model's weights under a magnitude mask, with BatchNorms of its own.

    n = number of weights of the encoder's convolutions and linear layers, q = ceil(p n),
    threshold = the (q+1)-th smallest |w|, mask = |w| >= threshold

A network without BatchNorms, as a ViT, shares its LayerNorms with the pruned branch: those keep no statistics.
Source: SDCLR (Jiang et al., ICML 2021; docs/methods/sdclr.md); the threshold is the released code's.
"""

import copy
import math

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.modules.batchnorm import _BatchNorm  # the only common base of BatchNorm1d, 2d and SyncBatchNorm

from ballast.encoders.model import Model


def magnitude_masks(weights: list[Tensor], fraction: float) -> list[Tensor]:
    """Return a bool mask for each weight, by one threshold over all: False on about ``fraction`` of the entries."""
    magnitudes = torch.cat([weight.detach().flatten() for weight in weights]).abs()
    pruned = min(math.ceil(fraction * len(magnitudes)), len(magnitudes) - 1)
    threshold = magnitudes.sort().values[pruned]  # kthvalue has no deterministic kernel on CUDA
    return [weight.detach().abs() >= threshold for weight in weights]


def prunable(encoder: nn.Module) -> dict[str, Tensor]:
    """Return the weights of convolutions and linear layers by name, those within nn.MultiheadAttention included."""
    found = {}
    for name, module in encoder.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            found[f"{name}.weight"] = module.weight
        elif isinstance(module, nn.MultiheadAttention) and module.in_proj_weight is not None:
            found[f"{name}.in_proj_weight"] = module.in_proj_weight
    return found


class Pruned(nn.Module):
    """The masks of a model, and a second copy of each of its BatchNorms; the weights remain the model's."""

    def __init__(self, model: Model, fraction: float) -> None:
        """Copy the model's BatchNorms; ``fraction`` of its encoder's weights will be pruned."""
        super().__init__()
        self.fraction = fraction
        self.masks: dict[str, Tensor] = {}
        norms = {name: module for name, module in model.named_modules() if isinstance(module, _BatchNorm)}
        self.names = list(norms)
        self.norms = nn.ModuleList(copy.deepcopy(module) for module in norms.values())

    def prune(self, model: Model) -> None:
        """Set the masks by the present magnitudes of the encoder's weights."""
        weights = prunable(model.encoder)
        masks = dict(zip((f"encoder.{name}" for name in weights),
                         magnitude_masks(list(weights.values()), self.fraction)))
        if not self.masks:
            self.masks = masks
        for name, mask in masks.items():
            self.masks[name].copy_(mask)  # in place: a recorded step reads these

    def forward(self, model: Model, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return features [B, d] and unit projections [B, output] of images [B, C, H, W].

        Gradients reach only the weights that the mask keeps.
        """
        weights = {name: model.get_parameter(name) * mask for name, mask in self.masks.items()}
        for name, norm in zip(self.names, self.norms):
            weights |= {f"{name}.{key}": tensor for key, tensor in norm.state_dict(keep_vars=True).items()}
        return functional_call(model, weights, (images,))
