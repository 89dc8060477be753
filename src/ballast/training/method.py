"""What a method is made of: a framework, and the ideas that it adds (methods.md 1.3, 1.6, 1.7)."""

from dataclasses import dataclass

from ballast.encoders.model import Model
from ballast.frameworks.sdclr import SDCLR
from ballast.frameworks.simclr import SimCLR
from ballast.training.guide import Guidance
from ballast.training.optimisation import Optimisation
from ballast.training.resampling import Resampling
from ballast.training.temperature import Cosine


@dataclass(frozen=True)
class Boost:
    """BCL: augmentation boosted by what is remembered badly; the momentum of the loss memory, operations per view."""

    momentum: float
    operations: int


@dataclass(frozen=True)
class Domain:
    """COLT's domain loss: its weight alpha and the form of its denominator, ``code`` or ``poster``."""

    weight: float
    form: str


@dataclass(frozen=True)
class Semantic:
    """The guide's pseudo semantic discrimination: the neighbour's share, and the cosine from which it counts."""

    weight: float
    threshold: float


@dataclass(frozen=True)
class Method:
    """The ideas of one training; None where it goes without."""

    resampling: Resampling | None = None
    domain: Domain | None = None
    semantic: Semantic | None = None
    boost: Boost | None = None
    guidance: Guidance | None = None  # of the network by its own embedding, for guided training in a single stage


IDEAS = {"domain": Domain, "semantic": Semantic, "boost": Boost, "guidance": Guidance}


def method(settings: dict, sampling: dict) -> Method:
    """From a row's settings and the profile's rounds of sampling; ``resample`` is what the row adds to these."""
    ideas = {name: kind(**settings[name]) for name, kind in IDEAS.items() if settings.get(name)}
    if settings.get("resample"):
        ideas["resampling"] = Resampling(**sampling, **settings["resample"])
    return Method(**ideas)


def optimisation(settings: dict) -> Optimisation:
    """From settings that may hold more than that."""
    values = {name: settings[name] for name in Optimisation.__dataclass_fields__}
    if isinstance(values["temperature"], dict):
        values["temperature"] = Cosine(**values["temperature"])
    return Optimisation(**values)


def framework(settings: dict, model: Model) -> SimCLR | SDCLR:
    """The framework that the settings name, around a model."""
    return SDCLR(model, settings["prune"]) if settings["framework"] == "sdclr" else SimCLR(model)
