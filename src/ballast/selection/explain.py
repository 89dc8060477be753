"""Why an image was chosen: the in-domain image that it is most similar to, and the cluster of that one."""

import pandas as pd
from torch import Tensor

from ballast.embeddings.clusters import kmeans
from ballast.embeddings.neighbours import search

CLUSTERS = 10  # of the in-domain images


def nearest_seed(chosen: Tensor, in_domain: Tensor, clusters: int = CLUSTERS) -> pd.DataFrame:
    """Return a line for each chosen image: ``nearest`` in-domain image, ``nearest_cosine`` and ``nearest_cluster``.

    Args:
        chosen: unit vectors of the chosen images, [K, d].
        in_domain: unit vectors of the in-domain images, [N, d].
        clusters: clusters of the in-domain images by k-means, numbered from 0.
    """
    cosine, index = search(chosen.float(), in_domain.float(), 1)
    label, _ = kmeans(in_domain, clusters)
    nearest = index[:, 0]
    return pd.DataFrame({"nearest": nearest.cpu().numpy(), "nearest_cosine": cosine[:, 0].cpu().numpy().round(6),
                         "nearest_cluster": label[nearest].cpu().numpy()})
