"""The default data set: characters in matplotlib's fonts over textures cut from scikit-learn's two photographs.

Twenty Latin letters are the classes. The pool holds Greek, Cyrillic and symbol glyphs (near) and bare photograph
patches (far). Images are gray, uint8 [N, 1, size, size]. Nothing is downloaded, and the same seed gives the same bytes.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ballast.runtime.errors import BallastError
from ballast.runtime.rng import numpy_generator

CLASSES = "ABDEFGHJKLMNPQRSTXYZ"
# No capital that looks exactly like a Latin one: the pool must lie near the classes, but not contain them.
NEAR = "ΓΔΘΛΞΠΣΦΨΩαβγδεζηθκλμξπρσφχψωБГДЖЗИЙЛПФЦЧШЩЪЫЭЮЯбвгджзийлмнптфцчшщъыэюя&@#%$§¶€£¥∑∫√∞≈≠±÷×∂∇∈∪∩⊕⊗♠♣♥♦♪"
FONTS = [f"DejaVu{family}.ttf" for family in (
    "Sans", "Sans-Bold", "Sans-Oblique", "Sans-BoldOblique", "SansMono", "SansMono-Bold", "SansMono-Oblique",
    "Serif", "Serif-Bold", "Serif-Italic", "Serif-BoldItalic")]
PHOTOGRAPHS = ("china.jpg", "flower.jpg")
SUPERSAMPLING = 4
CONTRAST = 0.25  # of the paper: with more, an encoder tells images apart by it and learns characters late or never


def labelled(per_class: int, size: int, seed: int, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Render ``per_class`` images of every class, shuffled: uint8 [N, 1, size, size], and labels int64 [N]."""
    rng = numpy_generator(seed, "glyphs", part)
    labels = rng.permutation(np.repeat(np.arange(len(CLASSES)), per_class))
    return _over_texture([CLASSES[c] for c in labels], size, rng), labels


def pool(near: int, far: int, size: int, seed: int) -> tuple[np.ndarray, list[str]]:
    """Render a shuffled pool of ``near`` foreign glyphs and ``far`` photograph patches.

    Returns:
        Images uint8 [near + far, 1, size, size], and what each shows (for analysis only).
    """
    rng = numpy_generator(seed, "glyphs", "pool")
    shown = [NEAR[i] for i in rng.integers(len(NEAR), size=near)]
    images = np.concatenate([_over_texture(shown, size, rng), _textures(far, size, rng).round().astype(np.uint8)])
    order = rng.permutation(near + far)
    kinds = np.array([f"glyph {char}" for char in shown] + ["photograph"] * far)
    return images[order], kinds[order].tolist()


def _over_texture(chars: list[str], size: int, rng: np.random.Generator) -> np.ndarray:
    """Render characters in random fonts, poses and inks, dark on pale textures, uint8 [N, 1, size, size]."""
    masks = np.stack([_mask(char, size, rng) for char in chars])[:, None] if chars else np.zeros((0, 1, size, size))
    texture = _textures(len(chars), size, rng)
    paper = 127 + CONTRAST * (texture + texture.mean((2, 3), keepdims=True))
    ink = paper.mean((2, 3), keepdims=True) - rng.uniform(60, 160, (len(chars), 1, 1, 1))
    return (paper * (1 - masks) + ink * masks).round().clip(0, 255).astype(np.uint8)


def _mask(char: str, size: int, rng: np.random.Generator) -> np.ndarray:
    """Render a character's coverage [size, size] in [0, 1]: random font, size, rotation, shear and shift."""
    side = size * SUPERSAMPLING
    font = _font(FONTS[rng.integers(len(FONTS))], int(side * rng.uniform(0.65, 0.95)))
    canvas = Image.new("L", (side, side))
    ImageDraw.Draw(canvas).text((side / 2, side / 2), char, fill=255, font=font, anchor="mm")
    angle = rng.uniform(-0.35, 0.35)
    shear = rng.uniform(-0.3, 0.3)
    cos = np.cos(angle)
    sin = np.sin(angle)
    matrix = np.array([[cos, sin + shear], [-sin, cos]])
    centre = np.full(2, side / 2)
    offset = centre - matrix @ (centre + rng.uniform(-0.12, 0.12, 2) * side)
    posed = canvas.transform(canvas.size, Image.Transform.AFFINE,
                             (*matrix[0], offset[0], *matrix[1], offset[1]), Image.Resampling.BILINEAR)
    return np.asarray(posed.reduce(SUPERSAMPLING), np.float64) / 255


@cache
def _font(name: str, points: int) -> ImageFont.FreeTypeFont:
    path = _data_file("matplotlib", "mpl-data", "fonts", "ttf", name)
    return ImageFont.truetype(path, points, layout_engine=ImageFont.Layout.BASIC)


def _textures(count: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """Cut random patches out of the photographs at half resolution, float64 [count, 1, size, size]."""
    photos = _photographs()
    which = rng.integers(len(photos), size=count)
    top, left = (rng.integers(photos.shape[axis] - size, size=count)[:, None, None] for axis in (1, 2))
    rows, columns = np.arange(size)[:, None], np.arange(size)[None, :]
    return photos[which[:, None, None], top + rows, left + columns][:, None]


@cache
def _photographs() -> np.ndarray:
    """Return scikit-learn's sample photographs in gray at half resolution, float64 [2, H, W]."""
    paths = [_data_file("sklearn", "datasets", "images", name) for name in PHOTOGRAPHS]
    return np.stack([np.asarray(Image.open(path).convert("L").reduce(2), np.float64) for path in paths])


def _data_file(package: str, *parts: str) -> Path:
    """Find a data file of an installed package without importing it: matplotlib and scikit-learn take a second."""
    spec = find_spec(package)
    path = Path(spec.origin if spec else package).parent.joinpath(*parts)
    if not path.is_file():
        raise BallastError(f"{path}: missing; install the version of {package} that constraints.txt names")
    return path
