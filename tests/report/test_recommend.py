"""Which row is recommended, from numbers of known differences."""

import numpy as np
import pandas as pd
import pytest

from ballast.cli import main
from ballast.report import recommend
from ballast.report.recommend import NO_POOL, advise, distances, evidence
from tests import ROOT

COSTS = {"simclr": 1.0, "matched": 1.9, "random": 1.9, "colt": 2.0, "guided": 2.9}


def runs(levels, data="a", images=1000, separability=0.8, repeats=5):
    """Return evidence on one data set: a level of accuracy for every row, with repeats that move all rows alike."""
    rng = np.random.default_rng(0)
    lines = []
    for repeat in range(repeats):
        common = rng.normal(0, 3)
        for row, level in levels.items():
            value = level + common + rng.normal(0, 0.2)
            lines.append({"data": data, "images": images, "pool": 5000, "separability": separability, "method": row,
                          "cost": COSTS[row], "repeat": repeat + 1, "Many": value, "Median": value, "Few": value,
                          "Std": 1.0, "All": value})
    return pd.DataFrame(lines)


LEVELS = {"simclr": 50.0, "matched": 52.0, "random": 54.0, "colt": 57.0, "guided": 60.0}
BOTH = pd.concat([runs(LEVELS), runs({**LEVELS, "random": 40.0, "colt": 41.0, "guided": 42.0}, "b", separability=0.99)])


def test_the_time_at_hand_decides():
    assert [advise(BOTH, 1000, 0.8, times).row for times in (1.0, 1.9, 2.0, 3.0)] == ["simclr", "random", "colt",
                                                                                      "guided"]


def test_simclr_is_not_compared_with_itself():
    assert advise(BOTH, 1000, 0.8, 1.0).elsewhere.empty


def test_the_most_similar_data_decides():
    assert distances(BOTH, 1000, 0.98).index.tolist() == ["b", "a"]
    found = advise(BOTH, 1000, 0.98, 3.0)
    assert (found.data, found.row) == ("b", "matched")
    assert found.elsewhere["data"].tolist() == ["b", "a"]


def test_more_images_are_farther():
    more = pd.concat([BOTH, runs(LEVELS, "c", images=100_000)])
    assert distances(more, 90_000, 0.8).index[0] == "c" and distances(more, 2_000, 0.8).index[0] == "a"


def test_without_a_pool_no_row_has_one():
    found = advise(BOTH, 1000, None, 9.0)
    assert found.row == "matched" and set(found.table["row"]) <= set(NO_POOL)


def test_rows_that_cost_less_and_cannot_be_told_apart_are_named():
    close = runs({**LEVELS, "guided": 58.2})
    turns = close["repeat"].isin([1, 3]) & (close["method"] == "colt")
    close.loc[turns, ["All", "Few"]] += 2.5  # better in some repeats, worse in others
    found = advise(close, 1000, 0.8, 3.0)
    assert found.row == "guided" and found.equals == ["colt"]
    assert advise(BOTH, 1000, 0.8, 3.0).equals == []


def test_the_evidence_is_whole():
    found = evidence()
    assert found.notna().all().all() and (found.groupby(["data", "method"])["repeat"].count() >= 3).all()
    assert (found[found["method"] == "simclr"]["cost"] == 1).all()
    for _, part in found.groupby("data"):
        assert part["images"].nunique() == 1 and "simclr" in set(part["method"])


def test_the_evidence_of_the_default_is_its_present_result():
    known = evidence().query("data == 'glyphs'").set_index(["method", "repeat"])["All"]
    result = pd.read_csv(ROOT / "results/repeats.csv").query("protocol == 'linear'")
    pd.testing.assert_series_equal(known, result.set_index(["method", "repeat"])["All"][known.index])


def test_the_command_says_what_to_take(capsys, monkeypatch):
    monkeypatch.setattr(recommend, "evidence", lambda: BOTH)
    monkeypatch.setattr("ballast.commands.recommend.evidence", lambda: BOTH)
    main(["recommend", "--images", "1200", "--separability", "0.8", "--times", "2"])
    said = capsys.readouterr().out
    assert "Most like yours, of the data that was measured: a, 1000 images" in said and "Take colt:" in said
    assert "guided" not in said


@pytest.mark.parametrize(("words", "message"), [
    (["--images", "0"], "--images 0: expected at least 1"),
    (["--images", "9", "--separability", "0.2"], "--separability 0.2: expected 0.5 to 1"),
    (["--images", "9", "--times", "0.5"], "--times 0.5: expected at least 1")])
def test_bad_numbers_end_with_one_line(words, message):
    with pytest.raises(SystemExit, match=message):
        main(["recommend", *words])
