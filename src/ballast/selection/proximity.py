"""MAK's proximity: the distance of a pool image to the in-domain images, smaller for nearer ones.

    Dist_i = 1 - max_c cos(h_i, centre_c)

The centres are those of k-means over the in-domain features, as in the released code; the paper's eq. 3 takes the
nearest in-domain image. Source: MAK (Jiang et al., NeurIPS 2021, eq. 3; docs/methods/mak.md).
"""

import torch
from torch import Tensor
from torch.nn.functional import normalize

from ballast.embeddings.shards import Shards


def distance_to_centres(pool: Tensor | Shards, centres: Tensor, block: int = 65536) -> Tensor:
    """Return Dist [P] in [0, 2].

    Args:
        pool: unit features h of the pool images, [P, d].
        centres: the in-domain centres, [C, d], of any length.
        block: rows of the pool compared at a time.
    """
    centres, start = normalize(centres), 0
    distance = torch.empty(len(pool), device=centres.device)
    for rows in pool.split(block):  # Shards read on the CPU
        distance[start : start + len(rows)] = 1 - (rows.to(centres.device).float() @ centres.T).max(1).values
        start += len(rows)
    return distance
