"""Guidance: a frozen embedding of the in-domain images says whom to approach, whom to avoid, and how strongly.

The student's losses L_GCL and L_DL: our interpretation of arXiv 2506.12698 (docs/methods/guided.md; the equations are
in ballast.losses.guided and ballast.losses.distill). The student of the two-stage method has the
guide's embedding from the start. A network may also guide itself, by its own embedding of the latest round.
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from annotated_types import Ge, Le
from torch import Generator, Tensor
from torch.nn.functional import normalize

from ballast.config.profile import Count, NonNegative, Temperature
from ballast.embeddings.clusters import kmeans
from ballast.embeddings.neighbours import nearest_neighbours
from ballast.ideas.idea import Base, Batch, Contrast, Epoch, Setup, Terms
from ballast.losses.distill import relational_kl
from ballast.losses.guided import attraction, guided_contrast, repulsion


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the guide gives to its student, with the paper's values where it gives any."""

    neighbours: Count = 5  # candidates for the second positive, over all in-domain images
    clusters: Annotated[int, Ge(2), Le(1_000_000)] = 10  # of the guide's embedding
    far: Count = 9  # clusters least similar to an anchor's own, whose images are its negatives
    weighted: bool = True  # attraction and repulsion by the guide's cosines, or all 1
    distill: NonNegative = 0.4  # beta, weight of the distillation loss
    distill_temperature: Temperature = 0.1


class Idea(Base):
    """The guide's embedding u [N, d], and at every epoch a partner drawn for each image."""

    needs_rounds = True
    memories = ("u",)

    def __init__(self, settings: Settings, setup: Setup, u: Tensor | None = None) -> None:
        self.settings, self.u = settings, u
        self.guide: Guide | None = None

    def begin(self, epoch: Epoch) -> None:
        """Take the embedding of a new round, where this network guides itself; draw the partners."""
        if epoch.round:
            self.u, self.guide = epoch.round.z_in_domain, None
        if self.u is None:
            return
        self.guide = self.guide or Guide(self.u, self.settings)
        epoch.partner = self.guide.draw(epoch.generator("neighbour"))

    def terms(self, batch: Batch, contrast: Contrast) -> Terms:
        """Return L_GCL, and L_DL with its weight beta, of the in-domain images."""
        if self.guide is None or not len(batch.in_domain):
            return {}
        pairs = len(batch.index)
        views = torch.cat([batch.z[:pairs][batch.in_domain], batch.z[pairs:][batch.in_domain]])
        guided, distill = self.guide.losses(views, batch.z_partner, batch.index[batch.in_domain], batch.partner,
                                            contrast.temperature)
        terms = {"guided": (1.0, guided)}
        return terms if distill is None else {**terms, "distill": (self.settings.distill, distill)}


class Guide:
    """Neighbours, far clusters and weights from unit projections u [N, d] of the un-augmented in-domain images."""

    def __init__(self, u: Tensor, settings: Settings) -> None:
        self.u, self.settings = u, settings
        cosine, self.neighbour = nearest_neighbours(u, settings.neighbours)
        self.chance = cosine.clamp(min=1e-6)
        self.cluster, centres = kmeans(u, settings.clusters)
        self.is_far = far_clusters(centres, settings.far)

    def draw(self, rng: Generator) -> Tensor:
        """Return a neighbour [N] of every image, drawn with probabilities proportional to the cosines."""
        pick = torch.multinomial(self.chance.cpu(), 1, generator=rng)
        return self.neighbour.gather(1, pick.to(self.u.device)).squeeze(1)

    def losses(self, z: Tensor, z_partner: Tensor, index: Tensor, partner: Tensor, temperature: float
               ) -> tuple[Tensor, Tensor | None]:
        """Return the scalars L_GCL and, unless its weight is 0, L_DL.

        Args:
            z: unit projections [2B, d] of two views of B images.
            z_partner: unit projections [B, d] of a view of each image's partner.
            index: rows of u [B] of the images.
            partner: rows of u [B] of their partners.
            temperature: of the contrastive loss.
        """
        u = self.u[index]
        guided = guided_contrast(z, z_partner, temperature, *self.weights(u, self.u[partner], index))
        if not self.settings.distill:
            return guided, None
        t = self.settings.distill_temperature
        return guided, sum(relational_kl(u, view, t) for view in z.chunk(2)) / 2

    def weights(self, u: Tensor, u_partner: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
        """Return w_pos [2B, 2] and w_neg [2B, 2B] of L_GCL from u [B, d], u_partner [B, d] and the rows index [B]."""
        cluster = self.cluster[index]
        negative = self.is_far[cluster][:, cluster]
        if not self.settings.weighted:
            return u.new_ones(2 * len(index), 2), negative.float().repeat(2, 2)
        return attraction((u * u_partner).sum(1)), repulsion(u @ u.T, negative)


def far_clusters(centres: Tensor, far: int) -> Tensor:
    """Return [C, C] bool: row c is True at the ``far`` other clusters whose centres are least similar to centre c."""
    cosine = normalize(centres) @ normalize(centres).T
    order = cosine.fill_diagonal_(torch.inf).argsort(dim=1, stable=True)
    mask = torch.zeros_like(cosine, dtype=torch.bool)
    return mask.scatter_(1, order[:, : min(far, len(centres) - 1)], True)
