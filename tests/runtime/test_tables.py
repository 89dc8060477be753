"""A table or a JSON file between stages that is damaged is one line that names it."""

import pytest

from ballast.runtime.errors import BallastError
from ballast.runtime.tables import read_json, read_table


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b'a,b\n"1', b"a\n1,2\n3,4,5\n", b"other\n1\n"])
def test_a_damaged_table_is_one_line(tmp_path, content):
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(BallastError, match=r"x\.csv: expected a readable table, got an error \(.*; delete it") as error:
        read_table(tmp_path / "x.csv", "wanted")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"{}", b"\xff", b"[" * 100_000])
def test_a_damaged_json_file_is_one_line(tmp_path, content):
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(BallastError, match=r"x\.json: expected a readable JSON file") as error:
        read_json(tmp_path / "x.json", "wanted")
    assert "\n" not in str(error.value)


def test_whole_ones_are_read(tmp_path):
    (tmp_path / "x.csv").write_text("wanted,count\nNA,1\nnull,2\n007,\n")
    (tmp_path / "x.json").write_text('{"wanted": 1}')
    table = read_table(tmp_path / "x.csv", "wanted", text="wanted")
    assert table["wanted"].tolist() == ["NA", "null", "007"] and table["count"].tolist()[:2] == [1, 2]
    assert table["count"].isna().tolist() == [False, False, True]
    assert read_json(tmp_path / "x.json", "wanted") == {"wanted": 1}
    with pytest.raises(FileNotFoundError):
        read_table(tmp_path / "gone.csv")
