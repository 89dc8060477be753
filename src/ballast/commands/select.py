"""``ballast select``: choose pool images by any rule, from embeddings alone: no pipeline, no GPU, no labels."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from ballast.config.build import MisfitError, unknown_key, validated
from ballast.config.profile import Scoring
from ballast.config.selections import BY_RULE, NEEDS, Selection, settings_of
from ballast.config.yaml import parse_yaml
from ballast.embeddings.clusters import kmeans
from ballast.embeddings.vectors import files_of, unit_vectors
from ballast.runtime.errors import BallastError
from ballast.runtime.files import read_npy, write_atomic
from ballast.runtime.names import unescaped
from ballast.selection.choose import Evidence, choose
from ballast.selection.explain import nearest_seed
from ballast.selection.proximity import distance_to_centres
from ballast.tailness.ecle import ecle

SCORING = {"repeats": 1, "block": 512, "temperature": 0.2, "centres": 10}  # of MAK's scores


def select(in_domain: list[str], pool: list[str], rule: str, budget: int, out: Path, views: list[list[str]] = (),
           among: Path | None = None, settings: list[str] = (), seed: int = 1, explain: bool = False) -> None:
    """Write the choice of a rule as a table; the arguments are those of the command line."""
    if out.suffix not in (".parquet", ".csv", ".txt"):
        raise BallastError(f"--out {out}: expected a name that ends in .parquet, .csv or .txt")
    if budget < 1:
        raise BallastError(f"--budget: expected at least 1, got {budget}")
    selection, scoring = parsed(rule, settings)
    print(f"select: reads {len(files_of(in_domain))} + {len(files_of(pool))} files of embeddings", flush=True)
    seeds, vectors = unit_vectors(in_domain), unit_vectors(pool)
    if seeds.shape[1] != vectors.shape[1]:
        raise BallastError(f"{pool[0]}: expected rows of {seeds.shape[1]} numbers, as in {in_domain[0]}, got "
                           f"{vectors.shape[1]}")
    within = None if among is None else rows_of(among, len(vectors))
    available = len(vectors) if within is None else len(within)
    if budget > available:  # before MAK's scores, which take minutes
        raise BallastError(f"--budget: expected at most {available}, the images to choose from, got {budget}")
    seen = look(rule, selection, scoring, seeds, vectors, views, seed)
    chosen = choose(selection, seen, budget, seed, within)
    table = chosen if explain else chosen[["pool"]]
    if explain:
        table = pd.concat([table, nearest_seed(vectors[torch.tensor(table["pool"].to_numpy())], seeds)], axis=1)
    if out.suffix == ".txt":
        write_atomic(out, as_list(paths_of(chosen["pool"].to_numpy(), files_of(pool))))
    else:
        write_table(named(table, files_of(pool)), out)
    print(f"{len(table):,} of {len(vectors):,} pool images by {rule} to {out}")


def parsed(rule: str, settings: list[str]) -> tuple[Selection, Scoring]:
    """Return rule and scoring with the settings NAME=VALUE of a command line."""
    values = dict(setting.partition("=")[::2] for setting in settings)
    own, scoring = settings_of(rule), list(SCORING) if rule == "mak" else []
    for name in values:
        if name not in (*own, *scoring):
            raise BallastError(f"--set {name}: {unknown_key(name, (*own, *scoring))}; {rule} has "
                               f"{', '.join((*own, *scoring)) or 'no settings'}")
    typed = {name: parse_yaml(text, f"--set {name}") for name, text in values.items()}
    try:
        return (validated(BY_RULE[rule], {"rule": rule, "of": "all", "by": NEEDS.get(rule, "embed"),
                                          **{name: typed[name] for name in own if name in typed}}),
                validated(Scoring, {**SCORING, **{name: typed[name] for name in scoring if name in typed}}))
    except MisfitError as error:
        raise BallastError(f"--set {'.'.join(error.path)}: {error.message}") from error


def look(rule: str, selection: Selection, scoring: Scoring, seeds: Tensor, pool: Tensor, views: list[list[str]],
         seed: int) -> Evidence:
    """Return what the rule looks at; MAK's scores are computed from the augmented passes."""
    if rule != "mak":
        if views:
            raise BallastError(f"--views: expected none, since {rule} does not look at them")
        return Evidence(len(pool), seeds, pool)
    if scoring.centres > len(seeds):
        raise BallastError(f"--set centres: expected at most {len(seeds)}, the in-domain images, got {scoring.centres}")
    if selection.alpha and len(views) < 2:
        raise BallastError(f"--views: expected at least 2 augmented passes for mak's tailness, got {len(views)}; "
                           f"without any, give --set alpha=0")
    tailness = torch.full((len(pool),), torch.nan)
    if selection.alpha:
        passes = [unit_vectors(files) for files in views]
        for files, z in zip(views, passes):
            if len(z) != len(pool) or z.shape[1] != passes[0].shape[1]:
                raise BallastError(f"{files[0]}: expected {len(pool)} rows of {passes[0].shape[1]} numbers, got "
                                   f"{len(z)} of {z.shape[1]}")
        tailness = ecle(passes, scoring.temperature, scoring.repeats, scoring.block, seed)
    return Evidence(len(pool), seeds, pool, tailness, distance_to_centres(pool, kmeans(seeds, scoring.centres)[1]))


def rows_of(path: Path, images: int) -> Tensor:
    """Return the column ``pool`` of an earlier choice."""
    try:
        table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
        rows = torch.tensor(table["pool"].to_numpy())
    except (KeyError, ValueError) as error:
        raise BallastError(f"{path}: expected a table with the column pool, as `ballast select` writes it") from error
    if not len(rows) or rows.min() < 0 or rows.max() >= images or len(rows.unique()) != len(rows):
        raise BallastError(f"{path}: expected different rows below {images}, the images of the pool")
    return rows


def named(table: pd.DataFrame, files: list[Path]) -> pd.DataFrame:
    """Return the table; of a pool in several files also with the file of every image and its row there."""
    if len(files) == 1:
        return table
    start = np.cumsum([0, *(rows_in(path) for path in files)])
    file = np.searchsorted(start, table["pool"], side="right") - 1
    return table.assign(file=[str(files[number]) for number in file], row=table["pool"] - start[file])


def paths_of(rows: np.ndarray, files: list[Path]) -> np.ndarray:
    """Return the addresses of some images of a pool whose files name them, as `ballast embed` writes Parquet."""
    from pyarrow.parquet import read_table

    start = np.cumsum([0, *(rows_in(path) for path in files)])
    file = np.searchsorted(start, rows, side="right") - 1
    found = np.empty(len(rows), object)
    for number in np.unique(file):
        try:
            column = read_table(files[number], columns=["path"])["path"]
        except (ValueError, KeyError) as error:
            raise BallastError(f"{files[number]}: expected a table with a column path, which a .txt needs; name a "
                               f".parquet or a .csv") from error
        found[file == number] = column.take(rows[file == number] - start[number]).to_pylist()
    return found


def as_list(paths: np.ndarray) -> str:
    """Return a list that a data set's ``pool`` may name; its ``pool_root`` is ``.``, or of absolute paths ``/``."""
    names = [unescaped(path) for path in paths]
    if any("\n" in name for name in names):
        raise BallastError("--out: expected names of one line, got a line break in one; name a .parquet or a .csv")
    return "".join(f"{name.removeprefix('/')}\n" for name in names)


def rows_in(path: Path) -> int:
    """Return the number of rows of a file that has been read."""
    if path.suffix == ".npy":
        return len(read_npy(path, "r"))
    from pyarrow.parquet import read_metadata

    return read_metadata(path).num_rows


def write_table(table: pd.DataFrame, out: Path) -> None:
    """Write a table as Parquet or CSV, by the name."""
    if out.suffix == ".csv":
        write_atomic(out, table.to_csv(index=False))
        return
    buffer = io.BytesIO()
    try:
        table.to_parquet(buffer, index=False)
    except ImportError as error:
        raise BallastError(f"--out {out}: Parquet needs pyarrow (pip install pyarrow); a .csv does not") from error
    write_atomic(out, buffer.getbuffer())
