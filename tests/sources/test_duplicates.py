"""Pool images that repeat a reference image are found, others are not."""

import io

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter

from ballast.sources import duplicates
from ballast.sources.duplicates import nearest_reference, thumbnails


def pictures(count, seed):
    """Make smooth pictures whose channels correlate, as those of a photograph do."""
    rng = np.random.default_rng(seed)
    noise = gaussian_filter(rng.random((count, 1, 32, 32)) + 0.3 * rng.random((count, 3, 32, 32)), (0, 0, 2, 2))
    low, high = noise.min((1, 2, 3), keepdims=True), noise.max((1, 2, 3), keepdims=True)
    return (255 * (noise - low) / (high - low)).astype(np.uint8)


def seen(images):
    """Return what a store keeps of its images for the comparison."""
    return thumbnails(images).astype(np.float16), np.array([image.tobytes() for image in images], object)


def as_jpeg(image, size=32, quality=80):
    buffer = io.BytesIO()
    Image.fromarray(image.transpose(1, 2, 0)).resize((size, size)).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer).resize((32, 32))).transpose(2, 0, 1)


@pytest.mark.parametrize("block", [duplicates.BLOCK_VALUES, 150, 1])
def test_copies_are_found_also_re_encoded_darker_and_larger(block, monkeypatch):
    monkeypatch.setattr(duplicates, "BLOCK_VALUES", block)  # three rows of cosines at once, or one
    reference, pool = pictures(50, 0), pictures(40, 1)
    changed = {3: reference[7], 11: as_jpeg(reference[8]), 20: (reference[9] * 0.7 + 20).astype(np.uint8),
               30: as_jpeg(reference[10], size=64)}
    for row, image in changed.items():
        pool[row] = image
    index, cosine = nearest_reference(*seen(pool), *seen(reference))
    assert {int(row): int(index[row]) for row in np.flatnonzero(cosine >= 0.98)} == {3: 7, 11: 8, 20: 9, 30: 10}
    assert cosine[3] == 1


def test_flat_images_are_alike_only_with_the_same_pixels():
    reference = np.full((3, 3, 16, 16), 200, np.uint8)
    reference[1] = 10
    pool = np.full((2, 3, 16, 16), 10, np.uint8)
    pool[1] = 11
    index, cosine = nearest_reference(*seen(pool), *seen(reference))
    assert index[0] == 1 and cosine.tolist() == [1.0, 0.0]


@pytest.mark.parametrize("shape", [(4, 1, 16, 16), (4, 1, 8, 8), (4, 3, 32, 32), (4, 3, 17, 17), (4, 3, 100, 100)])
def test_thumbnails_are_torchs_pooling_of_the_gray_image(shape):
    images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    gray = torch.from_numpy(images).float().mean(1, keepdim=True)
    expected = torch.nn.functional.adaptive_avg_pool2d(gray, duplicates.SIDE).squeeze(1)
    np.testing.assert_allclose(thumbnails(images), expected.numpy(), rtol=1e-6)
