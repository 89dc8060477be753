"""The embedded default: characters in matplotlib's fonts over textures cut from scikit-learn's two photographs.

Ten Latin letters are the classes. The pool holds Greek, Cyrillic and symbol glyphs (near) and bare
photograph patches (far). Grey, uint8, [N, 1, size, size]; no network, same bytes for the same seed.
"""

from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from sklearn.datasets import load_sample_images

from ballast.runtime.rng import numpy_generator

CLASSES = "ABEGKMRSTX"
# Without the capitals that look exactly like a Latin one: the pool is to lie near the classes, not to hold them.
NEAR = "ΓΔΘΛΞΠΣΦΨΩαβγδεζηθκλμξπρσφχψωБГДЖЗИЙЛПФЦЧШЩЪЫЭЮЯбвгджзийлмнптфцчшщъыэюя&@#%$§¶€£¥∑∫√∞≈≠±÷×∂∇∈∪∩⊕⊗♠♣♥♦♪"
FONTS = [f"DejaVu{family}.ttf" for family in (
    "Sans", "Sans-Bold", "Sans-Oblique", "Sans-BoldOblique", "SansMono", "SansMono-Bold", "SansMono-Oblique",
    "Serif", "Serif-Bold", "Serif-Italic", "Serif-BoldItalic")]
SUPERSAMPLING = 4


def labelled(per_class: int, size: int, seed: int, part: str) -> tuple[np.ndarray, np.ndarray]:
    """``per_class`` images of every class, shuffled. Returns images uint8 [N, 1, size, size] and labels int64 [N]."""
    rng = numpy_generator(seed, "glyphs", part)
    labels = rng.permutation(np.repeat(np.arange(len(CLASSES)), per_class))
    return _over_texture([CLASSES[c] for c in labels], size, rng), labels


def pool(near: int, far: int, size: int, seed: int) -> tuple[np.ndarray, list[str]]:
    """Shuffled pool of ``near`` foreign glyphs and ``far`` photograph patches.

    Returns images uint8 [near + far, 1, size, size] and for each image what it shows (for analysis only).
    """
    rng = numpy_generator(seed, "glyphs", "pool")
    shown = [NEAR[i] for i in rng.integers(len(NEAR), size=near)]
    images = np.concatenate([_over_texture(shown, size, rng), _textures(far, size, rng).round().astype(np.uint8)])
    order = rng.permutation(near + far)
    kinds = np.array([f"glyph {char}" for char in shown] + ["photograph"] * far)
    return images[order], kinds[order].tolist()


def _over_texture(chars: list[str], size: int, rng: np.random.Generator) -> np.ndarray:
    """Every character in a random font, pose and ink, dark on a pale texture, uint8 [N, 1, size, size]."""
    masks = np.stack([_mask(char, size, rng) for char in chars])[:, None] if chars else np.zeros((0, 1, size, size))
    texture = _textures(len(chars), size, rng)
    # With full contrast the encoder tells images apart by their paper and never learns to read.
    paper = 127 + 0.25 * texture + 0.25 * texture.mean((2, 3), keepdims=True)
    ink = paper.mean((2, 3), keepdims=True) - rng.uniform(60, 160, (len(chars), 1, 1, 1))
    return (paper * (1 - masks) + ink * masks).round().clip(0, 255).astype(np.uint8)


def _mask(char: str, size: int, rng: np.random.Generator) -> np.ndarray:
    """The character's coverage in [0, 1], [size, size]: random font, size, rotation, shear and shift."""
    side = size * SUPERSAMPLING
    font = _font(FONTS[rng.integers(len(FONTS))], int(side * rng.uniform(0.65, 0.95)))
    canvas = Image.new("L", (side, side))
    ImageDraw.Draw(canvas).text((side / 2, side / 2), char, fill=255, font=font, anchor="mm")
    angle, shear = rng.uniform(-0.35, 0.35), rng.uniform(-0.3, 0.3)
    cos, sin = np.cos(angle), np.sin(angle)
    matrix = np.array([[cos, sin + shear], [-sin, cos]])
    centre = np.full(2, side / 2)
    offset = centre - matrix @ (centre + rng.uniform(-0.12, 0.12, 2) * side)
    posed = canvas.transform(canvas.size, Image.Transform.AFFINE,
                             (*matrix[0], offset[0], *matrix[1], offset[1]), Image.Resampling.BILINEAR)
    return np.asarray(posed.reduce(SUPERSAMPLING), np.float64) / 255


@cache
def _font(name: str, points: int) -> ImageFont.FreeTypeFont:
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return ImageFont.truetype(folder / name, points, layout_engine=ImageFont.Layout.BASIC)


def _textures(count: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """Random patches of the photographs at half resolution, float64 [count, 1, size, size]."""
    photos = _photographs()
    which = rng.integers(len(photos), size=count)
    top, left = (rng.integers(photos.shape[axis] - size, size=count)[:, None, None] for axis in (1, 2))
    rows, columns = np.arange(size)[:, None], np.arange(size)[None, :]
    return photos[which[:, None, None], top + rows, left + columns][:, None]


@cache
def _photographs() -> np.ndarray:
    grey = [Image.fromarray(photo).convert("L").reduce(2) for photo in load_sample_images().images]
    return np.stack([np.asarray(photo, np.float64) for photo in grey])
