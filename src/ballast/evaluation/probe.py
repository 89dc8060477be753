"""The papers' linear probe on the features of a frozen encoder, by SGD (docs/protocol.md).

Encoder and BatchNorm are frozen, so the features of a few augmented copies of every image are computed once. Training
would draw a fresh augmentation in every epoch; here the epochs take the copies in turn. Which list of images the probe
is trained on makes it the linear, the few-shot or the imbalanced evaluation.
"""

import copy
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ballast.augment.draws import Draws, labelled
from ballast.config.profile import FineTuning, Probe
from ballast.encoders.embed import embed
from ballast.encoders.model import Model
from ballast.images.store import Store
from ballast.runtime.errors import BallastError
from ballast.runtime.philox import Stream
from ballast.runtime.rng import generator, seed_of


def augmented_features(model: Model, images: Store, settings: Probe, seed: int) -> Tensor:
    """Return features [copies, N, d] of randomly cropped and flipped copies of N images."""
    features = []
    for number in range(settings.copies):
        stream = Stream(seed, "probe", number)
        features.append(embed(model, images, partial(draw, images, settings, stream))[0])
    return torch.stack(features)


def draw(images: Store, settings: FineTuning, stream: Stream, rows: Tensor) -> Draws:
    """Return the augmentation of the images of some rows by the settings of an evaluation."""
    rows = rows.to(images.draws_device, non_blocking=True)
    drawn = labelled(rows, *images.sides(rows), settings.crop, settings.flip, stream)
    return drawn.map(lambda column: column[:, 0])


def train_probe(
    features: Tensor, labels: Tensor, val: Tensor, val_labels: Tensor, classes: int, settings: Probe, seed: int
) -> nn.Linear:
    """Train a linear classifier on frozen features.

    Args:
        features: features of the augmented copies of the training images, [copies, N, d].
        labels: classes of the training images, [N].
        val: features of the validation images, [V, d]; V may be 0.
        val_labels: classes of the validation images, [V].
        classes: the number of classes.
        settings: optimizer, schedule, and how often the validation accuracy is measured.
        seed: the seed of the initial weights and of the order of the images.

    Returns:
        The classifier of the epoch with the best validation accuracy, the earliest one among equals; the last one
        without validation images.

    Raises:
        BallastError: the loss is no number any more.
    """
    classifier = fresh_classifier(features.shape[2], classes, seed).to(features.device)
    optimizer = torch.optim.SGD(classifier.parameters(), lr=settings.lr, momentum=0.9, fused=True)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, settings.steps, 0.1)
    best = classifier
    best_correct = -1
    every = settings.every if len(val) else settings.epochs
    for epoch in range(settings.epochs):
        inputs = features[epoch % len(features)]
        order = torch.randperm(len(labels), generator=generator(seed, "probe order", epoch)).to(features.device)
        for index in order.split(settings.batch):
            loss = cross_entropy(classifier(inputs[index]), labels[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        schedule.step()
        if (epoch + 1) % every == 0:
            correct = correct_within(classifier, val, val_labels, settings.top)
            if correct > best_correct:
                best = copy.deepcopy(classifier)
                best_correct = correct
    require_finite(loss, "sgd")
    return best


def require_finite(loss: Tensor, block: str) -> None:
    """Refuse the result of a training whose last loss is no number; ``block`` of the profile has its rate."""
    if not torch.isfinite(loss):
        raise BallastError(f"{block}: the loss is {loss.item()} at the end; lower {block}.lr")


def fresh_classifier(feature_dim: int, classes: int, seed: int) -> nn.Linear:
    """Return a linear layer with weights from N(0, 0.01) and zero bias."""
    classifier = nn.Linear(feature_dim, classes)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_of(seed, "classifier"))
        nn.init.normal_(classifier.weight, std=0.01)
    nn.init.zeros_(classifier.bias)
    return classifier


@torch.no_grad()
def correct_within(classifier: nn.Module, inputs: Tensor, labels: Tensor, top: int) -> int:
    """Return the number of inputs whose class is among the ``top`` classes with the highest scores."""
    scores = classifier(inputs)
    return int((scores.topk(min(top, scores.shape[1]), 1).indices == labels[:, None]).sum())


@torch.no_grad()
def predict(classifier: nn.Module, inputs: Tensor) -> Tensor:
    """Return the predicted classes [N] of N inputs."""
    return classifier(inputs).argmax(1)
