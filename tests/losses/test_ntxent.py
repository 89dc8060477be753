"""NT-Xent against its transcription."""

import math

import pytest
import torch
from torch.nn.functional import normalize

from ballast.losses.ntxent import log_denominators, ntxent, ntxent_per_view, similarities
from tests.oracles.ntxent import ntxent_by_loops


@pytest.mark.parametrize(("batch", "t"), [(1, 0.5), (2, 0.1), (7, 0.2), (16, 1.0)])
def test_equals_the_equation(batch, t):
    torch.manual_seed(batch)
    z1, z2 = normalize(torch.randn(batch, 5)), normalize(torch.randn(batch, 5))
    expected = torch.tensor(ntxent_by_loops(z1, z2, t))
    s = similarities(torch.cat([z1, z2]), t)
    torch.testing.assert_close(ntxent_per_view(s, log_denominators(s)), expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(ntxent(z1, z2, t), expected.mean(), rtol=1e-4, atol=1e-5)


def test_equal_features_give_log_of_the_other_views():
    z = normalize(torch.ones(6, 3))
    assert ntxent(z, z, 0.2).item() == pytest.approx(math.log(11), abs=1e-5)


def test_does_not_depend_on_the_order_of_images():
    torch.manual_seed(0)
    z1, z2, order = normalize(torch.randn(9, 4)), normalize(torch.randn(9, 4)), torch.randperm(9)
    torch.testing.assert_close(ntxent(z1, z2, 0.2), ntxent(z1[order], z2[order], 0.2))
