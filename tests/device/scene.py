"""Images, a network and settings that let every operator of a training run on a logical GPU in a moment."""

import io

import torch

from ballast.config.profile import Augment, Network
from tests.builders import Memory, random_images
from tests.training.rows import Scene

CUDA = torch.device("cuda")
NETWORK = Network(stem="imagenet", block="bottleneck", width=4, depths=[1, 1], projection=8, precision="bf16")
AUGMENT = Augment(crop=[0.2, 1.0], flip=0.5, jitter=[0.4, 0.4, 0.4, 0.1], jitter_p=0.8, gray=0.2, blur=0.5,
                  blur_sigma=[0.1, 2.0])
SCENE = Scene(random_images(35, channels=3), random_images(40, channels=3, seed=1), NETWORK, AUGMENT, CUDA)


class Disk(Memory):
    """A checkpoint whose states go through torch.save and back to the CPU, as on a disk."""

    def load(self) -> dict | None:
        """Return the last state, or None at the start."""
        return self.state and torch.load(io.BytesIO(self.state), weights_only=True, map_location="cpu")

    def save(self, state: dict, now: bool = False) -> bool:
        """Write a state, and kill the training when its time has come."""
        buffer = io.BytesIO()
        torch.save(state, buffer)
        self.state = buffer.getvalue()
        if state["epoch"] == self.die_after and not now:
            self.die_after = None
            raise KeyboardInterrupt
        return True
