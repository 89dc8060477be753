"""Stores in memory, in a cache and in files give the same views, decode once, and survive writing and reading."""

import numpy as np
import pytest
import torch
from PIL import Image

from ballast.augment.draws import contrastive, labelled
from ballast.config.profile import Augment
from ballast.images import ondisk as module
from ballast.images.folder import read_files, restrict
from ballast.images.store import OnDisk, Resident, load_store, save_store
from ballast.runtime.errors import BallastError
from ballast.runtime.philox import Stream
from ballast.sources.listing import Listing
from ballast.sources.reading import read
from tests.images.examples import files

AUGMENT = Augment(crop=[0.2, 1.0], flip=0.5, jitter=[0.4, 0.4, 0.4, 0.1], jitter_p=0.8, gray=0.2, blur=0.5,
                  blur_sigma=[0.1, 2.0])


def stored(tmp_path, where, size=16, short=20, **given):
    folder = tmp_path / where
    read(folder, files(tmp_path / "files", **given), {"size": size, "short": short, "where": where})
    return load_store(folder)


@pytest.mark.parametrize("where", ["memory", "cache", "files"])
def test_the_middle_is_what_resize_and_centre_crop_show(tmp_path, where):
    images = stored(tmp_path, where)
    seen = images.views(torch.arange(6))
    assert seen.shape == (6, 3, 16, 16) and seen.dtype == torch.float32 and len(images) == 6 and images.channels == 3
    for number, view in enumerate(seen):
        picture = Image.open(tmp_path / f"files/{number}.png")
        scale = 20 / min(picture.size)
        whole = picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.Resampling.BICUBIC)
        left, top = (whole.width - 16) // 2, (whole.height - 16) // 2
        expected = np.asarray(whole.crop((left, top, left + 16, top + 16))).transpose(2, 0, 1) / 255
        np.testing.assert_allclose(view, expected, atol=0.04)  # the middle may be half a pixel off


def test_augmented_views_from_files_are_those_from_memory(tmp_path):
    """Square files at the stored size: all three stores have the same pixels to cut from, up to rounding to 8 bits."""
    draws = contrastive(torch.arange(6), range(2), 20, 20, AUGMENT, Stream(0, "test"))
    rows = torch.arange(6)
    views = {}
    for where in ("memory", "cache", "files"):
        images = stored(tmp_path, where, sides=((20, 20),))
        views[where] = images.views(rows.repeat(2), draws.rows(rows))
        assert views[where].shape == (12, 3, 16, 16)
    assert torch.equal(views["cache"], views["files"])
    assert (views["memory"] - views["files"]).abs().max() < 0.03


def test_boxes_are_drawn_for_the_size_of_each_file(tmp_path):
    images = stored(tmp_path, "files")
    assert images.height.tolist()[:3] == [40, 48, 64] and images.width.tolist()[:3] == [60, 40, 64]
    box = contrastive(torch.arange(6), range(50), images.height, images.width, AUGMENT, Stream(0, "test")).box
    bottom, right = (box[..., 0] + box[..., 2]).amax(1), (box[..., 1] + box[..., 3]).amax(1)
    assert (bottom <= images.height).all() and (right <= images.width).all()
    assert (bottom > 0.9 * images.height).all() and (right > 0.9 * images.width).all()
    share = box[..., 2] * box[..., 3] / (images.height * images.width)[:, None]
    assert 0.15 < share.min() < 0.3 and 0.9 < share.max() <= 1.0
    draws = labelled(torch.arange(6), images.height, images.width, [0.2, 1.0], 0.5, Stream(0, "x"))
    assert draws.box.shape == (6, 1, 4)


def test_an_image_of_several_views_is_decoded_once_and_requests_come_in_order(tmp_path, monkeypatch):
    images, decoded = stored(tmp_path, "files"), []
    inner = module.crops
    monkeypatch.setattr(module, "crops", lambda path, *rest: decoded.append(path) or inner(path, *rest))
    rows = torch.tensor([3, 1, 3, 5, 1, 3])
    draws = contrastive(torch.arange(6), range(1), *images.sides(rows), AUGMENT, Stream(0, "test"))
    one = draws.rows(torch.arange(6))
    whole = images.views(rows, one)
    assert len(decoded) == 3
    for r, row in enumerate(rows):
        alone = images.views(row[None], one.map(lambda column, r=r: column[r : r + 1]))[0]
        torch.testing.assert_close(whole[r], alone, rtol=0, atol=1e-6)
    order = [torch.tensor([number % 6]) for number in range(20)]
    for index, view in zip(order, images.stream((index, None) for index in order)):
        assert torch.equal(view, images.views(index))


@pytest.mark.parametrize("where", ["memory", "cache", "files"])
def test_take_join_save_and_load_keep_the_images(tmp_path, where):
    images = stored(tmp_path, where)
    chosen = images.take(torch.tensor([4, 0])).join(images.take(torch.tensor([2])))
    expected = images.views(torch.tensor([4, 0, 2]))
    assert len(chosen) == 3 and torch.equal(chosen.views(torch.arange(3)), expected)
    save_store(chosen, tmp_path / "chosen")
    again = load_store(tmp_path / "chosen")
    assert type(again) is type(images) and torch.equal(again.views(torch.arange(3)), expected)
    assert torch.equal(again.take(torch.tensor([1])).views(torch.tensor([0])), expected[1:2])


@pytest.mark.parametrize("where", ["memory", "cache", "files"])
def test_a_restricted_store_is_the_rest_of_its_images(tmp_path, where):
    images = stored(tmp_path, where)
    restrict(tmp_path / where, np.array([1, 4, 5]))
    assert torch.equal(load_store(tmp_path / where).views(torch.arange(3)), images.views(torch.tensor([1, 4, 5])))
    assert [path[-5:] for path in read_files(tmp_path / where)["path"]] == ["1.png", "4.png", "5.png"]


def test_a_file_that_broke_since_it_was_read_is_one_line(tmp_path):
    images = stored(tmp_path, "files")
    (tmp_path / "files/2.png").write_bytes(b"")
    with pytest.raises(BallastError, match=r"2.png: expected the image .* \(empty file\); run `dvc repro -f images"):
        images.views(torch.arange(6))


def test_stored_bytes_do_not_depend_on_where_the_repository_is(tmp_path, monkeypatch):
    stores = []
    listing = Listing("data", [f"{number}.png" for number in range(6)])
    for place in ("one", "two"):
        monkeypatch.setenv("DVC_ROOT", str(tmp_path / place))
        files(tmp_path / place / "data")
        read(tmp_path / place / "store", listing, {"size": 16, "where": "files"})
        stores.append({path.name: path.read_bytes() for path in (tmp_path / place / "store").iterdir()})
    assert stores[0] == stores[1] and set(stores[0]) == {"store.json", "files.csv", "thumbnails.npy"}


def test_stores_know_where_they_are():
    images = Resident(torch.zeros(2, 1, 8, 8, dtype=torch.uint8))
    assert images.device.type == "cpu" and images.size == 8
    far = OnDisk(np.array(["x"], object), torch.tensor([9]), torch.tensor([9]), 8, 8).to(torch.device("meta"))
    assert far.device.type == "meta" and far.take(torch.tensor([0])).device.type == "meta"


def test_names_that_look_like_something_else_are_kept(tmp_path, monkeypatch):
    """pandas would read these as missing or as numbers."""
    monkeypatch.setenv("DVC_ROOT", str(tmp_path / "files"))
    listing = files(tmp_path / "files", 3)
    names = ["NA", "007", "x.npy#1.png"]
    for old, new in zip(listing.files, names):
        (tmp_path / "files" / old).rename(tmp_path / "files" / new)
    read(tmp_path / "store", Listing("", names), {"size": 16, "where": "files"})
    restrict(tmp_path / "store", np.array([0, 1, 2]))
    assert read_files(tmp_path / "store")["path"].tolist() == names
    assert load_store(tmp_path / "store").views(torch.arange(3)).shape == (3, 3, 16, 16)
