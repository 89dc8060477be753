"""Evaluate a frozen encoder: linear, few-shot and imbalanced probes, k nearest neighbours, geometry of the features.

What a data set has no labels for is left out.
"""

import json

import numpy as np
import pandas as pd
import torch

from ballast.encoders.embed import embed
from ballast.encoders.model import load_model
from ballast.evaluation import knn
from ballast.evaluation.geometry import consistency, uniformity
from ballast.evaluation.groups import RULES, STD_RULE, assign, class_accuracy, group_means, summarise
from ballast.evaluation.probe import Probe, augmented_features, predict, train_probe
from ballast.images.store import load_store
from ballast.runtime.device import prepare
from ballast.runtime.files import load_array, write_atomic
from stages.settings import parameters
from stages.supervise import class_names, run, write_metrics

LISTS = ("probe", "few", "longtail", "val")
PROBES = {"linear": ("linear", "probe"), "fewshot": ("fewshot", "few"), "imbalanced": ("linear", "longtail")}


def main(method: str, folder: str) -> None:
    p = parameters()
    device = prepare(p.threads, p.deterministic)
    images, labels = load_store("data/images/train", device), torch.from_numpy(load_array("data/labels/train.npy"))
    test, test_labels = load_store("data/images/test", device), load_array("data/labels/test.npy")
    lists = {name: torch.from_numpy(load_array(f"data/split/{name}.npy")) for name in LISTS}
    counts = load_array("data/split/counts.npy")
    groups, near = assign(counts, p.dataset["groups"]), p.profile["knn"]
    model = load_model(p.profile["network"], images.channels, folder).to(device)
    h_test = embed(model, test if len(test) else images.take(lists["longtail"]))[0]

    predicted = _predict(p, model, images, labels, lists, h_test) if len(test) else {}
    accuracy = {name: class_accuracy(found, test_labels, len(counts)) for name, found in predicted.items()}
    metrics = {name: summarise(accuracy[name], groups) if name in accuracy else {} for name in (*PROBES, "knn")}
    metrics["knn"] = {f"k={near['k']}, t={near['temperature']}": metrics["knn"]}
    geometry = {"uniformity": uniformity(h_test)}
    if len(test):
        together = consistency(h_test, torch.from_numpy(test_labels).to(device), len(counts))
        geometry |= group_means(together.cpu().numpy(), groups)

    write_metrics(f"metrics/{method}.json", metrics.pop("linear"))
    for name, values in metrics.items():
        write_metrics(f"metrics/{name}/{method}.json", values)
    write_metrics(f"metrics/features/{method}.json", geometry, digits=4)
    table = pd.DataFrame({"class": class_names(), "count": counts, "group": groups,
                          "accuracy": accuracy.pop("linear", np.nan), **accuracy}).round(2)
    write_atomic(f"runs/per_class/{method}.csv", table.sort_values("count", ascending=False, kind="stable")
                 .to_csv(index=False))
    write_atomic(f"runs/protocol/{method}.json", json.dumps(_protocol(p, lists, len(test)), indent=2) + "\n")


def _predict(p, model, images, labels, lists, h_test) -> dict[str, np.ndarray]:
    """Predicted classes of the test features by every protocol whose list has labels."""
    h_val, classes, predicted = embed(model, images.take(lists["val"]))[0], int(labels.max()) + 1, {}
    for name, (block, chosen) in PROBES.items():
        how, index = Probe(**p.profile[block]), lists[chosen]
        if len(index) and labels[index].min() >= 0:
            features = augmented_features(model, images.take(index), how, p.seed)
            classifier = train_probe(features, labels[index].to(features.device), h_val,
                                     labels[lists["val"]].to(features.device), classes, how, p.seed)
            predicted[name] = predict(classifier, h_test).cpu().numpy()
    bank = embed(model, images.take(lists["probe"]))[0].cpu().numpy()
    predicted["knn"] = knn.classify(bank, labels[lists["probe"]].numpy(), h_test.cpu().numpy(), **p.profile["knn"])
    return predicted


def _protocol(p, lists, tested: int) -> dict:
    """How the numbers were made, to stand beside them."""
    how = {"groups": RULES[p.dataset["groups"]], "std": STD_RULE, "split": p.split, "seed": p.seed}
    if not tested:
        return {**how, "lists": f"no labelled images: uniformity is that of the {len(lists['longtail'])} seed images"}
    return {**how,
            "lists": f"linear probe trained on {len(lists['probe'])} images (probe), epoch chosen on "
                     f"{len(lists['val'])} (val), accuracy on {tested} (test)",
            "other lists": f"few-shot {len(lists['few'])} images (few), imbalanced {len(lists['longtail'])} "
                           f"(longtail), knn {len(lists['probe'])} (probe)"}


if __name__ == "__main__":
    run(main, "METHOD FOLDER")
