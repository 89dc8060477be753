"""Every batched operation gives what PIL, torchvision or scipy give image by image."""

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter
from torchvision.transforms import functional as tv

from ballast.augment import views
from ballast.augment.draws import contrastive
from ballast.runtime.philox import Stream
from tests.augment.examples import AUGMENT, NOTHING, pictures


def to_pil(picture):
    return Image.fromarray((picture.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8))


@pytest.mark.parametrize("size", [32, 20, 48])
def test_resized_crop_is_pils_bicubic(size):
    images = pictures()
    images = (images * 255).round() / 255
    box = torch.tensor([[0, 0, 32, 32], [3, 5, 20, 11], [10, 0, 7, 9], [0, 20, 32, 12], [31, 31, 1, 1], [2, 2, 28, 30]])
    flip = torch.tensor([False, True, False, True, False, True])
    result = views.resized_crop(images, box.float(), flip, size).clamp(0, 1)
    for picture, (top, left, height, width), mirrored, got in zip(images, box.tolist(), flip, result):
        expected = to_pil(picture).crop((left, top, left + width, top + height)).resize(
            (size, size), Image.Resampling.BICUBIC)
        expected = tv.to_tensor(tv.hflip(expected) if mirrored else expected)
        assert (got - expected).abs().max() < 1.6 / 255  # PIL rounds to bytes between its two passes


def test_a_box_over_the_border_is_a_crop_padded_with_zeros():
    images = pictures(4)
    corners = [(-4, 3), (0, 0), (4, -4), (2, 4)]
    box = torch.tensor([[top, left, 32, 32] for top, left in corners]).float()
    result = views.resized_crop(images, box, torch.zeros(4, dtype=torch.bool), 32)
    for picture, (top, left), got in zip(images, corners, result):
        padded = tv.pad(picture, 4)
        torch.testing.assert_close(got, padded[:, 4 + top : 36 + top, 4 + left : 36 + left], rtol=0, atol=1e-5)


def test_blur_is_a_gaussian_with_replicated_borders():
    images, sigma = pictures(), torch.tensor([0.0, 0.1, 0.5, 1.0, 1.5, 2.0])
    result = views.gaussian_blur(images, sigma)
    for picture, s, got in zip(images, sigma.tolist(), result):
        expected = gaussian_filter(picture.numpy(), (0, s, s), mode="nearest", truncate=8) if s else picture.numpy()
        np.testing.assert_allclose(got.numpy(), expected, atol=1e-4)


def test_blur_is_torchvisions_away_from_the_borders():
    images, sigma = pictures(), torch.tensor([0.3, 0.7, 1.0, 1.3, 1.7, 2.0])
    result = views.gaussian_blur(images, sigma)
    for picture, s, got in zip(images, sigma.tolist(), result):
        expected = tv.gaussian_blur(picture, [21, 21], [s, s])  # reflects where we replicate
        torch.testing.assert_close(got[:, 10:-10, 10:-10], expected[:, 10:-10, 10:-10], rtol=0, atol=1e-4)


def test_a_batch_is_its_images_one_by_one():
    images = (pictures() * 255).byte()
    draws = contrastive(torch.arange(6), range(2), 32, 32, AUGMENT, Stream(0, "test")).rows(torch.arange(6))
    together = views.augment(images.repeat(2, 1, 1, 1), draws, 32)
    assert together.min() >= 0 and together.max() <= 1
    for i in range(12):
        alone = views.augment(images[i % 6 : i % 6 + 1], draws.map(lambda column, i=i: column[i : i + 1]), 32)
        torch.testing.assert_close(together[i], alone[0], rtol=0, atol=1e-5)


def test_an_augmentation_without_any_step_gives_the_image():
    images = (pictures(6, 1) * 255).byte()
    draws = contrastive(torch.arange(6), range(1), 32, 32, NOTHING, Stream(0, "test"))
    draws = draws._replace(box=torch.tensor([0.0, 0, 32, 32]).expand(6, 1, 4)).rows(torch.arange(6))
    torch.testing.assert_close(views.augment(images, draws, 32), images.float() / 255, rtol=0, atol=1e-5)
