"""Few-shot fine-tuning of the encoder and the first layer of its projection head, as in MAK (docs/protocol.md)."""

import copy
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ballast.config.profile import FineTuning
from ballast.encoders.embed import batch_size
from ballast.encoders.heads import first_layer
from ballast.encoders.model import Model
from ballast.evaluation.probe import draw, fresh_classifier, predict, require_finite
from ballast.images.store import Store
from ballast.runtime.philox import Stream
from ballast.training.batches import batch_count, shuffled_batches
from ballast.training.schedule import warmup_cosine


class Classifier(nn.Module):
    """A network from images to class scores: the encoder, the first layer of the head, and a new linear layer."""

    def __init__(self, model: Model, classes: int, seed: int) -> None:
        super().__init__()
        self.model = copy.deepcopy(model)
        self.classifier = fresh_classifier(self.model.encoder.feature_dim, classes, seed)

    def forward(self, images: Tensor) -> Tensor:
        """Return class scores [B, classes] of images [B, C, H, W] with values in [0, 1]."""
        return self.classifier(first_layer(self.model.head)(self.model.features(images)))

    def trained(self) -> list[nn.Parameter]:
        """Return the parameters that fine-tuning changes; the later layers of the head are not used."""
        return [*self.model.encoder.parameters(), *first_layer(self.model.head).parameters(),
                *self.classifier.parameters()]


def finetune(model: Model, images: Store, labels: Tensor, classes: int, settings: FineTuning, seed: int) -> Classifier:
    """Train a copy of a model on labelled images, and return the network of the last epoch.

    Args:
        model: the pre-trained encoder and head; it stays as it is.
        images: the training images.
        labels: their classes, [N].
        classes: the number of classes.
        settings: optimizer and schedule.
        seed: the seed of the new layer, the order of the images and their augmentation.

    Raises:
        BallastError: the loss is no number any more.
    """
    network = Classifier(model, classes, seed).to(images.device, memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(network.trained(), lr=settings.lr, momentum=0.9, fused=True)
    step = 0
    steps = settings.epochs * batch_count(len(images), settings.batch)
    for epoch in range(1, settings.epochs + 1):
        network.train()
        for index, views in _batches(images, settings, seed, epoch):
            step += 1
            optimizer.param_groups[0]["lr"] = warmup_cosine(step, settings.lr, 0, steps)
            labels_of_batch = labels[index.to(labels.device, non_blocking=True)]
            loss = cross_entropy(network(views.contiguous(memory_format=torch.channels_last)), labels_of_batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    require_finite(loss, "finetune")
    return network.eval()


def classify(network: Classifier, images: Store) -> Tensor:
    """Return the predicted classes [N] of N images."""
    return torch.cat([predict(network, views) for _, views in _unaltered(images)])


def _batches(images: Store, settings: FineTuning, seed: int, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield indices and augmented views of the images of an epoch in random batches."""
    stream = Stream(seed, "fine-tune", epoch)
    order = shuffled_batches(len(images), settings.batch, seed, epoch)
    return zip(order, images.stream((index, draw(images, settings, stream, index)) for index in order))


def _unaltered(images: Store) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield indices and pixels of all images in batches, without augmentation."""
    batches = torch.arange(len(images)).split(batch_size(images.device))
    return zip(batches, images.stream((index, None) for index in batches))
