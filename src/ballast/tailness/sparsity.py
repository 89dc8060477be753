"""The guide's density of an image's neighbourhood in the whole embedding; tailness is its negative.

    kappa_i = mean over the k nearest other images j of z_i.z_j

The formula is our interpretation of "neighbourhood sparsity" in arXiv 2506.12698 (docs/methods/guided.md).
"""

from torch import Tensor

from ballast.embeddings.neighbours import nearest_neighbours


def neighbourhood_density(z: Tensor, k: int) -> Tensor:
    """Return kappa [N] of unit vectors z [N, d]: the mean cosine to the k nearest other rows."""
    cosine, _ = nearest_neighbours(z, k)
    return cosine.mean(1)
