"""An epoch of SimCLR by Ballast, beside the loop that lightly's examples and most repositories have.

    python -m benchmarks.loop [quick]

That loop augments image by image with torchvision in the workers of a DataLoader. Network, batch and loss are the same.
"""

import os
import sys
from dataclasses import replace

import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2

from ballast.config.build import build as built
from ballast.config.profile import Network, Profile
from ballast.config.yaml import read_yaml
from ballast.encoders.model import build
from ballast.frameworks.simclr import SimCLR
from ballast.images.resident import Resident
from ballast.losses.ntxent import ntxent
from ballast.runtime.device import prepare
from ballast.training.loop import update
from ballast.training.trainer import Trainer
from benchmarks.timing import seconds, show

PROFILE = "cifar10_lt"


class Pairs(Dataset):
    """Two augmented views of every image."""

    def __init__(self, pixels: torch.Tensor) -> None:
        self.images = [Image.fromarray(image.permute(1, 2, 0).numpy()) for image in pixels]
        self.transform = v2.Compose([
            v2.RandomResizedCrop(32, (0.1, 1.0), interpolation=v2.InterpolationMode.BICUBIC),
            v2.RandomHorizontalFlip(), v2.RandomApply([v2.ColorJitter(0.4, 0.4, 0.4, 0.1)], 0.8),
            v2.RandomGrayscale(0.2),
            v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, row: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.transform(self.images[row]), self.transform(self.images[row])


def main(quick: bool) -> None:
    """Print images per second of an epoch."""
    device = prepare(torch.get_num_threads(), deterministic=False)
    profile = built(Profile, read_yaml(f"configs/profiles/{PROFILE}.yaml"))
    network = replace(profile.network, precision="bf16", **({"width": 16, "depths": [1]} if quick else {}))
    on_gpu = device.type == "cuda"
    count, batch = (64, 16) if quick else (12_406, 512) if on_gpu else (512, 128)
    pixels = torch.randint(0, 256, (count, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    ours = trainer(network, profile, Resident(pixels).to(device), batch)
    theirs = usual(network, pixels, device, batch)
    times = seconds({"Ballast": lambda: epoch(ours), "the usual loop": theirs}, repeats=1 if quick else 3)
    rates = {name: round(count / took) for name, took in times.items()}
    show("Epoch of SimCLR, ResNet-18 at 32 px, bf16, images/s",
         [{"images": count, "batch": batch, **rates, "ratio": round(times["the usual loop"] / times["Ballast"], 1)}])


def trainer(network: Network, profile: Profile, images: Resident, batch: int) -> Trainer:
    """Return our training."""
    optimization = replace(profile.pretrain, batch=batch)
    return Trainer(SimCLR(build(network, 3, 1).to(images.device)), images, None, {}, optimization, profile.augment, 1)


def epoch(run: Trainer) -> None:
    """Train one epoch."""
    for index, views in run.begin_epoch(1):
        update(run.state, 0.1, run.step, index, views)


def usual(network: Network, pixels: torch.Tensor, device: torch.device, batch: int):
    """Return a function that trains one epoch as usual."""
    model = build(network, 3, 1).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4, fused=True)
    loader = DataLoader(Pairs(pixels), batch, shuffle=True, num_workers=len(os.sched_getaffinity(0)), pin_memory=True,
                        persistent_workers=True)

    def train() -> None:
        for first, second in loader:
            views = torch.cat([first, second]).to(device, non_blocking=True)
            z = model(views.contiguous(memory_format=torch.channels_last))[1]
            loss = ntxent(*z.chunk(2), 0.2)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()

    return train


if __name__ == "__main__":
    main("quick" in sys.argv)
