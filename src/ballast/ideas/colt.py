"""COLT: pool images, sampled while the network trains, help the clusters that look like tail (Bai et al., ICLR 2023).

Every r epochs after a warm-up (algorithm 2; docs/methods/colt.md):
    1. embed the in-domain images and the pool, cluster the in-domain embeddings by k-means; a row with `pool: seen`
       has embeddings that stay as they are;
    2. tailness of an image: -rho, rho its remembered density (ballast.tailness.density);
    3. give each cluster a share of the budget by the softmax of its mean tailness (ballast.selection.budget);
    4. each cluster takes the pool images nearest to its centre (ballast.selection.nearest), which join the training
       until the next round. Projections of the pool stream: no process ever holds those of all images.
A batch with pool images adds alpha times the domain loss (ballast.losses.domain) to NT-Xent.

The guide of arXiv 2506.12698 samples likewise, by another tailness and refined clusters (docs/methods/guided.md).
"""

from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from ballast.config.profile import Count, Epochs, Momentum, NonNegative, Positive, Temperature
from ballast.embeddings.clusters import kmeans, refine_by_kl
from ballast.encoders.embed import embed, projections, projections_of
from ballast.ideas.idea import Allotment, Base, Batch, Contrast, Epoch, Round, Seen, Setup, Terms
from ballast.losses.domain import domain_contrast, domain_contrast_poster
from ballast.losses.ntxent import log_denominators
from ballast.runtime.distributed import broadcast
from ballast.selection import random
from ballast.selection.budget import budgets, cluster_means
from ballast.selection.nearest import nearest_to_centres, take
from ballast.tailness.density import density
from ballast.tailness.memory import momentum_for, remember
from ballast.tailness.sparsity import neighbourhood_density


@dataclass(frozen=True, kw_only=True)
class Domain:
    """The domain loss: its weight alpha, and the form of its denominator (docs/papers.md#domain-denominator)."""

    weight: NonNegative = 0.2
    form: Literal["code", "poster"] = "code"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """COLT's parameters with the values of the released code; a profile's ``sampling`` says when and how many."""

    tailness: Literal["density", "sparsity", "random"] = "density"  # random: a fresh uniform subset in every round
    neighbours: Positive = 10  # k of the density, below 1 a share of the negatives; k of the sparsity
    negatives: Literal["all", "in_domain"] = "all"  # of the density: the batch's, or those of in-domain images alone
    momentum: Momentum = 0.97  # beta of what is remembered: densities of batches, or sparsities of rounds
    momentum_epochs: Epochs = 0  # length of training that beta is meant for; 0: beta as it is
    clusters: Count = 10
    refine: bool = False  # KL refinement of the clusters, for the guide
    temperature: Temperature = 1.0  # tau_c of the budgets
    remainder: Literal["largest", "last"] = "largest"  # docs/papers.md#budget-remainder
    domain: Domain = field(default_factory=Domain)

    def problem(self) -> str | None:
        """Return what is wrong beyond types and bounds."""
        if self.tailness == "sparsity" and self.neighbours < 1:
            return f"neighbours: expected at least 1 with tailness: sparsity, got {self.neighbours}"
        if self.neighbours > 1 and self.neighbours != int(self.neighbours):
            return f"neighbours: expected a whole number or a fraction below 1, got {self.neighbours}"
        return None


class Idea(Base):
    """Rounds of sampling, the density memory rho [N + K], and the domain loss."""

    samples = True
    memories = ("rho",)

    def __init__(self, settings: Settings, setup: Setup) -> None:
        self.settings, self.setup = settings, setup
        self.rounds = resampling_epochs(setup.epochs, setup.sampling.warmup, setup.sampling.every)
        self.budget = setup.pool_images
        self.momentum = momentum_for(settings.momentum, settings.momentum_epochs, setup.epochs)
        self.rho = None  # NaN before the first visit
        if settings.tailness == "density":
            self.rho = torch.full((setup.in_domain + setup.pool_images,), torch.nan, device=setup.device)

    def begin(self, epoch: Epoch) -> None:
        """Sample from the pool when a round is due."""
        if epoch.number in self.rounds:
            epoch.round = self.sample(epoch)

    def sample(self, epoch: Epoch) -> Round:
        """Choose the budget's number of pool images."""
        if epoch.seen and self.settings.tailness != "random":
            return self.sample_by_sight(epoch, epoch.seen)
        z = embed(epoch.model, epoch.in_domain)[1]
        if self.settings.tailness == "random":
            index = random.select(len(epoch.pool), self.setup.sampling.budget, epoch.generator("resample")).to(z.device)
            no_cluster = torch.full_like(index, -1)
            z_pool = projections_of(epoch.model, epoch.pool, index)
            return broadcast_round(Round(index, no_cluster, no_cluster.float(), z, z_pool))
        centres, allotment = self.allot_and_remember(z)
        taken = take(projections(epoch.model, epoch.pool), centres, allotment.budget)
        return broadcast_round(Round(taken.index, taken.cluster, taken.cosine, z, taken.z, allotment))

    def sample_by_sight(self, epoch: Epoch, seen: Seen) -> Round:
        """Choose by embeddings that stay as they are; only what is chosen goes through the network."""
        centres, allotment = self.allot_and_remember(seen.in_domain)
        index, cluster, cosine = nearest_to_centres(seen.pool, centres, allotment.budget)
        z, z_pool = (embed(epoch.model, images)[1] for images in (epoch.in_domain, epoch.pool.take(index)))
        return broadcast_round(Round(index, cluster, cosine, z, z_pool, allotment))

    def allot_and_remember(self, z: Tensor) -> tuple[Tensor, Allotment]:
        """Return what ``allot`` returns; the next round's sparsity is averaged with this one's."""
        centres, allotment = self.allot(z)
        if self.settings.tailness == "sparsity" and self.momentum:
            self.rho = -allotment.tailness
        return centres, allotment

    def allot(self, z: Tensor) -> tuple[Tensor, Allotment]:
        """Return the centres [C, d] of the in-domain images z [N, d], and what each cluster gets."""
        cluster, centres = kmeans(z, self.settings.clusters)
        if self.settings.refine:
            cluster, centres = refine_by_kl(z, centres)
        density = self.density(z)
        budget = budgets(cluster_means(density, cluster, len(centres)), self.setup.sampling.budget,
                         self.settings.temperature, self.settings.remainder)
        return centres, Allotment(cluster, -density, budget)

    def density(self, z: Tensor) -> Tensor:
        """Return what tailness is the negative of [N]: the remembered density, or that of the embedding z [N, d]."""
        if self.settings.tailness == "density":
            return self.rho[: self.setup.in_domain]
        now = neighbourhood_density(z, int(self.settings.neighbours))
        return now if self.rho is None else self.momentum * self.rho + (1 - self.momentum) * now

    def terms(self, batch: Batch, contrast: Contrast) -> Terms:
        """Remember the densities of the batch; return the domain loss where there are pool images."""
        if self.settings.tailness == "density":
            index, value = batch.once(batch.index, self.batch_density(batch, contrast))
            remember(self.rho, index, value, self.momentum, batch.is_ragged)
        if not batch.has_pool:
            return {}
        is_pool = batch.is_pool.repeat(2)
        if self.settings.domain.form == "poster":
            loss = domain_contrast_poster(contrast.s, is_pool)
        else:
            loss = domain_contrast(batch.z, contrast.log_d, is_pool, contrast.temperature)
        return {"domain": (self.settings.domain.weight, loss)}

    def batch_density(self, batch: Batch, contrast: Contrast) -> Tensor:
        """Return d [B]."""
        k = self.settings.neighbours
        k = int(k) if k >= 1 else max(1, round(k * 2 * (batch.full - batch.pairs)))
        s, log_d = contrast.s.detach(), contrast.log_d.detach()
        if self.settings.negatives == "in_domain":
            s = s.masked_fill(batch.is_pool.repeat(2), -torch.inf)
            log_d = log_denominators(s)
        return density(s, log_d, k)

    def tailness(self) -> dict[str, Tensor]:
        """Return -rho [N]."""
        return {} if self.rho is None else {self.settings.tailness: -self.rho[: self.setup.in_domain]}

    def allotment(self, z: Tensor) -> Allotment | None:
        """Return what each cluster would get in one more round."""
        return None if self.settings.tailness == "random" else self.allot(z)[1]


def resampling_epochs(epochs: int, warmup: int, every: int) -> list[int]:
    """Return the epochs e, counted from 1, at whose start the pool is sampled: e - 1 >= warmup, every r epochs."""
    return list(range(warmup + 1, epochs + 1, every))


def broadcast_round(chosen: Round) -> Round:
    """Return what the first rank chose, on all ranks: devices may round differently."""
    return Round(*map(broadcast, chosen[:-1]), chosen.allotment)  # the first rank writes why
