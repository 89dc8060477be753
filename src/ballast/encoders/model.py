"""Encoder and head as one module, how it is built from parameters, and how it is written and read."""

import json
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.nn.functional import normalize

from ballast.encoders.heads import layers_of, projection_head
from ballast.encoders.resnet import ResNet
from ballast.runtime.errors import BallastError, require
from ballast.runtime.files import write_atomic
from ballast.runtime.rng import seed_of

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Model(nn.Module):
    """images [B, C, H, W] in [0, 1] -> features h [B, d] and unit-length projections z [B, output]."""

    def __init__(self, encoder: ResNet, output: int, channels: int, layers: int = 2, precision: str = "fp32",
                 compile: bool = False) -> None:
        """precision: bf16 runs encoder and head under autocast; weights and what comes out stay float32.

        compile: torch.compile fuses the encoder's operations, once for every kind of batch.
        """
        super().__init__()
        if compile:
            encoder.compile()
        self.half = precision == "bf16"
        self.encoder, self.channels, self.widths = encoder, channels, (encoder.features, output)
        self.head = projection_head(encoder.features, output, layers)
        mean, std = torch.tensor(MEAN), torch.tensor(STD)
        if channels == 1:
            mean, std = mean.mean(0, keepdim=True), std.mean(0, keepdim=True)
        self.register_buffer("mean", mean[:, None, None], persistent=False)
        self.register_buffer("std", std[:, None, None], persistent=False)

    def features(self, images: Tensor) -> Tensor:
        """h [B, d], before the head; what evaluation and MAK's proximity use."""
        with self._autocast(images):
            return self._whole(self.encoder((images - self.mean) / self.std))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Features h [B, d] and projections z [B, output], the latter L2-normalised."""
        features = self.features(images)
        with self._autocast(images):
            projections = self.head(features)
        return features, normalize(self._whole(projections))

    def _whole(self, values: Tensor) -> Tensor:
        return values.float() if self.half else values

    def _autocast(self, images: Tensor) -> torch.autocast:
        return torch.autocast(images.device.type, torch.bfloat16, enabled=self.half)


def build(network: dict, channels: int, seed: int, layers: int = 2) -> Model:
    """A fresh model; its initial weights are a function of the seed alone.

    network: the head's ``projection``, ``precision`` and ``compile`` as in Model, the rest goes to ResNet; layers: of
    the head.
    """
    encoder = {key: value for key, value in network.items() if key not in ("projection", "precision", "compile")}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_of(seed, "weights"))
        model = Model(ResNet(channels, **encoder), network["projection"], channels, layers,
                      network.get("precision", "fp32"), network.get("compile", False))
    return model.to(memory_format=torch.channels_last)


def save_weights(module: nn.Module, path: str | Path, facts: dict | None = None) -> None:
    """Write a state dict as safetensors, whole or not at all; facts: what else a user of the file has to know."""
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in module.state_dict().items()}
    write_atomic(path, save(state, facts and {"ballast": json.dumps(facts)}))


def load_weights(module: nn.Module, path: str | Path) -> None:
    """Load weights that ``save_weights`` wrote, strictly."""
    weights = read_weights(path)
    try:
        module.load_state_dict(weights, strict=True)
    except RuntimeError as error:
        raise BallastError(f"{path}: not the weights of this architecture ({str(error).splitlines()[0]})") from error


def read_weights(path: str | Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file by name."""
    return _opened(path, lambda: load_file(path))


def _opened(path: str | Path, read: Callable):
    require(Path(path).is_file(), f"{path}: missing; `dvc repro` makes it")
    try:
        return read()
    except Exception as error:  # safetensors raises many kinds
        raise BallastError(f"{path}: not a readable safetensors file ({str(error).splitlines()[0]})") from error


def load_model(network: dict, channels: int, folder: str | Path) -> Model:
    """The encoder and the head that ``save_model`` wrote to a folder; the head is as deep as its file."""
    layers = layers_of(list(read_weights(f"{folder}/head.safetensors")))
    model = build(network, channels, seed=0, layers=layers)
    load_weights(model.encoder, f"{folder}/encoder.safetensors")
    load_weights(model.head, f"{folder}/head.safetensors")
    return model


def save_model(model: Model, folder: str | Path, size: int, short: int) -> None:
    """Write encoder and head to a folder. The encoder sees the middle size x size of an image, short side ``short``."""
    save_weights(model.encoder, f"{folder}/encoder.safetensors",
                 {"network": model.encoder.network, "channels": model.channels, "size": size, "short": short,
                  "mean": MEAN, "std": STD})
    save_weights(model.head, f"{folder}/head.safetensors")


def load_encoder(path: str | Path) -> tuple[Model, int, int]:
    """A frozen model whose features are those of an encoder's file, from that file alone; and its size and short."""
    facts = json.loads(_opened(path, lambda: safe_open(path, "pt").metadata() or {}).get("ballast", "null"))
    require(facts is not None, f"{path}: does not say which network it is of; an encoder.safetensors of Ballast does")
    model = build({**facts["network"], "projection": 1}, facts["channels"], seed=0)
    load_weights(model.encoder, path)
    return model.eval().requires_grad_(False), facts["size"], facts["short"]
