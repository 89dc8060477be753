"""Features of images from a folder, a list, an array, tar archives or Parquet tables."""

import tarfile
import tempfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from ballast.export.served import Served
from ballast.images.decode import BLOCK, Decoded, DecodeError, decode_all
from ballast.runtime.device import device
from ballast.runtime.errors import BallastError
from ballast.runtime.files import resolve_path
from ballast.runtime.names import escaped, image_path
from ballast.sources.listing import SUFFIXES, listing

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


def images_of(source: str, root: str | None, short: int) -> tuple[Iterator[Image], int | None]:
    """Return the images of a source in its order, their middle short x short pixels, and their number if it is known.

    Args:
        source: a folder, an image, a list of paths, a .npy array, a .tar archive, or a .parquet table with encoded
            images.
        root: where the paths of a list start.
        short: the short side in pixels.
    """
    packed = {".tar": _members, ".parquet": _rows}.get(Path(source).suffix)
    if packed:
        return _unpacked(source, packed, short), None
    one = source.lower().endswith(SUFFIXES)
    paths = [escaped(source)] if one else listing(source, root, labelled=False).paths()
    return zip(paths, decode_all([image_path(path) for path in paths], short)), len(paths)


def _unpacked(source: str, packed: Callable[[Path], Iterator[tuple[str, bytes]]], short: int) -> Iterator[Image]:
    if not (path := resolve_path(source)).is_file():
        raise BallastError(f"{source}: expected a file, got none; check the path")
    try:
        members = packed(path)
        with tempfile.TemporaryDirectory() as folder:  # decoders read files, and a block of them is small
            while block := list(islice(members, BLOCK)):
                paths = [Path(folder, str(number)) for number in range(len(block))]
                for place, (_, content) in zip(paths, block):
                    place.write_bytes(content)
                yield from zip([escaped(f"{source}/{name}") for name, _ in block], decode_all(paths, short))
    except (tarfile.TarError, EOFError, ValueError, OSError) as error:
        if isinstance(error, BallastError):
            raise
        raise BallastError(f"{source}: expected a readable {path.suffix} file with images, got an error "
                           f"({str(error).splitlines()[0]})") from error


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(path, "r:") as archive:
        for member in archive:
            if member.isfile() and member.name.lower().endswith(SUFFIXES):
                yield member.name, archive.extractfile(member).read()


def _rows(path: Path) -> Iterator[tuple[str, bytes]]:
    from pyarrow import types
    from pyarrow.parquet import ParquetFile

    file = ParquetFile(path)
    binary = (types.is_binary, types.is_large_binary)
    for field in file.schema_arrow:  # img2dataset has a column of bytes, Hugging Face a struct {bytes, path}
        inner = [part.name for part in field.type] if types.is_struct(field.type) else []
        if any(kind(field.type) for kind in binary) or "bytes" in inner:
            number = 0
            for batch in file.iter_batches(BLOCK, columns=[field.name]):
                for value in batch.column(0).to_pylist():
                    yield str(number), (value["bytes"] if inner and value else value) or b""
                    number += 1
            return
    raise ValueError(f"no column of encoded images among {', '.join(file.schema_arrow.names)}")
