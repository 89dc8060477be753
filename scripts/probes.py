"""How far a row's linear accuracy hangs on the probe: seeds of it at several rates, with the best epoch and the last.

    python scripts/probes.py ROW RATE[,RATE ...]     e.g.  python scripts/probes.py simclr 30,10,1

ROW: a row that is trained in this workspace. A rate is right for a profile where Many, Median and Few hardly move with
the seed; choose it on a split that is not reported.
"""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import torch
import yaml
from torch import Tensor

from ballast.encoders.embed import embed
from ballast.encoders.model import load_model
from ballast.evaluation.groups import assign, class_accuracy, summarise
from ballast.evaluation.probe import Probe, augmented_features, predict, train_probe
from ballast.images.store import load_store
from ballast.report.splits import summary
from ballast.runtime.errors import BallastError, require
from ballast.runtime.files import load_array

SEEDS = range(4)


def main(row: str, rates: list[float]) -> None:
    params, graph = (yaml.safe_load(Path(name).read_text()) for name in ("params.yaml", "dvc.yaml"))
    folders = next(block["probed"] for block in graph["vars"] if "probed" in block)
    require(row in folders, f"probes: no such row as {row!r}; known: {', '.join(folders)}")
    profile, counts = params["profiles"][params["profile"]], load_array("data/split/counts.npy")
    images, test = load_store("data/images/train"), load_store("data/images/test")
    require(len(test) > 0, "probes: the data set has no labelled test images, so there is no accuracy")
    labels, probe, val = (torch.from_numpy(load_array(f"data/{name}.npy"))
                          for name in ("labels/train", "split/probe", "split/val"))
    model, how = load_model(profile["network"], images.channels, folders[row]), Probe(**profile["linear"])
    features = augmented_features(model, images.take(probe), how, params["seed"])
    h_val, h_test = embed(model, images.take(val))[0], embed(model, test)[0]
    groups = assign(counts, params["datasets"][params["dataset"]]["groups"])
    found = [{"method": f"rate {rate:g}, {rule}", "split": seed,
              **summarise(class_accuracy(predicted.numpy(), load_array("data/labels/test.npy"), len(counts)), groups)}
             for rate in rates for rule, every in (("best epoch", 1), ("last epoch", how.epochs))
             for seed, predicted in probes(features, labels[probe], h_val, labels[val], h_test,
                                           replace(how, lr=rate, every=every))]
    print(summary(pd.DataFrame(found)).rename(columns={"method": row}).to_markdown(index=False))


def probes(features: Tensor, labels: Tensor, val: Tensor, val_labels: Tensor, test: Tensor,
           how: Probe) -> Iterator[tuple[int, Tensor]]:
    """Classes that probes of several seeds predict for test features [T, d]; the rest as for ``train_probe``."""
    for seed in SEEDS:
        yield seed, predict(train_probe(features, labels, val, val_labels, int(labels.max()) + 1, how, seed), test)


def rates_of(text: str) -> list[float]:
    """Learning rates above 0, separated by commas."""
    try:
        rates = [float(rate) for rate in text.split(",")]
    except ValueError:
        rates = []
    require(bool(rates) and min(rates) > 0, f"probes: rates are numbers above 0 like 30,10,1, not {text!r}")
    return rates


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python scripts/probes.py ROW RATE[,RATE ...]")
    try:
        main(sys.argv[1], rates_of(sys.argv[2]))
    except BallastError as error:
        sys.exit(str(error))
