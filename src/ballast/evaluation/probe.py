"""Linear probe on the features of a frozen encoder (methods.md 3.1 to 3.3).

Encoder and BatchNorm are frozen, so the features of a few augmented copies of every image are computed once; the
probe, which would see a fresh augmentation in every epoch, takes the copies in turn. The list that it trains on makes
it the linear, the few-shot or the imbalanced evaluation.
"""

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ballast.augment.draws import labelled
from ballast.encoders.embed import embed
from ballast.encoders.model import Model
from ballast.images.store import Store
from ballast.runtime.rng import generator, seed_of


@dataclass(frozen=True)
class Probe:
    """SGD with momentum 0.9 and no weight decay; the rate falls tenfold after each epoch in ``steps``."""

    epochs: int
    batch: int
    lr: float
    steps: list[int]
    copies: int  # augmented copies of the training images
    crop: int | list[float]  # padding of a random crop in pixels, or smallest and largest share of the area
    flip: float
    every: int  # epochs between looks at the validation list; all of them: the last epoch is taken
    top: int  # a validation image counts as right when its class is among so many first


def augmented_features(model: Model, images: Store, how: Probe, seed: int) -> Tensor:
    """Features [copies, N, d] of randomly cropped and flipped copies of N images."""
    found = []
    for number in range(how.copies):
        draws = labelled(len(images), images.height, images.width, how.crop, how.flip, generator(seed, "probe", number))
        found.append(embed(model, images, draws)[0])
    return torch.stack(found)


def train_probe(
    features: Tensor, labels: Tensor, val: Tensor, val_labels: Tensor, classes: int, how: Probe, seed: int
) -> nn.Linear:
    """Train on features [copies, N, d] and labels [N]; returns the classifier of the best validation epoch.

    The best accuracy on val [V, d] wins, the earliest of equals. Weights start from N(0, 0.01), bias from 0.
    """
    classifier = fresh_classifier(features.shape[2], classes, seed).to(features.device)
    optimizer = torch.optim.SGD(classifier.parameters(), lr=how.lr, momentum=0.9, fused=True)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, how.steps, 0.1)
    best, best_right = classifier, -1
    for epoch in range(how.epochs):
        copied = features[epoch % len(features)]
        for index in torch.randperm(len(labels), generator=generator(seed, "probe order", epoch)).split(how.batch):
            loss = cross_entropy(classifier(copied[index]), labels[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        schedule.step()
        if (epoch + 1) % how.every == 0:
            right = right_within(classifier, val, val_labels, how.top)
            if right > best_right:
                best, best_right = copy.deepcopy(classifier), right
    return best


def fresh_classifier(features: int, classes: int, seed: int) -> nn.Linear:
    """Weights from N(0, 0.01), bias 0."""
    classifier = nn.Linear(features, classes)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_of(seed, "classifier"))
        nn.init.normal_(classifier.weight, std=0.01)
    nn.init.zeros_(classifier.bias)
    return classifier


@torch.no_grad()
def right_within(classifier: nn.Module, inputs: Tensor, labels: Tensor, top: int) -> int:
    """How many inputs have their class among the ``top`` first."""
    scores = classifier(inputs)
    return int((scores.topk(min(top, scores.shape[1]), 1).indices == labels[:, None]).sum())


@torch.no_grad()
def predict(classifier: nn.Linear, features: Tensor) -> Tensor:
    """Predicted classes [N] of features [N, d]."""
    return classifier(features).argmax(1)
