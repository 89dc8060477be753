"""ECLE, the empirical contrastive loss of an image over augmentations: MAK's tailness.

For M augmented passes over the pool, every unordered pair of passes and R random batchings into blocks of n images,

    ECLE_i = mean of (1/2)(l_{view a, i} + l_{view b, i}),  l = the NT-Xent loss among the 2n views of i's block

A large loss means that the encoder cannot tell an image from others: a sign of a rare one. The paper's eq. 2 is a mean
over M draws; like the released code, we take all pairs of passes.
Source: MAK (Jiang et al., NeurIPS 2021, eq. 2; docs/methods/mak.md).
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from ballast.embeddings.shards import Shards
from ballast.runtime.progress import track
from ballast.runtime.rng import generator


def ecle(views: Tensor | Sequence[Tensor | Shards], temperature: float, repeats: int, block: int, seed: int,
         device: torch.device | None = None) -> Tensor:
    """Return ECLE [P], float32, on the device that computed it.

    The last block of a batching is filled up with images of earlier blocks, whose losses do not count again.

    Args:
        views: unit projections of M >= 2 passes, each [P, d].
        temperature: t.
        repeats: random batchings R.
        block: images of a block, n.
        seed: the random seed of the batchings.
        device: where to compute; where the views are, unless it is given. Shards are read on the CPU.
    """
    held, device = views[0].device, device or views[0].device
    images = len(views[0])
    total = torch.zeros(images, device=device)
    for counted, filling in track(_batchings(images, repeats, block, seed), "ECLE", unit="block"):
        members = torch.cat([counted, filling]).to(held)
        loss = block_loss(torch.stack([z[members].to(device) for z in views]).float(), temperature)
        total[members[: len(counted)].to(device)] += loss[: len(counted)]
    return total / repeats


def _batchings(images: int, repeats: int, block: int, seed: int) -> list[tuple[Tensor, Tensor]]:
    """Return for every block the images whose losses count, and those that fill it up."""
    blocks = []
    for repeat in range(repeats):
        order = torch.randperm(images, generator=generator(seed, "ecle", repeat))
        for start in range(0, images, block):
            counted = order[start : start + block]
            blocks.append((counted, order[: min(block - len(counted), start)]))
    return blocks


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
