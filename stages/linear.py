"""Linear probe on a frozen encoder: accuracy by class, by group, and how it was measured."""

import json

import pandas as pd
import torch
from common import parameters, run

from ballast.data.store import load_array, load_images
from ballast.device import prepare
from ballast.encoders.embed import embed
from ballast.encoders.model import load_model
from ballast.evaluation.groups import RULES, STD_RULE, assign, class_accuracy, summarise
from ballast.evaluation.probe import Probe, augmented_features, predict, train_probe
from ballast.files import write_atomic


def main(method: str, encoder: str) -> None:
    p = parameters()
    device, how = prepare(p.threads), Probe(**p.profile["linear"])
    images, labels = load_images("data/images/train.npy"), torch.from_numpy(load_array("data/labels/train.npy"))
    test, test_labels = load_images("data/images/test.npy"), load_array("data/labels/test.npy")
    train, val = (torch.from_numpy(load_array(f"data/split/{name}.npy")) for name in ("probe", "val"))
    counts = load_array("data/split/counts.npy")
    model = load_model(p.profile["network"], images.shape[1], encoder=encoder).to(device)
    classifier = train_probe(
        augmented_features(model, images[train], how, p.seed), labels[train].to(device),
        embed(model, images[val])[0], labels[val].to(device), len(counts), how, p.seed)
    predicted = predict(classifier, embed(model, test)[0]).cpu().numpy()
    groups = assign(counts, p.dataset["groups"])
    accuracy = class_accuracy(predicted, test_labels, len(counts))
    metrics = {name: round(value, 2) for name, value in summarise(accuracy, groups).items()}
    write_atomic(f"metrics/{method}.json", json.dumps(metrics, indent=2) + "\n")
    with open("data/labels/classes.txt", encoding="utf-8") as file:
        names = file.read().splitlines()
    table = pd.DataFrame({"class": names, "count": counts, "group": groups, "accuracy": accuracy.round(2)})
    write_atomic(f"runs/per_class/{method}.csv", table.sort_values("count", ascending=False, kind="stable")
                 .to_csv(index=False))
    protocol = {"groups": RULES[p.dataset["groups"]], "std": STD_RULE, "split": p.split, "seed": p.seed,
                "lists": f"probe trained on {len(train)} images (probe), epoch chosen on {len(val)} (val), "
                         f"accuracy on {len(test)} (test)"}
    write_atomic(f"runs/protocol/{method}.json", json.dumps(protocol, indent=2) + "\n")


if __name__ == "__main__":
    run(main, "METHOD ENCODER")
