"""Embeddings of many images: evaluation mode, large batches, no gradient."""

import torch
from torch import Tensor

from ballast.data.augment import augment
from ballast.data.draws import Draws
from ballast.encoders.model import Model

BATCH = 1024


@torch.no_grad()
def embed(model: Model, images: Tensor, draws: Draws | None = None, size: int | None = None) -> tuple[Tensor, Tensor]:
    """Features h [N, d] and unit projections z [N, output] of images uint8 [N, C, H, W], in float32.

    draws: one augmentation per image ([N, 1, ...], resized to ``size``); without it the images are taken as they are.
    The model is left in the mode in which it came.
    """
    training = model.training
    model.eval()
    device = next(model.parameters()).device
    found = []
    for index in torch.arange(len(images)).split(BATCH):
        batch = images[index].to(device)
        if draws is None:
            batch = batch.float().div_(255)
        else:
            batch = augment(batch, draws.rows(index).map(lambda column: column.to(device)), size)
        found.append(model(batch.to(memory_format=torch.channels_last)))
    model.train(training)
    features, projections = (torch.cat(part).float() for part in zip(*found))
    return features, projections
