"""Tar archives and Parquet tables are read by ranges, give the images of the folder they were made of, or one line."""

import io
import tarfile

import numpy as np
import pandas as pd
import pytest

from ballast.images.address import Address
from ballast.images.crops import crops
from ballast.images.decode import decode_all
from ballast.images.store import load_store
from ballast.runtime.errors import BallastError
from ballast.runtime.names import image_path
from ballast.sources.archives import addresses, shards
from ballast.sources.listing import folder, listing
from ballast.sources.reading import read
from tests.images.examples import files as write_files


def pack(path, contents):
    with tarfile.open(path, "w") as archive:
        for name, content in contents:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


@pytest.fixture
def packed(tmp_path):
    """Twelve images as a folder, as two tar archives with other files in them, and as two tables with row groups."""
    write_files(tmp_path / "photos/deep", 12)
    contents = [(f"deep/{file.name}", file.read_bytes()) for file in sorted((tmp_path / "photos/deep").iterdir())]
    for number, part in enumerate((contents[:7], contents[7:])):
        pack(tmp_path / f"pool-{number:03}.tar", [item for name, data in part for item in
                                                  ((name, data), (name.replace("png", "json"), b"{}"))])
        table = pd.DataFrame({"key": [name for name, _ in part], "jpg": [data for _, data in part]})
        table.to_parquet(tmp_path / f"pool-{number:03}.parquet", row_group_size=3)
    return tmp_path


@pytest.mark.parametrize("pattern", ["pool-{000..001}.tar", "pool-*.tar", "pool-{000..001}.parquet", "pool-*.parquet"])
def test_the_store_is_that_of_the_folder(packed, pattern, capsys):
    expected = read(packed / "a", folder(f"{packed}/photos", labelled=False), {"size": 16, "short": 20})
    found = listing(f"{packed}/{pattern}", None, labelled=False)
    table = read(packed / "b", found, {"size": 16, "short": 20})
    same = ["row", "height", "width", "bytes", "hash", "status"]
    pd.testing.assert_frame_equal(table[same], expected[same])
    for name in ("images.npy", "thumbnails.npy"):
        assert (packed / "a" / name).read_bytes() == (packed / "b" / name).read_bytes()
    assert ("left out, since images do not have such names: 7 .json" in capsys.readouterr().out) == ("tar" in pattern)


@pytest.mark.parametrize("kind", ["tar", "parquet"])
def test_images_are_read_where_they_lie(packed, kind):
    store = packed / "c"
    read(store, listing(f"{packed}/pool-*.{kind}", None, labelled=False), {"size": 16, "where": "files"})
    files = sorted((packed / "photos/deep").iterdir())
    boxes = np.array([[0.0, 0.0, 30.0, 30.0], [5.0, 3.0, 8.0, 8.0]])
    for path, file in zip(load_store(store).paths, files):
        address = Address.parse(image_path(path))
        assert address.content().tobytes() == file.read_bytes() and address.bytes() == file.stat().st_size
        np.testing.assert_array_equal(crops(image_path(path), boxes, 40, 60, 8), crops(file, boxes, 40, 60, 8))


def test_a_member_has_any_name_and_its_range(tmp_path):
    pack(tmp_path / "x.tar", [("../a\nb#1.png", b"12345"), ("caf\udce9.png", b"678"), ("x.tar#0+1/b.png", b"9")])
    found = addresses(str(tmp_path / "x.tar"))
    assert len(found) == 3 and not any("\n" in address for address in found)
    assert [Address.parse(image_path(address)).content().tobytes() for address in found] == [b"12345", b"678", b"9"]


def test_patterns_name_archives_in_their_order(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert shards("d/p-{08..11}.tar") == [f"d/p-{number}.tar" for number in ("08", "09", "10", "11")]
    assert shards("d/x.tar") == ["d/x.tar"] and shards("d") == shards("d/x.npy") == shards("d/*.tar") == []
    for name in ("b", "a"):
        pack(f"{name}.tar", [(f"{name}.png", b"1")])
    assert shards("*.tar") == ["a.tar", "b.tar"] and addresses("*.tar")[0].startswith("a.tar#512+1/a.png")


@pytest.mark.parametrize(("part", "line"), [
    ("half.tar", r"half.tar: expected a readable .tar file with images, got an error \(unexpected end of data\)"),
    ("text.tar", "text.tar: expected a readable .tar file with images, got an error"),
    ("text.parquet", "text.parquet: expected a readable .parquet file"),
    ("numbers.parquet", "no column of encoded images among x"), ("gone-{0..1}.tar", "gone-0.tar: expected a file"),
    ("gone-{0..99999999}.tar", "expected at most 1,000,000 archives, got 100,000,000"),
    ("gone-*.tar", r"gone-\*.tar: expected archives with images, got none"),
    ("twice-*.tar", "twice-1.tar: expected keys of its own, got deep/0, which .*twice-0.tar has too"),
    ("none.tar", "none.tar: expected archives with images, got none")])
def test_a_bad_archive_is_one_line(packed, part, line):
    whole = (packed / "pool-000.tar").read_bytes()
    (packed / "half.tar").write_bytes(whole[: 512 + len(whole) // 9])
    for name in ("text.tar", "text.parquet"):
        (packed / name).write_bytes(b"no archive" * 99)
    pd.DataFrame({"x": [1]}).to_parquet(packed / "numbers.parquet")
    for number in range(2):
        (packed / f"twice-{number}.tar").write_bytes(whole)
    pack(packed / "none.tar", [("notes.txt", b"1")])
    with pytest.raises(BallastError, match=line) as error:
        listing(f"{packed}/{part}", None, labelled=False)
    assert "\n" not in str(error.value)


def test_what_changed_since_the_listing_has_its_reason(packed):
    paths = {kind: [image_path(path) for path in addresses(f"{packed}/pool-*.{kind}")] for kind in ("tar", "parquet")}
    for kind, found in paths.items():
        (packed / f"pool-000.{kind}").write_bytes(b"another" * 100)
        (packed / f"pool-001.{kind}").unlink()
        reasons = {str(image) for image in decode_all(found, 8)}
        assert any(reason == "no such file" for reason in reasons) and len(reasons) >= 2, (kind, reasons)


def test_labels_are_not_in_archives(packed):
    with pytest.raises(BallastError, match="expected labelled images in folders, lists or arrays, got archives"):
        listing(f"{packed}/pool-000.tar", None, labelled=True)
