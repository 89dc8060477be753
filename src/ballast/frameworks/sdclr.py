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
from ballast.runtime.batchnorm import rows_of_ranks
from ballast.runtime.ranks import rank


class SDCLR(nn.Module):
    """A model and its pruned branch; evaluations use the model alone."""

    def __init__(self, model: Model, prune: float) -> None:
        """Add the pruned branch to a model; ``prune`` is the fraction of the encoder's weights that it lacks."""
        super().__init__()
        self.model = model
        self.pruned = Pruned(model, prune)
        self.start_epoch()

    def start_epoch(self) -> None:
        """Set the mask of the epoch by the present weights."""
        self.pruned.prune(self.model)

    def embed(self, views: Tensor, pairs: list[int], further: list[int]) -> tuple[Tensor, Tensor]:
        """Return h and unit z of views [2 pairs + further, C, H, W]; second ones go through the pruned branch."""
        mine = pairs[rank()]
        first, second, others = views.split([mine, mine, further[rank()]])
        with rows_of_ranks([pair + more for pair, more in zip(pairs, further)]):
            dense = self.model(torch.cat([first, others]) if len(others) else first)
        with rows_of_ranks(pairs):
            pruned = self.pruned(self.model, second)
        h, z = (torch.cat([full[:mine], part, full[mine:]]) for full, part in zip(dense, pruned))
        return h, z
