"""Make pools of known kinds, from near to useless, beside the images of docs/results.md.

Each is a .npy array of 5,000 images in data/external/pools, of what is at hand in data/external: a folder per class of
labelled images (train), and the pool of natural images with a folder per WordNet name (pool). The images that `own`
takes from the labelled ones are missing in the list train.txt, which the study trains on.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from ballast.images.decode import decode_all
from ballast.runtime.files import save_array, write_atomic
from ballast.runtime.rng import numpy_generator
from ballast.sources import glyphs

DATA, POOLS = Path("data/external"), Path("data/external/pools")
IMAGES, SIZE = 5000, 32
HELD_OUT = 500  # labelled images of every class that only the pool `own` has
NEAR = (  # Tiny-ImageNet's frogs, birds, dogs, cats, hoofed animals and vehicles: relatives of CIFAR-10's classes
    "n01641577", "n01644900", "n01855672", "n02002724", "n02056570", "n02058221", "n02085620", "n02094433",
    "n02099601", "n02099712", "n02106662", "n02113799", "n02123045", "n02123394", "n02124075", "n02403003",
    "n02410509", "n02415577", "n02423022", "n02437312", "n02814533", "n02917067", "n03100240", "n03393912",
    "n03662601", "n03670208", "n03796401", "n03977966", "n04146614", "n04285008", "n04465501", "n04487081")
OBJECTS = "n025"  # WordNet names from here on are no animals: artefacts, food, landscapes


def make() -> list[str]:
    """Write the pools that are missing and the list of the remaining labelled images; return the pools' names."""
    classes = sorted(path.name for path in (DATA / "train").iterdir())
    files = {name: sorted((DATA / "train" / name).iterdir()) for name in classes}
    lines = [f"{path.relative_to(DATA / 'train')} {label}\n" for label, name in enumerate(classes)
             for path in files[name][:-HELD_OUT]]
    write_atomic(POOLS / "train.txt", "".join(lines))
    held_out = [path for name in classes for path in files[name][-HELD_OUT:]]
    kinds = _kinds(held_out)
    for name, images in kinds.items():
        if not (POOLS / f"{name}.npy").exists():
            array = images(numpy_generator(0, "pools", name))
            assert array.shape == (IMAGES, SIZE, SIZE, 3) and array.dtype == np.uint8, (name, array.shape)
            save_array(POOLS / f"{name}.npy", array)
    return list(kinds)


def _kinds(held_out: list[Path]) -> dict[str, Callable[[np.random.Generator], np.ndarray]]:
    """Return for every pool how it is made with a random generator."""
    natural = sorted((DATA / "pool").glob("*/*"))
    near = [path for path in natural if path.parent.name in NEAR]
    far = [path for path in natural if path.parent.name >= OBJECTS and path.parent.name not in NEAR]
    return {
        "own": lambda rng: _decoded(held_out),
        "near": lambda rng: _some(near, IMAGES, rng),
        "natural": lambda rng: _some(natural, IMAGES, rng),
        "far": lambda rng: _some(far, IMAGES, rng),
        "half-noise": lambda rng: np.concatenate([_some(natural, IMAGES // 2, rng), _noise(IMAGES // 2, rng)]),
        "duplicates": lambda rng: _copies(_some(natural, IMAGES // 50, rng), rng),
        "photographs": _photographs,
        "glyphs": _glyphs,
        "noise": lambda rng: _noise(IMAGES, rng),
    }


def _decoded(files: list[Path]) -> np.ndarray:
    return np.stack([image.pixels for image in decode_all(files, SIZE)]).transpose(0, 2, 3, 1)


def _some(files: list[Path], count: int, rng: np.random.Generator) -> np.ndarray:
    return _decoded([files[index] for index in rng.permutation(len(files))[:count]])


def _noise(count: int, rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 256, (count, SIZE, SIZE, 3), np.uint8)


def _copies(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return 50 copies of every image, each a little brighter or darker, so that no two are the same file."""
    shift = rng.integers(-8, 9, (50 * len(images), 1, 1, 1))
    return np.clip(np.repeat(images, 50, axis=0).astype(int) + shift, 0, 255).astype(np.uint8)


def _photographs(rng: np.random.Generator) -> np.ndarray:
    """Return random crops of scikit-learn's two photographs, at two scales."""
    from sklearn.datasets import load_sample_images

    photos, crops = load_sample_images().images, []
    for number in range(IMAGES):
        photo, step = photos[number % 2], int(rng.integers(1, 5))
        top, left = (int(rng.integers(0, side - step * SIZE)) for side in photo.shape[:2])
        crops.append(photo[top : top + step * SIZE : step, left : left + step * SIZE : step])
    return np.stack(crops)


def _glyphs(rng: np.random.Generator) -> np.ndarray:
    """Return the foreign characters of the default's pool, in inks and on papers of random colours."""
    gray = glyphs.pool(IMAGES, 0, SIZE, 0)[0].transpose(0, 2, 3, 1) / 255
    paper, ink = rng.integers(0, 256, (2, IMAGES, 1, 1, 3))
    return (paper * gray + ink * (1 - gray)).astype(np.uint8)
