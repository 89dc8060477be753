"""The distillation loss of the student by loops."""

import math


def relational_kl_by_loops(guide, student, temperature):
    """Return the loss, a float, from unit vectors guide [B, d] and student [B, d']."""
    total = 0.0
    for i in range(len(guide)):
        others = [j for j in range(len(guide)) if j != i]
        a, b = ({j: math.exp(z[i] @ z[j] / temperature) for j in others} for z in (guide, student))
        for j in others:
            p = a[j] / sum(a.values())
            q = b[j] / sum(b.values())
            total += p * math.log(p / q)
    return total / len(guide)
