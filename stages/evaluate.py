"""Evaluate the frozen encoder of a row: linear, few-shot and imbalanced probes, nearest neighbours, geometry.

What a data set has no labels for is left out. What reports need of the row's training is passed on beside it, so that
a report depends on the rows that are shown and on no others.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from ballast.encoders.embed import embed
from ballast.encoders.model import Model, load_model
from ballast.evaluation import knn
from ballast.evaluation.geometry import consistency, uniformity
from ballast.evaluation.groups import RULES, STD_RULE, assign, class_accuracy, group_means, summarise
from ballast.evaluation.probe import augmented_features, predict, train_probe
from ballast.images.store import Store, load_store
from ballast.runtime.device import prepare
from ballast.runtime.files import load_array, write_atomic
from stages.common.files import class_names, write_metrics
from stages.common.parameters import parameters
from stages.common.supervise import run

LISTS = ("probe", "few", "longtail", "val")
PROBES = {"linear": ("linear", "probe"), "fewshot": ("fewshot", "few"), "imbalanced": ("linear", "longtail")}
PASSED_ON = ("history", "trace", "memory")  # tables of a training


def main(row: str) -> None:
    p = parameters("seed", "split", "threads", "deterministic", profile=("network", "linear", "fewshot", "knn"),
                   dataset=("groups",))
    device = prepare(p.threads, p.deterministic)
    images, labels = load_store("data/images/train", device), torch.from_numpy(load_array("data/labels/train.npy"))
    test, test_labels = load_store("data/images/test", device), load_array("data/labels/test.npy")
    lists = {name: torch.from_numpy(load_array(f"data/split/{name}.npy")) for name in LISTS}
    counts = load_array("data/split/counts.npy")
    groups = assign(counts, p.dataset.groups)
    model = load_model(p.profile.network, images.channels, f"runs/{row}").to(device)
    h_test = embed(model, test if len(test) else images.take(lists["longtail"]))[0]

    predicted = predict_all(p, model, images, labels, lists, h_test) if len(test) else {}
    accuracy = {name: class_accuracy(classes, test_labels, len(counts)) for name, classes in predicted.items()}
    for name in (*PROBES, "knn"):
        path = f"metrics/{row}.json" if name == "linear" else f"metrics/{name}/{row}.json"
        write_metrics(path, summarise(accuracy[name], groups) if name in accuracy else {})
    geometry = {"uniformity": uniformity(h_test)}
    if len(test):
        within = consistency(h_test, torch.from_numpy(test_labels).to(device), len(counts))
        geometry |= {f"cosine_{group.lower()}": value
                     for group, value in group_means(within.cpu().numpy(), groups).items()}
    write_metrics(f"metrics/features/{row}.json", geometry, digits=4)
    table = pd.DataFrame({"class": class_names(), "count": counts, "group": groups,
                          "accuracy": accuracy.pop("linear", np.nan), **accuracy}).round(2)
    write_atomic(f"runs/per_class/{row}.csv",
                 table.sort_values("count", ascending=False, kind="stable").to_csv(index=False))
    write_atomic(f"runs/protocol/{row}.json", json.dumps(protocol(p, lists, len(test)), indent=2) + "\n")
    pass_on(row)


def predict_all(p, model: Model, images: Store, labels: Tensor, lists: dict[str, Tensor], h_test: Tensor
                ) -> dict[str, np.ndarray]:
    """Return the predicted classes of the test features by every protocol whose list has labels."""
    h_val, classes, predicted = embed(model, images.take(lists["val"]))[0], int(labels.max()) + 1, {}
    for name, (block, chosen) in PROBES.items():
        probe, index = getattr(p.profile, block), lists[chosen]
        if len(index) and labels[index].min() >= 0:
            features = augmented_features(model, images.take(index), probe, p.seed)
            classifier = train_probe(features, labels[index].to(features.device), h_val,
                                     labels[lists["val"]].to(features.device), classes, probe, p.seed)
            predicted[name] = predict(classifier, h_test).cpu().numpy()
    bank = embed(model, images.take(lists["probe"]))[0].cpu().numpy()
    predicted["knn"] = knn.classify(bank, labels[lists["probe"]].numpy(), h_test.cpu().numpy(), p.profile.knn)
    return predicted


def protocol(p, lists: dict[str, Tensor], tested: int) -> dict[str, str | int]:
    """Return how the numbers were made, to stand beside them."""
    rules = {"groups": RULES[p.dataset.groups], "std": STD_RULE, "split": p.split, "seed": p.seed}
    if not tested:
        return {**rules, "lists": f"no labelled images: uniformity is of the {len(lists['longtail'])} in-domain images"}
    return {**rules,
            "lists": f"linear probe trained on {len(lists['probe'])} images (probe), epoch chosen on "
                     f"{len(lists['val'])} (val), accuracy on {tested} (test)",
            "other lists": f"few-shot {len(lists['few'])} images (few), imbalanced {len(lists['longtail'])} "
                           f"(longtail), knn {len(lists['probe'])} (probe); k={p.profile.knn.k}, "
                           f"t={p.profile.knn.temperature}"}


def pass_on(row: str) -> None:
    """Copy the tables of the row's training; a row that selected once has its selection for a trace."""
    selected = Path(f"runs/{row}/selected.csv")
    for name in PASSED_ON:
        made = Path(f"runs/{row}/{name}.csv")
        source = selected if name == "trace" and selected.exists() else made
        write_atomic(f"runs/{name}/{row}.csv", source.read_bytes() if source.exists() else "\n")


if __name__ == "__main__":
    run(main, "ROW")
