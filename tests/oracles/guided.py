"""The guided contrastive loss of the student, with its weights, by loops."""


def guided_by_loops(z, z_neighbour, u, u_neighbour, negative, temperature):
    """Return the scalar loss.

    z [2B, d] and z_neighbour [B, d] are the student's projections, u and u_neighbour [B, d'] the guide's; negative
    [B, B] says which images are negatives of which.
    """
    views = len(z)
    images = views // 2
    total = 0.0
    for v in range(views):
        i = v % images
        attraction = [1.0, max(float(u[i] @ u_neighbour[i]), 0.0)]
        repulsion = [(1 - float(u[i] @ u[w % images])) / 2 if negative[i, w % images] else 0.0 for w in range(views)]
        negatives = sum(bool(negative[i, w % images]) for w in range(views))
        mean = sum(repulsion) / negatives if negatives else 1.0
        pushed = sum(repulsion[w] / mean * float((z[v] @ z[w] / temperature).exp()) for w in range(views))
        for weight, positive in zip(attraction, (z[(v + images) % views], z_neighbour[i])):
            s = z[v] @ positive / temperature
            total += weight / (sum(attraction) / 2) * ((s.exp() + pushed).log() - s) / 2
    return total / views
