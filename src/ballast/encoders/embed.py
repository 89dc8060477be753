"""Embeddings of many images: evaluation mode, large batches, no gradient."""

import torch
from torch import Tensor

from ballast.data.draws import Draws
from ballast.data.store import Store
from ballast.encoders.model import Model

BATCH = 1024


@torch.no_grad()
def embed(model: Model, images: Store, draws: Draws | None = None) -> tuple[Tensor, Tensor]:
    """Features h [N, d] and unit projections z [N, output] of N images, in float32, on the images' device.

    draws: one augmentation per image, [N, 1, ...]; without it the images are taken as they are.
    The model is left in the mode in which it came.
    """
    training = model.training
    model.eval()
    batches = torch.arange(len(images)).split(BATCH)
    requests = ((index, None if draws is None else draws.rows(index)) for index in batches)
    found = [model(views.to(memory_format=torch.channels_last)) for views in images.stream(requests)]
    model.train(training)
    features, projections = (torch.cat(part).float() for part in zip(*found))
    return features, projections
