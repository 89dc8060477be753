"""Refuse what the images are too few for, now that they are known and before anything trains."""

import json
from pathlib import Path

import numpy as np

from ballast.config.profile import Backbone, Network
from ballast.config.yaml import read_yaml
from ballast.images.folder import read_folder
from ballast.runtime.errors import BallastError
from ballast.runtime.files import load_array, write_atomic
from ballast.runtime.tables import read_table
from ballast.selection.share import share_of
from stages.common.parameters import parameters
from stages.common.repeats import repeats_of
from stages.common.supervise import run


def main() -> None:
    p = parameters("repeats", "seed", "split", "selections", profile=("network", "sampling", "score"))
    lists = {repeat.list("longtail"): load_array(repeat.list("longtail")) for repeat in repeats_of(p)}
    pool = int(read_table("data/pool/manifest.parquet", "pool")["pool"].count())
    smallest, budget = min(lists, key=lambda path: len(lists[path])), p.profile.sampling.budget
    images = len(lists[smallest])
    if images < 2:
        raise BallastError(f"{smallest}: expected at least 2 in-domain images, got {images}; contrast "
                           f"needs more than one")
    profile = f"configs/profiles/{p.profile.name}.yaml"
    if budget > pool:
        raise BallastError(f"{profile}: sampling.budget: expected at most {pool}, the images of the pool "
                           f"(data/pool/manifest.parquet), got {budget}; lower it")
    check_sizes(p.selections, pool, budget)
    for path, clusters in {f"{profile}: score.centres": p.profile.score.centres, **clusters_of_rows()}.items():
        if clusters > images:
            raise BallastError(f"{path}: expected at most {images}, the in-domain images, got {clusters}; lower it")
    check_network(p.profile.network, read_folder("data/images/train")[0]["size"])
    write_atomic("data/preflight", "the images are enough for what is asked\n")
    write_atomic("data/overlap.json", json.dumps(overlap(lists)) + "\n")


def check_sizes(selections: dict[str, dict], pool: int, budget: int) -> None:
    """Refuse a selection of more images than those that it chooses from."""
    sizes = {name: share_of(block["share"], pool) if block.get("share") else budget
             for name, block in selections.items()}
    for name, block in selections.items():
        among = sizes.get(block["of"], pool)
        if sizes[name] > among:
            raise BallastError(f"params.yaml: selections.{name}: expected at most {among} images, those of "
                               f"{block['of']}, got {sizes[name]}; change `share`")
        if round(block.get("kept", 1) * among) < sizes[name]:
            raise BallastError(f"params.yaml: selections.{name}.kept: expected a fraction of the {among} images of "
                               f"{block['of']} that leaves {sizes[name]} or more, got {block['kept']}")


def check_network(network: Network | Backbone, size: int) -> None:
    """Refuse a network that does not take the images, and rows that freeze more blocks than it has."""
    frozen = {path: recipe["optimization"]["freeze"] for path, recipe in recipes().items()}
    if isinstance(network, Network) and not any(frozen.values()):
        return
    from ballast.encoders.blocks import blocks_of
    from ballast.encoders.model import outline  # it takes two seconds

    last = max(blocks_of(outline(network, 3, size)).values())
    for path, blocks in frozen.items():
        if blocks > last:
            raise BallastError(f"{path}: freeze: expected at most {last}, since the encoder has {last + 1} blocks, got "
                               f"{blocks}; lower it in params.yaml or the profile")


def recipes() -> dict[Path, dict]:
    """Return what every row trains with, by the path of its recipe."""
    return {path: read_yaml(path) for path in sorted(Path("data/recipes").glob("*/*.yaml"))}


def clusters_of_rows() -> dict[str, int]:
    """Return the number of clusters that every idea of every row asks for, by the path of the parameter."""
    clusters = {}
    for path, recipe in recipes().items():
        if "guidance" in recipe:
            clusters[f"params.yaml: students.{path.stem}.clusters"] = recipe["guidance"]["clusters"]
        for idea, settings in recipe.get("ideas", {}).items():
            if "clusters" in settings:
                clusters[f"params.yaml: methods.{path.stem}.pretrain.{idea}.clusters"] = settings["clusters"]
    return clusters


def overlap(lists: dict[str, np.ndarray]) -> dict[str, int]:
    """Return how many in-domain images of all repeats have the pixels of a test image; say so where there are any."""
    trained, tested = (read_table(f"data/images/{part}/files.csv", "hash")["hash"] for part in ("train", "test"))
    listed = np.concatenate(list(lists.values()))
    again = int(trained.iloc[listed].isin(tested).sum())
    if again:
        print(f"preflight: {again} of the {len(listed)} in-domain images have the pixels of a test image; test "
              f"accuracy will be too optimistic")
    return {"in_domain": len(listed), "also in test": again}


if __name__ == "__main__":
    run(main)
