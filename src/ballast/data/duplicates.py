"""Pool images that are seed or evaluation images again: a test image in the pool would void a result.

Two images are compared as grey thumbnails, brought to mean 0 and length 1: re-encoding, resizing and a change of
brightness or contrast hardly move such a vector. The nearest is found exactly, by faiss where it is installed.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, normalize

from ballast.selection.neighbours import search

SIDE = 16  # of a thumbnail


def nearest_reference(pool: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For every pool image uint8 [P, C, H, W] the most similar of reference [N, ...]: its index [P] and cosine [P].

    An image of one flat colour looks like no other: its cosine is 0, unless another has the same pixels.
    """
    cosine, index = search(_thumbnails(pool), _thumbnails(reference), 1)
    index, cosine = index[:, 0].numpy().copy(), cosine[:, 0].numpy().copy()
    if pool.shape[1:] == reference.shape[1:]:
        known = {image.tobytes(): number for number, image in enumerate(reference)}
        for row, image in enumerate(pool):
            same = known.get(image.tobytes())
            if same is not None:
                index[row], cosine[row] = same, 1.0
    return index, cosine


def _thumbnails(images: np.ndarray, block: int = 8192) -> Tensor:
    """Unit vectors [N, SIDE * SIDE] with mean 0; zero for a flat image."""
    parts = []
    for part in torch.from_numpy(np.ascontiguousarray(images)).split(block):
        grey = adaptive_avg_pool2d(part.float().mean(1, keepdim=True), SIDE).flatten(1)
        centred = grey - grey.mean(1, keepdim=True)
        parts.append(normalize(centred) * (centred.abs().amax(1, keepdim=True) > 0.5))
    return torch.cat(parts)
