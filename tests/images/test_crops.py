"""Crops come from the right place at the right size, whichever decoder reads the file."""

import math

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms.v2.functional import resized_crop

from ballast.images import crops as module
from ballast.images.crops import crops
from ballast.images.decode import DecodeError, read
from tests.images.examples import smooth, written

WHOLE = np.array([[0, 0, 60, 40]], np.float32)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_parts_are_cut_from_the_picture_as_it_is_seen_also_by_a_coarser_decoding(tmp_path, suffix, turned):
    picture, exif = smooth(300, 400), Image.Exif()
    stored = picture
    if turned:
        stored, exif[0x0112] = np.rot90(picture), 6  # a quarter turn back, and the tag that undoes it
    quality = {"quality": 98} if suffix == "jpg" else {}
    path = written(tmp_path / f"a.{suffix}", Image.fromarray(stored), exif=exif, **quality)
    assert read(path)[1:] == (400, 300)
    boxes = np.array([[0, 0, 300, 400], [50, 100, 200, 200], [10, 300, 160, 80]], np.float32)
    parts = crops(path, boxes, 300, 400, 16)
    assert parts.shape == (3, 3, 16, 16) and parts.dtype == np.uint8
    for part, (top, left, height, width) in zip(parts, boxes):
        centre = (np.arange(16) + 0.5) / 16
        np.testing.assert_allclose(part[0], np.tile(255 * (top + height * centre[:, None]) / 300, 16), atol=4)
        np.testing.assert_allclose(part[1], np.tile(255 * (left + width * centre) / 400, (16, 1)), atol=4)


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_both_decoders_see_the_same(tmp_path, mode, monkeypatch):
    picture = np.random.default_rng(0).integers(0, 256, (8, 6, 3), np.uint8)
    image = Image.fromarray(picture).resize((40, 60), Image.Resampling.BICUBIC).convert(mode)
    path = written(tmp_path / "a.jpg", image, quality=95)
    fast = crops(path, WHOLE, 60, 40, 32)
    monkeypatch.setattr(module, "COARSE", math.inf)  # Pillow at every scale
    assert np.abs(fast.astype(int) - crops(path, WHOLE, 60, 40, 32)).max() <= 3


def test_a_part_is_torchvisions_resized_crop(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (60, 40, 3), np.uint8)
    path = written(tmp_path / "a.png", Image.fromarray(picture))
    parts = crops(path, np.array([[5, 7, 41, 30], [50, 30, 3, 2]], np.float32), 60, 40, 16)
    image = torch.from_numpy(picture).permute(2, 0, 1)
    for part, box in zip(parts, ((5, 7, 41, 30), (50, 30, 3, 2))):
        assert np.array_equal(part, resized_crop(image, *box, [16, 16], interpolation=3, antialias=True))


def test_the_slightest_part_is_a_pixel(tmp_path):
    path = written(tmp_path / "a.png", Image.fromarray(smooth(60, 40)))
    parts = crops(path, np.array([[59.6, 39.7, 0.2, 0.1]], np.float32), 60, 40, 4)
    assert parts.shape == (1, 3, 4, 4) and (parts[0, 0] == smooth(60, 40)[59, 39, 0]).all()


def test_a_damaged_file_has_its_reason(tmp_path):
    path = written(tmp_path / "a.jpg", Image.fromarray(smooth(60, 40)))
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(DecodeError, match="damaged: image file is truncated"):
        crops(path, WHOLE, 60, 40, 16)
    with pytest.raises(DecodeError, match="no such file"):
        crops(tmp_path / "none.jpg", WHOLE, 60, 40, 16)
