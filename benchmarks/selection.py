"""K-center beside the loop that recomputes every distance, and ECLE of many images.

    python -m benchmarks.selection [quick]
"""

import sys
import time

import torch
from torch import Tensor
from torch.nn.functional import normalize

from ballast.selection.kcenter import kcenter_greedy
from ballast.tailness.ecle import ecle
from benchmarks.timing import show


def main(quick: bool) -> None:
    candidates, picks, seeds, width = (600, 400, 200, 128) if quick else (3_000, 2_000, 1_000, 512)
    # Whole numbers: every product is exact, so that both must pick the same whatever the order of their sums.
    pool, chosen = (torch.randint(-8, 9, (rows, width), generator=torch.Generator().manual_seed(rows)).float()
                    for rows in (candidates, seeds))
    start = time.perf_counter()
    own = kcenter_greedy(pool, chosen, picks)
    fast = time.perf_counter() - start
    start = time.perf_counter()
    other = naive(pool, chosen, picks)
    slow = time.perf_counter() - start
    show("K-center", [{"candidates": candidates, "picks": picks, "seeds": seeds, "dims": width,
                       "ours, s": round(fast, 2), "recompute all, s": round(slow, 1), "ratio": round(slow / fast),
                       "same picks": "yes" if torch.equal(own, other) else "NO"}])
    images = 2_000 if quick else 50_000
    views = normalize(torch.randn(10, images, 128, generator=torch.Generator().manual_seed(0)), dim=2).half()
    start = time.perf_counter()
    ecle(views, 0.2, 2, 512, 0)
    show("ECLE", [{"images": images, "passes M": 10, "repeats": 2, "s": round(time.perf_counter() - start, 1)}])


def naive(pool: Tensor, chosen: Tensor, picks: int) -> Tensor:
    """The released loop: all cosines to all chosen images in every step."""
    order = []
    for _ in range(picks):
        closest = (pool @ torch.cat([chosen, pool[order]]).T).max(1).values
        closest[order] = torch.inf
        order.append(int(closest.argmin()))
    return torch.tensor(order)


if __name__ == "__main__":
    main("quick" in sys.argv)
