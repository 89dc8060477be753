"""Of two thousand files of every format and fault, the good ones are read and the bad ones named with a reason."""

import hashlib
import io
import os
import signal

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from ballast.images.folder import read_files
from ballast.images.store import load_store
from ballast.runtime.errors import BallastError
from ballast.sources import reading
from ballast.sources.listing import Listing, folder
from ballast.sources.reading import read, read_all
from tests.images.examples import bomb, smooth

SOURCE = {"size": 16}


def encoded(kind, mode="RGB", side=(30, 24), **options):
    buffer = io.BytesIO()
    picture = Image.fromarray(smooth(*side))
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(picture.convert("L"), np.uint16) << 8)
    else:
        picture = picture.convert(mode)
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def rotated():
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded("JPEG", exif=exif)


JPEG = encoded("JPEG", quality=90)
GOOD = {
    "jpeg.jpg": JPEG, "upper.JPEG": JPEG, "gray.jpg": encoded("JPEG", "L"), "cmyk.jpg": encoded("JPEG", "CMYK"),
    "progressive.jpg": encoded("JPEG", progressive=True), "turned.jpg": rotated(),
    "png.png": encoded("PNG"), "gray.png": encoded("PNG", "L"), "palette.png": encoded("PNG", "P"),
    "alpha.png": encoded("PNG", "RGBA"), "gray-alpha.png": encoded("PNG", "LA"), "16bit.png": encoded("PNG", "I;16"),
    "bits.png": encoded("PNG", "1"), "webp.webp": encoded("WEBP"), "bmp.bmp": encoded("BMP"), "gif.gif": encoded("GIF"),
    "tif.tif": encoded("TIFF"), "cmyk.tif": encoded("TIFF", "CMYK"), "16bit.tif": encoded("TIFF", "I;16"),
    "wide.png": encoded("PNG", side=(20, 300)), "small.png": encoded("PNG", side=(2, 3)),
    "misnamed.jpg": encoded("PNG"), "large.jpg": encoded("JPEG", side=(400, 500)),
}
BAD = {
    "truncated.jpg": (JPEG[:-60], "damaged: image file is truncated"),
    "short.png": (encoded("PNG")[:60], "damaged: "),
    "empty.jpg": (b"", "empty file"),
    "text.jpg": (b"this is no image", "not an image (JPEG, PNG, WEBP, BMP, GIF, TIFF)"),
    "page.png": (b"<html>404</html>", "not an image"),
    "dot.png": (encoded("PNG", side=(1, 1)), "1x1 pixels, too small"),
    "line.png": (encoded("PNG", side=(1, 50)), "50x1 pixels, too small"),
    "bomb.png": (bomb(60_000), "more than 64 million pixels"),
    "big.png": (bomb(9_000), "more than 64 million pixels"),
    "program.jpg": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not an image"),
    "floats.tif": (encoded("TIFF", "F"), "pixels are floating-point numbers"),
}
COPIES = 59  # of 34 kinds: 2,006 files


def statuses(manifest):
    """By kind of file, all the statuses that its copies have."""
    kind = manifest["path"].str.split("/").str[-1]
    return manifest["status"].groupby(kind).unique()


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    root, store = tmp_path_factory.mktemp("files"), tmp_path_factory.mktemp("store")
    for copy in range(COPIES):
        (root / f"{copy:02}").mkdir()
        for name, content in {**GOOD, **{name: content for name, (content, _) in BAD.items()}}.items():
            (root / f"{copy:02}" / name).write_bytes(content)
    return store, read(store, folder(str(root), labelled=False), SOURCE)


def test_all_two_thousand_have_a_row_in_their_order(pool):
    _, manifest = pool
    assert len(manifest) == COPIES * (len(GOOD) + len(BAD)) > 2000
    assert manifest["path"].is_monotonic_increasing and manifest["path"].is_unique
    assert list(manifest.columns) == ["row", "path", "height", "width", "bytes", "hash", "status"]


@pytest.mark.parametrize("name", GOOD)
def test_every_kind_of_image_is_read(pool, name):
    assert statuses(pool[1])[name].tolist() == ["ok"]


@pytest.mark.parametrize("name", BAD)
def test_every_fault_is_left_out_with_its_reason(pool, name):
    (status,) = statuses(pool[1])[name]
    assert status.startswith(BAD[name][1]) and "\n" not in status
    own = pool[1][pool[1]["path"].str.endswith(f"/{name}")]
    assert own["row"].isna().all() and (own["hash"] == "").all() and (own["bytes"] == len(BAD[name][0])).all()


def test_the_store_holds_the_good_ones_and_nothing_else(pool):
    store, manifest = pool
    good = manifest[manifest["status"] == "ok"]
    images = load_store(store)
    assert len(images) == len(good) == COPIES * len(GOOD) and images.images.shape[1:] == (3, 16, 16)
    assert good["row"].tolist() == np.flatnonzero(manifest["status"] == "ok").tolist()
    for number in range(0, len(good), 97):
        pixels = images.images[number].numpy().tobytes()
        assert good["hash"].iloc[number] == hashlib.blake2b(pixels, digest_size=16).hexdigest()
    array = np.load(store / "images.npy")
    assert len(array) == len(manifest) and not array[(manifest["status"] != "ok").to_numpy()].any()
    assert len(np.load(store / "thumbnails.npy")) == len(good)
    pd.testing.assert_frame_equal(read_files(store), good.drop(columns="status").reset_index(drop=True),
                                  check_dtype=False)
    sizes = good.assign(kind=good["path"].str.split("/").str[-1]).groupby("kind")[["width", "height"]].first()
    assert sizes.loc["jpeg.jpg"].tolist() == [24, 30] and sizes.loc["turned.jpg"].tolist() == [30, 24]
    assert sizes.loc["wide.png"].tolist() == [300, 20]


@pytest.mark.parametrize("where", ["cache", "files"])
def test_the_other_stores_read_and_leave_out_the_same(pool, tmp_path, where):
    one = folder(str((pool[1]["path"].iloc[0]).rsplit("/", 1)[0]), labelled=False)
    files = read(tmp_path, one, {**SOURCE, "where": where})
    assert (files["status"] == "ok").sum() == len(GOOD) == len(load_store(tmp_path))
    expected = pool[1][: len(files)]
    assert files[["hash", "status"]].to_numpy().tolist() == expected[["hash", "status"]].to_numpy().tolist()
    assert (tmp_path / "images.npy").exists() == (where == "cache")


@pytest.mark.parametrize("name", BAD)
def test_every_fault_among_in_domain_or_labelled_images_is_one_line(tmp_path, name):
    content, reason = BAD[name]
    for other in ("a.jpg", "z.jpg"):
        (tmp_path / other).write_bytes(JPEG)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BallastError) as error:
        read_all(tmp_path / "store", folder(str(tmp_path), labelled=False), SOURCE)
    text = str(error.value)
    assert text.startswith(f"{tmp_path}/{name}: {reason}") and "\n" not in text
    assert text.endswith("1 of 3 in-domain or labelled images cannot be used: repair or remove them")


def test_a_listed_file_that_is_not_there_is_a_fault_as_well(tmp_path):
    (tmp_path / "a.jpg").write_bytes(JPEG)
    files = read(tmp_path / "store", Listing(str(tmp_path), ["a.jpg", "gone.jpg"]), SOURCE)
    assert files["status"].tolist() == ["ok", "no such file"] and files["bytes"].tolist() == [len(JPEG), 0]


def test_a_short_side_of_null_is_the_size(tmp_path):
    (tmp_path / "a.jpg").write_bytes(JPEG)
    read(tmp_path / "store", Listing(str(tmp_path), ["a.jpg"]), {**SOURCE, "short": None})
    assert load_store(tmp_path / "store").short == 16


def test_nothing_at_all_is_an_empty_store(tmp_path):
    assert len(read(tmp_path, Listing("", []), SOURCE)) == 0 and len(load_store(tmp_path)) == 0


def test_pixels_in_memory_are_stored_as_they_are(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (2500, 1, 8, 8), np.uint8)
    manifest = read(tmp_path, images, {})
    assert np.array_equal(load_store(tmp_path).images, images) and (manifest["status"] == "ok").all()
    assert np.load(tmp_path / "thumbnails.npy").shape == (2500, 16, 16)


@pytest.mark.parametrize("parts", [0, 1])
def test_an_array_that_is_not_finished_has_no_name(tmp_path, monkeypatch, parts):
    """The reading is stopped before its first part is written, and after it."""
    def stopped(images, short):
        yield from [reading.part_of_files(images.paths(), short)] * parts
        raise KeyboardInterrupt

    (tmp_path / "0.jpg").write_bytes(JPEG)
    monkeypatch.setattr(reading, "parts_of_files", stopped)
    with pytest.raises(KeyboardInterrupt):
        read(tmp_path / "store", Listing(str(tmp_path), ["0.jpg"]), SOURCE)
    assert not list((tmp_path / "store").iterdir())


def test_many_files_are_read_by_processes_in_their_order(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "BLOCK", 2)
    for number in range(7):
        (tmp_path / f"{number}.png").write_bytes(b"no image" if number == 3 else encoded("PNG", side=(20 + number, 24)))
    manifest = read(tmp_path / "store", folder(str(tmp_path), labelled=False), SOURCE)
    assert manifest["height"].tolist() == [20, 21, 22, 0, 24, 25, 26]
    assert manifest["row"].tolist() == [0, 1, 2, pd.NA, 4, 5, 6] and len(load_store(tmp_path / "store")) == 6


def test_a_process_that_is_killed_is_one_line_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "BLOCK", 1)
    monkeypatch.setattr(reading, "part_of_files", killed)
    listing = Listing(str(tmp_path), ["0.jpg", "1.jpg", "2.jpg"])
    with pytest.raises(BallastError, match="a process of this work was killed"):
        read(tmp_path / "store", listing, SOURCE)
    assert not list((tmp_path / "store").iterdir())


def killed(paths, short):
    """Take the place of what decodes; pickled by its name."""
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, full_disk):
    images = np.zeros((3000, 1, 8, 8), np.uint8)
    with full_disk(100_000), pytest.raises(BallastError, match=r"store/\w+\.npy: not written \(File too large\)"):
        read(tmp_path / "store", images, {})
    assert not list((tmp_path / "store").iterdir())
    read(tmp_path / "store", images, {})
    assert len(load_store(tmp_path / "store")) == 3000


@pytest.mark.parametrize("where", ["memory", "cache", "files"])
def test_files_of_any_name_are_read_stored_and_read_back(tmp_path, where):
    for number, name in enumerate((b"caf\xe9.jpg", b"a\rb.png", b"c\nd.png", b"NA.png", b"x\\u0041.png", b"1,2\".png")):
        (tmp_path / "pool").mkdir(exist_ok=True)
        (tmp_path / "pool" / os.fsdecode(name)).write_bytes(encoded("PNG", side=(20 + number, 24)))
    files = read(tmp_path / "store", folder(str(tmp_path / "pool"), labelled=False), {**SOURCE, "where": where})
    assert (files["status"] == "ok").all()
    back = read_files(tmp_path / "store")
    assert back["path"].tolist() == files["path"].tolist() and sorted(back["height"]) == list(range(20, 26))
    images = load_store(tmp_path / "store")
    assert images.views(torch.arange(6)).shape == (6, 3, 16, 16)
