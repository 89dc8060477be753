"""From a recipe to what is trained: the framework around a model, and the ideas by their names."""

from importlib import import_module

from ballast.encoders.model import Model
from ballast.frameworks.sdclr import SDCLR
from ballast.frameworks.simclr import SimCLR
from ballast.ideas.idea import Base, Setup
from ballast.runtime.errors import BallastError


def framework(name: str, model: Model, prune: float | None = None, freeze: int = 0) -> SimCLR | SDCLR:
    """Return the framework ``name`` around a model.

    prune is SDCLR's share of pruned weights; the first ``freeze`` blocks of the encoder stay as they are.
    """
    if freeze:
        model.freeze(freeze)
    return {"simclr": SimCLR, "sdclr": lambda model: SDCLR(model, prune)}[name](model)


def ideas(settings: dict[str, object], setup: Setup) -> dict[str, Base]:
    """Return the ideas of a row, of which each file of ballast.ideas holds one; one that samples acts first.

    settings: by the name of the file, an instance of its ``Settings``.
    """
    built = {name: import_module(f"ballast.ideas.{name}").Idea(values, setup) for name, values in settings.items()}
    samplers = [name for name, idea in built.items() if idea.samples]
    if (len(samplers) == 1) != (setup.sampling is not None):
        raise BallastError(f"ideas: expected one idea that samples, exactly where the row samples from the pool; got "
                           f"{samplers or 'none'} of {', '.join(built) or 'no idea'}")
    return {name: built[name] for name in sorted(built, key=lambda name: name not in samplers)}
