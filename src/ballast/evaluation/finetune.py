"""Few-shot fine-tuning of the whole network from the first layer of the projection head, as in MAK (methods.md 3.2)."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ballast.augment.draws import labelled
from ballast.encoders.embed import batch_size
from ballast.encoders.heads import first_layer
from ballast.encoders.model import Model
from ballast.evaluation.probe import fresh_classifier, predict, right_within
from ballast.images.store import Store
from ballast.runtime.rng import generator
from ballast.training.loop import shuffled_batches
from ballast.training.schedule import batch_count, warmup_cosine


@dataclass(frozen=True)
class FineTuning:
    """SGD with momentum 0.9, no weight decay, cosine without warm-up."""

    epochs: int
    batch: int
    lr: float
    crop: int | list[float]  # as in Probe
    flip: float
    every: int
    top: int


class Classifier(nn.Module):
    """Images [B, C, H, W] in [0, 1] to class scores: encoder, first layer of the head, a new layer."""

    def __init__(self, model: Model, classes: int, seed: int) -> None:
        super().__init__()
        self.model = copy.deepcopy(model)
        self.classifier = fresh_classifier(self.model.encoder.features, classes, seed)

    def forward(self, images: Tensor) -> Tensor:
        return self.classifier(first_layer(self.model.head)(self.model.features(images)))


def finetune(
    model: Model, images: Store, labels: Tensor, val: Store, val_labels: Tensor, classes: int, how: FineTuning,
    seed: int,
) -> Classifier:
    """Train a copy of the model on images and labels [N]; returns it at its best validation epoch."""
    network = Classifier(model, classes, seed).to(images.device, memory_format=torch.channels_last)
    trained = [*network.model.encoder.parameters(), *first_layer(network.model.head).parameters(),
               *network.classifier.parameters()]
    optimizer = torch.optim.SGD(trained, lr=how.lr, momentum=0.9, fused=True)
    step, steps = 0, how.epochs * batch_count(len(images), how.batch)
    best, best_right = network, -1
    for epoch in range(1, how.epochs + 1):
        draws = labelled(len(images), images.height, images.width, how.crop, how.flip,
                         generator(seed, "fine-tune", epoch))
        network.train()
        order = shuffled_batches(len(images), how.batch, seed, epoch)
        for index, views in zip(order, images.stream((index, draws.rows(index)) for index in order)):
            step += 1
            optimizer.param_groups[0]["lr"] = warmup_cosine(step, how.lr, 0, steps)
            loss = cross_entropy(network(views.contiguous(memory_format=torch.channels_last)), labels[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if epoch % how.every == 0:
            network.eval()
            right = sum(right_within(network, views, val_labels[index], how.top) for index, views in _seen(val))
            if right > best_right:
                best, best_right = copy.deepcopy(network), right
    return best.eval()


def classify(network: Classifier, images: Store) -> Tensor:
    """Predicted classes [N] of N images."""
    return torch.cat([predict(network, views) for _, views in _seen(images)])


def _seen(images: Store) -> Iterator[tuple[Tensor, Tensor]]:
    """Indices and pixels of the images as they are, in batches."""
    batches = torch.arange(len(images)).split(batch_size(images.device))
    return zip(batches, images.stream((index, None) for index in batches))
