"""Batched color jitter and gray give what torchvision gives image by image."""

import pytest
import torch
from torchvision.transforms import functional as tv

from ballast.augment import color
from tests.augment.examples import pictures


@pytest.mark.parametrize("seed", range(4))
def test_color_jitter_is_torchvisions_in_each_images_own_order(seed):
    torch.manual_seed(seed)
    images = pictures(24)
    factors = torch.cat([0.6 + 0.8 * torch.rand(24, 3), 0.2 * torch.rand(24, 1) - 0.1], 1)
    order = torch.stack([torch.randperm(3) for _ in range(24)])
    hue_position = torch.randint(4, (24,))
    result = color.color_jitter(images, factors, order, hue_position)
    operations = [tv.adjust_brightness, tv.adjust_contrast, tv.adjust_saturation]
    for i, picture in enumerate(images):
        steps = [(operations[o], factors[i, o].item()) for o in order[i].tolist()]
        steps.insert(hue_position[i].item(), (tv.adjust_hue, factors[i, 3].item()))
        for operation, factor in steps:
            picture = operation(picture, factor)
        torch.testing.assert_close(result[i], picture, rtol=0, atol=2e-4)


def test_one_channel_jitter_is_brightness_and_contrast():
    images = pictures(5, channels=1)
    factors = torch.tensor([[0.7, 1.3, 0.5, 0.1]]).repeat(5, 1)
    order = torch.tensor([[1, 2, 0]]).repeat(5, 1)
    result = color.color_jitter(images, factors, order, torch.zeros(5, dtype=torch.long))
    for picture, got in zip(images, result):
        torch.testing.assert_close(got, tv.adjust_brightness(tv.adjust_contrast(picture, 1.3), 0.7), rtol=0, atol=1e-5)


def test_neutral_factors_leave_the_image_as_it_is():
    images = pictures()
    neutral = torch.tensor([[1.0, 1.0, 1.0, 0.0]]).repeat(6, 1)
    order = torch.arange(3).repeat(6, 1)
    result = color.color_jitter(images, neutral, order, torch.ones(6, dtype=torch.long))
    torch.testing.assert_close(result, images, rtol=0, atol=1e-6)


def test_gray_is_torchvisions():
    images = pictures()
    expected = torch.stack([tv.rgb_to_grayscale(picture) for picture in images])
    torch.testing.assert_close(color.grayscale(images), expected)
