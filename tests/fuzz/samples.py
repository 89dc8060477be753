"""Small whole files of every format that Ballast reads, as bytes."""

import io
import json
import tarfile

import numpy as np
import pandas as pd
from PIL import Image
from safetensors.torch import save

from ballast.encoders.model import build
from tests.encoders.test_facts import FACTS, NETWORK
from tests.images.examples import smooth


def encoded(kind: str, mode: str = "RGB", **options: object) -> bytes:
    """Return a picture as a file."""
    buffer = io.BytesIO()
    Image.fromarray(smooth(40, 30)).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def parquet(columns: dict) -> bytes:
    buffer = io.BytesIO()
    pd.DataFrame(columns).to_parquet(buffer)
    return buffer.getvalue()


def tar(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def safetensors() -> bytes:
    state = build({**NETWORK, "projection": 4}, 3, 1).encoder.state_dict()
    return save({name: value.contiguous() for name, value in state.items()}, {"ballast": json.dumps(FACTS)})


IMAGES = [encoded("JPEG"), encoded("JPEG", progressive=True), encoded("JPEG", "CMYK"), encoded("PNG"),
          encoded("PNG", "P"), encoded("PNG", "I;16"), encoded("PNG", "LA"), encoded("GIF"), encoded("BMP"),
          encoded("WEBP"), encoded("TIFF"), encoded("TIFF", compression="tiff_lzw")]
VECTORS = np.random.default_rng(0).standard_normal((20, 4)).astype(np.float32)
PHOTOS = [encoded("PNG"), encoded("JPEG"), b"no image"]
ENCODER = safetensors()
