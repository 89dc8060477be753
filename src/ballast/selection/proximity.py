"""MAK's proximity: how far a pool image lies from the seed set (methods.md 1.5).

    Dist_i = 1 - max_c cos(h_i, centre_c), centres = k-means of the seed features, brought back to unit length
"""

import torch
from torch import Tensor
from torch.nn.functional import normalize

from ballast.embeddings.shards import Shards


def distance_to_seed(pool: Tensor | Shards, centres: Tensor, block: int = 65536) -> Tensor:
    """Dist [P] in [0, 2] of unit features pool [P, d] to centres [C, d] of any length."""
    centres = normalize(centres)
    return 1 - torch.cat([(part.float() @ centres.T).max(1).values for part in pool.split(block)])
