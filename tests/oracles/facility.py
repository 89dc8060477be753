"""Facility location by greedy that computes the gain of every candidate for every pick."""


def facility_by_loops(pool, clients, in_domain, picks):
    """Return the picks as a list, for unit vectors pool [P, d], clients [m, d] and in_domain [N, d]."""
    cover = [max(0.0, *(float(z @ x) for x in in_domain)) for z in clients]
    order = []
    for _ in range(picks):
        gain = [sum(max(0.0, float(z @ x) - covered) for z, covered in zip(clients, cover)) if j not in order else -1.0
                for j, x in enumerate(pool)]
        order.append(max(range(len(pool)), key=lambda j: (gain[j], -j)))
        cover = [max(covered, float(z @ pool[order[-1]])) for z, covered in zip(clients, cover)]
    return order
