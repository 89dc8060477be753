"""ResNets of torchvision's blocks with a CIFAR or an ImageNet stem (methods.md 1.1).

Parameters carry torchvision's names: a saved encoder loads with ``strict=True`` into ``torchvision.models.resnet18``
or ``resnet50`` once its ``fc`` is an Identity, provided that the stem, width and depths are theirs.
"""

import torch
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, Bottleneck, conv1x1

BLOCKS = {"basic": BasicBlock, "bottleneck": Bottleneck}


class ResNet(nn.Module):
    """Images [B, C, H, W] to features h [B, d], d = ``features``: the global average of the last block's output.

    depths: blocks per stage; stage i has ``width * 2^i`` planes and halves the resolution but for the first.
    stem ``cifar``: 3x3 convolution, stride 1, no pooling; ``imagenet``: 7x7, stride 2, then 3x3 max-pool.
    """

    def __init__(self, channels: int, stem: str, block: str, width: int, depths: list[int]) -> None:
        super().__init__()
        self.network = {"stem": stem, "block": block, "width": width, "depths": depths}
        kind, inside = BLOCKS[block], width
        large = stem == "imagenet"
        self.conv1 = nn.Conv2d(channels, width, 7 if large else 3, 2 if large else 1, 3 if large else 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.pool = nn.MaxPool2d(3, 2, 1) if large else nn.Identity()
        for i, depth in enumerate(depths):
            planes = width * 2**i
            self.add_module(f"layer{i + 1}", _stage(kind, inside, planes, depth, stride=1 if i == 0 else 2))
            inside = planes * kind.expansion
        self.stages = [f"layer{i + 1}" for i in range(len(depths))]
        self.features = inside
        self.apply(_initialise)

    def forward(self, images: Tensor) -> Tensor:
        out = self.pool(torch.relu(self.bn1(self.conv1(images))))
        for stage in self.stages:
            out = self.get_submodule(stage)(out)
        return out.mean((2, 3))


def _stage(kind: type[nn.Module], inside: int, planes: int, depth: int, stride: int) -> nn.Sequential:
    outside = planes * kind.expansion
    shortcut = None
    if stride != 1 or inside != outside:
        shortcut = nn.Sequential(conv1x1(inside, outside, stride), nn.BatchNorm2d(outside))
    blocks = [kind(inside, planes, stride, shortcut)]
    return nn.Sequential(*blocks, *(kind(outside, planes) for _ in range(depth - 1)))


def _initialise(module: nn.Module) -> None:
    """Kaiming-normal convolutions, no zero-init of the residual BatchNorm."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
