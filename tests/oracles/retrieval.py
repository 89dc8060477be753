"""Retrieval by loops: the images of a cluster ask in turn for their next nearest pool image."""


def retrieval_by_loops(pool, in_domain, label, budget):
    """Return a list of (pool image, cluster, in-domain image) for unit vectors and the budgets of the clusters."""
    taken, found = set(), []
    for cluster, count in enumerate(budget):
        seeds = [i for i in range(len(in_domain)) if label[i] == cluster]
        asked = {i: sorted(range(len(pool)), key=lambda p: (-float(in_domain[i] @ pool[p]), p)) for i in seeds}
        chosen = []
        for rank in range(len(pool)):
            for i in sorted(seeds, key=lambda i: (-float(in_domain[i] @ pool[asked[i][rank]]), i)):
                if asked[i][rank] not in taken and len(chosen) < count:
                    taken.add(asked[i][rank])
                    chosen.append((asked[i][rank], cluster, i))
        found += chosen
    return found
