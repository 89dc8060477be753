"""Render or read the unlabelled pool, and leave out what is in the labelled images already."""

import numpy as np
import pandas as pd
from common import run
from settings import parameters

from ballast.data.duplicates import nearest_reference
from ballast.data.sources import load_pool
from ballast.data.store import load_array
from ballast.errors import require
from ballast.files import save_array, write_atomic


def main() -> None:
    p = parameters()
    how = p.dataset["leakage"]
    images, manifest = load_pool(p.dataset["source"])
    rows = np.flatnonzero(manifest["status"] == "ok")
    leaks = _leaks(images, how["cosine"])
    if how["action"] == "exclude":
        kept = np.setdiff1d(np.arange(len(images)), leaks.index)
        manifest.loc[rows[leaks.index], "status"] = leaks["of"].to_numpy()
        images, rows = images[kept], rows[kept]
    require(len(images) > 0, "the pool: no image is left of it")
    manifest.insert(0, "pool", pd.Series(range(len(rows)), index=rows).reindex(manifest.index).astype("Int64"))
    save_array("data/pool/images.npy", images)
    write_atomic("data/pool/manifest.csv", manifest.to_csv(index=False))
    write_atomic("data/pool/leaks.csv", leaks.to_csv(index_label="read"))
    print(f"pool: {len(images)} images; {(manifest['status'] != 'ok').sum()} of {len(manifest)} left out; "
          f"{len(leaks)} like a train or test image ({how['action']})")


def _leaks(images: np.ndarray, cosine: float) -> pd.DataFrame:
    """Pool images that are a train or test image again: by position, with that image and the cosine."""
    found = []
    for part in ("train", "test"):
        reference = load_array(f"data/images/{part}.npy")
        if len(reference):
            index, similar = nearest_reference(images, reference)
            found.append(pd.DataFrame({"of": [f"{part} image {number} again" for number in index], "cosine": similar}))
    best = pd.concat(found).sort_values("cosine", ascending=False, kind="stable")
    best = best[~best.index.duplicated()].sort_index()
    return best[best["cosine"] >= cosine].round(5)


if __name__ == "__main__":
    run(main)
