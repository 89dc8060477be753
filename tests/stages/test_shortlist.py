"""Rounds that choose from a selection: what they chose has its numbers and files in the whole pool."""

from types import SimpleNamespace

import pandas as pd
import pytest

from ballast.runtime.errors import BallastError
from stages.preflight import check_sizes
from stages.work.pretrain import chosen, selection_of


def trainer(trace: pd.DataFrame) -> SimpleNamespace:
    """Return what has chosen, in rounds or not at all."""
    return SimpleNamespace(state=SimpleNamespace(trace=SimpleNamespace(frame=lambda: trace.copy())))


def test_rounds_from_a_selection_name_images_of_the_whole_pool(tmp_path):
    pd.DataFrame({"pool": [40, 7, 33], "q": 1.0, "path": ["a.jpg", "b.jpg", "c.jpg"]}).to_csv(
        tmp_path / "selected.csv", index=False)
    trace = pd.DataFrame({"epoch": [2, 2, 3], "pool": [2, 0, 1], "cluster": 0, "cosine": 0.5})
    table = chosen(trainer(trace), str(tmp_path), selection_of(str(tmp_path)))
    assert table["pool"].tolist() == [33, 40, 7] and table["path"].tolist() == ["c.jpg", "a.jpg", "b.jpg"]
    assert table["epoch"].tolist() == [2, 2, 3]


def test_without_rounds_the_selection_is_what_was_chosen(tmp_path):
    listed = pd.DataFrame({"pool": [40, 7], "path": ["a.jpg", "b.jpg"]})
    listed.to_csv(tmp_path / "selected.csv", index=False)
    assert chosen(trainer(pd.DataFrame()), str(tmp_path), selection_of(str(tmp_path))).equals(listed)
    assert selection_of(str(tmp_path / "all")) is None
    (tmp_path / "selected.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(BallastError, match=r"selected\.csv: expected a readable table"):
        selection_of(str(tmp_path))


def test_a_selection_larger_than_what_it_chooses_from_is_one_line():
    selections = {"shortlist": {"of": "all", "share": 0.1}, "mak": {"of": "shortlist"}}
    check_sizes(selections, 1000, 100)
    with pytest.raises(BallastError, match=r"selections.mak: expected at most 90 images, those of shortlist, got 100"):
        check_sizes(selections, 900, 100)
    with pytest.raises(BallastError, match=r"selections.dedup.kept: expected a fraction of the 900 images of all that"):
        check_sizes({"dedup": {"of": "all", "kept": 0.1}}, 900, 100)
