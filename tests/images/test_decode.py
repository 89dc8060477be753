"""Every kind of image file becomes the RGB that a person sees, and every error has its reason."""

import io

import numpy as np
import pytest
from PIL import Image

from ballast.images import decode as module
from ballast.images.decode import DecodeError, decode, decode_all, read
from tests.images.examples import bomb, smooth, written

RED, SIDE = (200, 40, 60), 24


def picture(mode="RGB"):
    return Image.new("RGB", (SIDE, SIDE), RED).convert(mode)


GRAY = round(0.299 * RED[0] + 0.587 * RED[1] + 0.114 * RED[2])


@pytest.mark.parametrize(("name", "image", "expected"), [
    ("rgb.png", picture(), RED), ("rgb.jpg", picture(), RED), ("rgb.webp", picture(), RED), ("rgb.bmp", picture(), RED),
    ("gray.png", picture("L"), (GRAY,) * 3), ("gray.jpg", picture("L"), (GRAY,) * 3),
    ("palette.png", picture("P"), RED), ("palette.gif", picture("P"), RED), ("cmyk.jpg", picture("CMYK"), RED),
    ("cmyk.tif", picture("CMYK"), RED), ("alpha.png", picture("RGBA"), RED), ("one.png", picture("1"), None),
    ("gray-alpha.png", picture("LA"), (GRAY,) * 3),
    ("16bit.png", Image.fromarray(np.full((SIDE, SIDE), 0x8000, np.uint16)), (128,) * 3),
    ("16bit.tif", Image.fromarray(np.full((SIDE, SIDE), 0x4000, np.uint16)), (64,) * 3)])
def test_every_kind_is_rgb(tmp_path, name, image, expected):
    pixels = decode(written(tmp_path / name, image), 8).pixels
    assert pixels.dtype == np.uint8 and pixels.shape == (3, 8, 8) and pixels.flags.c_contiguous
    if expected:
        assert np.abs(pixels.mean((1, 2)) - expected).max() < (24 if "palette" in name else 6)


def test_exif_rotation_is_applied(tmp_path):
    image = Image.new("RGB", (32, 32), "black")
    image.paste((255, 255, 255), (0, 0, 32, 8))  # bright above
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise: bright on the right
    pixels = decode(written(tmp_path / "turned.jpg", image, exif=exif, quality=95), 32).pixels
    assert pixels[:, :, -6:].mean() > 240 and pixels[:, :, :20].mean() < 15


def test_short_side_is_resized_and_the_middle_taken(tmp_path):
    array = np.zeros((20, 60, 3), np.uint8)
    array[:, 20:40] = 255
    pixels, width, height = decode(written(tmp_path / "wide.png", Image.fromarray(array)), 10)
    assert (width, height) == (60, 20)
    assert pixels[:, :, 1:-1].min() > 240
    assert decode(written(tmp_path / "small.png", picture().resize((4, 4))), 16).pixels.shape == (3, 16, 16)


def jpeg():
    buffer = io.BytesIO()
    picture().resize((200, 200)).save(buffer, "JPEG")
    return buffer.getvalue()


FAULTS = {
    "empty.jpg": (b"", "empty file"),
    "text.jpg": (b"this is no image\n" * 9, "not an image"),
    "program.jpg": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not an image"),
    "truncated.jpg": (jpeg()[: len(jpeg()) // 2], "damaged: image file is truncated"),
    "large.png": (bomb(9_000), "more than 64 million pixels"),
    "bomb.png": (bomb(60_000), "more than 64 million pixels"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_has_its_reason(tmp_path, name):
    content, reason = FAULTS[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DecodeError, match=reason):
        decode(tmp_path / name, 8)


def test_a_tiny_and_a_huge_and_a_missing_file_have_theirs(tmp_path, monkeypatch):
    with pytest.raises(DecodeError, match="1x1 pixels, too small"):
        decode(written(tmp_path / "dot.png", picture().resize((1, 1))), 8)
    with pytest.raises(DecodeError, match="no such file"):
        decode(tmp_path / "none.png", 8)
    monkeypatch.setattr(module, "MAX_BYTES", 10)
    with pytest.raises(DecodeError, match="MiB, more than"):
        decode(written(tmp_path / "big.png", picture()), 8)


def test_all_come_in_order_and_faults_in_their_place(tmp_path):
    paths = []
    for number in range(40):
        paths.append(tmp_path / f"{number}.png")
        if number % 7 == 3:
            paths[-1].write_bytes(b"")
        else:
            Image.new("RGB", (9, 9), (number, 0, 0)).save(paths[-1])
    results = list(decode_all(paths, 8))
    for number, image in enumerate(results):
        if number % 7 == 3:
            assert isinstance(image, DecodeError)
        else:
            assert image.pixels[0].min() == image.pixels[0].max() == number


def test_pixels_are_the_same_whatever_the_number_of_threads(tmp_path, monkeypatch):
    paths = [written(tmp_path / f"{number}.png", picture().resize((9 + number, 12))) for number in range(40)]
    results = []
    for threads in (1, 4):
        monkeypatch.setattr(module, "workers", lambda threads=threads: threads)
        results.append(np.stack([image.pixels for image in decode_all(paths, 8)]))
    assert np.array_equal(*results)


def test_a_coarser_decoding_has_all_the_pixels_asked_for(tmp_path):
    path = written(tmp_path / "a.jpg", Image.fromarray(smooth(300, 400)))
    image, width, height = read(path, (100, 75))
    assert image.size == (100, 75) and (width, height) == (400, 300)
    assert read(path, (101, 76))[0].size == (200, 150) and read(path)[0].size == (400, 300)


@pytest.mark.parametrize("shape", [(5, 9, 12), (5, 9, 12, 1), (5, 9, 12, 3), (5, 3, 9, 12), (5, 1, 9, 12)])
def test_a_row_of_an_array_is_an_image(tmp_path, shape):
    images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    np.save(tmp_path / "x.npy", images)
    image, width, height = read(tmp_path / "x.npy#3")
    assert (width, height) == (12, 9)
    expected = np.moveaxis(images[3], 0, -1) if shape[1] in (1, 3) else images[3].reshape(9, 12, -1)
    assert np.array_equal(np.asarray(image), np.broadcast_to(expected, (9, 12, 3)))


@pytest.mark.parametrize(("array", "row", "reason"), [
    (np.zeros((3, 1, 1, 3), np.uint8), 0, "1x1 pixels, too small"), (np.zeros((3, 0, 0, 3), np.uint8), 0, "0x0 pixels"),
    (np.zeros((3, 9, 9, 3), np.uint8), 3, "no image in an array"),
    (np.zeros((3, 9, 9)), 1, "expected uint8 pixels, got float64")])
def test_a_row_that_is_no_image_has_its_reason(tmp_path, array, row, reason):
    np.save(tmp_path / "x.npy", array)
    with pytest.raises(DecodeError, match=reason):
        decode(tmp_path / f"x.npy#{row}", 8)


def test_a_file_that_is_named_like_a_row_is_a_file(tmp_path):
    path = written(tmp_path / "x.npy#3.jpg", picture(), quality=95)
    assert decode(path, 8).width == SIDE
    with pytest.raises(DecodeError, match="no such file"):
        decode(tmp_path / "y.npy#3.jpg", 8)


def test_a_picture_of_a_camera_with_several_pictures_is_decoded_at_a_smaller_scale(tmp_path):
    image = Image.fromarray(smooth(300, 400))
    path = written(tmp_path / "phone.jpg", image, format="MPO", save_all=True, append_images=[image])
    assert Image.open(path).format == "MPO"
    assert read(path, (100, 75))[0].size == (100, 75) and read(path)[0].size == (400, 300)
