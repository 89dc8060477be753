"""The guide's density of a neighbourhood against loops."""

import torch
from torch.nn.functional import normalize

from ballast.tailness.sparsity import neighbourhood_density


def test_is_the_mean_cosine_to_the_nearest_others():
    torch.manual_seed(0)
    z = normalize(torch.randn(12, 4))
    for k in (1, 3, 50):  # more than there are: all others
        cosine = [sorted((float(z[i] @ z[j]) for j in range(12) if j != i), reverse=True)[:k] for i in range(12)]
        expected = torch.tensor([sum(row) / len(row) for row in cosine])
        torch.testing.assert_close(neighbourhood_density(z, k), expected, rtol=1e-4, atol=1e-6)
