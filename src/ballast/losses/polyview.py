"""NT-Xent with M views of each image: all others of the image are positives, and none of them is a negative.

    l_v = 1/(M - 1) sum_{u in P(v)} [log(exp S_vu + sum_{n in N(v)} exp S_vn) - S_vu],  L = mean_v l_v

P(v) are the other views of v's image, N(v) the views of other images; S is that of NT-Xent (ballast.losses.ntxent), and
M = 2 is NT-Xent itself. With a given number of views in a batch, more views of fewer images are the better ones.
Source: Poly-View Contrastive Learning (Shidani et al., ICLR 2024; docs/methods/polyview.md), its multi-crop form.

A batch of 2B views has B pairs: B / p images one after another, p = M / 2 times, and their second views likewise.
"""

import torch
from torch import Tensor


def same_image(views: int, pairs: int, device: torch.device) -> Tensor:
    """Return whether two of 2B views show the same image, [2B, 2B], the diagonal included."""
    images = views // (2 * pairs)
    image = torch.arange(views, device=device) % images
    return image[:, None] == image


def other_pairs(views: int, pairs: int, device: torch.device) -> Tensor:
    """Return where two of 2B views show the same image and are neither a pair nor the same view, [2B, 2B]."""
    place = torch.arange(views, device=device) % (views // 2)
    return same_image(views, pairs, device) & (place[:, None] != place)


def polyview_per_view(s: Tensor, pairs: int) -> Tensor:
    """Return l_v [2B] of S [2B, 2B], which has -inf on the diagonal alone."""
    same = same_image(len(s), pairs, s.device)
    log_negatives = s.masked_fill(same, -torch.inf).logsumexp(1, keepdim=True)
    positive = same & (s > -torch.inf)
    attraction = s.masked_fill(~positive, 0.0)  # without the -inf of the diagonal, whose gradient would be nan
    terms = (torch.logaddexp(attraction, log_negatives) - attraction).masked_fill(~positive, 0.0)
    return terms.sum(1) / (2 * pairs - 1)
