"""The two moments at which an idea acts: when an epoch begins, and when a batch has its contrastive loss.

``begin`` may fill in an Epoch: choose pool images, boost the augmentation, ask for a third view. ``terms`` returns what
a batch adds to the loss, and updates what the idea remembers of the batch's images.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from ballast.config.profile import Sampling
from ballast.embeddings.shards import Shards
from ballast.encoders.model import Model
from ballast.images.store import Store
from ballast.losses.ntxent import log_denominators, ntxent_per_view, similarities
from ballast.losses.polyview import other_pairs, polyview_per_view

WHOLE = 0.9  # of the size of a batch
Terms = dict[str, tuple[float, Tensor]]  # weight and scalar value of what is added to the loss, by name


class Setup(NamedTuple):
    """What an idea knows when a training begins."""

    in_domain: int  # number of in-domain images N; rows N and above of a batch's index are pool images
    pool_images: int  # number of pool images that are trained on at a time, K
    epochs: int
    sampling: Sampling | None  # the rounds, for rows that sample from the pool while they train
    device: torch.device


class Allotment(NamedTuple):
    """How a round divides its budget among the clusters of the in-domain images."""

    cluster: Tensor  # [N] of each in-domain image
    tailness: Tensor  # [N] of each: larger is rarer
    budget: Tensor  # [C] pool images of each cluster


class Seen(NamedTuple):
    """Embeddings that stay as they are, by which rounds choose in place of those of the network that trains."""

    in_domain: Tensor  # [N, D]
    pool: Tensor | Shards  # [P, D]


class Round(NamedTuple):
    """What one round chose from the pool, each [K] in the order taken, and the embeddings at that time."""

    index: Tensor  # rows of the pool
    cluster: Tensor  # -1 where no cluster was involved
    cosine: Tensor  # to the centre of the cluster
    z_in_domain: Tensor  # unit projections [N, d]
    z_pool: Tensor  # unit projections of the chosen images [K, d]
    allotment: Allotment | None = None  # why; None where no tailness was involved


@dataclass
class Epoch:
    """An epoch that is about to begin; ideas fill in ``round``, ``boost`` and ``partner``."""

    number: int  # 1-based
    generator: Callable[[str], Generator]  # a fresh generator of this epoch for a named purpose
    model: Model
    in_domain: Store
    pool: Store | None
    seen: Seen | None = None
    round: Round | None = None  # chosen in this epoch
    boost: tuple[Tensor, int] | None = None  # memorization M of the first images, 0 for the rest; operations per view
    partner: Tensor | None = None  # [N, P]: other in-domain images for each, a further view of which joins the batch


class Batch(NamedTuple):
    """One batch over all ranks: unit projections of B images, and of the partners of its n in-domain images."""

    index: Tensor  # [B] int64, on the device; below N in-domain, from N on pool images
    is_pool: Tensor  # [B] bool
    z: Tensor  # [2B, d], all first views, then all second views
    in_domain: Tensor  # [n] positions of the in-domain images in the batch
    partner: Tensor | None  # [n, P] the partners of each, and
    z_partner: Tensor | None  # [n, P, d] their views
    full: int  # size of a whole batch: the last one of an epoch may be smaller
    h: Tensor | None = None  # features [2B, D], for ideas that need them
    taught: tuple[Tensor, Tensor] | None = None  # a guide's features and projections of the same views
    pairs: int = 1  # times that the images come one after another, each time with two other views

    @property
    def is_ragged(self) -> bool:
        """Return whether it is so small that its densities and losses are not those of a whole batch.

        docs/papers.md#ragged-batch
        """
        return len(self.index) < WHOLE * self.full

    def once(self, index: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Return images of the batch [pairs * m] once each, [m], with the mean of their values over the pairs."""
        if self.pairs == 1:
            return index, value
        return index[: len(index) // self.pairs], value.unflatten(0, (self.pairs, -1)).mean(0)

    @property
    def has_pool(self) -> bool:
        """Whether there is a pool image; known from shapes, without a look at the device."""
        return len(self.in_domain) < len(self.index)


class Contrast(NamedTuple):
    """NT-Xent of a batch at a temperature t (ballast.losses.ntxent), which ideas share.

    With several pairs of views of each image (ballast.losses.polyview), S also has -inf for two views of an image that
    are not a pair, so that they are nowhere negatives.
    """

    temperature: float
    s: Tensor  # S = Z Z^T / t [2B, 2B] with -inf on the diagonal
    log_d: Tensor  # log D [2B]
    per_view: Tensor  # l [2B]

    @staticmethod
    def of(z: Tensor, temperature: float, pairs: int = 1) -> "Contrast":
        """Compute it from unit projections z [2B, d] of ``pairs`` pairs of views of each image, one after another."""
        s = similarities(z, temperature)
        if pairs > 1:
            others = other_pairs(len(s), pairs, s.device)
            apart = s.masked_fill(others, -torch.inf)
            return Contrast(temperature, apart, log_denominators(apart), polyview_per_view(s, pairs))
        log_d = log_denominators(s)
        return Contrast(temperature, s, log_d, ntxent_per_view(s, log_d))


class Base:
    """An idea that does nothing; ideas override what they need."""

    samples = False  # whether it chooses pool images in rounds, and
    rounds: Sequence[int] = ()  # at the start of which epochs,
    budget = 0  # and how many
    needs_features = False  # whether it looks at features h
    needs_rounds = False  # whether it begins with the first round of an idea that samples
    memories: tuple[str, ...] = ()  # names of the attributes that a resumed training needs, tensors or None
    phase = 0.0  # a number that steps read and epochs change: a recorded graph does not outlive it

    def begin(self, epoch: Epoch) -> None:
        """Prepare an epoch."""

    def terms(self, batch: Batch, contrast: Contrast) -> Terms:
        """Return what the batch adds to the loss."""
        return {}

    def tailness(self) -> dict[str, Tensor]:
        """Return every measure of tailness [N] that the idea keeps of the in-domain images: larger is rarer."""
        return {}

    def allotment(self, z: Tensor) -> Allotment | None:
        """Return how one more round would divide its budget, from the in-domain images z [N, d]; None: no such.

        This is only reported (``lean of the budget``), it does not influence the training.
        """
        return None

    def state(self) -> dict[str, Tensor]:
        """Return what has to be saved."""
        return {name: value for name in self.memories if (value := getattr(self, name)) is not None}

    def load(self, state: dict[str, Tensor]) -> None:
        """Take back what ``state`` returned."""
        for name, value in state.items():
            setattr(self, name, value)
