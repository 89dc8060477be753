"""SDCLR: a network competes with its own pruned self, which forgets the tail first (methods.md 1.2).

    f1 = dense(view 1), f2 = pruned(view 2), loss of [f1; f2] as in SimCLR, one joint backward
The released code runs two backwards, each with the other branch detached; the sum of their gradients is the same.
"""

import torch
from torch import Tensor, nn

from ballast.encoders.model import Model
from ballast.encoders.pruned import Pruned


class SDCLR(nn.Module):
    """The model is the dense branch; evaluation uses it alone."""

    def __init__(self, model: Model, prune: float) -> None:
        super().__init__()
        self.model = model
        self.pruned = Pruned(model, prune)
        self.start_epoch()

    def start_epoch(self) -> None:
        """The mask of an epoch comes from the weights at its start."""
        self.pruned.prune(self.model)

    def project(self, views: Tensor, pairs: int) -> Tensor:
        """Unit projections of views [2 pairs + E, C, H, W]: the second of each pair through the pruned branch."""
        first, second, more = views.split([pairs, pairs, len(views) - 2 * pairs])
        dense = self.model(torch.cat([first, more]) if len(more) else first)[1]
        return torch.cat([dense[:pairs], self.pruned(self.model, second)[1], dense[pairs:]])
