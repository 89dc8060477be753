"""ResNets with a stem for small or for large images, of any width and depth.

torchvision's ResNet class fixes the width at 64 and the stages at four, so this is our own. Its modules carry
torchvision's names, and its blocks compute the same bits: a saved encoder loads with ``strict=True`` into
``torchvision.models.resnet18`` or ``resnet50`` once its ``fc`` is an Identity, if stem, width and depths are theirs.
The blocks are written out because importing torchvision's takes as long as importing a third of torch.

Sources: He et al., CVPR 2016; the stem for small images is that of SimCLR on CIFAR-10 (Chen et al., ICML 2020,
appendix). A bottleneck has its stride in the 3x3 convolution, as torchvision's.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import relu


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut: [B, inputs, H, W] -> [B, planes, H/stride, W/stride]."""

    expansion = 1

    def __init__(self, inputs: int, planes: int, stride: int, downsample: nn.Module | None) -> None:
        super().__init__()
        self.conv1 = _conv(inputs, planes, 3, stride)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = _conv(planes, planes, 3)
        self.bn2 = nn.BatchNorm2d(planes)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        out = relu(self.bn1(self.conv1(x)), inplace=True)
        out = self.bn2(self.conv2(out))
        out += x if self.downsample is None else self.downsample(x)
        return relu(out, inplace=True)


class Bottleneck(nn.Module):
    """Convolutions 1x1, 3x3, 1x1 and a shortcut: [B, inputs, H, W] -> [B, 4 planes, H/stride, W/stride]."""

    expansion = 4

    def __init__(self, inputs: int, planes: int, stride: int, downsample: nn.Module | None) -> None:
        super().__init__()
        self.conv1 = _conv(inputs, planes, 1)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = _conv(planes, planes, 3, stride)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = _conv(planes, planes * self.expansion, 1)
        self.bn3 = nn.BatchNorm2d(planes * self.expansion)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        out = relu(self.bn1(self.conv1(x)), inplace=True)
        out = relu(self.bn2(self.conv2(out)), inplace=True)
        out = self.bn3(self.conv3(out))
        out += x if self.downsample is None else self.downsample(x)
        return relu(out, inplace=True)


# Mean and standard deviation of ImageNet's channels; the papers normalize every data set by them.
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
BLOCKS = {"basic": BasicBlock, "bottleneck": Bottleneck}


class ResNet(nn.Module):
    """Images [B, C, H, W] -> features h [B, feature_dim], the last stage's output averaged over all positions."""

    def __init__(self, channels: int, stem: str, block: str, width: int, depths: list[int]) -> None:
        """Build the network.

        Args:
            channels: number of channels of the images.
            stem: ``cifar``, a 3x3 convolution of stride 1; ``imagenet``, a 7x7 convolution and a 3x3 max-pooling, both
                of stride 2.
            block: ``basic`` or ``bottleneck``.
            width: planes of the first stage; every further stage doubles them and halves the resolution.
            depths: blocks of each stage.
        """
        super().__init__()
        self.channels, self.mean, self.std = channels, *IMAGENET
        self.network = {"stem": stem, "block": block, "width": width, "depths": depths}
        large = stem == "imagenet"
        self.conv1 = _conv(channels, width, 7, 2) if large else _conv(channels, width, 3)
        self.bn1 = nn.BatchNorm2d(width)
        self.maxpool = nn.MaxPool2d(3, 2, 1) if large else nn.Identity()
        inputs = width
        for i, depth in enumerate(depths):
            stage = _stage(BLOCKS[block], inputs, width * 2**i, depth, stride=1 if i == 0 else 2)
            self.add_module(f"layer{i + 1}", stage)
            inputs = width * 2**i * BLOCKS[block].expansion
        self.stages = [f"layer{i + 1}" for i in range(len(depths))]
        self.feature_dim = inputs
        self.apply(_initialize)

    def forward(self, images: Tensor) -> Tensor:
        out = self.maxpool(torch.relu(self.bn1(self.conv1(images))))
        for stage in self.stages:
            out = self.get_submodule(stage)(out)
        return out.mean((2, 3))


def _conv(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)


def _stage(block: type[BasicBlock | Bottleneck], inputs: int, planes: int, depth: int, stride: int) -> nn.Sequential:
    """Return ``depth`` blocks, the first of which changes the resolution and the number of planes."""
    outputs = planes * block.expansion
    downsample = None
    if stride != 1 or inputs != outputs:
        downsample = nn.Sequential(_conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))
    first = block(inputs, planes, stride, downsample)
    return nn.Sequential(first, *(block(outputs, planes, 1, None) for _ in range(depth - 1)))


def _initialize(module: nn.Module) -> None:
    """Draw convolution weights by Kaiming's normal law; the last BatchNorm of a block starts at 1, not at 0."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
