"""Greedy K-center that computes every distance again for each pick."""


def kcenter_by_loops(candidates, chosen, picks):
    """Return a list of picks from unit vectors candidates [C, d], starting from chosen [N, d]."""
    order = []
    selected = list(chosen)
    for _ in range(picks):
        distance = [min(1 - float(c @ x) for x in selected) if i not in order else -1.0
                    for i, c in enumerate(candidates)]
        order.append(max(range(len(candidates)), key=lambda i: (distance[i], -i)))
        selected.append(candidates[order[-1]])
    return order
