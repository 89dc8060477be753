"""What an embedding of the seed images teaches: whom to approach, whom to avoid, how strongly (methods.md 1.7)."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn.functional import normalize

from ballast.embeddings.clusters import kmeans
from ballast.embeddings.neighbours import nearest_neighbours
from ballast.losses.distill import relational_kl
from ballast.losses.guided import attraction, guided_contrast, repulsion


@dataclass(frozen=True)
class Guidance:
    """What the guide gives to its student."""

    neighbours: int  # candidates for the second positive, over the whole seed set
    clusters: int  # of the guide's embedding
    far: int  # clusters least similar to an anchor's own whose images are its negatives
    weighted: bool  # attraction and repulsion by the guide's cosines, or all 1
    distill: float  # beta, weight of the distillation loss
    distill_temperature: float


class Guide:
    """Neighbours, far clusters and weights from unit projections u [N, d] of the un-augmented seed images."""

    def __init__(self, u: Tensor, how: Guidance) -> None:
        self.u, self.how = u, how
        cosine, self.neighbour = nearest_neighbours(u, how.neighbours)
        self.chance = cosine.clamp(min=1e-6)
        self.cluster, centres = kmeans(u, how.clusters)
        self.is_far = far_clusters(centres, how.far)

    def draw(self, rng: Generator) -> Tensor:
        """A neighbour [N] of every image, the more similar the likelier."""
        pick = torch.multinomial(self.chance.cpu(), 1, generator=rng)
        return self.neighbour.gather(1, pick.to(self.u.device)).squeeze(1)

    def losses(self, z: Tensor, z_neighbour: Tensor, index: Tensor, other: Tensor, temperature: float
               ) -> tuple[Tensor, Tensor | None]:
        """L_GCL, and L_DL unless its weight is 0, of views z [2B, d] of images ``index`` and one of each ``other``."""
        u, t = self.u[index], self.how.distill_temperature
        guided = guided_contrast(z, z_neighbour, temperature, *self.weights(u, self.u[other], index))
        if not self.how.distill:
            return guided, None
        first, second = z.chunk(2)
        return guided, (relational_kl(u, first, t) + relational_kl(u, second, t)) / 2

    def weights(self, u: Tensor, u_neighbour: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
        """w_pos [2B, 2] and w_neg [2B, 2B] of the guided loss."""
        cluster = self.cluster[index]
        negative = self.is_far[cluster][:, cluster]
        if not self.how.weighted:
            return u.new_ones(2 * len(index), 2), negative.float().repeat(2, 2)
        return attraction((u * u_neighbour).sum(1)), repulsion(u @ u.T, negative)


def far_clusters(centres: Tensor, far: int) -> Tensor:
    """[C, C] bool: row c is True at the ``far`` other clusters whose centres are least similar to centre c."""
    cosine = normalize(centres) @ normalize(centres).T
    order = cosine.fill_diagonal_(torch.inf).argsort(dim=1, stable=True)
    mask = torch.zeros_like(cosine, dtype=torch.bool)
    return mask.scatter_(1, order[:, : min(far, len(centres) - 1)], True)
