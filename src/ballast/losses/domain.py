"""Domain-level supervised contrast of COLT: seed images attract seed images, pool images pool images (methods.md 1.6).

    P(v) = {u != v : domain(u) = domain(v)}, other(v) = {u : domain(u) != domain(v)}
    code:   L = (1/2B) sum_v (1/|P(v)|) sum_{u in P(v)} [log D_v - S_vu]
    poster: L = (1/2B) sum_v (1/|P(v)|) sum_{u in P(v)} [log(exp S_vu + sum_{n in other(v)} exp S_vn) - S_vu]

The released code has every other view in the denominator, the poster only the other domain (item D4).
"""

import torch
from torch import Tensor


def domain_contrast(z: Tensor, s: Tensor, log_d: Tensor, is_pool: Tensor, temperature: float) -> Tensor:
    """The code's form, scalar. z [2B, d], s and log_d as in ntxent, is_pool [2B] bool.

    In closed form by row sums: sum_{u in P(v)} S_vu = z_v . (G_domain(v) - z_v) / t with G the domain's sum of z.
    """
    member = torch.stack([~is_pool, is_pool]).to(z.dtype)
    domain = is_pool.long()
    count = member.sum(1)[domain] - 1
    attraction = (z * ((member @ z)[domain] - z)).sum(1) / temperature / count.clamp(min=1)
    return torch.where(count > 0, log_d - attraction, 0.0).mean()


def domain_contrast_poster(s: Tensor, is_pool: Tensor) -> Tensor:
    """The poster's form, scalar: negatives from the other domain only. s [2B, 2B] with -inf on the diagonal."""
    same = is_pool[:, None] == is_pool[None, :]
    log_other = s.masked_fill(same, -torch.inf).logsumexp(1, keepdim=True)
    positive = same & ~torch.eye(len(s), dtype=torch.bool, device=s.device)
    safe = s.masked_fill(~positive, 0.0)
    terms = (torch.logaddexp(safe, log_other) - safe).masked_fill(~positive, 0.0)
    return (terms.sum(1) / positive.sum(1).clamp(min=1)).mean()
