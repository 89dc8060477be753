"""SemDeDup's largest cosine to an earlier image, by loops over the pairs of a cell."""


def closest_before_by_loops(z, label, centres):
    """Return a list of m for unit vectors z [P, d] with the cell of each and the cells' centres [C, d]."""
    found = [-1.0] * len(z)
    for cell in range(len(centres)):
        members = [i for i in range(len(z)) if label[i] == cell]
        members.sort(key=lambda i: (-float(((z[i] - centres[cell]) ** 2).sum()), i))
        for position, i in enumerate(members):
            for j in members[:position]:
                found[i] = max(found[i], float(z[i] @ z[j]))
    return found
