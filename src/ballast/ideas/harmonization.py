"""Geometric Harmonization: common kinds of images get no more room in the embedding than rare ones.

A simplex has K equidistant vertices (Zhou et al., NeurIPS 2023; docs/methods/harmonization.md):
    1. remember each image's similarities to the vertices: s_i <- beta s_i + (1 - beta) t_i;
    2. every T_U epochs, estimate the prior: pi_k is the share of the images whose largest similarity is to vertex k;
    3. surrogate labels follow the prior, and the loss draws each view to those of the other one.
Equations: ballast.losses.harmonization.
With a pool, in-domain images alone are remembered and harmonized.
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from annotated_types import Ge, Le
from torch import Tensor

from ballast.config.profile import Fraction, Momentum, NonNegative
from ballast.ideas.idea import Base, Batch, Contrast, Epoch, Setup, Terms
from ballast.losses.harmonization import harmonization, to_vertices
from ballast.tailness.memory import remember


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The values of the released code for CIFAR-100-LT; its epochs are fractions of its 1,000 here."""

    vertices: Annotated[int, Ge(2), Le(1_000_000)] = 100  # K
    weight: NonNegative = 1.0  # w_GH
    warmup: Fraction = 0.5  # of all epochs, before it begins
    ramp: Fraction = 0.01  # of all epochs, over which the weight rises
    every: Fraction = 0.02  # of all epochs, between estimates of the prior
    momentum: Momentum = 0.9  # beta of the remembered similarities, before it begins, and
    momentum_later: Momentum = 0.999  # from then on
    iterations: Annotated[int, Ge(1), Le(100_000)] = 300  # of Sinkhorn's algorithm


class Idea(Base):
    """The similarities s [N, K] of all in-domain images, and the prior pi [K]."""

    memories = ("s", "prior")

    def __init__(self, settings: Settings, setup: Setup) -> None:
        self.settings = settings
        self.warmup = max(1, round(settings.warmup * setup.epochs))  # an epoch has to be remembered
        self.ramp, self.every = (max(1, round(part * setup.epochs)) for part in (settings.ramp, settings.every))
        self.s = torch.full((setup.in_domain, settings.vertices), torch.nan, device=setup.device)
        self.prior = torch.zeros(settings.vertices, device=setup.device)

    def begin(self, epoch: Epoch) -> None:
        """Set the weight of the epoch; estimate the prior when it is due."""
        since = epoch.number - 1 - self.warmup
        self.phase = self.settings.weight * min(1.0, (since + 1) / self.ramp) if since >= 0 else 0.0
        if since >= 0 and since % self.every == 0:
            self.prior.copy_(shares(self.s))

    def terms(self, batch: Batch, contrast: Contrast) -> Terms:
        """Remember the similarities of the first views; return the loss of the in-domain images."""
        k = self.settings.vertices
        if not len(batch.in_domain):
            return {}
        t1, t2 = (to_vertices(views[batch.in_domain], k) for views in batch.z.chunk(2))
        momentum = self.settings.momentum_later if self.phase else self.settings.momentum
        remember(self.s, *batch.once(batch.index[batch.in_domain], t1.detach()), momentum)
        if not self.phase:
            return {}
        return {"harmonization": (self.phase, harmonization(t1, t2, self.prior, self.settings.iterations))}

    def tailness(self) -> dict[str, Tensor]:
        """Return minus the share of the images with the same vertex [N]."""
        return {"prior": -shares(self.s)[self.s.argmax(1)]}


def shares(s: Tensor) -> Tensor:
    """Return pi [K]: the share of the images [N, K] whose largest similarity is to each vertex."""
    return torch.bincount(s.argmax(1), minlength=s.shape[1]).to(s.dtype) / max(1, len(s))
