"""Few-shot fine-tuning of the whole network from the first layer of the projection head, as in MAK (methods.md 3.2)."""

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ballast.data.augment import augment
from ballast.data.draws import labelled
from ballast.encoders.heads import first_layer
from ballast.encoders.model import Model
from ballast.evaluation.probe import fresh_classifier, predict, right_within
from ballast.rng import generator
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
    """Images uint8 [B, C, H, W] or float in [0, 1] to class scores: encoder, first layer of the head, a new layer."""

    def __init__(self, model: Model, classes: int, seed: int) -> None:
        super().__init__()
        self.model = copy.deepcopy(model)
        self.classifier = fresh_classifier(self.model.encoder.features, classes, seed)

    def forward(self, images: Tensor) -> Tensor:
        if images.dtype == torch.uint8:
            images = images.float().div_(255)
        return self.classifier(first_layer(self.model.head)(self.model.features(images)))


def finetune(
    model: Model, images: Tensor, labels: Tensor, val: Tensor, val_labels: Tensor, classes: int, how: FineTuning,
    seed: int,
) -> Classifier:
    """Train a copy of the model on images uint8 [N, C, H, W]; returns it at its best validation epoch."""
    network = Classifier(model, classes, seed).to(images.device, memory_format=torch.channels_last)
    trained = [*network.model.encoder.parameters(), *first_layer(network.model.head).parameters(),
               *network.classifier.parameters()]
    optimizer = torch.optim.SGD(trained, lr=how.lr, momentum=0.9, fused=True)
    rows, _, height, width = images.shape
    step, steps = 0, how.epochs * batch_count(rows, how.batch)
    best, best_right = network, -1
    for epoch in range(1, how.epochs + 1):
        draws = labelled(rows, height, width, how.crop, how.flip, generator(seed, "fine-tune", epoch))
        draws = draws.map(lambda column: column.to(images.device))
        network.train()
        for index in shuffled_batches(rows, how.batch, seed, epoch):
            step += 1
            optimizer.param_groups[0]["lr"] = warmup_cosine(step, how.lr, 0, steps)
            views = augment(images[index], draws.rows(index), width)
            loss = cross_entropy(network(views.contiguous(memory_format=torch.channels_last)), labels[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if epoch % how.every == 0:
            network.eval()
            right = sum(right_within(network, *part, how.top) for part in zip(val.split(1024), val_labels.split(1024)))
            if right > best_right:
                best, best_right = copy.deepcopy(network), right
    return best.eval()


def classify(network: Classifier, images: Tensor) -> Tensor:
    """Predicted classes [N] of images uint8 [N, C, H, W]."""
    return torch.cat([predict(network, part) for part in images.split(1024)])
