"""The fifteen operations are PIL's, and their strength and probability follow memorization."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from ballast.augment import randaugment as module
from ballast.runtime.philox import Stream


def by_pil(name, image, value):
    """Apply one operation to a PIL image as BCL's code does."""
    w, h = image.size
    move = lambda *matrix: image.transform(image.size, Image.AFFINE, matrix)  # noqa: E731
    enhance = {"contrast": ImageEnhance.Contrast, "color": ImageEnhance.Color, "brightness": ImageEnhance.Brightness,
               "sharpness": ImageEnhance.Sharpness}
    if name in enhance:
        return enhance[name](image).enhance(value)
    return {
        "shear_x": lambda: move(1, value, 0, 0, 1, 0), "shear_y": lambda: move(1, 0, 0, value, 1, 0),
        "translate_x": lambda: move(1, 0, value * w, 0, 1, 0), "translate_y": lambda: move(1, 0, 0, 0, 1, value * h),
        "rotate": lambda: image.rotate(value), "autocontrast": lambda: ImageOps.autocontrast(image),
        "invert": lambda: ImageOps.invert(image), "equalize": lambda: ImageOps.equalize(image),
        "solarize": lambda: ImageOps.solarize(image, value), "posterize": lambda: ImageOps.posterize(image, int(value)),
    }[name]()


def images(count, channels=3, side=24):
    """Make smooth noise with plateaus, on which every operation has an effect."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (count, 6, 6, 3), dtype=np.uint8)
    resized = [np.asarray(Image.fromarray(c).resize((side, side), Image.BICUBIC)) for c in coarse]
    array = np.stack(resized)
    return array if channels == 3 else array[..., :1]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", [name for name in module.NAMES if name != "cutout"])
def test_every_operation_is_pils(name, channels):
    count, (low, high) = 12, module.RANGES[name]
    array = images(count, channels)
    values = torch.linspace(low, high, count)
    if name in module.SIGNED:
        values = values * 0.997 + 1e-3  # no row of pixel centres falls exactly between two pixels
        values[::2] *= -1
    result = module.randaugment(torch.from_numpy(array).permute(0, 3, 1, 2) / 255,
                            torch.full((count, 1), module.NAMES.index(name)), values[:, None], torch.zeros(count, 1, 2))
    result = (255 * result).permute(0, 2, 3, 1).numpy()
    for picture, value, mine in zip(array, values.tolist(), result):
        pil = Image.fromarray(picture.squeeze() if channels == 1 else picture)
        expected = np.asarray(by_pil(name, pil, value), dtype=float).reshape(mine.shape)
        # PIL rounds the gray or the smoothed image, then truncates: up to two levels; its geometry is in fixed point.
        assert (np.abs(mine - expected) > 2.01).mean() < 0.01, (name, value)


def test_sharpness_blurs_at_zero():
    array = images(1)
    result = module.smooth(torch.from_numpy(array).permute(0, 3, 1, 2).float())
    expected = np.asarray(Image.fromarray(array[0]).filter(ImageFilter.SMOOTH), dtype=float)
    assert np.abs(result[0].permute(1, 2, 0).numpy() - expected).max() <= 0.51


def test_cutout_is_a_filled_square_around_its_place():
    out = module.randaugment(torch.zeros(2, 3, 20, 20), torch.full((2, 1), module.NAMES.index("cutout")),
                          torch.full((2, 1), 0.4), torch.tensor([[[0.5, 0.25]], [[0.0, 0.0]]]))
    covered = out[:, 0] > 0
    assert covered[0].nonzero().amin(0).tolist() == [6, 1] and covered[0].nonzero().amax(0).tolist() == [14, 9]
    assert covered[1].sum() == 81 and covered[1, :9, :9].all()
    torch.testing.assert_close(out[0, :, 10, 5], torch.tensor(module.FILL))


def test_operations_apply_in_turn_and_none_leaves_the_image():
    picture = torch.from_numpy(images(2)).permute(0, 3, 1, 2) / 255
    invert, none = module.NAMES.index("invert"), -1
    operation = torch.tensor([[invert, invert], [invert, none]])
    out = module.randaugment(picture, operation, torch.zeros(2, 2), torch.zeros(2, 2, 2))
    torch.testing.assert_close(out[0], picture[0])
    torch.testing.assert_close(out[1], 1 - picture[1])


def test_probability_and_strength_follow_memorization():
    m = torch.tensor([0.0, 0.5, 1.0]).repeat_interleave(3000)
    operation, value, _ = module.draw_operations(torch.arange(len(m)), m, range(2), 1, Stream(0))
    applied = (operation >= 0).view(3, -1).float().mean(1)
    torch.testing.assert_close(applied, torch.tensor([0.0, 0.5, 1.0]), atol=0.02, rtol=0)
    counts = torch.bincount(operation[operation >= 0], minlength=15)
    assert (counts - counts.sum() / 15).abs().max() < 6 * (counts.sum() / 15).sqrt()
    rotation = operation == module.NAMES.index("rotate")
    asked = (2 * (10 + 20 * m))[:, None, None].expand_as(value)
    torch.testing.assert_close(value[rotation].abs(), asked[rotation])
    assert 0.4 < (value[rotation] < 0).float().mean() < 0.6


def test_two_operations_share_one_scale_of_strength_between_the_views():
    m = torch.full((4000,), 0.8)
    operation, value, _ = module.draw_operations(torch.arange(len(m)), m, range(2), 2, Stream(0))
    rotation = operation == module.NAMES.index("rotate")
    strength = value.abs() / 2
    assert strength[rotation].min() >= 5 and strength[rotation].max() < 25 and 14 < strength[rotation].mean() < 16
    both = rotation[:, 0].any(1) & rotation[:, 1].any(1)
    first, second = (torch.where(rotation[both][:, view], strength[both][:, view], 0).amax(1) for view in (0, 1))
    assert both.sum() > 20 and (first - second).abs().max() < 1e-5
