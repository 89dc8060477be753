"""COLT's density against its transcription."""

import torch
from torch.nn.functional import normalize

from ballast.losses.ntxent import log_denominators, similarities
from ballast.tailness.density import density
from tests.oracles.density import density_by_loops


def test_equals_the_equation_also_with_fewer_negatives_than_k():
    torch.manual_seed(0)
    for batch, k in ((8, 3), (2, 10), (1, 10)):
        z = normalize(torch.randn(2 * batch, 5))
        s = similarities(z, 0.2)
        expected = density_by_loops(z, 0.2, k)
        torch.testing.assert_close(density(s, log_denominators(s), k), expected, rtol=1e-4, atol=1e-6)
