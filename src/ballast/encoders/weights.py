"""Weights from elsewhere: state dicts of tensors, never code, by the names of several projects.

A file is a safetensors file or what torch.save wrote. Its tensors may lie one level down, under a name that training
scripts use, and their names may begin as those of a larger module do. The reading that fits the encoder best counts;
it must fit whole, but for a classifier or a projection head, which an encoder does not have.
"""

import argparse
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from ballast.encoders.backbone import described
from ballast.runtime.errors import BallastError

# What tensors' names begin with, and whose convention it is.
CONVENTIONS = {
    "module.encoder_q.": "MoCo", "module.base_encoder.": "MoCo v3", "module.backbone.": "DINO", "backbone.": "DINO",
    "module.": "DataParallel", "encoder.": "a module `encoder`", "": ""}
HEADS = ("fc.", "head.", "heads.", "classifier.", "projection_head.", "predictor.", "fc_norm.")
TEACHER, STUDENT = "teacher", "student"  # of the two networks in a file of DINO the first is evaluated
MOST = 3  # names in a message


class Reading(NamedTuple):
    """Tensors that may be those of an encoder, and what they look like."""

    tensors: dict[str, Tensor]
    convention: str
    left_out: list[str]  # names of the file that an encoder does not have


def read(path: str | Path, encoder: nn.Module) -> Reading:
    """Return the weights of a file by the names of an encoder, all of which are there with their shapes.

    Raises:
        BallastError: one line that says what does not fit.
    """
    wanted = {name: tensor.shape for name, tensor in encoder.state_dict().items()}
    reading = max(_readings(_tensors(Path(path)), _of_ballast(path)), key=lambda one: _fitting(one, wanted))
    counters = {name: torch.zeros(shape, dtype=torch.int64) for name, shape in wanted.items()
                if name.endswith("num_batches_tracked")}  # older files lack them
    tensors = {**counters, **reading.tensors}
    problem = _misfit(tensors, wanted)
    if problem:
        raise BallastError(f"{path}: expected the {len(wanted)} tensors of {described(encoder)}, got weights that look "
                           f"like {reading.convention}: {problem}")
    infinite = [name for name in wanted if not tensors[name].isfinite().all()]
    if infinite:
        raise BallastError(f"{path}: expected finite weights, got others in {_some(infinite)}")
    left_out = reading.left_out + [name for name in tensors if name not in wanted]
    return Reading({name: tensors[name] for name in wanted}, reading.convention, left_out)


def _misfit(tensors: dict[str, Tensor], wanted: dict[str, torch.Size]) -> str:
    """Return how tensors differ from those of an encoder, heads aside; empty where they do not."""
    missing = [name for name in wanted if name not in tensors]
    strange = [name for name in tensors if name not in wanted and not name.startswith(HEADS)]
    shapes = [f"{name} is {list(tensors[name].shape)} in place of {list(shape)}" for name, shape in wanted.items()
              if name in tensors and tensors[name].shape != shape]
    return "; ".join(f"{what}{_some(names)}" for what, names in
                     (("it lacks ", missing), ("there is no place for ", strange), ("", shapes)) if names)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return ", ".join(names[:MOST]) + more


def _of_ballast(path: str | Path) -> bool:
    from ballast.encoders.model import describes_itself

    return describes_itself(path)


def _readings(content: dict[str, dict[str, Tensor]], of_ballast: bool) -> Iterator[Reading]:
    """Yield every reading of a file's dictionaries of tensors, the more telling ones first."""
    for place, tensors in content.items():
        for prefix, convention in CONVENTIONS.items():
            inner = {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
            if not inner:
                continue
            plain = "a Ballast encoder" if of_ballast else _library(inner)
            name = "DINO" if place in (TEACHER, STUDENT) else convention or plain
            yield Reading(inner, name, [key for key in tensors if not key.startswith(prefix)])


def _library(tensors: dict[str, Tensor]) -> str:
    if "conv_proj.weight" in tensors or any(name.startswith("features.") for name in tensors):
        return "torchvision"
    if "patch_embed.proj.weight" in tensors or any(name.startswith("stages.") for name in tensors):
        return "timm"
    return "torchvision or timm"


def _fitting(reading: Reading, wanted: dict[str, torch.Size]) -> int:
    return sum(2 + (reading.tensors[name].shape == shape) for name, shape in wanted.items() if name in reading.tensors)


def _tensors(path: Path) -> dict[str, dict[str, Tensor]]:
    """Return every dictionary of tensors in a file by its place: the file itself, and one level down."""
    content = _content(path)
    levels = {"": content, **{str(key): value for key, value in content.items() if isinstance(value, dict)}}
    order = sorted(levels, key=lambda place: (place == STUDENT, place != TEACHER))
    found = {place: {str(name): tensor.float() if tensor.is_floating_point() else tensor
                     for name, tensor in levels[place].items() if isinstance(tensor, Tensor)} for place in order}
    found = {place: tensors for place, tensors in found.items() if tensors}
    if not found:
        raise BallastError(f"{path}: expected a state dict of tensors, got none; its keys are "
                           f"{_some([str(key) for key in content]) or 'none'}")
    return found


def _content(path: Path) -> dict:
    """Return what is in a file, as long as that is no code."""
    if not path.is_file():
        raise BallastError(f"{path}: missing; expected a file of weights, as .safetensors or written by torch.save")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        with torch.serialization.safe_globals([argparse.Namespace]):  # the options that scripts save beside
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise BallastError(f"{path}: expected tensors alone, got a pickle that would run code or is damaged; save its "
                           f"state_dict() as .safetensors where you trust it") from error
    except Exception as error:  # both libraries raise many kinds
        what = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise BallastError(f"{path}: expected a whole file of weights, got an error ({what}); get it again") from error
    if not isinstance(content, dict):
        raise BallastError(f"{path}: expected a state dict of tensors, got a {type(content).__name__}; save its "
                           f"state_dict()")
    return content
