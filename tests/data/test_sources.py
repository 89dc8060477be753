"""The embedded sources: shapes, seeds, and a pool apart from the classes."""

import numpy as np

from ballast.data import digits, glyphs
from ballast.data.sources import load_labelled, load_pool
from ballast.schema import DigitsSource, GlyphsSource

GLYPHS = {"kind": "glyphs", "size": 16, "train_per_class": 3, "test_per_class": 2, "pool_near": 30, "pool_far": 20}


def test_glyphs_have_the_asked_size_and_the_same_bytes_again():
    first, again = load_labelled(GLYPHS), load_labelled(GLYPHS)
    classes = len(glyphs.CLASSES)
    assert first.train.shape == (3 * classes, 1, 16, 16) and first.train.dtype == np.uint8
    assert (np.bincount(first.test_labels) == 2).all() and len(first.classes) == classes
    assert first.train.tobytes() == again.train.tobytes() and first.test.tobytes() == again.test.tobytes()
    assert load_labelled(GLYPHS, seed=1).train.tobytes() != first.train.tobytes()


def test_the_pool_holds_other_characters_and_photographs():
    images, shows = load_pool(GLYPHS)
    assert images.shape == (50, 1, 16, 16) and GlyphsSource(**GLYPHS).pool_size == 50
    assert (shows["shows"] == "photograph").sum() == 20
    assert not set(glyphs.NEAR) & set(glyphs.CLASSES) and len(set(glyphs.NEAR)) == len(glyphs.NEAR)
    assert images.tobytes() == load_pool(GLYPHS)[0].tobytes()


def test_every_font_draws_every_character():
    for font in glyphs.FONTS:
        missing = bytes(glyphs._font(font, 40).getmask("\uffff"))
        for char in glyphs.CLASSES + glyphs.NEAR:
            assert bytes(glyphs._font(font, 40).getmask(char)) != missing, (font, char)


def test_digits_split_into_classes_and_pool():
    source = load_labelled({"kind": "digits"})
    images, shows = load_pool({"kind": "digits"})
    assert set(source.train_labels) == set(source.test_labels) == set(range(len(digits.CLASSES)))
    assert len(images) == len(shows) == DigitsSource(kind="digits").pool_size
    train = {image.tobytes() for image in source.train}
    assert not any(image.tobytes() in train for image in source.test)
