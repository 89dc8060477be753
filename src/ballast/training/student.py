"""Second stage of the guided method: a student on the seed images alone, led by the frozen guide (methods.md 1.7)."""

import torch
from torch import Tensor

from ballast.data.augment import augment
from ballast.data.draws import contrastive
from ballast.encoders.embed import embed
from ballast.frameworks.sdclr import SDCLR
from ballast.frameworks.simclr import SimCLR
from ballast.rng import generator
from ballast.training.guide import Guidance, Guide
from ballast.training.loop import Losses, State, run, sgd, shuffled_batches
from ballast.training.optimisation import Optimisation
from ballast.training.schedule import batches_per_epoch
from ballast.training.scratch import Scratch
from ballast.training.temperature import temperature


class Student:
    """The student starts as the guide, whose view of an image is the un-augmented one, taken once."""

    def __init__(self, framework: SimCLR | SDCLR, images: Tensor, how: Optimisation, recipe: dict, seed: int,
                 guidance: Guidance) -> None:
        """framework: around the guide's weights; images: the seed images, uint8 [N, C, H, W]."""
        self.framework, self.how, self.recipe, self.seed = framework, how, recipe, seed
        self.device = next(framework.parameters()).device
        self.images = images.to(self.device)
        self.guide = Guide(embed(framework.model, self.images)[1], guidance)
        self.state = State(framework, sgd(framework, how.momentum, how.weight_decay))

    def train(self, scratch: Scratch) -> None:
        """Run to the end, from the scratch state where there is one."""
        batches = batches_per_epoch(len(self.images), 0, 1, self.how.epochs, self.how.batch)
        run(self.state, scratch, self._begin_epoch, self._step, batches, self.how.lr, self.how.warmup, "student")

    def _begin_epoch(self, epoch: int) -> tuple[Tensor, ...]:
        self.framework.start_epoch()
        self.temperature = temperature(self.how.temperature, epoch)
        rows, _, height, width = self.images.shape
        draws = contrastive(rows, 3, height, width, self.recipe, generator(self.seed, "student augment", epoch))
        self.draws = draws.map(lambda column: column.to(self.device))
        self.drawn = self.guide.draw(generator(self.seed, "student neighbour", epoch))
        return shuffled_batches(rows, self.how.batch, self.seed, epoch)

    def _step(self, index: Tensor) -> Losses:
        index = index.to(self.device, non_blocking=True)
        other, pairs, size = self.drawn[index], len(index), self.images.shape[-1]
        views = torch.cat([
            augment(self.images[index].repeat(2, 1, 1, 1), self.draws.views(0, 2).rows(index), size),
            augment(self.images[other], self.draws.views(2, 3).rows(other), size)])
        z = self.framework.project(views.contiguous(memory_format=torch.channels_last), pairs)
        guided, distill = self.guide.losses(z[: 2 * pairs], z[2 * pairs :], index, other, self.temperature)
        if distill is None:
            return {"guided": guided, "loss": guided}
        return {"guided": guided, "distill": distill, "loss": guided + self.guide.how.distill * distill}
