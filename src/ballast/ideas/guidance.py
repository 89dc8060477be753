"""Guidance: a frozen embedding of the in-domain images says whom to approach, whom to avoid, and how strongly.

The student's losses L_GCL and L_DL: our interpretation of arXiv 2506.12698 (docs/methods/guided.md; the equations are
in ballast.losses.guided and ballast.losses.distill). The student of the two-stage method has the guide's embedding
from the start, and may have the guide look at its own augmented views. A network may also guide itself, by its own
embedding of the latest round.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

import torch
from annotated_types import Ge, Le
from torch import Generator, Tensor
from torch.nn.functional import normalize

from ballast.config.profile import Count, NonNegative, Temperature
from ballast.embeddings.clusters import kmeans
from ballast.embeddings.neighbours import nearest_neighbours
from ballast.ideas.idea import Base, Batch, Contrast, Epoch, Setup, Terms
from ballast.losses.distill import direct, relational_kl
from ballast.losses.guided import attraction, guided_contrast, repulsion


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the guide gives to its student, with the paper's values where it gives any."""

    neighbours: Count = 5  # candidates for the second positive, over all in-domain images
    threshold: Annotated[float, Ge(-1), Le(1)] = -1.0  # the guide's cosine below which a neighbour is no positive
    clusters: Annotated[int, Ge(2), Le(1_000_000)] = 10  # of the guide's embedding
    # of the batch: images in far clusters, or all others; or images drawn from the far clusters of the whole list
    negatives: Literal["clusters", "all", "drawn"] = "clusters"
    far: Count = 9  # clusters least similar to an anchor's own
    weights: Literal["linear", "exp", "none"] = "linear"  # attraction and repulsion by the guide's cosines, or all 1
    weights_temperature: Temperature = 0.1  # t_w of ``exp``
    distill: NonNegative = 0.4  # beta, weight of the distillation loss
    distill_of: Literal["geometry", "features"] = "geometry"
    distill_temperature: Temperature = 0.1  # t_d of the geometry
    distill_views: Literal["clean", "same"] = "clean"  # the guide sees un-augmented images, or the student's views
    distill_pool: bool = False  # distill on the pool images of the guide's last round, too

    @property
    def needs_a_guide(self) -> bool:
        """Whether it takes the network of a guide: its embedding of the in-domain images is not enough."""
        return self.distill_of == "features" or self.distill_views == "same" or self.distill_pool


class Clean(NamedTuple):
    """The guide's embedding of N un-augmented in-domain images, and of K pool images after them."""

    h: Tensor  # features [N + K, D]
    z: Tensor  # unit projections [N + K, d]


class Idea(Base):
    """The guide's embedding u [N, d], and at every epoch partners drawn for each image."""

    needs_rounds = True
    memories = ("u",)

    def __init__(self, settings: Settings, setup: Setup, clean: Clean | None = None) -> None:
        self.settings, self.clean = settings, clean
        self.u = None if clean is None else clean.z[: setup.in_domain]
        self.needs_features = settings.distill_of == "features"
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
        """Return L_GCL of the in-domain images, and L_DL with its weight beta."""
        if self.guide is None:
            return {}
        terms: Terms = {}
        views = of_rows(batch.z, batch.in_domain)
        if len(batch.in_domain):
            guided = self.guide.contrast(views, batch.z_partner, batch.index[batch.in_domain], batch.partner,
                                         contrast.temperature)
            terms["guided"] = 1.0, guided
        if self.settings.distill and (terms or self.settings.distill_pool):
            terms["distill"] = self.settings.distill, self.distillation(batch, views)
        return terms

    def distillation(self, batch: Batch, z: Tensor) -> Tensor:
        """Return L_DL of the in-domain images, whose projections are z [2n, d], or of all images of the batch."""
        settings = self.settings
        rows = torch.arange(len(batch.index), device=z.device) if settings.distill_pool else batch.in_domain
        which = 0 if self.needs_features else 1  # of features and projections
        if settings.distill_views == "same":
            guide = of_rows(batch.taught[which], rows)
        else:
            guide = (self.u if self.clean is None else self.clean[which])[batch.index[rows]].repeat(2, 1)
        if self.needs_features:
            return direct(guide, of_rows(batch.h, rows))
        student = of_rows(batch.z, rows) if settings.distill_pool else z
        views = zip(guide.chunk(2), student.chunk(2))
        return sum(relational_kl(*view, settings.distill_temperature) for view in views) / 2


def of_rows(views: Tensor, rows: Tensor) -> Tensor:
    """Return both views of some rows of a batch, of [2B, d]."""
    first, second = views.chunk(2)
    return torch.cat([first[rows], second[rows]])


class Guide:
    """Neighbours, negatives and weights from unit projections u [N, d] of the un-augmented in-domain images."""

    def __init__(self, u: Tensor, settings: Settings) -> None:
        self.u, self.settings = u, settings
        cosine, self.neighbour = nearest_neighbours(u, settings.neighbours)
        self.chance = cosine.clamp(min=1e-6)
        self.cluster, centres = kmeans(u, settings.clusters)
        self.is_far = far_clusters(centres, settings.far)

    def draw(self, rng: Generator) -> Tensor:
        """Return partners [N, P] of every image: a neighbour, drawn with probabilities proportional to the cosines.

        Where negatives are drawn, the second partner is an image of a far cluster.
        """
        pick = torch.multinomial(self.chance.cpu(), 1, generator=rng)
        near = self.neighbour.gather(1, pick.to(self.u.device))
        return torch.cat([near, self.draw_far(rng)[:, None]], 1) if self.settings.negatives == "drawn" else near

    def draw_far(self, rng: Generator) -> Tensor:
        """Return for every image one [N] of the clusters far from its own, itself if there is none."""
        far = torch.arange(len(self.u), device=self.u.device)
        for cluster, is_far in enumerate(self.is_far):
            own, there = (mask.nonzero().squeeze(1) for mask in (self.cluster == cluster, is_far[self.cluster]))
            if len(there):
                far[own] = there[torch.randint(len(there), (len(own),), generator=rng).to(there.device)]
        return far

    def contrast(self, z: Tensor, z_partner: Tensor, index: Tensor, partner: Tensor, temperature: float) -> Tensor:
        """Return the scalar L_GCL.

        Args:
            z: unit projections [2B, d] of two views of B images.
            z_partner: unit projections [B, P, d] of a view of each image's partners.
            index: rows of u [B] of the images.
            partner: rows of u [B, P] of their partners.
            temperature: of the contrastive loss.
        """
        w_pos, w_neg = self.weights(index, partner)
        if self.settings.negatives == "drawn":
            return guided_contrast(z, z_partner[:, 0], z_partner[:, 1], temperature, w_pos.repeat(2, 1),
                                   w_neg.repeat(2, 1))
        return guided_contrast(z, z_partner[:, 0], z, temperature, w_pos.repeat(2, 1), w_neg.repeat(2, 2))

    def weights(self, index: Tensor, partner: Tensor) -> tuple[Tensor, Tensor]:
        """Return w_pos [B, 2] and w_neg [B, B] of L_GCL; arguments as for ``contrast``."""
        settings, u = self.settings, self.u[index]
        form = settings.weights, settings.weights_temperature
        others = partner[:, 1] if settings.negatives == "drawn" else index
        negative = self.is_negative(index, partner[:, 0], others)
        return (attraction((u * self.u[partner[:, 0]]).sum(1), *form, settings.threshold),
                repulsion(u @ self.u[others].T, negative, *form))

    def is_negative(self, index: Tensor, neighbour: Tensor, others: Tensor) -> Tensor:
        """Return which of the images ``others`` [M] are negatives of which images [B], [B, M] bool."""
        if self.settings.negatives == "all":
            return (index[:, None] != others) & (neighbour[:, None] != others)
        return self.is_far[self.cluster[index]][:, self.cluster[others]]


def far_clusters(centres: Tensor, far: int) -> Tensor:
    """Return [C, C] bool: row c is True at the ``far`` other clusters whose centres are least similar to centre c."""
    cosine = normalize(centres) @ normalize(centres).T
    order = cosine.fill_diagonal_(torch.inf).argsort(dim=1, stable=True)
    mask = torch.zeros_like(cosine, dtype=torch.bool)
    return mask.scatter_(1, order[:, : min(far, len(centres) - 1)], True)
