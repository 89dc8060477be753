"""Labelled images, as every kind of source gives them."""

from typing import NamedTuple

import numpy as np

from ballast.sources.listing import Listing

UNKNOWN = -1  # the label of an image without one
GIVEN = ("longtail", "balanced", "few", "probe", "val")  # lists of the training part that a source may contain

Images = np.ndarray | Listing  # uint8 [N, C, S, S], or files


class Labelled(NamedTuple):
    """Images and labels of the training part and of the test part, and the class names."""

    train: Images
    train_labels: np.ndarray  # of ``train``, then of ``probe``
    test: Images
    test_labels: np.ndarray
    classes: list[str]
    lists: dict[str, np.ndarray] | None = None  # positions in ``train``, then ``probe``, where the source has a split
    probe: Images | None = None  # labelled images beside the training part: no encoder trains on them
