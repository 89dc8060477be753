"""NT-Xent with several views of an image (Shidani et al., ICLR 2024, the multi-crop form) by loops."""

import math


def polyview_by_loops(z, image, temperature):
    """Return the losses of all views, a list of floats, from unit projections z [V, d] and the image of each view."""
    z, losses = z.tolist(), []
    for v, own in enumerate(image):
        s = [sum(a * b for a, b in zip(z[v], other)) / temperature for other in z]
        negatives = sum(math.exp(s[n]) for n, other in enumerate(image) if other != own)
        positives = [s[u] for u, other in enumerate(image) if other == own and u != v]
        losses.append(sum(math.log(math.exp(p) + negatives) - p for p in positives) / len(positives))
    return losses
