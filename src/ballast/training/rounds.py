"""Pre-training on seed images, with pool images chosen before it or in rounds within it (methods.md 1.1, 1.6, 1.7)."""

from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor
from torch.nn.functional import normalize

from ballast.data.augment import augment
from ballast.data.draws import Draws, contrastive
from ballast.encoders.model import Model
from ballast.errors import require
from ballast.frameworks import simclr
from ballast.losses.domain import domain_contrast, domain_contrast_poster
from ballast.losses.ntxent import log_denominators, ntxent_per_view, similarities
from ballast.losses.semantic import nearest_in_bank, semantic_per_view
from ballast.rng import generator
from ballast.tailness.density import density, remember
from ballast.training.loop import Losses, State, run, sgd, shuffled_batches
from ballast.training.optimisation import Optimisation
from ballast.training.resampling import Resampling, sample
from ballast.training.schedule import batches_per_epoch, resampling_epochs
from ballast.training.scratch import Scratch


@dataclass(frozen=True)
class Domain:
    """COLT's domain loss: its weight alpha and the form of its denominator, ``code`` or ``poster``."""

    weight: float
    form: str


@dataclass(frozen=True)
class Semantic:
    """The guide's pseudo semantic discrimination: the neighbour's share, and the cosine from which it counts."""

    weight: float
    threshold: float


class Pretraining:
    """One pre-training: its data, its state, and what happens at the start of an epoch and in a step."""

    def __init__(
        self, model: Model, seed_images: Tensor, extra: Tensor | None, how: Optimisation, recipe: dict, seed: int,
        resampling: Resampling | None = None, domain: Domain | None = None, semantic: Semantic | None = None,
    ) -> None:
        """seed_images, extra: uint8 [N, ...] and [P, ...]; extra is all trained on, or with resampling the pool."""
        require(len(seed_images) > 1, f"the seed list has {len(seed_images)} images; contrast needs at least 2")
        self.how, self.recipe, self.seed, self.size = how, recipe, seed, seed_images.shape[-1]
        self.resampling, self.domain, self.semantic = resampling, domain, semantic
        self.device = next(model.parameters()).device
        self.state = State(model, sgd(model, how.momentum, how.weight_decay))
        self.seed_images = seed_images.to(self.device)
        self.pool = extra.to(self.device) if extra is not None else None
        self.rounds = resampling_epochs(how.epochs, resampling.warmup, resampling.every) if resampling else []
        if resampling and resampling.tailness == "density":
            rows = len(seed_images) + resampling.budget
            self.state.memory["density"] = torch.full((rows,), torch.nan, device=self.device)
        if extra is not None and not resampling:
            self.state.memory["chosen"] = torch.arange(len(extra), device=self.device)

    def train(self, scratch: Scratch) -> None:
        """Run to the end, from the scratch state where there is one."""
        added = self.resampling.budget if self.resampling else 0 if self.pool is None else len(self.pool)
        first = self.rounds[0] if self.rounds else self.how.epochs + 1 if self.resampling else 1
        batches = batches_per_epoch(len(self.seed_images), added, first, self.how.epochs, self.how.batch)
        run(self.state, scratch, self._begin_epoch, self._step, batches, self.how.lr, self.how.warmup, "pretrain")

    def _begin_epoch(self, epoch: int) -> tuple[Tensor, ...]:
        if epoch in self.rounds:
            self._resample(epoch)
        chosen = self.state.memory.get("chosen")
        self.images = self.seed_images if chosen is None else torch.cat([self.seed_images, self.pool[chosen]])
        rows, _, height, width = self.images.shape
        draws = contrastive(rows, 2, height, width, self.recipe, generator(self.seed, "augment", epoch))
        self.draws: Draws = draws.map(lambda column: column.to(self.device))
        return shuffled_batches(rows, self.how.batch, self.seed, epoch)

    def _resample(self, epoch: int) -> None:
        memory, count = self.state.memory, len(self.seed_images)
        known = memory["density"][:count] if "density" in memory else None
        chosen = sample(self.state.model, self.seed_images, self.pool, known, self.resampling)
        if self.semantic:
            seed_bank = memory["bank"][:count] if "bank" in memory else chosen.seed
            memory["bank"] = torch.cat([seed_bank, chosen.pool])
        memory["chosen"] = chosen.index
        for name in ("index", "cluster", "cosine"):
            past = memory.get(f"trace.{name}")
            row = getattr(chosen, name)[None]
            memory[f"trace.{name}"] = row if past is None else torch.cat([past, row])

    def _step(self, index: Tensor) -> Losses:
        """Losses of one batch of image indices [B] (on the CPU, so that looking at them costs no synchronisation)."""
        has_pool = bool((index >= len(self.seed_images)).any())
        index = index.to(self.device, non_blocking=True)
        views = augment(self.images[index].repeat(2, 1, 1, 1), self.draws.rows(index), self.size)
        z = simclr.project(self.state.model, views.contiguous(memory_format=torch.channels_last))
        s = similarities(z, self.how.temperature)
        log_d = log_denominators(s)
        contrast = ntxent_per_view(s, log_d)
        losses = {"contrastive": contrast.mean()}
        if "bank" in self.state.memory:
            contrast = self._semantic(z, s, contrast, index)
            losses["semantic"] = contrast.mean()
        losses["loss"] = contrast.mean()
        if self.domain and has_pool:
            losses["domain"] = self._domain(z, s, log_d, index)
            losses["loss"] = losses["loss"] + self.domain.weight * losses["domain"]
        if "density" in self.state.memory:
            self._remember_density(s.detach(), log_d.detach(), index)
        return losses

    def _semantic(self, z: Tensor, s: Tensor, contrast: Tensor, index: Tensor) -> Tensor:
        """Per-view loss [2B] with the bank's neighbour as a second positive; then the bank takes the projections."""
        bank = self.state.memory["bank"]
        neighbour, cosine = nearest_in_bank(bank, index)
        attraction = semantic_per_view(z, s, bank[neighbour], self.how.temperature)
        share = (self.semantic.weight * (cosine >= self.semantic.threshold)).repeat(2)
        first, second = z.detach().chunk(2)
        bank[index] = normalize(first + second)
        return (1 - share) * contrast + share * attraction

    def _domain(self, z: Tensor, s: Tensor, log_d: Tensor, index: Tensor) -> Tensor:
        is_pool = (index >= len(self.seed_images)).repeat(2)
        if self.domain.form == "poster":
            return domain_contrast_poster(s, is_pool)
        return domain_contrast(z, s, log_d, is_pool, self.how.temperature)

    def _remember_density(self, s: Tensor, log_d: Tensor, index: Tensor) -> None:
        """A ragged last batch has fewer negatives, among which each probability is larger: scale it back (D41)."""
        full = min(self.how.batch, len(self.images))
        value = density(s, log_d, self.resampling.neighbours) * ((2 * len(index) - 2) / (2 * full - 2))
        remember(self.state.memory["density"], index, value, self.resampling.momentum)

    def trace(self) -> pd.DataFrame:
        """What every round chose: round epoch, cluster, pool index and cosine to the centre; empty without rounds."""
        memory = self.state.memory
        columns = {"pool": "index", "cluster": "cluster", "cosine": "cosine"}
        if "trace.index" not in memory:
            return pd.DataFrame(columns=["epoch", *columns])
        frame = {name: memory[f"trace.{key}"].flatten().cpu().numpy() for name, key in columns.items()}
        epochs = torch.tensor(self.rounds).repeat_interleave(self.resampling.budget)
        return pd.DataFrame({"epoch": epochs.numpy(), **frame}).round({"cosine": 5})
