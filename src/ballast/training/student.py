"""Second stage of the guided method: a student on the seed images alone, led by the frozen guide (methods.md 1.7)."""

from collections.abc import Iterable

import torch
from torch import Tensor

from ballast.augment.draws import contrastive
from ballast.encoders.embed import embed
from ballast.frameworks.sdclr import SDCLR
from ballast.frameworks.simclr import SimCLR
from ballast.images.store import Request, Store
from ballast.runtime.distributed import all_views, rank, share, shares
from ballast.runtime.rng import generator
from ballast.training.guide import Guidance, Guide
from ballast.training.loop import Batch, Losses, State, run, sgd, shuffled_batches
from ballast.training.optimisation import Optimisation
from ballast.training.schedule import batches_per_epoch
from ballast.training.scratch import Scratch
from ballast.training.temperature import temperature


class Student:
    """The student starts as the guide, whose view of an image is the un-augmented one, taken once."""

    def __init__(self, framework: SimCLR | SDCLR, images: Store, how: Optimisation, recipe: dict, seed: int,
                 guidance: Guidance) -> None:
        """framework: around the guide's weights; images: the seed images."""
        self.framework, self.how, self.recipe, self.seed = framework, how, recipe, seed
        self.device, self.images = images.device, images
        self.guide = Guide(embed(framework.model, self.images)[1], guidance)
        self.state = State(framework, sgd(framework, how.momentum, how.weight_decay))

    def train(self, scratch: Scratch) -> None:
        """Run to the end, from the scratch state where there is one."""
        batches = batches_per_epoch(len(self.images), 0, 1, self.how.epochs, self.how.batch)
        run(self.state, scratch, self._begin_epoch, self._step, batches, self.how, "student")

    def _begin_epoch(self, epoch: int) -> Iterable[Batch]:
        self.framework.start_epoch()
        self.temperature = temperature(self.how.temperature, epoch)
        draws = contrastive(len(self.images), 3, self.images.height, self.images.width, self.recipe,
                            generator(self.seed, "student augment", epoch))
        self.draws = draws.map(lambda column: column.to(self.images.draws_device))
        self.drawn = self.guide.draw(generator(self.seed, "student neighbour", epoch))
        order = shuffled_batches(len(self.images), self.how.batch, self.seed, epoch)
        drawn = self.drawn.to(self.images.draws_device)
        return zip(order, self.images.stream(self._request(share(index), drawn) for index in order))

    def _request(self, index: Tensor, drawn: Tensor) -> Request:
        """Two views of the images ``index`` and one of the neighbour drawn for each."""
        index = index.to(drawn.device, non_blocking=True)
        other = drawn[index]
        return (torch.cat([index.repeat(2), other]),
                self.draws.views(0, 2).rows(index).join(self.draws.views(2, 3).rows(other)))

    def _step(self, index: Tensor, views: Tensor) -> Losses:
        index = index.to(self.device, non_blocking=True)
        other, pairs, counts = self.drawn[index], len(index), shares(len(index))
        z = self.framework.project(views.contiguous(memory_format=torch.channels_last), counts[rank()])
        z = all_views(z, counts, counts)
        guided, distill = self.guide.losses(z[: 2 * pairs], z[2 * pairs :], index, other, self.temperature)
        if distill is None:
            return {"guided": guided, "loss": guided}
        return {"guided": guided, "distill": distill, "loss": guided + self.guide.how.distill * distill}
