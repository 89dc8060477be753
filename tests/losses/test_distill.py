"""The student's distillation loss against its transcription."""

import pytest
import torch
from torch.nn.functional import normalize

from ballast.losses.distill import direct, relational_kl
from tests.oracles.distill import relational_kl_by_loops


def test_equals_the_equation():
    torch.manual_seed(0)
    u = normalize(torch.randn(6, 4).double())
    v = normalize(torch.randn(6, 3).double())
    expected = relational_kl_by_loops(u, v, 0.1)
    assert relational_kl(u, v, 0.1).item() == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_is_zero_for_equal_geometry_and_positive_otherwise():
    torch.manual_seed(1)
    u = normalize(torch.randn(8, 4))
    rotation = torch.linalg.qr(torch.randn(4, 4)).Q
    assert abs(relational_kl(u, u @ rotation, 0.1).item()) < 1e-5
    assert relational_kl(u, normalize(torch.randn(8, 4)), 0.1).item() > 0.01


def test_direct_distillation_is_one_minus_the_cosine_of_the_features():
    torch.manual_seed(0)
    f, g = torch.randn(2, 6, 5).double()
    expected = sum(1 - float(a @ b) / float(a.norm() * b.norm()) for a, b in zip(f, g)) / 6
    assert direct(f, g).item() == pytest.approx(expected)
