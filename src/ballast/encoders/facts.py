"""What an encoder's file says of itself, checked before anything is built from it, since a file may be anyone's."""

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge, Le, Len
from torch import Tensor

from ballast.config.build import ByKey, MisfitError, validated
from ballast.config.profile import Backbone, Network, Positive, Running
from ballast.runtime.errors import BallastError

MOST_PIXELS = 8192  # of a side
Side = Annotated[int, Ge(1), Le(MOST_PIXELS)]
RUNNING = tuple(field.name for field in fields(Running))


@dataclass(frozen=True, kw_only=True)
class Given(Network):
    """A ResNet of any size in a file: what is too narrow to train well may still be used."""

    width: Annotated[int, Ge(1), Le(1024)]


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The value of the key ``ballast`` in the metadata of an encoder.safetensors, as JSON."""

    network: Annotated[Given | Backbone, ByKey("source", default="ballast")]
    channels: Literal[1, 3]
    size: Side  # edge of the square that the encoder sees, in pixels
    short: Side  # short side to which images are resized before
    mean: Annotated[list[float], Len(3, 3)]
    std: Annotated[list[Positive], Len(3, 3)]

    def problem(self) -> str | None:
        """Return what is wrong beyond types and bounds."""
        return f"short: expected at least `size`, {self.size}, got {self.short}" if self.short < self.size else None


def facts_of(path: str | Path, metadata: dict[str, str]) -> Facts:
    """Return the facts of a file; how its network ran is left aside, so that no file starts a compiler.

    Raises:
        BallastError: there are none, or one is wrong.
    """
    if "ballast" not in metadata:
        raise BallastError(f"{path}: expected an encoder.safetensors of Ballast, got a file that does not describe "
                           f"its network; use one from runs/")
    try:
        said = json.loads(metadata["ballast"])
        network = {key: value for key, value in said["network"].items() if key not in RUNNING}
        return validated(Facts, {**said, "network": {**network, "projection": 1}})
    except MisfitError as error:
        raise BallastError(f"{path}: its description is wrong: {error}") from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise BallastError(f"{path}: its description is no JSON object with a network; use one from runs/") from error


def require_weights(path: str | Path, weights: dict[str, Tensor], outline: dict[str, Tensor]) -> None:
    """Refuse weights that are not those of the network: other names, shapes or kinds, or values that are not finite.

    Args:
        path: where they come from, for the message.
        weights: by name.
        outline: those of the network, which need hold no values.
    """
    for name in (*outline, *weights):
        if name not in weights or name not in outline:
            has = "lacks" if name not in weights else "has"
            raise BallastError(f"{path}: expected the weights of the network that it describes, but it {has} {name}")
    for name, expected in outline.items():
        found = weights[name]
        if found.shape != expected.shape or found.is_floating_point() != expected.is_floating_point():
            raise BallastError(f"{path}: {name}: expected {expected.dtype} {list(expected.shape)}, got {found.dtype} "
                               f"{list(found.shape)}")
        if not bool(found.isfinite().all()):
            raise BallastError(f"{path}: {name}: expected finite weights, got others")
