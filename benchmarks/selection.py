"""K-center beside the loop that recomputes every distance, and ECLE of many images.

    python -m benchmarks.selection [quick]
"""

import sys
import time

import torch
from torch import Tensor
from torch.nn.functional import normalize

from ballast.runtime.device import prepare
from ballast.selection.kcenter import kcenter_greedy
from ballast.tailness.ecle import ecle
from benchmarks.timing import seconds, show


def main(quick: bool) -> None:
    """Print seconds of K-center and ECLE."""
    candidates, picks, in_domain, width = (600, 400, 200, 128) if quick else (3_000, 2_000, 1_000, 512)
    # Whole numbers: every product is exact, so both must pick the same images whatever the order of their sums.
    pool, chosen = (torch.randint(-8, 9, (rows, width), generator=torch.Generator().manual_seed(rows)).float()
                    for rows in (candidates, in_domain))
    start = time.perf_counter()
    ours = kcenter_greedy(pool, chosen, picks)
    fast = time.perf_counter() - start
    start = time.perf_counter()
    other = naive(pool, chosen, picks)
    slow = time.perf_counter() - start
    show("K-center", [{"candidates": candidates, "picks": picks, "in-domain": in_domain, "dims": width,
                       "ours, s": round(fast, 2), "recompute all, s": round(slow, 1), "ratio": round(slow / fast),
                       "same picks": "yes" if torch.equal(ours, other) else "NO"}])
    device = prepare(torch.get_num_threads())
    large(device, *((2_000, 100) if quick else (300_000, 10_000) if device.type == "cuda" else (30_000, 1_000)))
    images = 2_000 if quick else 50_000
    views = normalize(torch.randn(10, images, 128, generator=torch.Generator().manual_seed(0)), dim=2).half().to(device)
    took = seconds({"ecle": lambda: ecle(views, 0.2, 2, 512, 0)}, repeats=1, warm=0)["ecle"]
    show("ECLE", [{"images": images, "passes M": 10, "repeats": 2, "s": round(took, 1)}])


def large(device: torch.device, candidates: int, picks: int) -> None:
    """Print the seconds of K-center with many candidates, on a GPU where there is one."""
    pool = normalize(torch.randn(candidates, 512, generator=torch.Generator().manual_seed(0))).to(device)
    took = seconds({"ours": lambda: kcenter_greedy(pool, pool[:1000], picks)}, repeats=1, warm=0)["ours"]
    show("K-center, large", [{"candidates": candidates, "picks": picks, "in-domain": 1000, "dims": 512,
                              "s": round(took, 1)}])


def naive(pool: Tensor, chosen: Tensor, picks: int) -> Tensor:
    """Return the picks of the released loop, which computes all cosines to all chosen images in every step."""
    order = []
    for _ in range(picks):
        closest = (pool @ torch.cat([chosen, pool[order]]).T).max(1).values
        closest[order] = torch.inf
        order.append(int(closest.argmin()))
    return torch.tensor(order)


if __name__ == "__main__":
    main("quick" in sys.argv)
