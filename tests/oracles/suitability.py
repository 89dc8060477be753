"""Coverage, MMD and the effective number by loops, from the papers' equations."""

import math


def covered_by_loops(in_domain, pool, k):
    """Return a list: whether each in-domain image has a pool image as near as its k-th nearest other."""
    found = []
    for i, x in enumerate(in_domain):
        others = sorted((float(x @ y) for j, y in enumerate(in_domain) if j != i), reverse=True)
        found.append(max(float(x @ y) for y in pool) >= others[k - 1])
    return found


def mmd2_by_loops(x, y):
    """Return the unbiased MMD^2 with the median of the squared distances of x as scale."""
    def squared(a, b):
        return float(((a - b) ** 2).sum())

    within = sorted(squared(x[i], x[j]) for i in range(len(x)) for j in range(i))
    scale = within[(len(within) - 1) // 2]

    def kernel(a, b):
        return math.exp(-squared(a, b) / scale)

    n, m = len(x), len(y)
    of_x = sum(kernel(x[i], x[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    of_y = sum(kernel(y[i], y[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    return of_x + of_y - 2 * sum(kernel(a, b) for a in x for b in y) / (n * m)
