"""What the papers plot: ECLE's tailness by group, tailness against class size, who gets the pool's images."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch

from ballast.augment.draws import contrastive
from ballast.config.merge import merged
from ballast.embeddings.clusters import kmeans, refine_by_kl
from ballast.encoders.embed import embed
from ballast.encoders.model import load_model
from ballast.evaluation.diagnostics import (
    budget_lean,
    ecle_by_draws,
    phi,
    rank_correlation,
    shares_by_round,
    tailness_by_class,
    variety,
)
from ballast.evaluation.groups import assign
from ballast.images.store import load_store
from ballast.report import figures
from ballast.runtime.device import prepare
from ballast.runtime.files import load_array, write_atomic
from ballast.runtime.rng import generator
from ballast.selection.budget import budgets, cluster_means
from ballast.sources.labelled import UNKNOWN
from ballast.tailness.sparsity import crowding
from ballast.training.method import method as build_method
from stages.settings import parameters
from stages.supervise import class_names, run, write_metrics

DRAWS = 10  # of two views each; MAK's figure 2 shows M = 1 to 10


def main(extractor: str) -> None:
    p = parameters()
    counts = load_array("data/split/counts.npy")
    ecle = _ecle(p, extractor, assign(counts, p.dataset["groups"]))
    tailness, rounds = _tailness(p.show, counts), _rounds(p.show)
    metrics: dict = {}
    for (method, measure), rows in tailness.groupby(["method", "measure"], sort=False):
        own = metrics.setdefault(method, {}).setdefault("rank correlation of tailness and count", {})
        own[measure] = rank_correlation(rows)
    for method, lean in _leans(p, assign(counts, p.dataset["groups"])):
        metrics.setdefault(method, {})["lean of the budget"] = lean
    for method, trace in _traces(p.show):
        metrics.setdefault(method, {})["pool images of all rounds"] = variety(trace)
    for name, frame, draw in (("ecle", ecle, figures.phi_by_draws), ("tailness", tailness, figures.tailness_by_count),
                              ("rounds", rounds, figures.budgets)):
        write_atomic(f"results/{name}.csv", frame.to_csv(index=False))
        write_atomic(f"results/{name}.png", draw(frame))
    write_metrics("metrics/diagnostics.json", metrics, digits=4)


def _ecle(p, extractor: str, groups: np.ndarray) -> pd.DataFrame:
    """phi of every group by the number of draws, on the test images."""
    device = prepare(p.threads, p.deterministic)
    images, labels = load_store("data/images/test", device), load_array("data/labels/test.npy")
    if not len(images) or (groups == "").any():  # no labels, or none of the seed images
        return pd.DataFrame(columns=["draws", "group", "phi"])
    group = groups[labels]
    model = load_model(p.profile["network"], images.channels, f"runs/{extractor}").to(device)
    views = []
    for number in range(2 * DRAWS):
        draws = contrastive(len(images), 1, images.height, images.width, p.profile["augment"],
                            generator(p.seed, "diagnose", number))
        views.append(embed(model, images, draws)[1])
    how = p.profile["score"]
    found = ecle_by_draws(torch.stack(views), how["temperature"], how["block"], p.seed).cpu().numpy()
    return pd.DataFrame([{"draws": m, "group": name, "phi": round(value, 4)}
                         for m, tailness in enumerate(found, 1) for name, value in phi(tailness, group).items()])


def _leans(p, groups: np.ndarray) -> Iterator[tuple[str, dict[str, float]]]:
    """Which groups one more round of each method would lean to, by its network and what it remembers at the end."""
    positions = load_array("data/split/longtail.npy")
    labels = load_array("data/labels/train.npy")[positions]
    if not len(labels) or (labels == UNKNOWN).any():
        return
    device = prepare(p.threads, p.deterministic)
    images = load_store("data/images/train").take(torch.from_numpy(positions)).to(device)
    for method, _ in _traces([name for name in p.methods if name in p.show]):
        settings = merged(p.methods[method]["pretrain"], p.profile["tuned"][method])
        how = build_method(settings, p.profile["sampling"]).resampling
        if how.tailness == "random":
            continue
        z = embed(load_model(p.profile["network"], images.channels, f"runs/{method}").to(device), images)[1]
        cluster, centres = kmeans(z, how.clusters)
        if how.refine:
            cluster, centres = refine_by_kl(z, centres)
        known = _read(f"runs/memory/{method}.csv").get("density")
        crowd = crowding(z, int(how.neighbours)) if known is None else torch.tensor(known.to_numpy(), device=device)
        budget = budgets(cluster_means(crowd, cluster, len(centres)), how.budget, how.temperature, how.remainder)
        yield method, budget_lean(budget.cpu().numpy(), cluster.cpu().numpy(), groups[labels])


def _tailness(shown: list[str], counts: np.ndarray) -> pd.DataFrame:
    """Mean tailness of every class by each method that remembers something: COLT's density negated, BCL's loss."""
    labels = load_array("data/labels/train.npy")[load_array("data/split/longtail.npy")]
    names, tables = np.array(class_names()), []
    for method in shown if (labels != UNKNOWN).all() else []:
        memory = _read(f"runs/memory/{method}.csv")
        for measure, sign in (("density", -1), ("loss", 1)):
            if measure in memory:
                table = tailness_by_class(sign * memory[measure].to_numpy(), labels, counts).round(6)
                tables.append(table.assign(method=method, measure=measure, name=names[table["label"]]))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(
        columns=["label", "count", "tailness", "method", "measure", "name"])


def _traces(shown: list[str]) -> Iterator[tuple[str, pd.DataFrame]]:
    """What the rounds of each method drew from the pool, of the methods that have any."""
    return ((method, trace) for method in shown if len(trace := _read(f"runs/trace/{method}.csv")))


def _rounds(shown: list[str]) -> pd.DataFrame:
    tables = [shares_by_round(trace).assign(method=method).round(4) for method, trace in _traces(shown)]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(
        columns=["epoch", "cluster", "images", "share", "method"])


def _read(path: str) -> pd.DataFrame:
    """A table of a method, empty for a row of the report that is not trained under that name."""
    try:
        return pd.read_csv(path)
    except FileNotFoundError:
        return pd.DataFrame()


if __name__ == "__main__":
    run(main, "EXTRACTOR")
