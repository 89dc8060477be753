"""Values of the configuration by type and size: refused in one line that names them, or with finite results."""

from unittest.mock import patch

import numpy as np
import torch
from hypothesis import strategies as st

from ballast.checks.check import check
from ballast.config.build import build
from ballast.config.profile import Augment, Convex, FineTuning, Neighbours, Probe, Scoring
from ballast.config.selections import BY_RULE
from ballast.embeddings.clusters import kmeans
from ballast.evaluation import convex, knn
from ballast.evaluation.finetune import finetune
from ballast.evaluation.probe import predict, train_probe
from ballast.selection.choose import Evidence, choose
from ballast.selection.proximity import distance_to_centres
from ballast.sources.longtail import LAWS, long_tail_split, validation_list
from ballast.tailness.ecle import ecle
from tests.builders import NETWORK, flat_weights, random_images
from tests.checks.test_bounds import with_value
from tests.config.configuration import PARAMS, dataset, profile
from tests.fuzz.generated import near
from tests.fuzz.rule import ends_well, fuzz
from tests.training import rows

FILES = {"params": {**PARAMS, "profile": "smoke"}, "profile": profile("smoke"), "dataset": dataset("glyphs")}
WORDS = ("epochs", "copies", "views", "repeats", "every", "batch", "steps")  # what may take long, rightly
X = torch.nn.functional.normalize(torch.randn(40, 8, generator=torch.Generator().manual_seed(0)))
LABELS = torch.arange(40) % 4


def leaves(block: object, place: tuple = ()):
    """Yield the path and the value of every block and leaf."""
    for key, value in block.items() if isinstance(block, dict) else enumerate(block):
        yield (*place, key), value
        if isinstance(value, dict | list):
            yield from leaves(value, (*place, key))


LEAVES = [(file, place, value) for file, block in FILES.items() for place, value in leaves(block)]


@st.composite
def changes(draw: st.DrawFn, wanted=lambda place: True) -> tuple[str, tuple, object]:
    """A file of the configuration, the path of one of its values, and what stands there instead."""
    file, place, value = draw(st.sampled_from([leaf for leaf in LEAVES if wanted(leaf[1])]))
    return file, place, draw(near(value))


def changed(file: str, place: tuple, value: object) -> dict:
    """Return the configuration with one value replaced."""
    return {**FILES, file: with_value(FILES[file], place, value)}


def accepted(file: str, place: tuple, value: object) -> bool:
    """Return whether the check accepts a change; where it does not, its line names the key or what holds it."""
    names = [str(key) for key in place if isinstance(key, str)]
    return ends_well(lambda: check(*changed(file, place, value).values()), *names) is not None


@fuzz(250, change=changes())
def test_a_value_is_accepted_or_named(change):
    accepted(*change)


def finite(values: object) -> bool:
    return bool(np.isfinite(np.asarray(values)).all())


def score(p: dict) -> bool:
    settings = build(Scoring, p["profile"]["score"])
    if settings.centres > len(X):
        return True  # `preflight` refuses that
    found = ecle([X, X.roll(1, 1)], settings.temperature, min(settings.repeats, 3), settings.block, 1)
    return not found.isnan().any() and finite(distance_to_centres(X, kmeans(X, settings.centres)[1]))


def evaluate(p: dict) -> bool:
    blocks, x, y = p["profile"], X.numpy(), LABELS.numpy()
    predicted = [convex.logistic(x, y, x, build(Convex, blocks["logistic"])),
                 convex.svm(x, y, x, build(Convex, blocks["svm"])),
                 knn.classify(x, y, x, build(Neighbours, blocks["knn"]))]
    for name in ("sgd", "sgd_fewshot"):
        settings = build(Probe, blocks[name])
        copies = X.expand(settings.copies, *X.shape)
        predicted.append(predict(train_probe(copies, LABELS, X, LABELS, 4, settings, 1), X).numpy())
    settings = build(FineTuning, blocks["finetune"])
    network = finetune(rows.build(NETWORK, 1, 1), random_images(40), LABELS, 4, settings, 1)
    sound = bool(flat_weights(network).isfinite().all())
    return sound and all(((classes >= 0) & (classes < 4)).all() for classes in predicted)


def train(p: dict) -> bool:
    with patch.object(rows, "PROFILE", {**p["profile"], "sampling": {"budget": 12, "warmup": 1, "every": 1}}):
        scene = rows.SCENE._replace(augment=build(Augment, p["profile"]["augment"]))
        return bool(flat_weights(rows.train(p["params"], p["row"], scene)).isfinite().all())


def select(p: dict) -> bool:
    seen = Evidence(len(X), X[:10], X, X[:, 0], X[:, 1].abs())
    for name, selection in p["params"]["selections"].items():
        chosen = ends_well(lambda selection=selection: choose(build(BY_RULE[selection["rule"]], selection), seen, 9, 1),
                           *selection)
        assert chosen is None or len(set(chosen["pool"])) == len(chosen) > 0, name
    return True


def split(p: dict) -> bool:
    settings, labels = p["dataset"]["longtail"], np.repeat(np.arange(10), 160)
    val = validation_list(labels, settings["val_per_class"])
    probe = np.setdiff1d(np.arange(len(labels)), val)
    counts = LAWS[settings["law"]](10, settings["largest"], settings["ratio"])
    lists = long_tail_split(labels, probe, counts, settings["few_shot"], 1)
    return len(set(lists["longtail"])) == counts.sum() and counts.min() > 0


def short(place: tuple, value: object) -> bool:
    """Return whether a value does not ask for work that rightly takes long."""
    return not (set(WORDS) & set(place) and isinstance(value, int | float) and value > 20)


def runs(change, work, **more) -> None:
    if short(*change[1:]) and accepted(*change):
        right = ends_well(lambda: work({**changed(*change), **more}), "")
        assert right is not False


@fuzz(40, change=changes(lambda place: place[0] == "score"))
def test_scores(change):
    runs(change, score)


@fuzz(60, change=changes(lambda place: place[0] in ("logistic", "svm", "sgd", "sgd_fewshot", "finetune", "knn")))
def test_evaluations(change):
    runs(change, evaluate)


@fuzz(40, change=changes(lambda place: place[0] == "selections"))
def test_selections(change):
    runs(change, select)


@fuzz(40, change=changes(lambda place: place[0] == "longtail"))
def test_splits(change):
    runs(change, split)


@fuzz(25, change=changes(lambda place: place[0] in ("pretrain", "augment", "adapt", "student")),
      row=st.sampled_from(["simclr", "sdclr", "bcl", "colt"]))
def test_trainings_by_profile(change, row):
    runs(change, train, row=row)


@fuzz(25, change=changes(lambda place: place[0] in ("methods", "students") and len(place) > 2))
def test_trainings_by_row(change):
    runs(change, train, row=change[1][1])
