"""Measure rows on several data sets, the evidence of `ballast recommend` (hours).

    python -m scripts.recipes [DATA ...]     names of the data below; without any, it prints the tables

Every data set is a DVC experiment for its rows and one for each variant; the run cache provides what ran before. The
numbers go to src/ballast/report/recommend.csv, where lines of the same data are replaced; `make docs` puts the tables
into docs/recommend.md.
"""

import io
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from dvc.api import DVCFileSystem
from PIL import Image

from ballast.config.files import read_params
from ballast.config.rows import with_variant
from ballast.report import recommend
from ballast.report.recommend import BASE
from ballast.report.tables import as_text
from ballast.runtime.errors import BallastError
from ballast.runtime.files import write_atomic
from ballast.sources import glyphs
from scripts.table import evaluated, measured, run

NUMBERS = Path("src/ballast/report/recommend.csv")
STARTS = ("frozen", "simclr-pool")
ROWS = ("simclr", "matched", "random", "colt", "colt-domain-1", "guided")
FOLDERS, PROFILE = "configs/datasets/folders.yaml", "configs/profiles/small.yaml"
QUICK = {"sgd": {"epochs": 1, "every": 1, "steps": "[]", "copies": 1},  # protocols that nobody reads here
         "sgd_fewshot": {"epochs": 1, "every": 1, "steps": "[]", "copies": 1}, "finetune": {"epochs": 1}}
SHORT = (  # for two cores: small images, few epochs
    "portable=false", "dataset=folders", "profile=small", f"{FOLDERS}:source.size=16",
    f"{FOLDERS}:source.root=data/external", f"{PROFILE}:network.width=32",
    f"{PROFILE}:network.precision=bf16", f"{PROFILE}:pretrain.epochs=30",
    f"{PROFILE}:pretrain.batch=128", f"{PROFILE}:pretrain.lr=0.25",
    f"{PROFILE}:sampling.warmup=6", f"{PROFILE}:sampling.every=6", f"{PROFILE}:embed.views=2",
    f"{PROFILE}:student.epochs=10", f"{PROFILE}:student.batch=128", f"{PROFILE}:student.lr=0.05",
    f"{PROFILE}:student.warmup=1",
    *(f"{PROFILE}:{block}.{key}={value}" for block, values in QUICK.items() for key, value in values.items()))


def listed(train: str, test: str, pool: str, root: str = "data/external") -> tuple[str, ...]:
    """Return the settings for lists of ``make_lists``, and for where the pool's paths begin."""
    names = {"train": train, "test": test, "pool": pool}
    return (*(f"{FOLDERS}:source.{key}=data/external/{name}.txt" for key, name in names.items()),
            f"{FOLDERS}:source.pool_root={root}")


NATURAL = listed("train", "test", "quarter", "data/external/pool")
DATA = {  # rows and settings; docs/recommend.md says where the images come from
    "glyphs": (ROWS, ()),
    "digits": (ROWS, ("dataset=digits", "profile=digits")),
    "cifar10": ((*ROWS, *STARTS), ("repeats=6", *SHORT, *NATURAL)),
    "cifar10-letters": (ROWS, ("repeats=12", *SHORT, *listed("train", "test", "mixed"))),
    "cifar10-ratio-10": (ROWS, ("repeats=6", *SHORT, *NATURAL, f"{FOLDERS}:longtail.ratio=10",
                                f"{FOLDERS}:longtail.largest=606")),  # as many images as with ratio 100
    "tiny-imagenet": (ROWS, ("repeats=6", *SHORT, *listed("tiny-train", "tiny-test", "cifar"),
                             f"{FOLDERS}:longtail.largest=270", f"{FOLDERS}:longtail.val_per_class=30")),
}
EXTERNAL = Path("data/external")
COLUMNS = ["data", "images", "pool", "separability", "method", "cost", "repeat", "Many", "Median", "Few", "Std", "All"]


def main(names: list[str]) -> None:
    """Measure, and write the numbers."""
    for name in names:
        if name not in DATA:
            raise BallastError(f"DATA: expected {', '.join(DATA)}, got {name!r}")
    for name in names:
        if "dataset=folders" in DATA[name][1]:
            make_lists(EXTERNAL)
        found = of_data(name, read_params())
        others = [recommend.evidence().query("data != @name")] if NUMBERS.exists() else []
        every = pd.concat([*others, found])
        order = every["data"].map(list(DATA).index)
        write_atomic(NUMBERS, every.iloc[order.argsort(kind="stable")].to_csv(index=False))
    print("\n\n".join(tables(recommend.evidence()).values()))


def of_data(name: str, params: dict) -> pd.DataFrame:
    """Run all rows on one data set; return a line for every repeat of each."""
    (rows, settings), experiment, variants = DATA[name], f"recipes-{name}", params["variants"]
    found = measured(experiment, list(rows), variants, "linear", list(settings))
    run(f"{experiment}-pool", list(settings), ["suitability"])
    files = {row: DVCFileSystem(rev=f"{experiment}-{row}" if row in variants else experiment) for row in rows}
    seen = {row: images_seen(files[row], with_variant(params, row) if row in variants else params,
                             evaluated(row, variants)) for row in rows}
    facts = facts_of(DVCFileSystem(rev=f"{experiment}-pool"))
    parts = [found[row].assign(data=name, method=row, cost=round(seen[row] / seen[BASE], 2), **facts) for row in rows]
    return pd.concat(parts)[COLUMNS]


def make_lists(folder: Path) -> None:
    """Write lists of images to learn from, of test images, and of pools of as many images.

    train.txt has 2,000 images of each CIFAR class, test.txt all test images, and cifar.txt those of train.txt without
    their classes. tiny-train.txt has 300 images of each of 40 classes of the pool, and tiny-test.txt their others.
    quarter.txt has every fourth pool image. mixed.txt has every fourth of these; the others are the default's letters.

    Raises:
        BallastError: the folders of docs/data.md are not there.
    """
    for name in ("train", "test", "pool"):
        if not (folder / name).is_dir():
            raise BallastError(f"{folder / name}: missing; expected the images that docs/results.md names")
    train = of_classes(folder / "train", None, slice(2000))
    quarter = sorted(path.relative_to(folder / "pool").as_posix() for path in (folder / "pool").glob("*/*.jpg"))[3::4]
    natural = [f"pool/{path}" for path in quarter[::4]]
    lists = {"train": train, "test": of_classes(folder / "test", None, slice(None)),
             "tiny-train": of_classes(folder / "pool", 40, slice(300)),
             "tiny-test": of_classes(folder / "pool", 40, slice(300, None)),
             "cifar": [line.split()[0] for line in train], "quarter": quarter,
             "mixed": natural + make_letters(folder / "letters", len(quarter) - len(natural))}
    for name, lines in lists.items():
        write_atomic(folder / f"{name}.txt", "\n".join(lines) + "\n")


def of_classes(folder: Path, classes: int | None, part: slice) -> list[str]:
    """List a part of the images of the first classes as `path label`; paths begin at the folder's parent."""
    return [f"{folder.name}/{name.name}/{path.name} {label}"
            for label, name in enumerate(sorted(folder.iterdir())[:classes]) for path in sorted(name.iterdir())[part]]


def make_letters(folder: Path, count: int) -> list[str]:
    """Write images of letters that the default's pool is made of; return their paths from the folder's parent."""
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{number:05}.png" for number in range(count)]
    for path, image in zip(paths, glyphs.pool(count, 0, 16, seed=0)[0]):
        Image.fromarray(image[0]).save(path)
    return [f"{folder.name}/{path.name}" for path in paths]


def images_seen(files: DVCFileSystem, params: dict, row: str) -> float:
    """Return how many images the trainings of the first repeat saw: a row's, its start's and its guide's."""
    before = params["students"][row]["guide"] if row in params["students"] else params["methods"][row]["weights"]
    own = pd.read_csv(io.BytesIO(files.read_bytes(f"runs/{row}/1/history.csv")))
    known = before in params["methods"]
    return float(own.get("images", pd.Series(0)).sum()) + (images_seen(files, params, before) if known else 0.0)


def facts_of(files: DVCFileSystem) -> dict[str, float]:
    """Return the number of in-domain and of pool images, and the separability of the pool."""
    listed = np.load(io.BytesIO(files.read_bytes("data/split/1/longtail.npy")), allow_pickle=False)
    manifest = pd.read_parquet(io.BytesIO(files.read_bytes("data/pool/manifest.parquet")), columns=["pool"])
    return {"images": len(listed), "pool": int(manifest["pool"].notna().sum()),
            "separability": json.loads(files.read_text("metrics/suitability.json"))["separability"]}


def tables(runs: pd.DataFrame) -> dict[str, str]:
    """Return the facts of all data sets, and a table for each, by the names of their marks."""
    by_data = runs.groupby("data", sort=False)
    facts = by_data[["images", "pool", "separability"]].first().round(2).assign(repeats=by_data["repeat"].nunique())
    facts = facts.reset_index()
    return {"recommend-data": as_text(facts)} | {
        f"recommend-{name}": as_text(recommend.of_rows(part)) for name, part in runs.groupby("data", sort=False)}


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except BallastError as error:
        sys.exit(f"recipes: {error}")
