"""SimCLR's augmentation of 32-pixel images: batched on the device, also compiled, beside torchvision's image by image.

    python -m benchmarks.augmentation [quick]
"""

import sys

import torch
from torch._inductor import metrics
from torchvision.transforms import v2

from ballast.augment.draws import contrastive
from ballast.augment.views import augment
from ballast.config.profile import Augment
from ballast.images.resident import Resident
from ballast.runtime.device import prepare
from ballast.runtime.philox import Stream
from benchmarks.timing import seconds, show

AUGMENT = Augment(crop=[0.1, 1.0], flip=0.5, jitter=[0.4, 0.4, 0.4, 0.1], jitter_p=0.8, gray=0.2, blur=0.0,
                  blur_sigma=[0.1, 2.0])


def main(quick: bool) -> None:
    """Print views per second."""
    device = prepare(torch.get_num_threads())
    count = 64 if quick else 2048
    images = Resident(torch.randint(0, 256, (count, 3, 32, 32), dtype=torch.uint8)).to(device)
    draws = contrastive(torch.arange(count, device=device), range(1), 32, 32, AUGMENT, Stream(0, "bench"))
    transform = v2.Compose([
        v2.RandomResizedCrop(32, (0.1, 1.0), interpolation=v2.InterpolationMode.BICUBIC), v2.RandomHorizontalFlip(),
        v2.RandomApply([v2.ColorJitter(0.4, 0.4, 0.4, 0.1)], 0.8), v2.RandomGrayscale(0.2),
        v2.ToDtype(torch.float32, scale=True)])
    single = images.images.cpu()

    def batched() -> None:
        for index in torch.arange(count).split(512):
            images.views(index, draws.rows(index.to(device)))

    def fused() -> None:
        for index in torch.arange(count).split(512):
            images.views(index, draws.rows(index.to(device)), compiled)

    compiled = torch.compile(augment, dynamic=False)
    metrics.reset()
    fused()
    kernels = metrics.generated_kernel_count
    times = seconds({"ours": batched, "compiled": fused, "torchvision": lambda: list(map(transform, single))},
                    repeats=3)
    show("Augmentation, views/s", [{**{name: round(count / took) for name, took in times.items()},
                                    "ratio": round(times["torchvision"] / times["ours"], 1),
                                    "kernels, compiled": kernels}])


if __name__ == "__main__":
    main("quick" in sys.argv)
