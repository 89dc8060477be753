"""The loss of a batch from its projections, and what is remembered of its images (methods.md 1.1, 1.3, 1.6, 1.7)."""

from torch import Tensor
from torch.nn.functional import normalize

from ballast.losses.domain import domain_contrast, domain_contrast_poster
from ballast.losses.ntxent import log_denominators, ntxent_per_view, similarities
from ballast.losses.semantic import nearest_in_bank, semantic_per_view
from ballast.tailness.density import density
from ballast.tailness.memory import remember
from ballast.training.loop import Losses
from ballast.training.method import Method


class Objective:
    """NT-Xent and the ideas of a method. Memories are tensors by name, one row per image; a step updates its rows."""

    def __init__(self, method: Method, seeds: int, memory: dict[str, Tensor]) -> None:
        """seeds: images with a lower index are seed images, the others come from the pool."""
        self.method, self.seeds, self.memory = method, seeds, memory

    def __call__(self, z: Tensor, index: Tensor, has_pool: bool, temperature: float, full: int) -> Losses:
        """Losses of unit projections z [2B, d] of images index [B]; ``full`` is the size of a whole batch."""
        s = similarities(z, temperature)
        log_d = log_denominators(s)
        contrast = ntxent_per_view(s, log_d)
        losses = {"contrastive": contrast.mean()}
        if "density" in self.memory:
            self._remember_density(s.detach(), log_d.detach(), index, full)
        if "loss" in self.memory:
            both = contrast.detach().unflatten(0, (2, -1)).mean(0)
            remember(self.memory["loss"], index, both, self.method.boost.momentum)
        if "bank" in self.memory:
            contrast = self._semantic(z, s, contrast, index, temperature)
            losses["semantic"] = contrast.mean()
        losses["loss"] = contrast.mean()
        if self.method.domain and has_pool:
            losses["domain"] = self._domain(z, s, log_d, index, temperature)
            losses["loss"] = losses["loss"] + self.method.domain.weight * losses["domain"]
        return losses

    def _semantic(self, z: Tensor, s: Tensor, contrast: Tensor, index: Tensor, temperature: float) -> Tensor:
        """Per-view loss [2B] with the bank's neighbour as a second positive; then the bank takes the projections."""
        bank, how = self.memory["bank"], self.method.semantic
        neighbour, cosine = nearest_in_bank(bank, index)
        attraction = semantic_per_view(z, s, bank[neighbour], temperature)
        share = (how.weight * (cosine >= how.threshold)).repeat(2)
        first, second = z.detach().chunk(2)
        bank[index] = normalize(first + second)
        return (1 - share) * contrast + share * attraction

    def _domain(self, z: Tensor, s: Tensor, log_d: Tensor, index: Tensor, temperature: float) -> Tensor:
        is_pool = (index >= self.seeds).repeat(2)
        if self.method.domain.form == "poster":
            return domain_contrast_poster(s, is_pool)
        return domain_contrast(z, s, log_d, is_pool, temperature)

    def _remember_density(self, s: Tensor, log_d: Tensor, index: Tensor, full: int) -> None:
        """A ragged last batch has fewer negatives, among which each probability is larger: scale it back (D41)."""
        how, negatives = self.method.resampling, 2 * full - 2
        k = how.neighbours if how.neighbours >= 1 else max(1, round(how.neighbours * negatives))
        value = density(s, log_d, k) * ((2 * len(index) - 2) / negatives)
        remember(self.memory["density"], index, value, how.momentum)
