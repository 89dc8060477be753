"""Contrastive training of a framework with the ideas that a method adds: pre-training and the student alike.

An epoch: the ideas begin it (they may choose pool images).
A step:   loss = w l_NT-Xent + sum over the ideas' terms of weight * value          (w = 0 for a student)
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

from ballast.augment.draws import Draws, boosted, contrastive
from ballast.augment.views import augment as augmented
from ballast.config.profile import Augment, Optimization
from ballast.encoders.model import Model
from ballast.frameworks.sdclr import SDCLR
from ballast.frameworks.simclr import SimCLR
from ballast.ideas.idea import Base, Batch, Contrast, Epoch, Seen, Terms
from ballast.images.store import Request, Store
from ballast.runtime.distributed import all_gather_views, counts_per_rank, local_rows
from ballast.runtime.errors import BallastError
from ballast.runtime.philox import Stream
from ballast.runtime.ranks import rank
from ballast.runtime.rng import generator, seed_of
from ballast.training.batches import batches_per_epoch, shuffled_batches
from ballast.training.checkpoint import Checkpoint
from ballast.training.graph import Graphs
from ballast.training.live import Live
from ballast.training.loop import Losses, State, Views, run, update
from ballast.training.optimizers import heights, optimizer
from ballast.training.temperature import temperature
from ballast.training.trace import Trace

AT_A_TIME = 64  # batches whose augmentations are drawn together: alone, small batches would pay for it


class Placed(NamedTuple):
    """A batch on the device, but for its views."""

    index: Tensor  # [B] images
    in_domain: Tensor  # [n] positions of the in-domain images in the batch
    partner: Tensor | None  # [n, P] the partners of each
    pairs: list[int]  # images of every rank, all of which have two views
    further: list[int]  # other views of every rank


class Trainer:
    """One training: its images, its state, what happens when an epoch begins and in a step."""

    def __init__(self, framework: SimCLR | SDCLR, in_domain: Store, pool: Store | None, ideas: dict[str, Base],
                 optimization: Optimization, augment: Augment, seed: int, contrast_weight: float = 1.0,
                 what: str = "pretrain", seen: Seen | None = None, guide: Model | None = None) -> None:
        """Prepare a training from the start.

        Args:
            framework: around the model to be trained.
            in_domain: the user's images, N of them.
            pool: pool images, all of which are trained on, or from which one of the ideas samples; None for none.
            ideas: by name, in the order in which they act.
            optimization: length, rate and temperature.
            augment: the contrastive augmentation.
            seed: of the order of images, the augmentation and all that ideas draw.
            contrast_weight: weight of NT-Xent in the loss.
            what: name of the training in messages, and of its random streams: but for the order of images, a student
                draws other numbers than its guide did.
            seen: embeddings by which rounds choose, where those of the network do not.
            guide: a network that looks at the same views, and stays as it is.
        """
        self.framework = framework
        self.in_domain = in_domain
        self.pool = pool
        self.ideas = ideas
        self.optimization = optimization
        self.augment = augment
        self.seed = seed
        self.contrast_weight = contrast_weight
        self.what = what
        self.seen = seen
        self.guide = guide.eval().requires_grad_(False) if guide else None
        self.device = in_domain.device
        self.augmented = torch.compile(augmented, dynamic=False) if framework.model.compiled else augmented
        self.sampler = next((idea for idea in ideas.values() if idea.samples), None)
        self.of_encoder = [parameter for height, parameter in heights(framework) if height and parameter.requires_grad]
        self.state = State(framework, optimizer(framework, optimization), ideas, Trace(), clip=optimization.clip)
        self.graphs = Graphs(self) if framework.model.graphed and self.device.type == "cuda" else None
        # What an epoch trains on; `begin_epoch` sets these.
        self.images = in_domain if self.sampler or pool is None else in_domain.join(pool)
        self.temperature = 0.0
        self.partner: Tensor | None = None
        self.boost: tuple[Tensor, int] | None = None  # memorization of every image, and operations per view
        self.head_alone = False
        self.number = 0
        self.joined = 0  # rounds whose images have joined

    def train(self, checkpoint: Checkpoint, live: Live | None = None) -> None:
        """Run to the end, from the checkpoint where there is one; ``live`` is told of every epoch."""
        take = self.graphs.take if self.graphs else self.take
        run(self.state, checkpoint, self.begin_epoch, take, self.batches(), self.optimization, self.what, live)

    def batches(self) -> list[int]:
        """Return the number of batches of every epoch."""
        epochs, size = self.optimization.epochs, (self.optimization.batch, self.optimization.pairs)
        if not self.sampler:
            return batches_per_epoch(len(self.images), 0, 1, epochs, *size)
        first = next(iter(self.sampler.rounds), epochs + 1)
        return batches_per_epoch(len(self.in_domain), self.sampler.budget, first, epochs, *size)

    def begin_epoch(self, number: int) -> Iterable[Views]:
        """Prepare an epoch, counted from 1; return its batches: image indices on the CPU, this rank's views.

        A step that is a graph makes the views itself; it gets the request for them in their place.
        """
        epoch = Epoch(number, lambda purpose: generator(self.seed, self._purpose(purpose), number),
                      self.framework.model, self.in_domain, self.pool, self.seen)
        for idea in self.ideas.values():
            idea.begin(epoch)
        if epoch.round:
            self.state.trace.append(number, epoch.round)
        if len(self.state.trace) != self.joined:  # also after a resume
            self.images = self.in_domain.join(self.pool.take(self.state.trace.latest()))
            self.joined = len(self.state.trace)
        self.framework.start_epoch()
        self.head_alone = number <= self.optimization.head_warmup
        for parameter in self.of_encoder if self.optimization.head_warmup else ():
            parameter.requires_grad_(not self.head_alone)
        torch.manual_seed(seed_of(self.seed, self._purpose("dropout"), number))  # of networks that drop parts at random
        self.temperature = temperature(self.optimization, number)
        self.partner = epoch.partner
        self.boost = None if epoch.boost is None else self.memorized(*epoch.boost)
        self.number = number
        optimization = self.optimization
        visits = shuffled_batches(len(self.images), optimization.batch, self.seed, number, optimization.pairs)
        requests = self.requests(visits)
        order = map(self.images_of, visits)
        return zip(order, requests if self.graphs else self.images.stream(requests, self.augmented))

    def images_of(self, visit: Tensor) -> Tensor:
        """Return the images of visits, which shuffled_batches has numbered."""
        return visit if self.optimization.pairs == 1 else visit % len(self.images)

    def memorized(self, memorization: Tensor, operations: int) -> tuple[Tensor, int]:
        """Return the memorization of all images, 0 for those without, where augmentations are drawn."""
        full = pad(memorization, (0, len(self.images) - len(memorization)))
        return full.to(self.images.draws_device), operations

    def requests(self, visits: Iterable[Tensor]) -> Iterator[Request]:
        """Yield what this rank sees of every batch; augmentations of several batches are drawn at a time."""
        batches = [local_rows(visit) for visit in visits]
        for start in range(0, len(batches), AT_A_TIME):
            some = batches[start : start + AT_A_TIME]
            drawn = self.draw(torch.cat(some), range(2))
            offsets = torch.arange(sum(map(len, some)), device=drawn.flip.device).split([len(visit) for visit in some])
            for visit, offset in zip(some, offsets):
                yield self.request(visit, drawn.rows(offset))

    def draw(self, visit: Tensor, views: range) -> Draws:
        """Draw the augmentation of some views: [n, views, ...]; shuffled_batches numbers the visits [n] of images."""
        visit = visit.to(self.images.draws_device, non_blocking=True)
        index = self.images_of(visit)
        draws = contrastive(visit, views, *self.images.sides(index), self.augment,
                            Stream(self.seed, self._purpose("augment"), self.number))
        if self.boost is None:
            return draws
        memorization, operations = self.boost
        return boosted(draws, visit, views, memorization[index], operations,
                       Stream(self.seed, self._purpose("boost"), self.number))

    def request(self, visit: Tensor, draws: Draws) -> Request:
        """Return rows and draws of two views of each visit [B], and of one of each in-domain image's partners."""
        index = self.images_of(visit)
        in_domain = (index < len(self.in_domain)).nonzero().squeeze(1)
        index = index.to(self.images.draws_device, non_blocking=True)
        rows = index.repeat(2)
        if self.partner is None:
            return rows, draws
        partner = self.partner.to(index.device)[index[in_domain.to(index.device, non_blocking=True)]].flatten()
        third = self.draw(partner, range(2, 3))
        return torch.cat([rows, partner]), draws.join(third.map(lambda column: column[:, 0]))

    def take(self, lr: float, index: Tensor, views: Tensor) -> Losses:
        """Take one step of the optimizer; return the losses before it."""
        return update(self.state, lr, self.step, index, views)

    def step(self, index: Tensor, views: Tensor) -> Losses:
        """Return the losses of one batch: image indices [B] on the CPU, and this rank's views of them."""
        return self.losses(self.place(index), views)

    def losses(self, placed: Placed, views: Tensor) -> Losses:
        """Return the losses of one batch, without a look at the device."""
        batch = self.batch(placed, views)
        contrast = Contrast.of(batch.z, self.temperature, batch.pairs)
        terms: Terms = {"contrastive": (self.contrast_weight, contrast.per_view.mean())}
        for idea in self.ideas.values():
            terms = united(terms, idea.terms(batch, contrast))
        return {**{name: value for name, (_, value) in terms.items()}, "loss": weighted_sum(terms)}

    def place(self, index: Tensor) -> Placed:
        """Return what is known of a batch from its image indices [B] on the CPU, where looking costs no wait."""
        in_domain = (index < len(self.in_domain)).nonzero().squeeze(1)
        counts = counts_per_rank(len(index))
        partners = 0 if self.partner is None else self.partner.shape[1]
        further = [partners * int((part < len(self.in_domain)).sum()) for part in index.split(counts)]
        index = index.to(self.device, non_blocking=True)
        in_domain = in_domain.to(self.device, non_blocking=True)
        partner = None if self.partner is None else self.partner[index[in_domain]]
        return Placed(index, in_domain, partner, counts, further)

    def batch(self, placed: Placed, views: Tensor) -> Batch:
        """Embed this rank's views and gather those of all ranks."""
        views = views.contiguous(memory_format=torch.channels_last)
        h, z = self.framework.embed(views, placed.pairs, placed.further)
        z, of_partners = self.gathered(z, placed)
        h = self.gathered(h, placed)[0] if any(idea.needs_features for idea in self.ideas.values()) else None
        taught = self.guide and self.taught(views[: 2 * placed.pairs[rank()]], placed.pairs)
        z_partner = None if placed.partner is None else of_partners.unflatten(0, placed.partner.shape)
        full = min(self.optimization.batch, -(-len(self.images) // self.optimization.pairs) * self.optimization.pairs)
        return Batch(placed.index, placed.index >= len(self.in_domain), z, placed.in_domain, placed.partner, z_partner,
                     full, h, taught, self.optimization.pairs)

    def gathered(self, values: Tensor, placed: Placed) -> tuple[Tensor, Tensor]:
        """Return the values of all ranks, those of pairs and those of further views."""
        pairs = 2 * len(placed.index)
        every = all_gather_views(values, placed.pairs, placed.further)
        return every[:pairs], every[pairs:]

    @torch.no_grad()
    def taught(self, views: Tensor, pairs: list[int]) -> tuple[Tensor, Tensor]:
        """Return the guide's features and projections of the two views of all ranks."""
        h, z = (all_gather_views(values, pairs, [0] * len(pairs)) for values in self.guide(views))
        return h, z

    def _purpose(self, purpose: str) -> str:
        return purpose if self.what == "pretrain" else f"{self.what} {purpose}"


def united(terms: Terms, more: Terms) -> Terms:
    """Return the terms of both; a name may stand once, and not for what the history has anyway."""
    twice = ({"loss", "images", "epoch"} | terms.keys()) & more.keys()
    if twice:
        raise BallastError(f"ideas: expected a name of its own for every term of the loss, got {min(twice)!r} again")
    return terms | more


def weighted_sum(terms: Terms) -> Tensor:
    """Return the sum of weight * value; a term of weight 0 is only reported, and gets no backward pass."""
    return sum(value if weight == 1 else weight * value for weight, value in terms.values() if weight)
