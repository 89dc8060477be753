"""Encoder and projection head as one module, and their files."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.nn.functional import normalize

from ballast.config.profile import Running
from ballast.encoders.backbone import backbone, described
from ballast.encoders.blocks import blocks_of, modules_within
from ballast.encoders.facts import RUNNING, facts_of, require_weights
from ballast.encoders.heads import layers_of, projection_head
from ballast.encoders.resnet import ResNet
from ballast.runtime.device import allow_tf32
from ballast.runtime.errors import BallastError
from ballast.runtime.files import write_atomic
from ballast.runtime.rng import seed_of


class Model(nn.Module):
    """Images [B, C, H, W] in [0, 1] -> features h [B, d] and projections z [B, output] of unit length."""

    def __init__(self, encoder: nn.Module, output: int, channels: int, layers: int = 2, precision: str = "fp32",
                 compile: bool = False, graph: bool = False) -> None:
        """Put a head on an encoder.

        Args:
            encoder: the network up to the features; it says their number (``feature_dim``), the ``channels`` that it
                takes, and their ``mean`` and ``std``.
            output: length of a projection.
            channels: number of channels of the images, 1 or 3.
            layers: linear layers of the head.
            precision: ``bf16`` runs encoder and head under autocast; weights, features and projections stay float32.
                ``tf32`` is float32 with products of 19 bits on a GPU that has them, and ``fp32`` on a CPU.
            compile: whether torch.compile fuses the encoder's operations, once for every shape of batch. A training
                fuses those of the augmentation, too.
            graph: whether a training on a GPU launches a whole step as one CUDA graph (ballast.training.graph).
        """
        super().__init__()
        self.compiled, self.graphed = compile, graph
        if compile:
            encoder.compile(dynamic=False)  # one graph for sizes that vary would serve whole batches, too, and slowly
        self.use_bf16 = precision == "bf16"
        self.encoder = encoder
        self.channels = channels
        self.widths = (encoder.feature_dim, output)
        self.head = projection_head(encoder.feature_dim, output, layers)
        self.still: list[nn.Module] = []  # modules that stay as they are
        mean, std = torch.tensor(encoder.mean), torch.tensor(encoder.std)
        if encoder.channels == 1:
            mean = mean.mean(0, keepdim=True)
            std = std.mean(0, keepdim=True)
        self.register_buffer("mean", mean[:, None, None], persistent=False)
        self.register_buffer("std", std[:, None, None], persistent=False)

    def freeze(self, blocks: int) -> None:
        """Keep the first blocks of the encoder as they are, the statistics of their BatchNorms included."""
        last = max(blocks_of(self.encoder).values(), default=0)
        if blocks > last:
            raise BallastError(f"pretrain.freeze: expected at most {last} of the encoder's {last + 1} blocks, got "
                               f"{blocks}")
        self.still = modules_within(self.encoder, blocks)
        for module in self.still:
            for parameter in module.parameters(recurse=False):
                parameter.requires_grad_(False)
        self.train(self.training)

    def train(self, mode: bool = True) -> "Model":
        """Set the mode, but for what stays as it is."""
        super().train(mode)
        for module in self.still:
            module.eval()
        return self

    def features(self, images: Tensor) -> Tensor:
        """Return features h [B, d], before the head: what evaluations and MAK's proximity use."""
        with self._autocast(images):
            return self._float32(self.encoder((images - self.mean) / self.std))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return features h [B, d] and projections z [B, output], the latter of unit length."""
        features = self.features(images)
        with self._autocast(images):
            projections = self.head(features)
        return features, normalize(self._float32(projections))

    def _float32(self, values: Tensor) -> Tensor:
        return values.float() if self.use_bf16 else values  # a model in float64 stays in float64

    def _autocast(self, images: Tensor) -> torch.autocast:
        return torch.autocast(images.device.type, torch.bfloat16, enabled=self.use_bf16)


def build(network: Running | Mapping[str, Any], channels: int, seed: int, layers: int = 2) -> Model:
    """Return a new model, whose initial weights depend on the random seed alone.

    Args:
        network: the profile's network, or a mapping of its fields.
        channels: number of channels of the images, 1 or 3.
        seed: the random seed.
        layers: linear layers of the head.
    """
    values = asdict(network) if is_dataclass(network) else dict(network)
    projection = values["projection"]
    precision = values.get("precision", "fp32")
    allow_tf32(precision == "tf32")
    compile = values.get("compile", False)
    graph = values.get("graph", False)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_of(seed, "weights"))
        model = Model(_encoder(values, channels), projection, channels, layers, precision, compile, graph)
    return model.to(memory_format=torch.channels_last)


def _encoder(values: Mapping[str, Any], channels: int) -> nn.Module:
    """Return a new encoder from the values of a network, whatever says how the network runs left aside."""
    shape = {name: value for name, value in values.items() if name not in RUNNING}
    source = shape.pop("source", "ballast")
    return ResNet(channels, **shape) if source == "ballast" else backbone(source, **shape)


def outline(network: Running, channels: int, size: int | None = None) -> nn.Module:
    """Return an encoder without weights, quickly, however large it is.

    Raises:
        BallastError: there is no such network, or it does not take images of ``size`` pixels a side.
    """
    with torch.device("meta"):
        encoder = _encoder(asdict(network), channels)
        if size:
            try:
                shape = list(encoder(torch.empty(2, encoder.channels, size, size)).shape)
            except Exception as error:  # each network has its own
                raise BallastError(f"network: expected one that takes images of {size} x {size} pixels, got "
                                   f"{described(encoder)} ({str(error).splitlines()[0]})") from error
            if shape != [2, encoder.feature_dim]:
                raise BallastError(f"network: expected {encoder.feature_dim} features an image, got shape {shape} from "
                                   f"{described(encoder)}; choose another one")
    return encoder


def save_weights(module: nn.Module, path: str | Path, facts: dict | None = None) -> None:
    """Write a state dict as safetensors, atomically; ``facts`` describe the module to who reads the file."""
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in module.state_dict().items()}
    write_atomic(path, save(state, facts and {"ballast": json.dumps(facts)}))


def load_weights(module: nn.Module, path: str | Path) -> None:
    """Load weights that ``save_weights`` wrote into a module of the same architecture."""
    weights = read_weights(path)
    try:
        module.load_state_dict(weights, strict=True)
    except RuntimeError as error:
        raise BallastError(f"{path}: expected weights of this architecture, got others ({str(error).splitlines()[0]}); "
                           f"delete it and run `dvc repro`") from error


def read_weights(path: str | Path) -> dict[str, Tensor]:
    """Return the tensors of a safetensors file by name."""
    return _read(path, load_file)


def _read(path: str | Path, reader: Callable[[str | Path], Any]) -> Any:
    """Return what a reader makes of a safetensors file; raise BallastError where it cannot."""
    if not Path(path).is_file():
        raise BallastError(f"{path}: missing; `dvc repro` makes it")
    try:
        return reader(path)
    except Exception as error:  # safetensors raises many kinds
        raise BallastError(f"{path}: expected a readable safetensors file, got an error "
                           f"({str(error).splitlines()[0]}); delete it and run `dvc repro`") from error


def save_model(model: Model, folder: str | Path, size: int, short: int) -> None:
    """Write encoder.safetensors as ``save_encoder`` does, and head.safetensors."""
    save_encoder(model, folder, size, short)
    save_weights(model.head, f"{folder}/head.safetensors")


def save_encoder(model: Model, folder: str | Path, size: int, short: int) -> None:
    """Write encoder.safetensors, which describes itself.

    Args:
        model: the model to write.
        folder: where to write.
        size: edge of the central square that the encoder sees, in pixels.
        short: short side to which images are resized before, in pixels.
    """
    facts = {"network": model.encoder.network, "channels": model.channels, "size": size, "short": short,
             "mean": model.encoder.mean, "std": model.encoder.std}
    save_weights(model.encoder, f"{folder}/encoder.safetensors", facts)


def load_model(network: Running | Mapping[str, Any], channels: int, folder: str | Path) -> Model:
    """Return the model that ``save_model`` wrote to a folder; its head is as deep as the head's file says.

    Weights from elsewhere have no head: their features, at unit length, stand for the projections.
    """
    head = Path(folder, "head.safetensors")
    model = build(network, channels, seed=0, layers=layers_of(list(read_weights(head))) if head.exists() else 2)
    load_weights(model.encoder, f"{folder}/encoder.safetensors")
    if head.exists():
        load_weights(model.head, head)
    else:
        model.head, model.widths = nn.Identity(), (model.widths[0], model.widths[0])
    return model


def start_from(model: Model, folder: str | Path) -> bool:
    """Give a new model the encoder of a folder, and its head if it has one with as many layers; return whether so."""
    load_weights(model.encoder, f"{folder}/encoder.safetensors")
    head = Path(folder, "head.safetensors")
    has_head = head.exists() and layers_of(list(read_weights(head))) == layers_of(list(model.head.state_dict()))
    if has_head:
        load_weights(model.head, head)
    return has_head


def load_encoder(path: str | Path) -> tuple[Model, int, int]:
    """Return a trained encoder from its encoder.safetensors alone, frozen and in evaluation mode.

    Example:
        >>> from ballast import load_encoder
        >>> model, size, short = load_encoder("runs/colt/encoder.safetensors")
        >>> features = model.features(images)  # float32 [B, d] of images [B, C, size, size] in [0, 1]

    Args:
        path: an encoder.safetensors that Ballast wrote; the file names its network.

    Returns:
        The model; ``size`` and ``short`` in pixels: resize an image to short side ``short`` and crop the central
        square of edge ``size``, as in training. The model normalizes the pixels itself. Call ``features``: the head
        of the returned model is not trained.

    Raises:
        BallastError: the file is missing, damaged, or does not describe its network.
    """
    facts = facts_of(path, _read(path, _metadata))
    require_weights(path, read_weights(path), outline(facts.network, facts.channels).state_dict())
    model = build(facts.network, facts.channels, seed=0)
    load_weights(model.encoder, path)
    return model.eval().requires_grad_(False), facts.size, facts.short


def describes_itself(path: str | Path) -> bool:
    """Return whether a file is an encoder that Ballast wrote."""
    return Path(path).suffix == ".safetensors" and "ballast" in _read(path, _metadata)


def _metadata(path: str | Path) -> dict[str, str]:
    with safe_open(path, "pt") as file:
        return file.metadata() or {}
