"""Measure what the papers plot: ECLE's tailness by group, tailness against class size, who gets the pool's images."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch

from ballast.encoders.embed import augmentation, embed
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
from ballast.runtime.philox import Stream
from ballast.sources.labelled import UNKNOWN
from stages.common.files import class_names, in_domain_labels, tables_of, write_metrics
from stages.common.parameters import parameters
from stages.common.supervise import run

DRAWS = 10  # of two views each; MAK's figure 2 shows M = 1 to 10
NO_TAILNESS = ["image", "cluster", "budget"]  # columns of a memory that are not a measure of tailness


def main(extractor: str) -> None:
    p = parameters("seed", "threads", "deterministic", "show", profile=("network", "augment", "score"),
                   dataset=("groups",))
    counts = load_array("data/split/counts.npy")
    groups = assign(counts, p.dataset.groups)
    labels = in_domain_labels()
    labelled = len(labels) > 0 and bool((labels != UNKNOWN).all())
    listed = load_array("data/split/longtail.npy")
    memories = {row: memory for row, memory in tables_of("memory", p.show)
                if np.array_equal(memory["image"], listed)}  # not of rows that train on the balanced list
    traces = dict(rounds_of(p.show))
    tailness = by_class(memories if labelled else {}, labels, counts)
    metrics: dict = {}
    for (method, measure), rows in tailness.groupby(["method", "measure"], sort=False):
        of_method = metrics.setdefault(method, {}).setdefault("rank correlation of tailness and count", {})
        of_method[measure] = rank_correlation(rows)
    for method, memory in memories.items():
        if labelled and "budget" in memory:
            metrics.setdefault(method, {})["lean of the budget"] = lean(memory, groups[labels])
    for method, trace in traces.items():
        metrics.setdefault(method, {})["pool images of all rounds"] = variety(trace)
    rounds = [shares_by_round(trace).assign(method=method).round(4) for method, trace in traces.items()]
    for name, frame, draw in (
            ("ecle", ecle(p, extractor, groups), figures.phi_by_draws),
            ("tailness", tailness, lambda frame: figures.tailness_by_count(frame, p.show)),
            ("rounds", joined(rounds, "epoch", "cluster", "images", "share", "method"), figures.budgets)):
        write_atomic(f"results/{name}.csv", frame.to_csv(index=False))
        write_atomic(f"results/{name}.png", draw(frame))
    write_metrics("metrics/diagnostics.json", metrics, digits=4)


def ecle(p, extractor: str, groups: np.ndarray) -> pd.DataFrame:
    """Return phi of every group by the number of draws, on the test images; columns draws, group, phi."""
    device = prepare(p.threads, p.deterministic)
    images, labels = load_store("data/images/test", device), load_array("data/labels/test.npy")
    if not len(images) or (groups == "").any():  # no labels, or none of the in-domain images
        return joined([], "draws", "group", "phi")
    model = load_model(p.profile.network, images.channels, f"runs/{extractor}").to(device)
    views = []
    for number in range(2 * DRAWS):
        draw = augmentation(images, p.profile.augment, Stream(p.seed, "diagnose", number))
        views.append(embed(model, images, draw)[1])
    score = p.profile.score
    losses = ecle_by_draws(torch.stack(views), score.temperature, score.block, p.seed).cpu().numpy()
    return pd.DataFrame([{"draws": draws, "group": name, "phi": round(value, 4)}
                         for draws, tailness in enumerate(losses, 1)
                         for name, value in phi(tailness, groups[labels]).items()])


def by_class(memories: dict[str, pd.DataFrame], labels: np.ndarray, counts: np.ndarray) -> pd.DataFrame:
    """Return the mean tailness of every class by each measure of each method; empty where no method has any."""
    names = np.array(class_names())
    tables = []
    for method, memory in memories.items():
        for measure in memory.columns.drop(NO_TAILNESS, errors="ignore"):
            table = tailness_by_class(memory[measure].to_numpy(), labels, counts).round(6)
            tables.append(table.assign(method=method, measure=measure, name=names[table["label"]]))
    return joined(tables, "label", "count", "tailness", "method", "measure", "name")


def lean(memory: pd.DataFrame, group: np.ndarray) -> dict[str, float]:
    """Return which groups one more round of a method would lean to, by its network and what it remembers at the end."""
    budget = memory.groupby("cluster")["budget"].first()
    return budget_lean(budget.reindex(range(budget.index.max() + 1), fill_value=0).to_numpy(),
                       memory["cluster"].to_numpy(), group)


def rounds_of(rows: list[str]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Return what the rounds of every row that has some drew from the pool."""
    return ((row, trace) for row, trace in tables_of("trace", rows) if "epoch" in trace and len(trace))


def joined(tables: list[pd.DataFrame], *columns: str) -> pd.DataFrame:
    """Return the rows of all tables; without any, no rows of these columns."""
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(columns))


if __name__ == "__main__":
    run(main, "EXTRACTOR")
