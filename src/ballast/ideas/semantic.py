"""Pseudo semantic discrimination: an image's nearest neighbour in a memory bank is a second positive.

The guide's loss L_PSD: our interpretation of arXiv 2506.12698 (docs/methods/guided.md). With l_v the NT-Xent loss of a
view, a_v the loss with the bank's neighbour as the positive (ballast.losses.semantic) and w the neighbour's share,
    L = mean_v [(1 - w) l_v + w a_v] = mean_v l_v + mean_v w (a_v - l_v)
The second summand is what this idea adds to NT-Xent.
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from annotated_types import Ge, Le
from torch.nn.functional import normalize

from ballast.ideas.idea import Base, Batch, Contrast, Epoch, Setup, Terms
from ballast.losses.semantic import nearest_in_bank, semantic_per_view


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The neighbour's share w, and the cosine from which on a neighbour counts."""

    weight: Annotated[float, Ge(0), Le(1)] = 0.5
    threshold: Annotated[float, Ge(-1), Le(1)] = 0.0


class Idea(Base):
    """The bank [N + K, d] of unit projections, which begins with the first round."""

    needs_rounds = True
    memories = ("bank",)

    def __init__(self, settings: Settings, setup: Setup) -> None:
        self.settings, self.setup = settings, setup
        self.bank = None

    def begin(self, epoch: Epoch) -> None:
        """Enter the pool images of a round, and at the first one the in-domain images."""
        if epoch.round:
            first = epoch.round.z_in_domain if self.bank is None else self.bank[: self.setup.in_domain]
            self.bank = torch.cat([first, epoch.round.z_pool])

    def terms(self, batch: Batch, contrast: Contrast) -> Terms:
        """Return the difference that the neighbours make; then enter the batch's projections into the bank."""
        if self.bank is None:
            return {}
        neighbour, cosine = nearest_in_bank(self.bank, batch.index)
        attraction = semantic_per_view(batch.z, contrast.s, self.bank[neighbour], contrast.temperature)
        share = (self.settings.weight * (cosine >= self.settings.threshold)).repeat(2)
        first, second = batch.z.detach().chunk(2)
        index, both = batch.once(batch.index, first + second)
        self.bank[index] = normalize(both).to(self.bank.dtype)
        return {"semantic": (1.0, (share * (attraction - contrast.per_view)).mean())}
