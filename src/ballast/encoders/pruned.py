"""The pruned branch of SDCLR: the same weights under a magnitude mask, with BatchNorms of its own (methods.md 1.2).

    n = all convolution weights of the backbone, q = ceil(p n), thr = the (q+1)-th smallest |w|, mask = |w| >= thr
"""

import copy
import math

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.modules.batchnorm import _BatchNorm

from ballast.encoders.model import Model


def magnitude_masks(weights: list[Tensor], share: float) -> list[Tensor]:
    """Masks, bool in the weights' shapes, by one threshold over all of them: False on about the ``share`` smallest."""
    size = torch.cat([weight.detach().flatten() for weight in weights]).abs()
    pruned = min(math.ceil(share * len(size)), len(size) - 1)
    threshold = size.sort().values[pruned]  # kthvalue has no deterministic kernel on CUDA
    return [weight.detach().abs() >= threshold for weight in weights]


class Pruned(nn.Module):
    """A model's weights under masks, which ``prune`` makes afresh; every BatchNorm of the model has a twin here."""

    def __init__(self, model: Model, share: float) -> None:
        super().__init__()
        self.share = share
        self.masks: dict[str, Tensor] = {}
        norms = {name: module for name, module in model.named_modules() if isinstance(module, _BatchNorm)}
        self.names = list(norms)
        self.norms = nn.ModuleList(copy.deepcopy(module) for module in norms.values())

    def prune(self, model: Model) -> None:
        """Masks by the present magnitudes of the backbone's convolutions."""
        convolutions = {f"encoder.{name}.weight": module.weight for name, module in model.encoder.named_modules()
                        if isinstance(module, nn.Conv2d)}
        self.masks = dict(zip(convolutions, magnitude_masks(list(convolutions.values()), self.share)))

    def forward(self, model: Model, images: Tensor) -> tuple[Tensor, Tensor]:
        """Features [B, d] and unit projections [B, output]; gradients reach weights only where the mask lets them."""
        weights = {name: model.get_parameter(name) * mask for name, mask in self.masks.items()}
        for name, norm in zip(self.names, self.norms):
            weights |= {f"{name}.{key}": tensor for key, tensor in norm.state_dict(keep_vars=True).items()}
        return functional_call(model, weights, (images,))
