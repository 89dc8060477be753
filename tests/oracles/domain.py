"""COLT's domain loss by loops, in both forms."""

import torch


def domain_by_loops(s, is_pool, form):
    """Return the scalar loss from similarities s [2B, 2B] and a list or tensor is_pool [2B]; form: code or poster."""
    total = 0.0
    for v in range(len(s)):
        positives = [u for u in range(len(s)) if u != v and is_pool[u] == is_pool[v]]
        all_others = sum(s[v, u].exp() for u in range(len(s)) if u != v)
        other_domain = sum((s[v, u].exp() for u in range(len(s)) if is_pool[u] != is_pool[v]), torch.zeros(()))
        for u in positives:
            denominator = all_others if form == "code" else s[v, u].exp() + other_domain
            total += (denominator.log() - s[v, u]) / len(positives)
    return total / len(s)
