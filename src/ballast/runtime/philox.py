"""Random numbers without a state: each is a function of a key and of its place (Salmon et al., SC 2011).

A generator that counts gives the same number for the same image in any order, on any device and in any process, and
needs no table. All arithmetic is on whole numbers below 2^32, and so exact everywhere.
"""

import torch
from torch import Tensor

from ballast.runtime.rng import seed_of

WORD = 0xFFFFFFFF
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)  # what the key grows by in every round
ROUNDS = 10


def philox(counter: list[Tensor], key: tuple[int, int]) -> list[Tensor]:
    """Return four random words of Philox4x32-10 for every counter.

    Args:
        counter: four int64 tensors of one shape, or that broadcast, with values below 2^32.
        key: two whole numbers below 2^32.

    Returns:
        Four int64 tensors with values below 2^32.
    """
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(ROUNDS):
        p0, p1 = c0 * MULTIPLIERS[0], c2 * MULTIPLIERS[1]  # the product wraps around, its 64 bits are right
        c0, c1, c2, c3 = (p1 >> 32 & WORD) ^ c1 ^ k0, p1 & WORD, (p0 >> 32 & WORD) ^ c3 ^ k1, p0 & WORD
        k0, k1 = k0 + WEYL[0] & WORD, k1 + WEYL[1] & WORD
    return [c0, c1, c2, c3]


class Stream:
    """The random numbers of one purpose, by image and view."""

    def __init__(self, seed: int, *purpose: int | str) -> None:
        """Name the stream, e.g. ``Stream(1, "augment", epoch)``."""
        number = seed_of(seed, *purpose)
        self.key = (number & WORD, number >> 32)

    def uniform(self, images: Tensor, views: range, count: int) -> Tensor:
        """Return numbers in [0, 1), float32 [n, views, count], on the device of the images.

        Args:
            images: numbers of the images, int64 [n].
            views: which views of each.
            count: numbers for each view; the first ones are the same for every count.
        """
        blocks = torch.arange(-(-count // 4), device=images.device)
        view = torch.arange(views.start, views.stop, device=images.device)
        image = images[:, None, None]
        counter = torch.broadcast_tensors(blocks, view[:, None], image & WORD, image >> 32)
        words = torch.stack(philox(list(counter), self.key), -1).flatten(2)
        return (words[..., :count] >> 8).float() * 2.0**-24  # 24 bits are what float32 holds exactly
