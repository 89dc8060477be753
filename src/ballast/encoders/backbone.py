"""Networks of timm and torchvision as encoders: their own modules under their own names, without the classifier.

They take three channels; gray images become three equal ones when they are normalized. A network of timm that can,
takes images of any size (``dynamic_img_size``); others are built for one by ``options``.
"""

from difflib import get_close_matches

from torch import nn

from ballast.encoders.resnet import IMAGENET
from ballast.runtime.errors import BallastError

OURS = ("pretrained", "num_classes", "in_chans", "checkpoint_path", "weights", "weights_backbone", "pretrained_cfg",
        "pretrained_cfg_overlay", "cache_dir")  # arguments that are no part of a network
CLASSIFIERS = ("fc", "classifier", "head", "heads")  # of torchvision's networks


def backbone(source: str, name: str, options: dict) -> nn.Module:
    """Return a network with new weights: images [B, 3, H, W], normalized, -> features h [B, feature_dim].

    It has ``feature_dim``, ``channels``, ``mean`` and ``std`` of the images of its released weights, and ``network``,
    which describes it.

    Raises:
        BallastError: there is no such library or network, or it does not take these options.
    """
    forbidden = next((key for key in options if key in OURS), None)
    if forbidden:
        raise BallastError(f"network.options.{forbidden}: expected arguments that shape the network; weights are named "
                           f"in params.yaml")
    network = (_of_timm if source == "timm" else _of_torchvision)(name, options)
    network.channels = 3
    network.network = {"source": source, "name": name, "options": options}
    return network


def _of_timm(name: str, options: dict) -> nn.Module:
    timm = library("timm")
    if not timm.is_model(name):
        raise unknown(name, "timm", timm.list_models())
    try:
        network = _made(timm.create_model, name, {"num_classes": 0, "dynamic_img_size": True, **options})
    except BallastError:
        network = _made(timm.create_model, name, {"num_classes": 0, **options})
    network.feature_dim = network.num_features
    network.mean, network.std = (tuple(network.pretrained_cfg.get(key) or default)
                                 for key, default in zip(("mean", "std"), IMAGENET))
    return network


def _of_torchvision(name: str, options: dict) -> nn.Module:
    models = library("torchvision.models")
    names = models.list_models(module=models)
    if name not in names:
        raise unknown(name, "torchvision", names)
    network = _made(models.get_model, name, {"weights": None, **options})
    place = next((place for place in CLASSIFIERS if hasattr(network, place)), None)
    layers = getattr(network, place, [])
    layers = [layers] if isinstance(layers, nn.Linear) else list(layers)
    first = next((number for number, layer in enumerate(layers) if isinstance(layer, nn.Linear)), None)
    if first is None or getattr(network, "aux_logits", False):
        raise BallastError(f"network.name: expected a network of torchvision with one linear classifier, got {name!r}; "
                           f"timm may have it")
    network.feature_dim = layers[first].in_features
    setattr(network, place, nn.Sequential(*layers[:first]))  # what comes before the classifier stays under its names
    network.mean, network.std = IMAGENET
    return network


def described(encoder: nn.Module) -> str:
    """Return what a message calls an encoder."""
    network = encoder.network
    return f"{network['source']}'s {network['name']}" if "source" in network else "the network of the profile"


def library(name: str):
    """Import a library that only such networks need."""
    from importlib import import_module

    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise BallastError(f"network.source: expected an installed library, got {error.name}, which is not; "
                           f"`.venv/bin/pip install {error.name}` adds it") from error


def unknown(name: str, source: str, names: list[str]) -> BallastError:
    """Return what to say of a name that a library does not have."""
    close = get_close_matches(name, names, 1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return BallastError(f"network.name: expected one of the {len(names)} networks of {source}, got {name!r}{hint}")


def _made(function, name: str, arguments: dict) -> nn.Module:
    try:
        return function(name, **arguments)
    except (TypeError, ValueError, AssertionError, RuntimeError) as error:
        raise BallastError(f"network.options: expected arguments that {name} takes, got an error "
                           f"({str(error).splitlines()[0] if str(error) else type(error).__name__})") from error
