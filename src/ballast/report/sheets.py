"""What was chosen from the pool, as pictures: contact sheets, and a map of the embeddings; PNG bytes."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.decomposition import PCA

from ballast.report.figures import as_png

ACROSS = 12  # pictures of a row
SHADES = {"Many": "#0072B2", "Median": "#009E73", "Few": "#D55E00", "": "#0072B2"}


def choices(trace: pd.DataFrame) -> pd.DataFrame:
    """The pool images of a selection with a caption each, those to be shown first in front.

    trace: rows in the order chosen; with rounds the last one counts, and every cluster shows its nearest in turn.
    """
    if "epoch" in trace:
        last = trace[trace["epoch"] == trace["epoch"].max()]
        turn = last.groupby("cluster").cumcount()
        last = last.assign(turn=turn).sort_values(["turn", "cluster"], kind="stable")
        caption = "c" + last["cluster"].astype(str) + " " + last["cosine"].map("{:.2f}".format)
        caption = caption.where(last["cluster"] >= 0, "")  # a random round goes by none
        return pd.DataFrame({"pool": last["pool"], "caption": caption}).reset_index(drop=True)
    caption = trace["q"].map("q {:.2f}".format) if "q" in trace else ""
    return pd.DataFrame({"pool": trace["pool"], "caption": caption})


def contact_sheet(rows: list[tuple[str, np.ndarray, list[str]]]) -> bytes:
    """Rows of pictures: what stands left of them, pixels uint8 [n, C, S, S] with n <= ACROSS, and a caption each."""
    figure = Figure(figsize=(ACROSS * 0.9, 1.05 * max(len(rows), 1)))
    axes = figure.subplots(max(len(rows), 1), ACROSS, squeeze=False)
    for place in axes.flat:
        place.set_axis_off()
    for line, (title, images, captions) in zip(axes, rows):
        line[0].text(-0.15, 0.5, title, transform=line[0].transAxes, ha="right", va="center", fontsize=8)
        for place, image, caption in zip(line, images, captions):
            pixels = image[0] if len(image) == 1 else image.transpose(1, 2, 0)
            place.imshow(pixels, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            place.set_title(caption, fontsize=6, pad=2)
    figure.subplots_adjust(hspace=0.35, wspace=0.08)
    return as_png(figure)


def plane(seed: np.ndarray, pool: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both sets of embeddings [N, d] and [P, d] on the two directions in which the seed set varies most."""
    found = PCA(2, svd_solver="covariance_eigh").fit(seed.astype(np.float64))
    sides = np.sign(found.components_[range(2), np.abs(found.components_).argmax(1)])  # which way is up is arbitrary
    return tuple(found.transform(part.astype(np.float64)) * sides for part in (seed, pool))


def embedding_maps(seed: np.ndarray, group: np.ndarray, pool: np.ndarray, chosen: dict[str, np.ndarray]) -> bytes:
    """One map per method: the pool [P, 2] pale, what was chosen of it dark, the seed images [N, 2] by group."""
    across = 3
    down = -(-max(len(chosen), 1) // across)
    figure = Figure(figsize=(3.2 * across, 2.9 * down))
    axes = figure.subplots(down, across, squeeze=False)
    for place in axes.flat:
        place.set_axis_off()
    for place, (method, index) in zip(axes.flat, chosen.items()):
        place.scatter(*pool.T, s=1, color="#DDDDDD", label="pool")
        place.scatter(*pool[index].T, s=2, color="#000000", label="chosen")
        for name in dict.fromkeys(group[np.argsort([list(SHADES).index(g) for g in group], kind="stable")]):
            place.scatter(*seed[group == name].T, s=2, color=SHADES[name], label=f"seed: {name}".rstrip(": "))
        place.set_title(method, fontsize=9)
    handles = axes.flat[0].get_legend_handles_labels()
    if handles[0]:
        figure.legend(*handles, loc="lower center", ncols=5, frameon=False, markerscale=5, bbox_to_anchor=(0.5, -0.04))
    return as_png(figure)
