"""COLT's domain loss: in-domain images attract in-domain images, pool images attract pool images.

    P(v) = {u != v : domain(u) = domain(v)},  other(v) = {u : domain(u) != domain(v)}
    code:   L = (1/2B) sum_v (1/|P(v)|) sum_{u in P(v)} [log D_v - S_vu]
    poster: L = (1/2B) sum_v (1/|P(v)|) sum_{u in P(v)} [log(exp S_vu + sum_{n in other(v)} exp S_vn) - S_vu]

S and D are those of NT-Xent (ballast.losses.ntxent). The released code has every other view in the denominator, the
poster only the views of the other domain (docs/papers.md#domain-denominator).
Source: COLT (Bai et al., ICLR 2023; docs/methods/colt.md).
"""

import torch
from torch import Tensor


def domain_contrast(z: Tensor, log_d: Tensor, is_pool: Tensor, temperature: float) -> Tensor:
    """Return the scalar loss of the code's form.

    The inner sum has a closed form: sum_{u in P(v)} S_vu = z_v . (G_domain(v) - z_v) / t, where G_domain is the sum
    of z over a domain.

    Args:
        z: unit projections, [2B, d].
        log_d: log denominators, [2B].
        is_pool: whether a view shows a pool image, [2B] bool.
        temperature: t.
    """
    member = torch.stack([~is_pool, is_pool]).to(z.dtype)
    domain = is_pool.long()
    positives = member.sum(1)[domain] - 1
    attraction = (z * ((member @ z)[domain] - z)).sum(1) / temperature / positives.clamp(min=1)
    return torch.where(positives > 0, log_d - attraction, 0.0).mean()


def domain_contrast_poster(s: Tensor, is_pool: Tensor) -> Tensor:
    """Return the scalar loss of the poster's form: negatives come from the other domain only.

    Args:
        s: similarities, [2B, 2B], with -inf on the diagonal, and wherever else views are no pair.
        is_pool: whether a view shows a pool image, [2B] bool.
    """
    same_domain = is_pool[:, None] == is_pool[None, :]
    log_negatives = s.masked_fill(same_domain, -torch.inf).logsumexp(1, keepdim=True)
    positive = same_domain & (s > -torch.inf)
    attraction = s.masked_fill(~positive, 0.0)  # without the -inf of the diagonal, whose gradient would be nan
    terms = (torch.logaddexp(attraction, log_negatives) - attraction).masked_fill(~positive, 0.0)
    return (terms.sum(1) / positive.sum(1).clamp(min=1)).mean()
