"""Coverage: which in-domain images have a pool image among their own neighbourhood, above all in sparse regions.

    r_i = 1 - cosine to the k-th nearest other in-domain image;  i is covered where a pool image is as near as r_i

Source: Naeem et al., Reliable Fidelity and Diversity Metrics for Generative Models, ICML 2020, eq. 4, with the
in-domain images as the real ones (docs/suitability.md).
"""

from torch import Tensor

from ballast.embeddings.neighbours import nearest_neighbours, search


def covered(in_domain: Tensor, pool: Tensor, k: int = 5) -> Tensor:
    """Return which in-domain images are covered, bool [N].

    Args:
        in_domain: unit vectors, [N, d].
        pool: unit vectors, [P, d].
        k: neighbours that make the neighbourhood.
    """
    radius = nearest_neighbours(in_domain.float(), k)[0][:, -1]
    return search(in_domain.float(), pool.float(), 1)[0][:, 0] >= radius
