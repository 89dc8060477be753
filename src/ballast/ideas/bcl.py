"""BCL: images that are remembered badly get a stronger augmentation (Zhou et al., ICML 2022; docs/methods/bcl.md).

    m_i <- beta m_i + (1 - beta) l_i        the momentum memory of the image's contrastive loss
    M_i in [0, 1]                           m_i, standardized over the images (ballast.tailness.memorization)
    RandAugment with probability and strength by M_i follows the usual views (ballast.augment.randaugment)
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from annotated_types import Ge, Le
from torch import Tensor

from ballast.config.profile import Epochs, Momentum
from ballast.ideas.idea import Base, Batch, Contrast, Epoch, Setup, Terms
from ballast.tailness.memorization import memorization
from ballast.tailness.memory import momentum_for, remember


@dataclass(frozen=True, kw_only=True)
class Settings:
    """BCL's parameters with the values of the released code for BCL-I."""

    momentum: Momentum = 0.97  # beta of the remembered loss
    momentum_epochs: Epochs = 0  # length of training that beta is meant for; 0: beta as it is
    operations: Annotated[int, Ge(1), Le(20)] = 1  # RandAugment operations per view; 2 in BCL-D


class Idea(Base):
    """The memory m [N + K] of losses, which boosts the augmentation from the second epoch on."""

    memories = ("m",)

    def __init__(self, settings: Settings, setup: Setup) -> None:
        self.settings, self.setup = settings, setup
        self.momentum = momentum_for(settings.momentum, settings.momentum_epochs, setup.epochs)
        self.m = torch.full((setup.in_domain + setup.pool_images,), torch.nan, device=setup.device)

    def begin(self, epoch: Epoch) -> None:
        """Set the memorization of every image that can be remembered: those of a round are too new."""
        if epoch.number > 1:
            remembered = self.m[: self.setup.in_domain] if self.setup.sampling else self.m
            epoch.boost = (memorization(remembered.cpu()), self.settings.operations)

    def terms(self, batch: Batch, contrast: Contrast) -> Terms:
        """Remember each image's loss, the mean over its two views."""
        both_views = contrast.per_view.detach().unflatten(0, (2, -1)).mean(0)
        remember(self.m, *batch.once(batch.index, both_views), self.momentum, batch.is_ragged)
        return {}

    def tailness(self) -> dict[str, Tensor]:
        """Return m [N]: a large loss is tail."""
        return {"loss": self.m[: self.setup.in_domain]}
