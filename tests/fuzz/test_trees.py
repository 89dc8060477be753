"""Generated trees of files: every image is listed once, under a name that leads back to it, and nothing else is."""

import os
import tempfile
from pathlib import Path

import pandas as pd
from hypothesis import strategies as st

from ballast.images.folder import read_files
from ballast.runtime.names import image_path
from ballast.sources.listing import SUFFIXES, folder
from ballast.sources.reading import read
from tests.fuzz.rule import ends_well, fuzz
from tests.fuzz.samples import PHOTOS

NAMES = st.sampled_from([b"a", b"b", b"NA", b"null", b"1e5", b"a b", b"a,b", b'"', b"a\nb", b"a\rb", b"caf\xe9",
                         "ü😀\u2028".encode(), b"#3", b"x.npy#3", b"-", b"\\u0041", b"\\", b" ", b"~"])
ENDINGS = st.sampled_from([b".png", b".JPG", b".txt", b"", b".npy#1.jpg"])
FILES = st.tuples(NAMES | st.binary(min_size=1, max_size=6), ENDINGS)
KINDS = st.sampled_from(["image", "text", "folder", "link up", "link", "broken"])
ENTRIES = st.lists(st.tuples(st.lists(NAMES, max_size=3), FILES, KINDS), max_size=8)


def plant(root: bytes, entries: list) -> None:
    """Make what the file system allows of a tree: images, texts, folders, links to folders above, beside or nowhere."""
    for way, (stem, suffix), kind in entries:
        name = (stem + suffix).replace(b"/", b"_").replace(b"\x00", b"_")
        place = os.path.join(root, *way)
        path = os.path.join(place, name)
        try:
            os.makedirs(place, exist_ok=True)
            if kind in ("image", "text"):
                with open(path, "wb") as file:
                    file.write(PHOTOS[0] if kind == "image" else b"text")
            elif kind == "folder":
                os.makedirs(path, exist_ok=True)
            else:
                os.symlink({"link up": b"..", "link": root + b"-linked", "broken": b"nowhere"}[kind], path)
        except OSError:  # a file stands where a folder should, or the name is taken
            continue


def images_below(root: bytes, above: tuple = ()) -> list[bytes]:
    """Return the paths of all images below a folder, walked by hand."""
    found = []
    for entry in os.scandir(root):
        if entry.is_dir():
            real = os.path.realpath(entry.path)
            if not any(real == one or one.startswith(real + b"/") for one in (os.path.realpath(root), *above)):
                found += images_below(entry.path, (*above, os.path.realpath(root)))
        elif entry.name.lower().endswith(tuple(suffix.encode() for suffix in SUFFIXES)):
            found.append(entry.path)
    return found


@fuzz(100, entries=ENTRIES)
def test_every_image_is_listed_and_found_again(entries):
    with tempfile.TemporaryDirectory() as place:
        root = Path(place, "images")
        linked = Path(place, "images-linked")
        for made in (root, linked):
            made.mkdir()
        (linked / "far.png").write_bytes(PHOTOS[0])
        plant(os.fsencode(root), entries)
        expected = sorted(images_below(os.fsencode(root)))
        found = ends_well(lambda: folder(str(root), labelled=False), str(root))
        listed = sorted(os.fsencode(image_path(path)) for path in (found.paths() if found else ()))
        assert listed == expected
        if found:
            table = ends_well(lambda: read(Path(place, "store"), found, {"size": 8}), str(root))
            assert table["path"].tolist() == found.paths()
            kept = read_files(Path(place, "store"))["path"].tolist()
            assert kept == table.loc[table["status"] == "ok", "path"].tolist()
            written = pd.read_csv(Path(place, "store/files.csv"), keep_default_na=False, dtype=str)["path"].tolist()
            assert written == kept
        classes = ends_well(lambda: folder(str(root), labelled=True), str(root))
        assert classes is None or len(set(classes.labels)) == len(set(classes.classes)) == len(classes.classes)
