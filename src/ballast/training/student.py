"""Second stage of the guided method: a student on the seed images alone, led by the frozen guide (methods.md 1.7)."""

import copy
from dataclasses import dataclass

import torch
from torch import Tensor

from ballast.data.augment import augment
from ballast.data.draws import contrastive
from ballast.encoders.embed import embed
from ballast.encoders.model import Model
from ballast.frameworks import simclr
from ballast.losses.distill import relational_kl
from ballast.losses.guided import attraction, guided_contrast, repulsion
from ballast.rng import generator
from ballast.selection.clusters import kmeans
from ballast.selection.neighbours import nearest_neighbours
from ballast.training.loop import Losses, State, run, sgd, shuffled_batches
from ballast.training.optimisation import Optimisation
from ballast.training.schedule import batches_per_epoch
from ballast.training.scratch import Scratch


@dataclass(frozen=True)
class Guidance:
    """What the guide gives to its student."""

    neighbours: int  # candidates for the second positive, over the whole seed set
    clusters: int  # of the guide's embedding
    far: int  # clusters least similar to an anchor's own whose images are its negatives
    weighted: bool  # attraction and repulsion by the guide's cosines, or all 1
    distill: float  # beta, weight of the distillation loss
    distill_temperature: float


class Student:
    """The student starts as a copy of the guide. The guide's view of an image is the un-augmented one, taken once."""

    def __init__(self, guide: Model, images: Tensor, how: Optimisation, recipe: dict, seed: int,
                 guidance: Guidance) -> None:
        """images: the seed images, uint8 [N, C, H, W]."""
        self.how, self.recipe, self.seed, self.guidance = how, recipe, seed, guidance
        self.device = next(guide.parameters()).device
        self.images = images.to(self.device)
        model = copy.deepcopy(guide)
        self.state = State(model, sgd(model, how.momentum, how.weight_decay))
        self.guide = embed(guide, self.images)[1]
        cosine, self.neighbour = nearest_neighbours(self.guide, guidance.neighbours)
        self.chance = cosine.clamp(min=1e-6)
        self.cluster, centres = kmeans(self.guide, guidance.clusters)
        self.is_far = far_clusters(centres, guidance.far)

    def train(self, scratch: Scratch) -> None:
        """Run to the end, from the scratch state where there is one."""
        batches = batches_per_epoch(len(self.images), 0, 1, self.how.epochs, self.how.batch)
        run(self.state, scratch, self._begin_epoch, self._step, batches, self.how.lr, self.how.warmup, "student")

    def _begin_epoch(self, epoch: int) -> tuple[Tensor, ...]:
        rows, _, height, width = self.images.shape
        draws = contrastive(rows, 3, height, width, self.recipe, generator(self.seed, "student augment", epoch))
        self.draws = draws.map(lambda column: column.to(self.device))
        pick = torch.multinomial(self.chance.cpu(), 1, generator=generator(self.seed, "student neighbour", epoch))
        self.drawn = self.neighbour.gather(1, pick.to(self.device)).squeeze(1)
        return shuffled_batches(rows, self.how.batch, self.seed, epoch)

    def _step(self, index: Tensor) -> Losses:
        index = index.to(self.device, non_blocking=True)
        other = self.drawn[index]
        own, third = self.draws.views(0, 2).rows(index), self.draws.views(2, 3).rows(other)
        size = self.images.shape[-1]
        views = torch.cat([augment(self.images[index].repeat(2, 1, 1, 1), own, size),
                           augment(self.images[other], third, size)])
        z = simclr.project(self.state.model, views.contiguous(memory_format=torch.channels_last))
        z, z_neighbour = z[: 2 * len(index)], z[2 * len(index) :]
        u, u_neighbour = self.guide[index], self.guide[other]
        guided = guided_contrast(z, z_neighbour, self.how.temperature, *self._weights(u, u_neighbour, index))
        losses = {"guided": guided, "loss": guided}
        if self.guidance.distill:
            first, second = z.chunk(2)
            t = self.guidance.distill_temperature
            losses["distill"] = (relational_kl(u, first, t) + relational_kl(u, second, t)) / 2
            losses["loss"] = guided + self.guidance.distill * losses["distill"]
        return losses

    def _weights(self, u: Tensor, u_neighbour: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
        cluster = self.cluster[index]
        negative = self.is_far[cluster][:, cluster]
        if not self.guidance.weighted:
            return torch.ones(2 * len(index), 2, device=self.device), negative.float().repeat(2, 2)
        return attraction((u * u_neighbour).sum(1)), repulsion(u @ u.T, negative)


def far_clusters(centres: Tensor, far: int) -> Tensor:
    """[C, C] bool: row c is True at the ``far`` other clusters whose centres are least similar to centre c."""
    cosine = torch.nn.functional.normalize(centres) @ torch.nn.functional.normalize(centres).T
    order = cosine.fill_diagonal_(torch.inf).argsort(dim=1, stable=True)
    mask = torch.zeros_like(cosine, dtype=torch.bool)
    return mask.scatter_(1, order[:, : min(far, len(centres) - 1)], True)
