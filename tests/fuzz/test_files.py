"""Damaged files of every format: a right result, or one line that names the file."""

import json
import os
import tempfile
from pathlib import Path

import numpy as np
import torch
from hypothesis import strategies as st
from safetensors.torch import load, save

from ballast.embeddings.vectors import row_blocks
from ballast.encoders.model import build, load_encoder, save_encoder
from ballast.export.features import images_of
from ballast.images.decode import DecodeError, decode_all
from ballast.images.folder import read_folder
from ballast.runtime.files import load_array
from ballast.sources.listing import listing
from tests.checks.test_bounds import with_value
from tests.encoders.test_facts import FACTS, NETWORK
from tests.fuzz.generated import damaged, near
from tests.fuzz.rule import ends_well, fuzz
from tests.fuzz.samples import ENCODER, IMAGES, PHOTOS, VECTORS, npy, parquet, tar

SIDE = 16


LEAVES = [("channels",), ("size",), ("short",), ("mean", 0), ("mean",), ("std", 1), ("network",), ("network", "stem"),
          ("network", "block"), ("network", "width"), ("network", "depths"), ("network", "depths", 0)]


def at(name: str, content: bytes, call) -> object:
    """Return what becomes of a call with a file of this name and content; whatever else the folder has is a leak."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(content)
        found = ends_well(lambda: call(str(path)), name)
        assert os.listdir(folder) == [name] and path.read_bytes() == content
        return found


@fuzz(250, content=st.sampled_from(IMAGES).flatmap(damaged))
def test_images(content):
    [image] = at("x.jpg", content, lambda path: list(decode_all([path], SIDE)))
    if isinstance(image, DecodeError):
        assert "\n" not in str(image) and len(str(image)) < 500
    else:
        assert image.pixels.dtype == np.uint8 and image.pixels.shape == (3, SIDE, SIDE)


@fuzz(60, content=damaged(ENCODER))
def test_encoders(content):
    found = at("e.safetensors", content, load_encoder)  # `ballast` refuses features that are not finite
    assert found is None or found[0].features(torch.rand(2, 3, 8, 8)).shape == (2, found[0].widths[0])


@fuzz(60, place=st.sampled_from(LEAVES), value=near(8))
def test_descriptions_of_encoders(place, value):
    facts = json.dumps(with_value(FACTS, place, value))
    found = at("e.safetensors", save(load(ENCODER), {"ballast": facts}), load_encoder)
    assert found is None or found[0].features(torch.rand(2, 3, 8, 8)).shape == (2, found[0].widths[0])


@fuzz(100, content=damaged(npy(VECTORS)) | damaged(npy(np.zeros((3, 8, 8, 3), np.uint8))))
def test_arrays(content):
    at("x.npy", content, load_array)
    blocks = at("x.npy", content, lambda path: list(row_blocks(path)))
    assert blocks is None or all(np.isfinite(block).all() and block.any(1).all() for block in blocks)
    found = at("x.npy", content, lambda path: listing(path, None, labelled=False))
    assert found is None or len(found.files) >= 1


@fuzz(60, content=damaged(parquet({"vector": list(VECTORS)})))
def test_tables_of_vectors(content):
    blocks = at("x.parquet", content, lambda path: list(row_blocks(path)))
    assert blocks is None or all(np.isfinite(block).all() for block in blocks)


@fuzz(60, content=damaged(parquet({"image": PHOTOS})))
def test_tables_of_images(content):
    described("x.parquet", content)


@fuzz(80, content=damaged(tar({f"{number}.jpg": photo for number, photo in enumerate(PHOTOS)})))
def test_archives_of_images(content):
    described("x.tar", content)


def described(name: str, content: bytes) -> None:
    """Require that every image of an archive is decoded or has a reason."""
    found = at(name, content, lambda path: list(images_of(path, None, SIDE)[0]))
    for _, image in found or ():
        assert isinstance(image, DecodeError) or image.pixels.shape == (3, SIDE, SIDE)


STORE = {"store.json": b'{"where": "memory", "size": 8, "short": 8}\n',
         "files.csv": b'row,path,height,width,bytes,hash\n0,"a,b.png",8,8,77,aa\n1,c.png,8,8,78,bb\n'}


@fuzz(80, which=st.sampled_from(sorted(STORE)), data=st.data())
def test_stores(which, data):
    with tempfile.TemporaryDirectory() as folder:
        for name, content in STORE.items():
            Path(folder, name).write_bytes(data.draw(damaged(content)) if name == which else content)
        found = ends_well(lambda: read_folder(folder), folder)
        assert found is None or set(found[0]) == {"where", "size", "short"}


def test_the_undamaged_ones_are_read():
    with tempfile.TemporaryDirectory() as folder:
        save_encoder(build({**NETWORK, "projection": 4}, 3, 1), folder, 8, 9)
        assert load_encoder(Path(folder, "encoder.safetensors"))
    assert at("e.safetensors", ENCODER, load_encoder) and len(at("x.npy", npy(VECTORS), load_array)) == 20
    for content in IMAGES:
        [image] = at("x.jpg", content, lambda path: list(decode_all([path], SIDE)))
        assert not isinstance(image, DecodeError)
