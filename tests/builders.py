"""Small networks, images and settings, and a checkpoint in memory, for the tests of several folders."""

import torch
from torch import Tensor, nn

from ballast.config.profile import Augment, Network, Optimization
from ballast.images.store import Resident

NETWORK = Network(stem="cifar", block="basic", width=4, depths=[1], projection=8)
AUGMENT = Augment(crop=[0.5, 1.0], flip=0.5, jitter=[0.4, 0.4, 0.0, 0.0], jitter_p=0.8, gray=0.0, blur=0.0,
                  blur_sigma=[0.0, 0.0])
OPTIMIZATION = Optimization(epochs=6, batch=16, lr=0.1, momentum=0.9, weight_decay=1e-4, warmup=1, temperature=0.2)


class Memory:
    """A checkpoint in memory. It can kill the training after some epochs, or save only when it must."""

    def __init__(self, die_after: int | None = None, lazy: bool = False) -> None:
        self.state, self.die_after, self.lazy = None, die_after, lazy

    def load(self) -> dict | None:
        """Return the last state, or None at the start."""
        return self.state

    def save(self, state: dict, now: bool = False) -> bool:
        """Keep a state, and kill the training when its time has come."""
        if self.lazy and not now:
            return False
        self.state = state
        if state["epoch"] == self.die_after and not now:
            raise KeyboardInterrupt
        return True


def random_images(count: int, channels: int = 1, size: int = 8, seed: int = 0) -> Resident:
    """Return images of uniform noise."""
    chance = torch.Generator().manual_seed(seed)
    return Resident(torch.randint(0, 256, (count, channels, size, size), dtype=torch.uint8, generator=chance))


def flat_weights(model: nn.Module) -> Tensor:
    """Return all weights and statistics of a model in one vector."""
    return torch.cat([tensor.flatten().float() for tensor in model.state_dict().values()])
