"""Images decoded on demand, and embeddings from shards beyond memory, on a logical GPU."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn.functional import normalize
from torchvision.io import ImageReadMode
from torchvision.io import decode_jpeg as cpus_decoder

from ballast import cli
from ballast.augment.draws import contrastive
from ballast.config.build import build as build_settings
from ballast.config.selections import BY_RULE
from ballast.embeddings.clusters import kmeans
from ballast.embeddings.shards import load_shards, save_shards
from ballast.encoders.model import build, save_model
from ballast.images.decode import ORIENTATION
from ballast.images.nvjpeg import encoded
from ballast.images.store import load_store
from ballast.runtime.philox import Stream
from ballast.selection import mak
from ballast.selection.choose import Evidence, choose
from ballast.selection.kcenter import kcenter_greedy
from ballast.selection.nearest import nearest_to_centres
from ballast.selection.proximity import distance_to_centres
from ballast.sources.listing import folder
from ballast.sources.reading import read
from ballast.tailness.ecle import ecle
from tests.device.gpu import logical_gpu
from tests.device.scene import AUGMENT, CUDA, NETWORK, SCENE, Disk
from tests.training.rows import PARAMS, trainer

ROWS = ("simclr", "mak", "bcl-colt", "guided")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with image files, and embeddings in several shards."""
    place = tmp_path_factory.mktemp("storage")
    rng = np.random.default_rng(0)
    for part, count in (("in_domain", 35), ("pool", 40)):
        (place / part).mkdir()
        for number in range(count):
            pixels = rng.integers(0, 255, (20, 28, 3), np.uint8)
            Image.fromarray(pixels).save(place / part / f"{number:03}.jpg")
    for name, rows in (("h_pool", 300), ("h_in_domain", 40), ("view0", 300), ("view1", 300)):
        chance = torch.Generator().manual_seed(rows)
        save_shards(place / name, [normalize(torch.randn(rows, 8, generator=chance))], rows=100)
    return place


@pytest.mark.parametrize("where", ["files", "cache"])
def test_trainings_on_images_that_are_decoded_on_demand(place, where):
    stores = []
    for part in ("in_domain", "pool"):
        read(place / where / part, folder(place / part, labelled=False), {"size": 8, "short": 12, "where": where})
        stores.append(load_store(place / where / part))
    for row in ROWS:
        with logical_gpu() as found:
            trainer(PARAMS, row, SCENE._replace(in_domain=stores[0], pool=stores[1])).train(Disk())
        assert not found.errors and not found.alerts


@pytest.fixture
def on_gpu(place, monkeypatch):
    """Image files that a GPU decodes, whose decoder here is the CPU's, and how many it has decoded."""
    read(place / "decoded", folder(place / "in_domain", labelled=False), {"size": 8, "short": 12, "where": "files"})
    decoded = []

    def decode_jpeg(data, mode=ImageReadMode.UNCHANGED, device="cpu", **kwargs):
        if isinstance(data, torch.Tensor):
            return cpus_decoder(data, mode, **kwargs)
        decoded.extend(data)
        return [cpus_decoder(item, mode).to(device) for item in data]

    monkeypatch.setattr("torchvision.io.decode_jpeg", decode_jpeg)
    return load_store(place / "decoded", decode="cuda"), decoded


def views_of(images, device):
    """Return 70 random crops of 35 images, without color."""
    draws = contrastive(torch.arange(35), range(2), images.height, images.width, replace(AUGMENT, blur=0.0, jitter=[
        0.0] * 4, gray=0.0), Stream(1, "test")).rows(torch.arange(35))
    return images.to(device).views(torch.arange(35).repeat(2), draws)


def test_files_that_the_gpu_decodes_give_the_same_views_within_two_levels(on_gpu):
    images, decoded = on_gpu
    expected = views_of(images, torch.device("cpu"))
    with logical_gpu() as found:
        views = views_of(images, CUDA).cpu()
    assert len(decoded) == 35 and not found.errors
    torch.testing.assert_close(views, expected, rtol=0, atol=2.1 / 255)


def test_what_the_gpu_refuses_the_cpu_decodes(on_gpu, monkeypatch):
    images, _ = on_gpu
    expected = views_of(images, torch.device("cpu"))

    def refuses(data, **kwargs):
        if isinstance(data, list):
            raise RuntimeError("unsupported")
        return cpus_decoder(data, **kwargs)

    monkeypatch.setattr("torchvision.io.decode_jpeg", refuses)
    with logical_gpu():
        assert torch.equal(views_of(images, CUDA).cpu(), expected)


def test_only_upright_jpeg_files_go_to_the_gpu(tmp_path):
    image = Image.fromarray(np.zeros((4, 6, 3), np.uint8))
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    image.save(tmp_path / "a.jpg")
    image.save(tmp_path / "turned.jpg", exif=exif)
    image.save(tmp_path / "a.png")
    image.convert("CMYK").save(tmp_path / "print.jpg")
    (tmp_path / "broken.jpg").write_bytes(b"no image")
    sent = [path.name for path in sorted(tmp_path.iterdir()) if encoded(path) is not None]
    assert sent == ["a.jpg"] and encoded(tmp_path / "gone.jpg") is None and encoded("images.npy#3") is None


@pytest.mark.parametrize("limit", [1, 1 << 30], ids=["streamed", "held"])
def test_selections_from_embeddings(place, limit):
    with logical_gpu() as found:
        in_domain = load_shards(place / "h_in_domain", CUDA)
        pool = load_shards(place / "h_pool", CUDA, limit)
        _, centres = kmeans(in_domain, 5)
        distance = distance_to_centres(pool, centres)
        tailness = ecle([load_shards(place / name, CUDA, limit) for name in ("view0", "view1")], 0.2, 1, 64, 1, CUDA)
        chosen, *_ = nearest_to_centres(pool, centres, torch.tensor([5, 6, 7, 0, 2], device="cuda"))
        q = mak.score(tailness, distance, 0.3)
        assert chosen.device.type == distance.device.type == mak.select(q, pool, in_domain, 20, 1.5).device.type
    assert not found.errors and not found.alerts


@pytest.mark.parametrize("rule", ["hkmeans", "semdedup", "retrieval", "facility"])
@pytest.mark.parametrize("limit", [1, 1 << 30], ids=["streamed", "held"])
def test_rules_of_the_curation_literature(place, rule, limit):
    small = {"hkmeans": {"clusters": [8, 2]}, "semdedup": {"cells": 2}, "retrieval": {"clusters": 3}}
    selection = build_settings(BY_RULE[rule], {"rule": rule, "of": "all", "by": "embed", **small.get(rule, {})})
    with logical_gpu() as found:
        pool = load_shards(place / "h_pool", CUDA, limit)
        chosen = choose(selection, Evidence(len(pool), load_shards(place / "h_in_domain", CUDA), pool), 10, 1)
    assert not found.errors and not found.alerts and chosen["pool"].nunique() == 10


def test_a_pick_of_kcenter_waits_for_nothing(place):
    with logical_gpu() as found:
        in_domain, pool = (load_shards(place / name, CUDA) for name in ("h_in_domain", "h_pool"))
        found.clear()
        kcenter_greedy(pool, in_domain, 20)
    assert not found.errors and not found.waits


def test_the_command_that_embeds(place, monkeypatch):
    monkeypatch.setenv("BALLAST_DEVICE", "cuda")
    save_model(build(NETWORK, 3, 1), place / "encoder", 8, 12)
    with logical_gpu() as found:
        cli.main(["embed", "--encoder", f"{place}/encoder/encoder.safetensors", "--images", f"{place}/pool", "--out",
                  f"{place}/features.npy"])
    assert not found.errors and len(np.load(place / "features.npy")) == 40
