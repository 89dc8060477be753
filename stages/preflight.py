"""Check that what params.yaml asks for fits the images, now that they are known and before anything trains."""

import numpy as np
import pandas as pd

from ballast.runtime.errors import require
from ballast.runtime.files import write_atomic
from stages.settings import parameters
from stages.supervise import run


def main() -> None:
    p = parameters()
    listed = np.load("data/split/longtail.npy", allow_pickle=False)
    seeds = len(listed)
    pool = int(pd.read_csv("data/pool/manifest.csv", usecols=["pool"])["pool"].count())
    require(seeds > 1, f"datasets.{p.dataset_name}: the long-tailed list has {seeds} images; contrast needs at least 2")
    budget = p.profile["sampling"]["budget"]
    require(budget <= pool, f"profiles.{p.profile_name}.sampling.budget: {budget} is more than the {pool} images of "
                            f"the pool (data/pool/manifest.csv)")
    asked = {f"profiles.{p.profile_name}.score.centres": p.profile["score"]["centres"]}
    for name, row in p.methods.items():
        blocks = {f"{name}.pretrain.resample": row["pretrain"].get("resample"), f"{name}.student": row.get("student")}
        asked |= {f"methods.{path}.clusters": block["clusters"] for path, block in blocks.items() if block}
    for path, count in asked.items():
        require(count <= seeds, f"{path}: {count} are more than the {seeds} seed images")
    seen, tested = (pd.read_csv(f"data/images/{part}/files.csv")["hash"] for part in ("train", "test"))
    again = int(seen.iloc[listed].isin(tested).sum())
    if again:
        print(f"fit: {again} of the {seeds} seed images have the pixels of a test image: accuracy will flatter")
    write_atomic("data/fits", "what is asked for fits the images\n")


if __name__ == "__main__":
    run(main)
