"""Measure how much an accuracy by the papers' SGD probe depends on luck: several seeds and rates, best and last epoch.

    python -m scripts.probes ROW RATE[,RATE ...]     e.g.  python -m scripts.probes simclr 30,10,1

ROW is a row that is trained in this workspace; its first repeat counts. A rate suits a profile where Many, Median and
Few hardly change with the seed. Choose it on a split that you do not report.
"""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor

from ballast.config.build import build
from ballast.config.profile import Probe
from ballast.config.yaml import read_yaml
from ballast.encoders.embed import embed
from ballast.encoders.model import load_model
from ballast.evaluation.groups import assign, class_accuracy, summarise
from ballast.evaluation.probe import augmented_features, predict, train_probe
from ballast.images.store import load_store
from ballast.report.tables import as_text, summary, with_errors
from ballast.runtime.errors import BallastError
from ballast.runtime.files import load_array

SEEDS = range(4)


def main(row: str, rates: list[float]) -> None:
    """Print mean ± standard error over seeds for every rate, with the best and with the last epoch."""
    params = read_yaml("params.yaml")
    rows = [*params["methods"], *params.get("students", {})]
    if row not in rows:
        raise BallastError(f"ROW: expected a row of params.yaml, got {row!r}; choose from {', '.join(rows)}")
    profile = read_yaml(f"configs/profiles/{params['profile']}.yaml")
    dataset = read_yaml(f"configs/datasets/{params['dataset']}.yaml")
    settings = build(Probe, profile["sgd"])
    counts = load_array("data/labels/split/1/counts.npy")
    groups = assign(counts, dataset["groups"])
    images = load_store("data/images/train")
    test = load_store("data/images/test")
    if len(test) == 0:
        raise BallastError("data/images/test: expected labelled test images, got none; add some to the data set")
    test_labels = load_array("data/labels/test.npy")
    labels, probe, val = (torch.from_numpy(load_array(f"data/{name}.npy"))
                          for name in ("labels/train", "labels/split/1/probe", "labels/split/1/val"))
    model = load_model(profile["network"], images.channels, Path("runs", row, "1"))
    features = augmented_features(model, images.take(probe), settings, params["seed"])
    val_features = embed(model, images.take(val))[0]
    test_features = embed(model, test)[0]
    runs = []
    for rate in rates:
        for rule, every in (("best epoch", 1), ("last epoch", settings.epochs)):
            varied = replace(settings, lr=rate, every=every)
            for seed, predicted in probes(features, labels[probe], val_features, labels[val], test_features, varied):
                accuracy = class_accuracy(predicted.numpy(), test_labels, len(counts))
                runs.append({"method": f"rate {rate:g}, {rule}", "split": seed, **summarise(accuracy, groups)})
    print(as_text(with_errors(summary(pd.DataFrame(runs)), 2).rename(columns={"method": row})))


def probes(
    features: Tensor, labels: Tensor, val: Tensor, val_labels: Tensor, test: Tensor, settings: Probe
) -> Iterator[tuple[int, Tensor]]:
    """Yield every seed with the classes [T] that its probe predicts for test features [T, d].

    The other arguments are those of ``train_probe``.
    """
    for seed in SEEDS:
        classifier = train_probe(features, labels, val, val_labels, int(labels.max()) + 1, settings, seed)
        yield seed, predict(classifier, test)


def rates_of(text: str) -> list[float]:
    """Return the learning rates of a list separated by commas."""
    try:
        rates = [float(rate) for rate in text.split(",")]
    except ValueError:
        rates = []
    if not rates or min(rates) <= 0:
        raise BallastError(f"RATE: expected numbers above 0 like 30,10,1, got {text!r}")
    return rates


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python -m scripts.probes ROW RATE[,RATE ...]")
    try:
        main(sys.argv[1], rates_of(sys.argv[2]))
    except BallastError as error:
        sys.exit(f"probes: {error}")
