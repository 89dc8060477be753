"""Evaluate the frozen encoder of one repeat of a row by every protocol that the data set has labels for."""

from dataclasses import dataclass, field
from functools import cached_property
from types import SimpleNamespace

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from ballast.encoders.embed import embed
from ballast.encoders.model import load_model
from ballast.evaluation import convex, knn
from ballast.evaluation.finetune import classify, finetune
from ballast.evaluation.geometry import consistency, purity, uniformity
from ballast.evaluation.groups import assign, class_accuracy, group_means, summarise
from ballast.evaluation.probe import augmented_features, predict, train_probe
from ballast.images.store import Store, load_store
from ballast.runtime.device import prepare
from ballast.runtime.files import load_array
from stages.common.files import class_names
from stages.common.repeats import Repeat

LISTS = ("probe", "few", "longtail", "val")
ON = {"linear": "probe", "fewshot": "few", "imbalanced": "longtail"}  # an evaluation and its list

NEIGHBOURS = 5  # of whose purity; the guide's students draw a positive from so many


@dataclass
class Evaluated:
    """What one repeat gives."""

    accuracy: dict[str, dict[str, float]]  # Many, Median, Few, Std, All by protocol
    per_class: pd.DataFrame  # from head to tail
    geometry: dict[str, float]
    lists: dict[str, int] = field(default_factory=dict)  # sizes


class Encoded:
    """The images and labels of a repeat, and their features by its encoder, each computed once."""

    def __init__(self, p: SimpleNamespace, row: str, repeat: Repeat) -> None:
        self.device = prepare(p.threads, p.deterministic)
        self.images = load_store("data/images/train", self.device)
        self.probe = load_store("data/images/probe", self.device)
        self.labels = torch.from_numpy(load_array("data/labels/train.npy"))
        self.test = load_store("data/images/test", self.device)
        self.test_labels = load_array("data/labels/test.npy")
        self.lists = {name: torch.from_numpy(load_array(repeat.list(name))) for name in LISTS}
        self.counts = load_array(repeat.list("counts"))
        self.model = load_model(p.profile.network, self.images.channels, repeat.run(row)).to(self.device)
        self.features: dict[str, np.ndarray] = {}

    @cached_property
    def h_test(self) -> Tensor:
        """Return the features of the test images, or of the in-domain images where there are none."""
        return embed(self.model, self.test if len(self.test) else self.take("longtail"))[0]

    def take(self, name: str) -> Store:
        """Return the images of a list, which are all of the training part or all beside it."""
        rows, trained = self.lists[name], len(self.images)
        return self.images.take(rows) if bool((rows < trained).all()) else self.probe.take(rows - trained)

    def of(self, name: str) -> Tensor:
        """Return the labels of a list, on the device."""
        return self.labels[self.lists[name]].to(self.device)

    def is_labelled(self, name: str) -> bool:
        """Return whether a list has images, all with labels."""
        index = self.lists[name]
        return bool(len(index)) and bool(self.labels[index].min() >= 0)

    def h(self, name: str) -> np.ndarray:
        """Return the features of a list."""
        if name not in self.features:
            self.features[name] = embed(self.model, self.take(name))[0].cpu().numpy()
        return self.features[name]


def evaluate(p: SimpleNamespace, piece: tuple[str, Repeat]) -> Evaluated:
    """Return all results of one repeat of a row."""
    row, repeat = piece
    encoded = Encoded(p, row, repeat)
    counts, groups = encoded.counts, assign(encoded.counts, p.dataset.groups)
    predicted = predict_all(p, encoded, repeat.seed) if len(encoded.test) else {}
    accuracy = {name: class_accuracy(classes, encoded.test_labels, len(counts)) for name, classes in predicted.items()}
    table = pd.DataFrame({"class": class_names(), "count": counts, "group": groups,
                          "accuracy": accuracy.get("linear", np.nan),
                          **{name: values for name, values in accuracy.items() if name != "linear"}})
    return Evaluated({name: summarise(values, groups) for name, values in accuracy.items()},
                     table.sort_values("count", ascending=False, kind="stable").round(2),
                     geometry(encoded, groups), {name: len(index) for name, index in encoded.lists.items()})


def predict_all(p: SimpleNamespace, encoded: Encoded, seed: int) -> dict[str, np.ndarray]:
    """Return the predicted classes of the test images by every protocol whose list has labels."""
    profile, queries = p.profile, encoded.h_test.cpu().numpy()
    usable = {name: chosen for name, chosen in ON.items() if encoded.is_labelled(chosen)}
    predicted = {}
    for prefix, fit, settings in (("", convex.logistic, profile.logistic), ("svm", convex.svm, profile.svm)):
        for name, chosen in usable.items():
            predicted[protocol(prefix, name)] = fit(encoded.h(chosen), encoded.of(chosen).cpu().numpy(), queries,
                                                    settings)
    for name, chosen in usable.items():
        block = profile.sgd_fewshot if name == "fewshot" else profile.sgd
        predicted[protocol("sgd", name)] = by_sgd(encoded, chosen, block, seed)
    predicted["knn"] = knn.classify(encoded.h("probe"), encoded.of("probe").cpu().numpy(), queries, profile.knn)
    if "imbalanced" in usable:
        bank = encoded.h("longtail"), encoded.of("longtail").cpu().numpy()
        predicted |= {f"knn{k}": knn.vote(*bank, queries, k) for k in (1, 10)}
    if "fewshot" in usable:
        network = finetune(encoded.model, encoded.take("few"), encoded.of("few"), len(encoded.counts),
                           profile.finetune, seed)
        predicted["finetune"] = classify(network, encoded.test).cpu().numpy()
    return predicted


def protocol(prefix: str, name: str) -> str:
    """Return the name of a protocol: of logistic regression its list's alone; of others, linear is left out."""
    return "-".join(filter(None, (prefix, "" if prefix and name == "linear" else name)))


def by_sgd(encoded: Encoded, chosen: str, settings, seed: int) -> np.ndarray:
    """Return the predicted classes of the test images by the papers' linear probe on a list."""
    features = augmented_features(encoded.model, encoded.take(chosen), settings, seed)
    h_val = torch.from_numpy(encoded.h("val")).to(features.device)
    classifier = train_probe(features, encoded.of(chosen), h_val, encoded.of("val"), len(encoded.counts), settings,
                             seed)
    return predict(classifier, encoded.h_test).cpu().numpy()


def geometry(encoded: Encoded, groups: np.ndarray) -> dict[str, float]:
    """Return how evenly the features spread, and where labels are known how close the classes of a group lie."""
    found = {"uniformity": uniformity(encoded.h_test)}
    if len(encoded.test):
        labels = torch.from_numpy(encoded.test_labels).to(encoded.device)
        within = consistency(encoded.h_test, labels, len(encoded.counts)).cpu().numpy()
        found |= {f"cosine_{group.lower()}": value for group, value in group_means(within, groups).items()}
    if encoded.is_labelled("longtail"):
        z = embed(encoded.model, encoded.take("longtail"))[1].cpu().numpy()
        pure = purity(z, encoded.of("longtail").cpu().numpy(), groups, NEIGHBOURS)
        found |= {f"purity_{group.lower()}": value for group, value in pure.items()}
    return found
