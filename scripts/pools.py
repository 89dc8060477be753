"""Make pools of known kinds beside the default's characters, from the classes' own images to noise.

Each is an array of 5,000 images in data/external/pools, like the labelled images train and test there, of what the
dependencies ship: rendered characters, scikit-learn's photographs and digits. Nothing is downloaded.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from ballast.config.yaml import read_yaml
from ballast.runtime.files import save_array
from ballast.runtime.rng import numpy_generator
from ballast.sources import digits, glyphs

POOLS = Path("data/external/pools")
DEFAULT = read_yaml("configs/datasets/glyphs.yaml")
IMAGES, SIZE = 5000, DEFAULT["source"]["size"]
LABELLED = {part: DEFAULT["source"][f"{part}_per_class"] for part in ("train", "test")}
COPIES = 50


def make() -> list[str]:
    """Write the labelled images and the pools that are missing; return the names of the pools."""
    for part, per_class in LABELLED.items():
        images, labels = glyphs.labelled(per_class, SIZE, 0, part)
        save_array(POOLS / f"{part}_labels.npy", labels)
        save_array(POOLS / f"{part}.npy", images[:, 0])
    for name, images in KINDS.items():
        if not (POOLS / f"{name}.npy").exists():
            save_array(POOLS / f"{name}.npy", images(numpy_generator(0, "pools", name)))
    return list(KINDS)


def own(rng: np.random.Generator) -> np.ndarray:
    """Return more images of the classes, evenly: the best pool there could be."""
    return glyphs.labelled(IMAGES // len(glyphs.CLASSES), SIZE, 1, "pool")[0][:, 0]


def mixed(near: int) -> np.ndarray:
    """Return foreign characters and photograph textures, as the default's pool has them."""
    return glyphs.pool(near, IMAGES - near, SIZE, 0)[0][:, 0]


def noise(rng: np.random.Generator) -> np.ndarray:
    """Return uniform noise."""
    return rng.integers(0, 256, (IMAGES, SIZE, SIZE), np.uint8)


def half_noise(rng: np.random.Generator) -> np.ndarray:
    """Return foreign characters and noise, half each."""
    return np.concatenate([mixed(IMAGES)[: IMAGES // 2], noise(rng)[: IMAGES // 2]])


def duplicates(rng: np.random.Generator) -> np.ndarray:
    """Return 50 copies of 100 foreign characters, each a little brighter or darker, so that no two are equal."""
    copies = np.repeat(mixed(IMAGES)[: IMAGES // COPIES], COPIES, axis=0).astype(int)
    return np.clip(copies + rng.integers(-8, 9, (IMAGES, 1, 1)), 0, 255).astype(np.uint8)


def photographs(rng: np.random.Generator) -> np.ndarray:
    """Return crops of scikit-learn's two photographs in gray, at several scales."""
    from sklearn.datasets import load_sample_images

    photos = [photo.mean(2).astype(np.uint8) for photo in load_sample_images().images]
    crops = []
    for number in range(IMAGES):
        photo, step = photos[number % 2], int(rng.integers(1, 9))
        top, left = (int(rng.integers(0, side - step * SIZE)) for side in photo.shape)
        crops.append(photo[top : top + step * SIZE : step, left : left + step * SIZE : step])
    return np.stack(crops)


def handwritten(rng: np.random.Generator) -> np.ndarray:
    """Return scikit-learn's digits, twice as large, dark on light, each several times at a random place."""
    images = np.concatenate([digits.labelled(0, "train")[0], digits.labelled(0, "test")[0], digits.pool()[0]])[:, 0]
    large = 255 - np.repeat(np.repeat(images, 2, axis=1), 2, axis=2)
    shifts = rng.integers(-3, 4, (IMAGES, 2))
    return np.stack([np.roll(large[number % len(large)], tuple(shift), (0, 1)) for number, shift in enumerate(shifts)])


KINDS: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "own": own, "near": lambda rng: mixed(IMAGES), "mixed": lambda rng: mixed(IMAGES // 6),
    "textures": lambda rng: mixed(0), "half-noise": half_noise, "duplicates": duplicates, "photographs": photographs,
    "handwritten": handwritten, "noise": noise}
