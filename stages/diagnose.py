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
from ballast.evaluation.repeats import mean_and_error
from ballast.images.store import load_store
from ballast.report import figures
from ballast.runtime.device import prepare
from ballast.runtime.files import load_array, write_atomic
from ballast.runtime.philox import Stream
from ballast.sources.labelled import UNKNOWN
from stages.common.files import class_names, in_domain_labels, tables_of, write_metrics
from stages.common.parameters import parameters
from stages.common.repeats import Repeat, repeats_of
from stages.common.supervise import run

DRAWS = 10  # of two views each; MAK's figure 2 shows M = 1 to 10
CORRELATION, LEAN = "rank correlation of tailness and count", "lean of the budget"
VARIETY = "pool images of all rounds"
NO_TAILNESS = ["image", "cluster", "budget"]  # columns of a memory that are not a measure of tailness


def main(extractor: str) -> None:
    p = parameters("repeats", "seed", "split", "threads", "deterministic", "portable", "show",
                   profile=("network", "augment", "score"), dataset=("groups",))
    repeats = repeats_of(p)
    memories, traces = dict(tables_of("memory", p.show)), dict(rounds_of(p.show))
    found: dict[str, list[dict]] = {}  # of every method, what each repeat shows
    tables, by_round = [], []
    reasons = {row: table for row, table in tables_of("rounds", p.show) if len(table)}
    for repeat in repeats:
        part, of_repeat = diagnosed(repeat, memories, traces, p.dataset.groups)
        tables.append(part.assign(repeat=repeat.number))
        by_round.append(of_rounds(repeat, reasons, p.dataset.groups).assign(repeat=repeat.number))
        for method, values in of_repeat.items():
            found.setdefault(method, []).append(values)
    rounds = [shares_by_round(trace[trace["repeat"] == 1]).assign(method=method).round(4)
              for method, trace in traces.items()]
    tailness = pd.concat(tables, ignore_index=True)
    for name, frame, draw in (
            ("ecle", ecle(p, extractor, repeats[0]), figures.phi_by_draws),
            ("tailness", tailness, figures.tailness_by_count),
            ("rounds", joined(rounds, "epoch", "cluster", "images", "share", "method"), figures.budgets),
            ("by_round", pd.concat(by_round, ignore_index=True), figures.lean_and_correlation)):
        write_atomic(f"results/{name}.csv", frame.to_csv(index=False))
        write_atomic(f"results/{name}.png", draw(frame))
    write_metrics("metrics/diagnostics.json", {method: nested(mean_and_error(values))
                                               for method, values in found.items()}, digits=4)


def diagnosed(repeat: Repeat, memories: dict[str, pd.DataFrame], traces: dict[str, pd.DataFrame], rule: str
              ) -> tuple[pd.DataFrame, dict[str, dict[str, float]]]:
    """Return the tailness by class in one repeat, and by method what it shows: quantities named "kind: what"."""
    counts, labels = load_array(repeat.list("counts")), in_domain_labels(repeat.list("longtail"))
    labelled = len(labels) > 0 and bool((labels != UNKNOWN).all())
    listed = load_array(repeat.list("longtail"))
    own = {row: of_repeat(memory, repeat) for row, memory in memories.items()}
    own = {row: memory for row, memory in own.items()
           if np.array_equal(memory["image"], listed)}  # not of rows that train on the balanced list
    tailness = by_class(own if labelled else {}, labels, counts)
    found: dict[str, dict[str, float]] = {}
    for (method, measure), rows in tailness.groupby(["method", "measure"], sort=False):
        found.setdefault(method, {})[f"{CORRELATION}: {measure}"] = rank_correlation(rows)
    for method, memory in own.items():
        if labelled and "budget" in memory:
            groups = assign(counts, rule)
            found.setdefault(method, {}).update(
                {f"{LEAN}: {group}": value for group, value in lean(memory, groups[labels]).items()})
    for method, trace in traces.items():
        found.setdefault(method, {}).update(
            {f"{VARIETY}: {name}": value for name, value in variety(of_repeat(trace, repeat)).items()})
    return tailness, found


def of_rounds(repeat: Repeat, reasons: dict[str, pd.DataFrame], rule: str) -> pd.DataFrame:
    """Return the lean of the budget to each group, and the rank correlation of tailness and count, in every round."""
    counts, labels = load_array(repeat.list("counts")), in_domain_labels(repeat.list("longtail"))
    lines = []
    if len(labels) and (labels != UNKNOWN).all():
        group = assign(counts, rule)[labels]
        for method, table in reasons.items():
            for epoch, images in of_repeat(table, repeat).groupby("epoch"):
                by_class = tailness_by_class(images["tailness"].to_numpy(), labels, counts)
                found = {**{f"lean to {name}": value for name, value in lean(images, group).items()},
                         "correlation": rank_correlation(by_class)}
                lines += [{"method": method, "epoch": epoch, "quantity": name, "value": round(value, 4)}
                          for name, value in found.items()]
    return joined([pd.DataFrame(lines)] if lines else [], "method", "epoch", "quantity", "value")


def of_repeat(table: pd.DataFrame, repeat: Repeat) -> pd.DataFrame:
    """Return the lines of one repeat, without the column that says so and those that it does not use."""
    return table[table["repeat"] == repeat.number].drop(columns="repeat").reset_index(drop=True)


def nested(values: dict) -> dict:
    """Return means and errors named "kind: what" as {kind: {what: mean, se: {what: error}}}."""
    blocks: dict[str, dict] = {}
    for source, place in ((values, ()), (values.get("se", {}), ("se",))):
        for name, value in source.items():
            if name != "se":
                kind, _, what = name.partition(": ")
                block = blocks.setdefault(kind, {})
                (block.setdefault("se", {}) if place else block)[what] = value
    return blocks


def ecle(p, extractor: str, repeat: Repeat) -> pd.DataFrame:
    """Return phi of every group by the number of draws, on the test images; columns draws, group, phi."""
    groups = assign(load_array(repeat.list("counts")), p.dataset.groups)
    device = prepare(p.threads, p.deterministic)
    images, labels = load_store("data/images/test", device), load_array("data/labels/test.npy")
    if not len(images) or (groups == "").any():  # no labels, or none of the in-domain images
        return joined([], "draws", "group", "phi")
    model = load_model(p.profile.network, images.channels, repeat.run(extractor)).to(device)
    views = []
    for number in range(2 * DRAWS):
        draw = augmentation(images, p.profile.augment, Stream(repeat.seed, "diagnose", number))
        views.append(embed(model, images, draw)[1])
    score = p.profile.score
    losses = ecle_by_draws(torch.stack(views), score.temperature, score.block, repeat.seed).cpu().numpy()
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
    """Return which groups a round leans to, from the cluster of every image and its budget."""
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
