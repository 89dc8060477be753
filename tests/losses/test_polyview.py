"""NT-Xent with several views of an image against its transcription."""

import pytest
import torch
from torch.nn.functional import normalize

from ballast.ideas.idea import Contrast
from ballast.losses.ntxent import log_denominators, ntxent_per_view, similarities
from ballast.losses.polyview import other_pairs, polyview_per_view
from tests.oracles.polyview import polyview_by_loops


def projections(views):
    torch.manual_seed(views)
    return normalize(torch.randn(views, 5).double(), dim=1)


@pytest.mark.parametrize(("images", "pairs"), [(2, 2), (5, 2), (3, 4), (4, 1)])
def test_equals_the_equation(images, pairs):
    z = projections(2 * images * pairs)
    image = [view % images for view in range(len(z))]
    expected = torch.tensor(polyview_by_loops(z, image, 0.2)).double()
    torch.testing.assert_close(polyview_per_view(similarities(z, 0.2), pairs), expected)


def test_two_views_give_ntxent():
    s = similarities(projections(12), 0.2)
    torch.testing.assert_close(polyview_per_view(s, 1), ntxent_per_view(s, log_denominators(s)))


def test_views_of_an_image_are_nowhere_negatives():
    contrast, s = Contrast.of(projections(12), 0.2, pairs=3), similarities(projections(12), 0.2)
    for v in range(12):
        for u in range(12):
            other = u % 2 == v % 2 and u != v and u % 6 != v % 6  # two images, six views of each in pairs (v, v + 6)
            assert bool(other_pairs(12, 3, s.device)[v, u]) == other
            assert contrast.s[v, u] == (-torch.inf if other else s[v, u])
    torch.testing.assert_close(contrast.log_d, log_denominators(contrast.s))


def test_gradients_are_finite():
    z = projections(16).requires_grad_()
    polyview_per_view(similarities(z, 0.2), 2).mean().backward()
    assert z.grad.isfinite().all() and z.grad.abs().sum() > 0
