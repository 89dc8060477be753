"""Compare Ballast with the released implementations: ``python -m tests.reference FILE.npz``.

The file holds random inputs and what the released code of SimCLR and COLT, MAK and SDCLR returned for them on a CPU in
float32. The output is one line per group of keys: name, largest error or number of mismatches, tolerance, ok or FAIL.
"""

import re
import sys
from collections.abc import Iterator

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor
from torch.nn.functional import normalize

from ballast.encoders.pruned import magnitude_masks
from ballast.losses.domain import domain_contrast
from ballast.losses.ntxent import log_denominators, ntxent_per_view, similarities
from ballast.selection import mak
from ballast.selection.budget import budgets, cluster_means
from ballast.selection.kcenter import kcenter_greedy
from ballast.selection.nearest import nearest_to_centres
from ballast.selection.proximity import distance_to_centres
from ballast.tailness.density import density
from ballast.tailness.ecle import ecle

Row = tuple[str, float, float]  # name, error, tolerance


def main(path: str) -> int:
    """Print one line per group and return how many groups fail."""
    with np.load(path, allow_pickle=False) as file:
        data = {key: torch.from_numpy(np.asarray(file[key])) for key in file.files}
    rows = [row for group in (ntxent, colt, mak_, kcenter, prune) for row in group(data)]
    for name, error, tolerance in rows:
        print(f"{name:<44} {error:10.3g} {tolerance:10.3g} {'ok' if error <= tolerance else 'FAIL'}")
    return sum(not error <= tolerance for _, error, tolerance in rows)


def ntxent(data: dict[str, Tensor]) -> Iterator[Row]:
    """Yield the rows of NT-Xent, COLT's density and COLT's loss."""
    view1, view2, is_pool = (data[f"ntxent_{key}"] for key in ("view1", "view2", "is_ood"))
    is_pool = is_pool.bool().repeat(2)
    for name, expected in sorted(data.items()):
        match = re.fullmatch(r"ntxent_t([\d.]+)_(.+)", name)
        if not match:
            continue
        t, quantity = float(match[1]), match[2]
        views = [view1.clone().requires_grad_(), view2.clone().requires_grad_()]
        z = torch.cat([normalize(view) for view in views])
        s = similarities(z, t)
        log_d = log_denominators(s)
        per_view = ntxent_per_view(s, log_d)
        if quantity == "loss":
            yield name, _error(per_view.mean(), expected), 1e-5
        elif quantity == "per_sample":
            yield name, _error(per_view.unflatten(0, (2, -1)).mean(0), expected), 1e-5
        elif match_k := re.fullmatch(r"topk(\d+)_negprob", quantity):
            yield name, _error(density(s.detach(), log_d.detach(), int(match_k[1])), expected), 1e-5
        elif match_a := re.fullmatch(r"colt_alpha([\d.]+)_(loss|grad_view(\d))", quantity):
            loss = per_view.mean() + float(match_a[1]) * domain_contrast(z, log_d, is_pool, t)
            if match_a[2] == "loss":
                yield name, _error(loss, expected), 1e-4
            else:
                yield name, _error(torch.autograd.grad(loss, views[int(match_a[3]) - 1])[0], expected), 1e-5
        else:
            yield name, float("inf"), 0.0


def colt(data: dict[str, Tensor]) -> Iterator[Row]:
    """Yield the rows of one COLT round: its budgets and its choice."""
    labels, centres = data["colt_kmeans_labels"].long(), data["colt_kmeans_centers"].float()
    density_of_clusters = cluster_means(data["colt_momentum_negprob"].float(), labels, len(centres))
    budget = budgets(density_of_clusters, int(data["colt_K"]), 1.0, "last")
    yield "colt_budget", float((budget != data["colt_budget"]).sum()), 0.0
    chosen, _, _ = nearest_to_centres(normalize(data["colt_ood"].float()), centres, budget)
    yield "colt_selected", float(len(set(chosen.tolist()) ^ set(data["colt_selected"].tolist()))), 0.0


def mak_(data: dict[str, Tensor]) -> Iterator[Row]:
    """Yield the rows of MAK's tailness, proximity, score and choice."""
    expected, other = data["mak_ecle_ref"].double(), data["mak_ecle_ref_seed1"].double()
    scores = ecle(normalize(data["mak_views"].float(), dim=2), 0.2, 10, 512, 0).double()
    yield "mak_ecle (1 - Spearman)", 1 - spearmanr(scores, expected).statistic, 0.01
    noise = (expected - other).abs().mean().item()
    yield "mak_ecle (mean difference)", (scores - expected).abs().mean().item(), 3 * noise
    in_domain, pool = (normalize(data[f"mak_{part}_features"].float()) for part in ("seed", "pool"))
    distance = distance_to_centres(pool, data["mak_kmeans_centers"].float())
    yield "mak_proximity", _error(distance, data["mak_proximity"]), 1e-5
    for name in sorted(data):
        match = re.fullmatch(r"mak_q_alpha([\d.]+)", name)
        if not match:
            continue
        alpha = match[1]
        q = mak.score(data["mak_ecle_ref"].float(), data["mak_proximity"].float(), float(alpha))
        yield name, _error(q, data[name]), 1e-5
        candidates, picks = data[f"mak_candidates_alpha{alpha}"], data[f"mak_selected_alpha{alpha}"]
        best = mak.candidates(q, len(candidates), 1.0).flip(0)  # the released list runs from the worst to the best
        yield f"mak_candidates_alpha{alpha}", _mismatches(best, candidates), 0.0
        chosen = mak.select(q, pool, in_domain, len(picks), len(candidates) / len(picks))
        yield f"mak_selected_alpha{alpha}", _mismatches(chosen, picks), 0.0


def kcenter(data: dict[str, Tensor]) -> Iterator[Row]:
    """Yield the row of greedy K-center over the whole pool."""
    in_domain, pool = (normalize(data[f"mak_{part}_features"].float()) for part in ("seed", "pool"))
    picks = data["kcenter_selected"]
    yield "kcenter_selected", _mismatches(kcenter_greedy(pool, in_domain, len(picks)), picks), 0.0


def prune(data: dict[str, Tensor]) -> Iterator[Row]:
    """Yield the rows of SDCLR's masks, False where a weight is pruned, by one threshold over all convolutions."""
    names = sorted((name for name in data if re.fullmatch(r"prune_w\d+", name)), key=lambda name: int(name[7:]))
    for fraction in sorted({match[1] for name in data if (match := re.match(r"prune_p([\d.]+)_mask", name))}):
        masks = magnitude_masks([data[name].float() for name in names], float(fraction))
        wrong = sum(_mismatches(mask.flatten(), data[f"prune_p{fraction}_mask{name[7:]}"].bool().flatten())
                    for mask, name in zip(masks, names))
        yield f"prune_p{fraction}_masks", wrong, 0.0


def _error(value: Tensor, expected: Tensor) -> float:
    return (value.detach().double() - expected.double()).abs().max().item()


def _mismatches(value: Tensor, expected: Tensor) -> float:
    return float((value != expected).sum()) if len(value) == len(expected) else float("inf")


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1]) else 0)
