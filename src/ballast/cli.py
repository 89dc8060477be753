"""The command ``ballast``, which uses an encoder that the pipeline has trained, and fetches one to start from.

    ballast embed --encoder runs/colt/1/encoder.safetensors --images FOLDER --out features.npy
    ballast fetch timm vit_small_patch14_dinov2.lvd142m --out data/external/dinov2.safetensors
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from ballast.augment.color import grayscale
from ballast.encoders.hub import released
from ballast.encoders.model import load_encoder, save_weights
from ballast.images.decode import DecodeError, decode_all
from ballast.runtime.device import device
from ballast.runtime.errors import BallastError
from ballast.runtime.files import resolve_path, save_array, write_atomic
from ballast.runtime.progress import track
from ballast.sources.listing import listing

BATCH = 256


def main(arguments: list[str] | None = None) -> None:
    """Run a command line; a mistake ends it with one line."""
    parser = argparse.ArgumentParser(prog="ballast", description="Self-supervised learning on long-tailed images.")
    commands = parser.add_subparsers(dest="command", required=True)
    fetching = commands.add_parser("fetch", help="download released weights to start from (the network of a profile)")
    fetching.add_argument("source", choices=("timm", "torchvision"))
    fetching.add_argument("name", help="of the network; timm's may name its weights after a dot")
    fetching.add_argument("--out", required=True, help="the file to write, as .safetensors")
    command = commands.add_parser("embed", help="compute the features of images with a trained encoder")
    command.add_argument("--encoder", required=True, help="an encoder.safetensors of this pipeline")
    command.add_argument("--images", required=True, help="a folder, a list of paths (with --root), or a .npy array")
    command.add_argument("--root", help="where the paths of a list start")
    command.add_argument("--out", required=True, help="features [N, d] as .npy; a .csv beside it names their files")
    given = parser.parse_args(arguments)
    try:
        if given.command == "fetch":
            fetch(given.source, given.name, Path(given.out))
        else:
            embed(given.encoder, given.images, given.root, Path(given.out))
    except BallastError as error:
        sys.exit(f"ballast: {error}")
    except OSError as error:
        sys.exit(f"ballast: {error.filename}: {error.strerror}" if error.filename else f"ballast: {error}")
    except KeyboardInterrupt:
        sys.exit("ballast: stopped")


def fetch(source: str, name: str, out: Path) -> None:
    """Write the released weights of a network of timm or torchvision."""
    if out.suffix != ".safetensors":
        raise BallastError(f"--out {out}: expected a name that ends in .safetensors")
    network = released(source, name)
    save_weights(network, out)
    print(f"{sum(value.numel() for value in network.parameters()):,} weights to {out}; their network is\n"
          f"  network: {{source: {source}, name: {name}, projection: 128}}")


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


if __name__ == "__main__":
    main()
