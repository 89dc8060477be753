"""The guided contrastive loss of the student, with its weights, by loops."""

import math


def attraction_by_loops(cosine, form, temperature, threshold):
    weight = {"linear": max(cosine, 0.0), "exp": math.exp((cosine - 1) / temperature), "none": 1.0}[form]
    return weight if cosine >= threshold else 0.0


def repulsion_by_loops(cosine, form, temperature):
    return {"linear": (1 - cosine) / 2, "exp": math.exp(-cosine / temperature), "none": 1.0}[form]


def guided_by_loops(z, z_neighbour, u, u_neighbour, negative, temperature, form="linear", threshold=-1.0, drawn=None):
    """Return the scalar loss.

    z [2B, d] and z_neighbour [B, d] are the student's projections, u and u_neighbour [B, d'] the guide's; negative
    [B, M] says which images are negatives of which: those of the batch, or ``drawn``, their projections by the
    student [M, d] and by the guide [M, d'].
    """
    views, images = len(z), len(z) // 2
    z_others, u_others = (z, u.repeat(2, 1)) if drawn is None else drawn
    total = 0.0
    for v in range(views):
        i = v % images
        attraction = [1.0, attraction_by_loops(float(u[i] @ u_neighbour[i]), form, 0.1, threshold)]
        repulsion = [repulsion_by_loops(float(u[i] @ u_others[w]), form, 0.1) if negative[i, w % negative.shape[1]]
                     else 0.0 for w in range(len(z_others))]
        negatives = sum(bool(negative[i, w % negative.shape[1]]) for w in range(len(z_others)))
        mean = sum(repulsion) / negatives if negatives else 1.0
        pushed = sum(weight / mean * float((z[v] @ other / temperature).exp())
                     for weight, other in zip(repulsion, z_others))
        for weight, positive in zip(attraction, (z[(v + images) % views], z_neighbour[i])):
            s = z[v] @ positive / temperature
            total += weight / (sum(attraction) / 2) * ((s.exp() + pushed).log() - s) / 2
    return total / views
