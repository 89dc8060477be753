"""Features of images from a folder, a list, an array, tar archives or Parquet tables."""

from collections.abc import Iterator
from itertools import islice

import numpy as np
import torch

from ballast.export.served import Served
from ballast.images.decode import Decoded, DecodeError, decode_all
from ballast.runtime.device import device
from ballast.runtime.errors import BallastError
from ballast.runtime.names import escaped, image_path
from ballast.sources.archives import SUFFIXES
from ballast.sources.listing import listing

BATCH = 256
Image = tuple[str, Decoded | DecodeError]  # the name of an image, and its pixels or why there are none


def features(served: Served, images: Iterator[Image]) -> Iterator[tuple[dict[str, str], np.ndarray]]:
    """Yield for every batch the status of its images ("ok", or why not), and the features [n, d] of those that are."""
    served.to(device())
    while batch := list(islice(images, BATCH)):
        status = {name: str(image) if isinstance(image, DecodeError) else "ok" for name, image in batch}
        pixels = [image.pixels for _, image in batch if not isinstance(image, DecodeError)]
        found = np.empty((0, served.model.widths[0]), np.float32)
        if pixels:
            with torch.inference_mode():
                found = served(torch.from_numpy(np.stack(pixels)).to(device())).cpu().numpy()
            if not np.isfinite(found).all():
                raise BallastError(f"{next(iter(status))}: the encoder's features are not finite; its weights are "
                                   f"damaged, or of a training that diverged")
        yield status, found


def images_of(source: str, root: str | None, short: int) -> tuple[Iterator[Image], int]:
    """Return the images of a source in its order, their middle short x short pixels, and their number.

    Args:
        source: a folder, an image, a list of paths, a .npy array, a .tar archive, or a .parquet table with encoded
            images.
        root: where the paths of a list start.
        short: the short side in pixels.
    """
    one = source.lower().endswith(SUFFIXES)
    paths = [escaped(source)] if one else listing(source, root, labelled=False).paths()
    return zip(paths, decode_all(map(image_path, paths), short)), len(paths)

