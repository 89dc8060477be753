"""The parameters of a stage, by the names that dvc.yaml declares for it (a test compares the two).

DVC has an interface for this, dvc.api.params_show, which takes a second and needs DVC on every machine that trains.
"""

from types import SimpleNamespace
from typing import get_type_hints

from ballast.config.build import built
from ballast.config.files import read_chosen, read_params
from ballast.config.profile import Profile
from ballast.config.yaml import read_yaml
from ballast.runtime.code import ROOT, digest
from ballast.runtime.errors import BallastError

BLOCKS = get_type_hints(Profile, include_extras=True)


def parameters(*names: str, profile: tuple[str, ...] = (), dataset: tuple[str, ...] = (),
               selection: str = "") -> SimpleNamespace:
    """Return values of params.yaml, typed blocks of the chosen profile, and blocks of the chosen data set.

    Args:
        names: keys of params.yaml.
        profile: blocks of configs/profiles/<profile>.yaml; they come as ``.profile.<block>``, instances of the
            classes of ballast.config.profile, beside ``.profile.name``.
        dataset: blocks of configs/datasets/<dataset>.yaml, as ``.dataset.<block>``, plain dictionaries or values.
        selection: a name of ``selections`` in params.yaml, whose block comes as ``.selection``.
    """
    params = read_params()
    found = SimpleNamespace(**{name: params[name] for name in names})
    if selection:
        if selection not in params["selections"]:
            raise BallastError(f"params.yaml: selections: expected one of {', '.join(params['selections'])}, got "
                               f"{selection!r}")
        found.selection = params["selections"][selection]
    if profile:
        blocks = read_chosen(params, "profile")
        found.profile = SimpleNamespace(name=params["profile"],
                                        **{name: built(BLOCKS[name], blocks[name]) for name in profile})
    if dataset:
        blocks = read_chosen(params, "dataset")
        found.dataset = SimpleNamespace(name=params["dataset"], **{name: blocks[name] for name in dataset})
    return found


def recipe_of(path: str) -> dict:
    """Return what a row trains with, as the stage `recipes` wrote it, if the code of its ideas is still the same."""
    recipe = read_yaml(path)
    for file, written in recipe.pop("code").items():
        if digest(ROOT / file) != written:
            raise BallastError(f"{file}: edited since {path} was written; run `dvc repro` again")
    return recipe
