"""SDCLR, which contrasts the network with its own pruned self, since that forgets rare images first.

    f1 = dense(view 1), f2 = pruned(view 2), L = NT-Xent of [f1; f2], one joint backward pass

The released code runs two backward passes, each with the other branch detached. The sum of their gradients is that of
the joint pass.
Source: SDCLR (Jiang et al., ICML 2021; docs/methods/sdclr.md).
"""

import torch
from torch import Tensor, nn

from ballast.encoders.model import Model
from ballast.encoders.pruned import Pruned


class SDCLR(nn.Module):
    """A model and its pruned branch; evaluations use the model alone."""

    def __init__(self, model: Model, prune: float) -> None:
        """Add the pruned branch to a model; ``prune`` is the fraction of convolution weights that it lacks."""
        super().__init__()
        self.model = model
        self.pruned = Pruned(model, prune)
        self.start_epoch()

    def start_epoch(self) -> None:
        """Set the mask of the epoch by the present weights."""
        self.pruned.prune(self.model)

    def project(self, views: Tensor, pairs: int) -> Tensor:
        """Return unit projections of views [2 pairs + E, C, H, W]; second views go through the pruned branch."""
        first, second, further = views.split([pairs, pairs, len(views) - 2 * pairs])
        dense = self.model(torch.cat([first, further]) if len(further) else first)[1]
        return torch.cat([dense[:pairs], self.pruned(self.model, second)[1], dense[pairs:]])
