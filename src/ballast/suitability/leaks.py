"""Leaks: pool images that show an evaluation image again, as it is, mirrored or cropped, found by features.

An encoder need not put the crop of an image where the image is, nor its mirror image. So an evaluation image is
embedded in several views, and a pool image is compared with all of them. docs/suitability.md says how many flips and
crops this finds.
"""

from collections.abc import Callable

import pandas as pd
import torch
from torch import Tensor

from ballast.augment.draws import Draws
from ballast.embeddings.shards import Shards
from ballast.images.store import Store
from ballast.suitability.duplicates import bound_between, pairs

Drawing = Callable[[Tensor], Draws]  # rows [B] of a store -> the augmentation of each
PARTS = (1.0, 0.9, 0.8, 0.7)  # of each side of what a network sees of an image, in the middle


def views(images: Store) -> list[Drawing | None]:
    """Return how evaluation images are shown: as they are (None), their middle, and the mirror image of each."""
    shown = [view(images, part, flip) for flip in (False, True) for part in PARTS]
    return [None, *shown[1:]]


def view(images: Store, part: float, flip: bool) -> Drawing:
    """Return what shows the middle of images, ``part`` of each side of what a network sees, mirrored or not.

    Without augmentation a network sees the middle ``size`` pixels of images whose shorter side has ``short``.
    """
    def draw(rows: Tensor) -> Draws:
        height, width = (torch.as_tensor(side).float().expand(len(rows)) for side in images.sides(rows))
        side = (part * images.size / images.short * torch.minimum(height, width)).round()
        box = torch.stack([((height - side) / 2).floor(), ((width - side) / 2).floor(), side, side], -1)
        return Draws(box, torch.full((len(rows),), flip))

    return draw


def leaks(pool: Tensor | Shards, in_domain: Tensor, views: list[Tensor]) -> pd.DataFrame:
    """Return the pool images that are near duplicates of an evaluation image in one of its views.

    Args:
        pool: unit vectors, [P, d].
        in_domain: unit vectors of images that are known to be others, [N, d]; one in a thousand of them is as similar.
        views: unit vectors of the same evaluation images in each view, [M, d].

    Returns:
        Columns pool and other, rows of each, and their cosine, the most similar first.
    """
    every = torch.cat(views)
    found = pairs(pool, every, bound_between(in_domain, every))
    return found.assign(other=found["other"] % len(views[0]))
