"""Check of the selections: names, from what they choose, and what they look at."""

import re

from ballast.config.build import shown
from ballast.config.rows import Params
from ballast.runtime.errors import BallastError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
RESERVED = ("none", "all", "seen", "manifest", "leaks", "overlap")  # files and folders of data/pool


def check_selections(params: Params) -> None:
    """Refuse names that are none, and selections from what is none or from themselves."""
    for name in params.selections:
        if not NAME.fullmatch(name) or name in RESERVED:
            raise BallastError(f"params.yaml: selections.{shown(name, quoted=False)}: expected a name of letters, "
                               f"digits, - and _, and none of {', '.join(RESERVED)}")
    choices = ("all", *params.selections)
    for name, selection in params.selections.items():
        place = f"params.yaml: selections.{name}.of"
        if selection.of not in choices:
            raise BallastError(f"{place}: expected one of {', '.join(choices)}, got {shown(selection.of)}")
        way = origins(params, name)
        if len(way) > len(set(way)):
            raise BallastError(f"{place}: expected selections that do not choose from themselves, got the circle "
                               f"{' -> '.join(way)}")


def check_tailness(params: Params) -> None:
    """Refuse rows of the report that select by MAK's tailness where there are embeddings alone."""
    for row in params.show if params.embed.encoder in params.embeddings else ():
        pool = params.methods[row].pool if row in params.methods else ""
        for name in origins(params, pool):
            alpha = getattr(params.selections[name], "alpha", 0)
            if alpha > 0:
                raise BallastError(f"params.yaml: selections.{name}.alpha: expected 0 with given embeddings "
                                   f"(embed.encoder), got {alpha}; tailness needs augmented passes, which only an "
                                   f"encoder can make; set it to 0, or take {row} out of `show`")


def chooses_by_sight(params: Params, pool: str) -> bool:
    """Return whether the images of a row's pool are chosen by embeddings."""
    return pool == "seen" or any(params.selections[name].by != "none" for name in origins(params, pool))


def origins(params: Params, name: str) -> list[str]:
    """Return a selection, the one that it chooses from, and on, up to the whole pool or the start of a circle."""
    way: list[str] = []
    while name in params.selections:
        way.append(name)
        name = params.selections[name].of
        if name in way:
            return [*way, name]
    return way
