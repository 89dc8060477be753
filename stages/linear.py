"""Evaluate a frozen encoder: linear, few-shot and imbalanced probes, k nearest neighbours, geometry of the features."""

import json

import pandas as pd
import torch
from common import class_names, run, write_metrics
from settings import parameters

from ballast.data.store import load_array, load_images
from ballast.device import prepare
from ballast.encoders.embed import embed
from ballast.encoders.model import load_model
from ballast.evaluation import knn
from ballast.evaluation.geometry import consistency, uniformity
from ballast.evaluation.groups import RULES, STD_RULE, assign, class_accuracy, group_means, summarise
from ballast.evaluation.probe import Probe, augmented_features, predict, train_probe
from ballast.files import write_atomic

PROBES = {"linear": ("linear", "probe"), "fewshot": ("fewshot", "few"), "imbalanced": ("linear", "longtail")}


def main(method: str, folder: str) -> None:
    p = parameters()
    device = prepare(p.threads)
    images, labels = load_images("data/images/train.npy"), torch.from_numpy(load_array("data/labels/train.npy"))
    test, test_labels = load_images("data/images/test.npy"), load_array("data/labels/test.npy")
    lists = {name: torch.from_numpy(load_array(f"data/split/{name}.npy"))
             for name in ("probe", "few", "longtail", "val")}
    counts = load_array("data/split/counts.npy")
    groups, classes = assign(counts, p.dataset["groups"]), len(counts)
    model = load_model(p.profile["network"], images.shape[1], folder).to(device)
    h_test, h_val = embed(model, test)[0], embed(model, images[lists["val"]])[0]

    predicted = {}
    for name, (block, chosen) in PROBES.items():
        how, index = Probe(**p.profile[block]), lists[chosen]
        classifier = train_probe(augmented_features(model, images[index], how, p.seed), labels[index].to(device),
                                 h_val, labels[lists["val"]].to(device), classes, how, p.seed)
        predicted[name] = predict(classifier, h_test).cpu().numpy()
    bank, near = embed(model, images[lists["probe"]])[0].cpu().numpy(), p.profile["knn"]
    predicted["knn"] = knn.classify(bank, labels[lists["probe"]].numpy(), h_test.cpu().numpy(), **near)
    accuracy = {name: class_accuracy(found, test_labels, classes) for name, found in predicted.items()}
    metrics = {name: summarise(found, groups) for name, found in accuracy.items()}
    metrics["knn"] = {f"k={near['k']}, t={near['temperature']}": metrics["knn"]}
    together = consistency(h_test, torch.from_numpy(test_labels).to(device), classes).cpu().numpy()

    write_metrics(f"metrics/{method}.json", metrics.pop("linear"))
    for name, values in metrics.items():
        write_metrics(f"metrics/{name}/{method}.json", values)
    geometry = {"uniformity": uniformity(h_test), **group_means(together, groups)}
    write_metrics(f"metrics/features/{method}.json", geometry, digits=4)
    table = pd.DataFrame({"class": class_names(), "count": counts, "group": groups,
                          "accuracy": accuracy.pop("linear"), **accuracy}).round(2)
    write_atomic(f"runs/per_class/{method}.csv", table.sort_values("count", ascending=False, kind="stable")
                 .to_csv(index=False))
    protocol = {"groups": RULES[p.dataset["groups"]], "std": STD_RULE, "split": p.split, "seed": p.seed,
                "lists": f"linear probe trained on {len(lists['probe'])} images (probe), epoch chosen on "
                         f"{len(lists['val'])} (val), accuracy on {len(test)} (test)",
                "other lists": f"few-shot {len(lists['few'])} images (few), imbalanced {len(lists['longtail'])} "
                               f"(longtail), knn {len(lists['probe'])} (probe)"}
    write_atomic(f"runs/protocol/{method}.json", json.dumps(protocol, indent=2) + "\n")


if __name__ == "__main__":
    run(main, "METHOD FOLDER")
