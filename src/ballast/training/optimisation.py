"""How long and how fast to train."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Optimisation:
    """SGD with warm-up and cosine, by the profile (methods.md 1.1)."""

    epochs: int
    batch: int
    lr: float
    momentum: float
    weight_decay: float
    warmup: int  # epochs of rising learning rate
    temperature: float  # of the contrastive loss
