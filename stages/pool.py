"""Render or read the unlabelled pool, and leave out what is in the labelled images already."""

import numpy as np
import pandas as pd

from ballast.images.folder import read_files, restrict, save_empty
from ballast.runtime.errors import BallastError
from ballast.runtime.files import load_array, write_atomic
from ballast.runtime.tables import write_table
from ballast.sources.duplicates import nearest_reference
from ballast.sources.load import load_pool, overlap
from ballast.sources.reading import read
from stages.common.files import class_names
from stages.common.parameters import parameters
from stages.common.supervise import run

STORE = "data/pool/all"


def main() -> None:
    p = parameters("dataset", dataset=("source", "leakage"))
    leakage = p.dataset.leakage
    images, shows = load_pool(p.dataset.source)
    manifest = read(STORE, images, p.dataset.source).assign(shows=shows)
    usable = manifest.index[manifest["status"] == "ok"]
    if not len(usable):
        raise BallastError(f"{p.dataset.source.get('pool')}: expected images, got {len(manifest)} files of which none "
                           f"is one; see docs/data.md for the formats")
    leaks = _leaks(leakage["cosine"])
    if leakage["action"] == "exclude":
        manifest.loc[usable[leaks.index], "status"] = leaks["of"].to_numpy()
    kept = np.flatnonzero(manifest.loc[usable, "status"] == "ok")
    if not len(kept):
        raise BallastError(f"{p.dataset.source.get('pool')}: expected images that are no train or test images, got "
                           f"none; set leakage.action: report to keep them")
    restrict(STORE, kept)
    save_empty("data/pool/none", like=STORE)
    number = pd.Series(range(len(kept)), index=usable[kept])
    manifest.insert(0, "pool", number.reindex(manifest.index).astype("Int64"))
    write_table("data/pool/manifest.parquet", manifest.drop(columns="row"))
    left_out = manifest.loc[manifest["status"] != "ok", ["path", "status"]]
    write_atomic("data/pool/left_out.csv", left_out.to_csv(index=False))
    write_atomic("data/pool/leaks.csv", leaks.to_csv(index_label="read"))
    print(f"pool: {len(kept)} images; {len(manifest) - len(kept)} of {len(manifest)} left out; "
          f"{len(leaks)} like a train or test image ({leakage['action']})")
    shared = overlap(manifest["shows"][manifest["status"] == "ok"].tolist(), class_names())
    write_atomic("data/pool/overlap.csv", shared.to_csv(index_label="class"))
    if len(shared):
        print(f"pool: {shared.sum()} images lie in folders named as {len(shared)} of the {len(class_names())} classes")


def _leaks(cosine: float) -> pd.DataFrame:
    """Return the pool images that are a train or test image again: by position, with that image and the cosine."""
    tables = []
    for part in ("train", "probe", "test"):
        reference = read_files(f"data/images/{part}")
        if len(reference):
            index, similar = nearest_reference(*_seen(STORE), *_seen(f"data/images/{part}"))
            tables.append(pd.DataFrame({"of": [f"{part} image {number} again" for number in index], "cosine": similar}))
    best = pd.concat(tables).sort_values("cosine", ascending=False, kind="stable")
    best = best[~best.index.duplicated()].sort_index()
    return best[best["cosine"] >= cosine].round(5)


def _seen(store: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the thumbnails of a store's images, and hashes of their pixels."""
    return load_array(f"{store}/thumbnails.npy", mmap_mode="r"), read_files(store)["hash"].to_numpy()


if __name__ == "__main__":
    run(main)
