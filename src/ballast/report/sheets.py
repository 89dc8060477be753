"""Selections from the pool as pictures: contact sheets, and a map of the embeddings; PNG bytes."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ballast.report.figures import SHADES
from ballast.report.png import as_png

ACROSS = 12  # pictures of a line
MAPS_ACROSS = 3
POOL_SHADE = "#B0B0B0"


def choices(trace: pd.DataFrame) -> pd.DataFrame:
    """Return the selected pool images with a caption each, in the order in which a contact sheet shows them.

    Args:
        trace: one row per selected image, in the order of selection. With rounds (a column epoch) the last one counts,
            and the clusters take turns, each with its nearest image first.

    Returns:
        Columns pool (index) and caption.
    """
    if "epoch" in trace:
        last = trace[trace["epoch"] == trace["epoch"].max()]
        turn = last.groupby("cluster").cumcount()
        last = last.assign(turn=turn).sort_values(["turn", "cluster"], kind="stable")
        caption = "c" + last["cluster"].astype(str) + " " + last["cosine"].map("{:.2f}".format)
        caption = caption.where(last["cluster"] >= 0, "")  # a random round has no clusters
        return pd.DataFrame({"pool": last["pool"], "caption": caption}).reset_index(drop=True)
    caption = trace["q"].map("q {:.2f}".format) if "q" in trace else ""
    return pd.DataFrame({"pool": trace["pool"], "caption": caption})


def contact_sheet(lines: list[tuple[str, np.ndarray, list[str]]]) -> bytes:
    """Draw lines of pictures.

    Args:
        lines: for every line its title, pixels uint8 [n, C, S, S] with n <= ACROSS, and a caption for each picture.
    """
    figure = Figure(figsize=(ACROSS * 0.9, 1.05 * max(len(lines), 1)))
    grid = figure.subplots(max(len(lines), 1), ACROSS, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for cells, (title, images, captions) in zip(grid, lines):
        cells[0].text(-0.15, 0.5, title, transform=cells[0].transAxes, ha="right", va="center", fontsize=8)
        for axes, image, caption in zip(cells, images, captions):
            pixels = image[0] if len(image) == 1 else image.transpose(1, 2, 0)
            axes.imshow(pixels, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            axes.set_title(caption, fontsize=6, pad=2)
    figure.subplots_adjust(hspace=0.35, wspace=0.08)
    return as_png(figure, photographs=True)


def plane(in_domain: np.ndarray, pool: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Project both sets of embeddings onto the two directions in which the in-domain images vary most.

    Args:
        in_domain: [N, d].
        pool: [P, d].

    Returns:
        Coordinates [N, 2] and [P, 2].
    """
    # Imported here: scikit-learn takes half a second, which no other use of this package should pay.
    from sklearn.decomposition import PCA

    pca = PCA(2, svd_solver="covariance_eigh").fit(in_domain.astype(np.float64))
    largest = np.abs(pca.components_).argmax(1)
    signs = np.sign(pca.components_[range(2), largest])  # the sign of a component is arbitrary: fix it
    return tuple(pca.transform(part.astype(np.float64)) * signs for part in (in_domain, pool))


def embedding_maps(in_domain: np.ndarray, group: np.ndarray, pool: np.ndarray,
                   selected: dict[str, np.ndarray]) -> bytes:
    """Draw one map per method: the pool gray, its selected images black, the in-domain images in their group's color.

    Args:
        in_domain: coordinates [N, 2].
        group: group name of every in-domain image, [N]; empty strings where there are no labels.
        pool: coordinates [P, 2].
        selected: rows of ``pool`` by method.
    """
    down = -(-max(len(selected), 1) // MAPS_ACROSS)
    figure = Figure(figsize=(3.2 * MAPS_ACROSS, 2.9 * down))
    grid = figure.subplots(down, MAPS_ACROSS, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    present = [name for name in SHADES if (group == name).any()]  # rare groups last, so that nothing hides them
    for axes, (method, index) in zip(grid.flat, selected.items()):
        axes.scatter(*pool.T, s=1, color=POOL_SHADE, label="pool")
        axes.scatter(*pool[index].T, s=2, color="#000000", label="selected")
        for name in present:
            axes.scatter(*in_domain[group == name].T, s=12 if name == "Few" else 3, color=SHADES[name],
                         label=f"in-domain: {name}".rstrip(": "))
        axes.set_title(method, fontsize=9)
    handles, labels = grid.flat[0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="lower center", ncols=5, frameon=False, markerscale=3,
                      bbox_to_anchor=(0.5, -0.04))
    return as_png(figure)
