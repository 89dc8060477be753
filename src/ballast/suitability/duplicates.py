"""Near duplicates by features.

How similar two images are depends on the encoder, so the bound comes from images that are known to be different: a near
duplicate is as similar as only one in a thousand of the in-domain images is to its nearest of the same set.
"""

import pandas as pd
import torch
from torch import Tensor

from ballast.embeddings.neighbours import nearest_neighbours, search, searcher
from ballast.embeddings.shards import Shards

RARE = 0.001  # fraction of different images that are as similar
BLOCK = 1 << 16
EXACT = 1_000_000  # images up to which a pool image is compared with each of them


def bound_within(in_domain: Tensor) -> float:
    """Return the cosine of near duplicates, from the in-domain images [N, d] and their nearest others."""
    return _bound(nearest_neighbours(in_domain.float(), 1)[0][:, 0])


def bound_between(in_domain: Tensor, evaluation: Tensor) -> float:
    """Return the cosine of a leak, from in-domain images [N, d] and their nearest evaluation images [M, d]."""
    return _bound(search(in_domain.float(), evaluation.float(), 1)[0][:, 0])


def duplicated(some: Tensor, all_: Tensor, bound: float) -> float:
    """Return the fraction of ``some`` [n, d], which are among ``all_`` [m, d], with a near duplicate in it."""
    if len(all_) < 2:
        return 0.0
    return float((search(some.float(), all_.float(), 2)[0][:, 1] >= bound).double().mean())


def pairs(pool: Tensor | Shards, others: Tensor, bound: float) -> pd.DataFrame:
    """Return the pool images [P, d] with a near duplicate among others [M, d], the most similar first.

    Among more than a million others, an index finds them (faiss's IVF).

    Returns:
        Columns pool and other, rows of each, and their cosine.
    """
    find = searcher(others.float().cpu(), exact=EXACT)
    tables, start = [], 0
    for rows in pool.split(BLOCK):
        near, index = find(rows.float().cpu(), 1)
        hit = (near[:, 0] >= bound).nonzero().squeeze(1)
        tables.append(pd.DataFrame({"pool": (hit + start).numpy(), "other": index[hit, 0].numpy(),
                                    "cosine": near[hit, 0].numpy().round(4)}))
        start += len(rows)
    return pd.concat(tables, ignore_index=True).sort_values("cosine", ascending=False, kind="stable")


def _bound(cosine: Tensor) -> float:
    return float(torch.quantile(cosine.double(), 1 - RARE))
