"""How long and how fast to train."""

from dataclasses import dataclass

from ballast.training.temperature import Cosine


@dataclass(frozen=True)
class Optimisation:
    """SGD with warm-up and cosine (methods.md 1.1)."""

    epochs: int
    batch: int
    lr: float
    momentum: float
    weight_decay: float
    warmup: int  # epochs of rising learning rate
    temperature: float | Cosine  # of the contrastive loss
