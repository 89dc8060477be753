"""Draw the lists of the long-tailed split of every repeat, or take those that came with the images."""

import numpy as np

from ballast.runtime.files import load_array, resolve_path, save_array
from ballast.runtime.rng import numpy_generator
from ballast.sources.labelled import GIVEN, UNKNOWN
from ballast.sources.longtail import LAWS, long_tail_split, published_lists, validation_list
from stages.common.parameters import parameters
from stages.common.repeats import repeats_of
from stages.common.supervise import run


def main() -> None:
    p = parameters("repeats", "seed", "split", "dataset", dataset=("longtail",))
    labels = load_array("data/labels/train.npy")
    for repeat in repeats_of(p):
        lists = _lists(p.dataset.longtail, labels, repeat.split)
        save_array(repeat.list("counts"), lists.pop("counts"))
        for name, index in lists.items():
            # The lists are drawn class by class: shuffled, their order tells nothing of the labels.
            save_array(repeat.list(name), numpy_generator(repeat.split, "order", name).permutation(index))


def _lists(longtail: dict, labels: np.ndarray, split: int) -> dict[str, np.ndarray]:
    """Return the lists in GIVEN, and ``counts`` [C]: images of every class in the long-tailed one, 0 without labels."""
    if longtail["law"] == "given":
        from ballast.runtime.tables import read_table  # pandas takes as long to load as all other laws take to draw

        given = read_table("data/labels/lists.csv", "list", "image")
        lists = {name: np.array(given["image"][given["list"] == name], np.int64) for name in GIVEN}
        listed = labels[lists["longtail"]]
        return {**lists, "counts": np.bincount(listed[listed != UNKNOWN], minlength=labels.max() + 1)}
    if longtail["law"] == "published":
        return published_lists(resolve_path(longtail["folder"]), longtail["prefix"], split, labels)
    val = validation_list(labels, longtail["val_per_class"])
    probe = np.setdiff1d(np.arange(len(labels)), val)
    counts = LAWS[longtail["law"]](int(labels.max()) + 1, longtail["largest"], longtail["ratio"])
    return {**long_tail_split(labels, probe, counts, longtail["few_shot"], split), "probe": probe, "val": val}


if __name__ == "__main__":
    run(main)
