"""Linear probe on the features of a frozen encoder (methods.md 3.1).

Encoder and BatchNorm are frozen, so the features of a few augmented copies of every image are computed once; the
probe, which would see a fresh augmentation in every epoch, takes the copies in turn.
"""

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ballast.data.draws import padded_crop
from ballast.encoders.embed import embed
from ballast.encoders.model import Model
from ballast.rng import generator, seed_of


@dataclass(frozen=True)
class Probe:
    """SGD with momentum 0.9 and no weight decay; the rate falls tenfold after each epoch in ``steps``."""

    epochs: int
    batch: int
    lr: float
    steps: list[int]
    copies: int  # augmented copies of the training images
    padding: int  # of the random crop
    flip: float


def augmented_features(model: Model, images: Tensor, how: Probe, seed: int) -> Tensor:
    """Features [copies, N, d] of randomly cropped and flipped copies of images uint8 [N, C, H, W]."""
    rows, _, height, width = images.shape
    found = []
    for number in range(how.copies):
        draws = padded_crop(rows, height, width, how.padding, how.flip, generator(seed, "probe", number))
        found.append(embed(model, images, draws, width)[0])
    return torch.stack(found)


def train_probe(
    features: Tensor, labels: Tensor, val: Tensor, val_labels: Tensor, classes: int, how: Probe, seed: int
) -> nn.Linear:
    """Train on features [copies, N, d] and labels [N]; returns the classifier of the best validation epoch.

    The best top-1 accuracy on val [V, d] wins, the earliest of equals. Weights start from N(0, 0.01), bias from 0.
    """
    classifier = nn.Linear(features.shape[2], classes, device=features.device)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_of(seed, "classifier"))
        classifier.weight.data.copy_(torch.randn(classes, features.shape[2]) * 0.01)
    classifier.bias.data.zero_()
    optimizer = torch.optim.SGD(classifier.parameters(), lr=how.lr, momentum=0.9, fused=True)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, how.steps, 0.1)
    best, best_right = None, -1
    for epoch in range(how.epochs):
        copied = features[epoch % len(features)]
        for index in torch.randperm(len(labels), generator=generator(seed, "probe order", epoch)).split(how.batch):
            loss = cross_entropy(classifier(copied[index]), labels[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        schedule.step()
        right = int((predict(classifier, val) == val_labels).sum())
        if right > best_right:
            best, best_right = copy.deepcopy(classifier), right
    return best


@torch.no_grad()
def predict(classifier: nn.Linear, features: Tensor) -> Tensor:
    """Predicted classes [N] of features [N, d]."""
    return classifier(features).argmax(1)
