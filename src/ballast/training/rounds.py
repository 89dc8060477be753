"""Pre-training on seed images, with pool images chosen before it or in rounds within it (methods.md 1.1, 1.6, 1.7)."""

from collections.abc import Iterable

import pandas as pd
import torch
from torch import Tensor

from ballast.augment.draws import Draws, boosted, contrastive
from ballast.frameworks.sdclr import SDCLR
from ballast.frameworks.simclr import SimCLR
from ballast.images.store import Request, Store
from ballast.runtime.distributed import all_views, rank, same, share, shares
from ballast.runtime.errors import require
from ballast.runtime.rng import generator
from ballast.tailness.memorization import memorization
from ballast.training.guide import Guide
from ballast.training.loop import Batch, Losses, State, run, sgd, shuffled_batches
from ballast.training.method import Method
from ballast.training.objective import Objective
from ballast.training.optimisation import Optimisation
from ballast.training.resampling import Round, sample
from ballast.training.schedule import batches_per_epoch, resampling_epochs
from ballast.training.scratch import Scratch
from ballast.training.temperature import temperature

MEMORIES = ("density", "loss")  # one number per image, NaN before its first visit


class Pretraining:
    """One pre-training: its data, its state, and what happens at the start of an epoch and in a step."""

    def __init__(self, framework: SimCLR | SDCLR, seed_images: Store, extra: Store | None, how: Optimisation,
                 recipe: dict, seed: int, method: Method) -> None:
        """extra: all of it is trained on, or with resampling it is the pool."""
        require(len(seed_images) > 1, f"the seed list has {len(seed_images)} images; contrast needs at least 2")
        self.framework, self.how, self.recipe, self.seed, self.method = framework, how, recipe, seed, method
        self.device, self.seed_images, self.pool = seed_images.device, seed_images, extra
        online, self.seeds = method.resampling, len(seed_images)
        if online:
            require(online.budget <= len(extra),
                    f"sampling.budget: {online.budget} is more than the pool's {len(extra)} images")
        self.rounds = resampling_epochs(how.epochs, online.warmup, online.every) if online else []
        self.added = online.budget if online else 0 if extra is None else len(extra)
        self.state = State(framework, sgd(framework, how.momentum, how.weight_decay))
        needed = (online and online.tailness == "density", method.boost)
        for name in (name for name, need in zip(MEMORIES, needed) if need):
            self.state.memory[name] = torch.full((self.seeds + self.added,), torch.nan, device=self.device)
        if extra is not None and not online:
            self.state.memory["chosen"] = torch.arange(len(extra), device=self.device)
        self.guide: Guide | None = None

    def train(self, scratch: Scratch) -> None:
        """Run to the end, from the scratch state where there is one."""
        first = self.rounds[0] if self.rounds else self.how.epochs + 1 if self.method.resampling else 1
        batches = batches_per_epoch(self.seeds, self.added, first, self.how.epochs, self.how.batch)
        run(self.state, scratch, self._begin_epoch, self._step, batches, self.how, "pretrain")

    def _begin_epoch(self, epoch: int) -> Iterable[Batch]:
        memory = self.state.memory
        if epoch in self.rounds:
            self._resample(epoch)
        if "guide" in memory and (epoch in self.rounds or self.guide is None):
            self.guide = Guide(memory["guide"], self.method.guidance)
        if self.guide:
            self.drawn = self.guide.draw(generator(self.seed, "neighbour", epoch))
        self.framework.start_epoch()
        self.objective = Objective(self.method, self.seeds, memory)
        self.temperature = temperature(self.how.temperature, epoch)
        chosen = memory.get("chosen")
        self.images = self.seed_images if chosen is None else self.seed_images.join(self.pool.take(chosen))
        self.draws = self._draw(epoch).map(lambda column: column.to(self.images.draws_device))
        order = shuffled_batches(len(self.images), self.how.batch, self.seed, epoch)
        return zip(order, self.images.stream(self._request(share(index)) for index in order))

    def _request(self, index: Tensor) -> Request:
        """Two views of every image, and under a guide one of the neighbour drawn for each seed image."""
        own = (index < self.seeds).nonzero().squeeze(1)
        index = index.to(self.images.draws_device, non_blocking=True)
        rows, draws = index.repeat(2), self.draws.views(0, 2).rows(index)
        if not self.guide:
            return rows, draws
        other = self.drawn.to(index.device)[index[own.to(index.device, non_blocking=True)]]
        return torch.cat([rows, other]), draws.join(self.draws.views(2, 3).rows(other))

    def _draw(self, epoch: int) -> Draws:
        rows = len(self.images)
        draws = contrastive(rows, 3 if self.guide else 2, self.images.height, self.images.width, self.recipe,
                            generator(self.seed, "augment", epoch))
        if not self.method.boost or epoch == 1:
            return draws
        # Images of a round are too new to be remembered: they get the plain augmentation, M = 0.
        known = self.state.memory["loss"][: self.seeds if self.method.resampling else rows].cpu()
        m = torch.zeros(rows)
        m[: len(known)] = memorization(known)
        return boosted(draws, m, self.method.boost.operations, generator(self.seed, "boost", epoch))

    def _resample(self, epoch: int) -> None:
        memory = self.state.memory
        known = memory["density"][: self.seeds] if "density" in memory else None
        chosen = Round(*map(same, sample(self.framework.model, self.seed_images, self.pool, known,
                                         self.method.resampling, generator(self.seed, "resample", epoch))))
        if self.method.semantic:
            seed_bank = memory["bank"][: self.seeds] if "bank" in memory else chosen.seed
            memory["bank"] = torch.cat([seed_bank, chosen.pool])
        if self.method.guidance:
            memory["guide"] = chosen.seed
        memory["chosen"] = chosen.index
        for name in ("index", "cluster", "cosine"):
            past = memory.get(f"trace.{name}")
            row = getattr(chosen, name)[None]
            memory[f"trace.{name}"] = row if past is None else torch.cat([past, row])

    def _step(self, index: Tensor, views: Tensor) -> Losses:
        """Losses of one batch: image indices [B] (on the CPU: looking at them costs no synchronisation) and this rank's
        share of the views."""
        own = (index < self.seeds).nonzero().squeeze(1)
        pairs, has_pool, counts = len(index), len(own) < len(index), shares(len(index))
        led = [int((part < self.seeds).sum()) if self.guide else 0 for part in index.split(counts)]
        index, own = index.to(self.device, non_blocking=True), own.to(self.device, non_blocking=True)
        z = self.framework.project(views.contiguous(memory_format=torch.channels_last), counts[rank()])
        z = all_views(z, counts, led)
        full = min(self.how.batch, len(self.images))
        losses = self.objective(z[: 2 * pairs], index, has_pool, self.temperature, full)
        if self.guide and len(own):
            seen = torch.cat([z[:pairs][own], z[pairs : 2 * pairs][own]])
            guided, distill = self.guide.losses(seen, z[2 * pairs :], index[own], self.drawn[index[own]],
                                                self.temperature)
            losses["guided"] = guided
            losses["loss"] = losses["loss"] + guided
            if distill is not None:
                losses["distill"] = distill
                losses["loss"] = losses["loss"] + self.method.guidance.distill * distill
        return losses

    def trace(self) -> pd.DataFrame:
        """What every round chose: round epoch, cluster, pool index and cosine to the centre; empty without rounds."""
        memory = self.state.memory
        columns = {"pool": "index", "cluster": "cluster", "cosine": "cosine"}
        if "trace.index" not in memory:
            return pd.DataFrame(columns=["epoch", *columns])
        frame = {name: memory[f"trace.{key}"].flatten().cpu().numpy() for name, key in columns.items()}
        epochs = torch.tensor(self.rounds).repeat_interleave(self.added)
        return pd.DataFrame({"epoch": epochs.numpy(), **frame}).round({"cosine": 5})

    def remembered(self) -> pd.DataFrame:
        """What is remembered of every seed image at the end: its position in the list, its density and loss."""
        columns = {name: self.state.memory[name][: self.seeds].cpu().numpy() for name in MEMORIES
                   if name in self.state.memory}
        return pd.DataFrame({"position": range(self.seeds), **columns}).round(6)
