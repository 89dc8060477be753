"""Leaks by features: views of the evaluation images, and what is as similar as no other image is."""

import torch
from torch.nn.functional import normalize

from ballast.augment.views import augment
from ballast.images.resident import Resident
from ballast.suitability.leaks import leaks, view, views
from tests.suitability.test_measures import vectors


def test_leaks_are_found_in_every_view_and_named_by_their_image():
    x = vectors(500, 1, width=32)
    shown = [vectors(200, 4, width=32), vectors(200, 6, width=32)]
    copies = [normalize(z[:10] + 0.01 * vectors(10, 5, width=32)) for z in shown]
    pool = torch.cat([vectors(300, 2, width=32), *copies])
    found = leaks(pool, x, shown)
    assert set(range(300, 320)) <= set(found["pool"]) and len(found) < 25
    assert found.set_index("pool").loc[range(300, 320), "other"].tolist() == [*range(10), *range(10)]
    assert found["cosine"].is_monotonic_decreasing
    assert set(range(310, 320)) - set(leaks(pool, x, shown[:1])["pool"])


def test_a_view_is_the_middle_of_an_image_mirrored_or_not():
    rng = torch.Generator().manual_seed(0)
    images = Resident(torch.randint(0, 256, (3, 3, 10, 10), dtype=torch.uint8, generator=rng))
    rows = torch.arange(3)
    assert view(images, 0.8, False)(rows).box.tolist() == [[1, 1, 8, 8]] * 3
    middle, mirrored = (augment(images.images, view(images, 0.8, flip)(rows), 10) for flip in (False, True))
    assert torch.allclose(mirrored, middle.flip(-1), atol=1e-6) and not torch.allclose(mirrored, middle, atol=0.1)


def test_the_first_view_is_what_a_network_sees_without_augmentation():
    rng = torch.Generator().manual_seed(0)
    images = Resident(torch.randint(0, 256, (3, 3, 12, 12), dtype=torch.uint8, generator=rng), 8)
    shown, rows = views(images), torch.arange(3)
    assert shown[0] is None and len(shown) == 8
    whole = images.views(rows)
    assert torch.allclose(images.views(rows, view(images, 1.0, False)(rows)), whole, atol=1e-6)
    assert torch.allclose(images.views(rows, shown[4](rows)), whole.flip(-1), atol=1e-6)
