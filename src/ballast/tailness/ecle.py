"""ECLE, the empirical contrastive loss of an image over augmentations: MAK's tailness.

For M augmented passes over the pool, every unordered pair of passes and R random batchings into blocks of n images,

    ECLE_i = mean of (1/2)(l_{view a, i} + l_{view b, i}),  l = the NT-Xent loss among the 2n views of i's block

A large loss means that the encoder cannot tell an image from others: a sign of a rare one. The paper's eq. 2 is a mean
over M draws; like the released code, we take all pairs of passes.
Source: MAK (Jiang et al., NeurIPS 2021, eq. 2; docs/methods/mak.md).
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor

from ballast.embeddings.shards import Shards
from ballast.embeddings.shuffled import shuffled
from ballast.runtime.progress import track
from ballast.runtime.rng import generator


def ecle(views: Tensor | Sequence[Tensor | Shards], temperature: float, repeats: int, block: int, seed: int,
         device: torch.device | None = None, place: str | Path | None = None) -> Tensor:
    """Return ECLE [P], float32, on the device that computed it.

    The last block of a batching is filled up with images of the first one, whose losses do not count again.

    Args:
        views: unit projections of M >= 2 passes, each [P, d].
        temperature: t.
        repeats: random batchings R.
        block: images of a block, n.
        seed: the random seed of the batchings.
        device: where to compute; where the views are, unless it is given. Shards are read on the CPU.
        place: folder for temporary files, which Shards need; None: the system's.
    """
    device = device or views[0].device
    images = len(views[0])
    total = torch.zeros(images, device=device)
    orders = (torch.randperm(images, generator=generator(seed, "ecle", repeat)) for repeat in range(repeats))
    blocks = (pair for order in orders for pair in batching(views, order, block, place))
    for counted, z in track(blocks, "ECLE", total=repeats * -(-images // block), unit="block"):
        loss = block_loss(z.to(device).float(), temperature)
        total[counted.to(device)] += loss[: len(counted)]
    return total / repeats


def batching(views: Tensor | Sequence[Tensor | Shards], order: Tensor, block: int, place: str | Path | None
             ) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield for every block the images whose losses count [at most n], and the views of the block, [M, n, d]."""
    first = None
    for counted, z in zip(order.split(block), in_order(views, order, block, place)):
        first = z if first is None else first
        yield counted, torch.cat([z, first[:, : min(block, len(order)) - len(counted)]], 1)


def in_order(views: Tensor | Sequence[Tensor | Shards], order: Tensor, block: int, place: str | Path | None
             ) -> Iterator[Tensor]:
    """Yield the views of the images in an order [P], [M, block, d] at a time."""
    if any(isinstance(z, Shards) for z in views):
        return shuffled(views, order, block, place)
    return (torch.stack([z[members] for z in views]) for members in order.to(views[0].device).split(block))


def block_loss(z: Tensor, temperature: float) -> Tensor:
    """Return each image's NT-Xent loss in a block, the mean over all pairs of passes: z [M, n, d] -> [n].

    Every pair (a, b) needs the row sums of exp S within a, and between a and b. We compute each of the M (M + 1) / 2
    products once and use it in both directions, instead of the four that each of the M (M - 1) / 2 pairs would need.
    """
    passes, images, _ = z.shape
    largest = 1.0 / temperature
    sums = z.new_empty(passes, passes, images)  # [a, b, i]: sum_j exp(S_{ai, bj} - 1/t)
    positive = z.new_empty(passes, passes, images)
    for a in range(passes):
        s = (z[a] @ z[a:].transpose(1, 2)).div_(temperature)
        positive[a, a:] = positive[a:, a] = s.diagonal(dim1=1, dim2=2)
        e = s.sub_(largest).exp_()
        e[0].fill_diagonal_(0)
        sums[a, a:] = e.sum(2)
        sums[a:, a] = e.sum(1)
    within = sums.diagonal(dim1=0, dim2=1).T  # [a, i]
    loss = (within[:, None] + sums).log() + largest - positive
    pair = ~torch.eye(passes, dtype=torch.bool, device=z.device)
    return loss[pair].mean(0)
