"""Pool images that are seed or evaluation images again: a test image in the pool would void a result.

Two images are compared by the hash of their pixels, and as grey thumbnails, brought to mean 0 and length 1:
re-encoding, resizing and a change of brightness or contrast hardly move such a vector. The nearest is found exactly, by
faiss where it is installed.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, normalize

from ballast.embeddings.neighbours import search

SIDE = 16  # of a thumbnail


def thumbnails(images: Tensor) -> Tensor:
    """Grey [N, SIDE, SIDE] in 0 to 255, the mean of the pixels, of images uint8 [N, C, H, W]."""
    return adaptive_avg_pool2d(images.float().mean(1, keepdim=True), SIDE).squeeze(1)


def nearest_reference(
    pool: np.ndarray, pool_hash: np.ndarray, reference: np.ndarray, reference_hash: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """For every pool image the most similar reference image: its index [P] and cosine [P], 1 for the same pixels.

    pool, reference: thumbnails [P, SIDE, SIDE] and [N, SIDE, SIDE], with a hash of each image's pixels. An image of one
    flat colour looks like no other: its cosine is 0, unless another has the same pixels.
    """
    cosine, index = search(_unit(pool), _unit(reference), 1)
    index, cosine = index[:, 0].numpy().copy(), cosine[:, 0].numpy().copy()
    known = {digest: number for number, digest in enumerate(reference_hash)}
    for row, digest in enumerate(pool_hash):
        if digest in known:
            index[row], cosine[row] = known[digest], 1.0
    return index, cosine


def _unit(small: np.ndarray) -> Tensor:
    """Unit vectors [N, SIDE * SIDE] with mean 0; zero for a flat image."""
    grey = torch.from_numpy(small).float().flatten(1)
    centred = grey - grey.mean(1, keepdim=True)
    return normalize(centred) * (centred.abs().amax(1, keepdim=True) > 0.5)
