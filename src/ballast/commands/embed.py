"""``ballast embed``: features of images by a trained encoder."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from ballast.augment.color import grayscale
from ballast.encoders.model import load_encoder
from ballast.images.decode import DecodeError, decode_all
from ballast.runtime.device import device
from ballast.runtime.errors import BallastError
from ballast.runtime.files import resolve_path, save_array, write_atomic
from ballast.runtime.progress import track
from ballast.sources.listing import listing

BATCH = 256


def embed(encoder: str, images: str, root: str | None, out: Path) -> None:
    """Write the features float32 [N, d] of all images that can be read, and a table of all files: row, path, status."""
    if out.suffix != ".npy":
        raise BallastError(f"--out {out}: expected a name that ends in .npy")
    model, size, short = load_encoder(encoder)
    model.to(device())
    paths = listing(images, root, labelled=False).paths()
    decoded = track(decode_all([resolve_path(path) for path in paths], short), "embed", len(paths), unit="image")
    features, status, batch = [], [], []
    for number, image in enumerate(decoded, 1):
        status.append(str(image) if isinstance(image, DecodeError) else "ok")
        if status[-1] == "ok":
            batch.append(image.pixels)
        if batch and (len(batch) == BATCH or number == len(paths)):
            features.append(_features(model, np.stack(batch), size))
            batch = []
    if not features:
        raise BallastError(f"{images}: none of its {len(paths)} files is an image; the first is {paths[0]}: "
                           f"{status[0]}")
    table = pd.DataFrame({"path": paths, "status": status})
    usable = table["status"] == "ok"
    table.insert(0, "row", (usable.cumsum() - 1).where(usable).astype("Int64"))
    save_array(out, np.concatenate(features))
    write_atomic(out.with_suffix(".csv"), table.to_csv(index=False))
    print(f"{usable.sum()} features to {out}; {(~usable).sum()} files could not be read ({out.with_suffix('.csv')})")


@torch.inference_mode()
def _features(model: torch.nn.Module, pixels: np.ndarray, size: int) -> np.ndarray:
    """Return the features [B, d] of the middle size x size of images uint8 [B, 3, short, short]."""
    edge = (pixels.shape[-1] - size) // 2
    views = torch.from_numpy(pixels[:, :, edge : edge + size, edge : edge + size]).to(device()).float().div_(255)
    if model.channels == 1:
        views = grayscale(views)[:, :1]
    return model.features(views.contiguous(memory_format=torch.channels_last)).float().cpu().numpy()
