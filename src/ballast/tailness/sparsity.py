"""The guide's tailness: sparsity of an image's neighbourhood in the embedding (methods.md 1.7; open, our reading).

    kappa_i = mean over the k nearest other images of z_i.z_j, tailness -kappa_i
"""

from torch import Tensor

from ballast.embeddings.neighbours import nearest_neighbours


def crowding(z: Tensor, k: int) -> Tensor:
    """kappa_i [N] of unit vectors z [N, d]: the mean cosine to the k nearest others."""
    cosine, _ = nearest_neighbours(z, k)
    return cosine.mean(1)
