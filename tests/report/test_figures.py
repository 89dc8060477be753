"""Figures: the same bytes for the same numbers, others for others, and none that is empty for want of a legend."""

from io import BytesIO

import pandas as pd
from PIL import Image

from ballast.report.comparisons import by_class, by_group, forest, training
from ballast.report.figures import budgets, lean_and_correlation, phi_by_draws, sorted_shares, tailness_by_count
from ballast.report.multiples import mean_and_band
from ballast.report.tables import summary
from ballast.report.verdicts import gains, leaders
from tests.report.runs import runs

RUNS = runs({"simclr": [40.0, 42, 44], "colt": [45.0, 47, 49.1], "mak": [41.0, 41, 45]})
TABLE = summary(RUNS)
LEADING = leaders(RUNS)
CLASSES = pd.DataFrame([{"method": method, "repeat": repeat, "count": 100 // rank, "accuracy": 80.0 - rank + repeat}
                        for method in ("simclr", "colt") for repeat in (1, 2) for rank in range(1, 8)])


def test_figures_have_the_same_bytes_again_and_depend_on_the_numbers():
    assert by_group(TABLE, LEADING) == by_group(TABLE, LEADING) != by_group(TABLE.assign(All=1.0), LEADING)
    assert by_group(TABLE, LEADING) != by_group(TABLE, ~LEADING)
    assert by_class(CLASSES) == by_class(CLASSES)
    history = CLASSES.rename(columns={"accuracy": "contrastive", "count": "epoch"})
    student = pd.DataFrame({"method": ["guided"], "repeat": [1], "epoch": [1]})
    assert training(history) == training(pd.concat([history, student]))


def test_errors_are_drawn_and_one_repeat_has_none():
    errors = [name for name in TABLE if name.endswith(" se")]
    assert by_group(TABLE, LEADING) != by_group(TABLE.assign(**dict.fromkeys(errors, float("nan"))), LEADING)
    assert by_class(CLASSES) != by_class(CLASSES.assign(accuracy=80.0))
    assert by_class(CLASSES[CLASSES["repeat"] == 1]).startswith(b"\x89PNG")


def test_without_labels_the_points_are_an_empty_plot():
    assert by_group(TABLE[["method"]], pd.DataFrame()).startswith(b"\x89PNG")


def test_a_forest_has_every_pair_and_its_verdict():
    found = gains(RUNS, [("colt", "simclr"), ("mak", "simclr")])
    assert forest(found) == forest(found) != forest(found.assign(verdict="cannot tell"))
    one = gains(RUNS[RUNS["repeat"] == 1], [("colt", "simclr")])
    assert all(forest(part).startswith(b"\x89PNG") for part in (one, found.iloc[:0], None))


def test_diagnostic_figures_have_the_same_bytes_again():
    ecle = pd.DataFrame({"draws": [1, 2, 1, 2], "group": ["Many", "Many", "Few", "Few"], "phi": [0.5, 0.2, 1.5, 2.0]})
    tailness = pd.DataFrame({"method": "colt", "measure": "density", "repeat": 1, "count": [200, 20, 2],
                             "tailness": [-3.0, -2, -1]})
    rounds = pd.DataFrame({"method": ["a", "a", "b"], "epoch": [3, 5, 3], "cluster": [0, 1, 0], "share": [0.5, 1, 1]})
    by_round = pd.DataFrame({"method": "colt", "repeat": [1, 2, 1, 2], "epoch": [3, 3, 6, 6],
                             "quantity": "lean to Few", "value": [1.0, 2.0, 1.5, 1.7]})
    for draw, frame in ((phi_by_draws, ecle), (tailness_by_count, tailness), (budgets, rounds),
                        (lean_and_correlation, by_round)):
        assert draw(frame) == draw(frame)
        assert draw(frame.iloc[:0]).startswith(b"\x89PNG")  # no method that remembers, none with rounds


def test_two_measures_of_one_row_look_different():
    tailness = pd.DataFrame({"method": "bcl-colt", "measure": ["density"] * 2 + ["loss"] * 2, "repeat": 1,
                             "count": [9, 1] * 2, "tailness": [1.0, 2.0] * 2})
    swapped = tailness.assign(measure=["loss"] * 2 + ["density"] * 2)
    assert tailness_by_count(tailness) != tailness_by_count(swapped)


def test_a_round_is_sorted_by_share_whatever_the_numbers_of_its_clusters():
    rounds = pd.DataFrame({"epoch": [3, 3, 3, 5, 5], "cluster": [0, 1, 2, 1, 0], "share": [0.2, 0.5, 0.3, 0.4, 0.6]})
    table = sorted_shares(rounds)
    assert table.index.tolist() == [1, 2, 3]
    assert table[3].tolist() == [0.5, 0.3, 0.2] and table[5].tolist() == [0.6, 0.4, 0.0]


def test_a_band_is_the_standard_error_and_one_repeat_has_none():
    values = pd.DataFrame({1: [1.0, 4.0], 2: [3.0, float("nan")]})
    found = mean_and_band(values)
    assert found["mean"].tolist() == [2.0, 4.0] and found["error"][0] == 1.0 and pd.isna(found["error"][1])


def test_twenty_rows_have_a_plot_each_and_the_figure_grows_in_height_alone():
    few, many = (Image.open(BytesIO(training(pd.concat([
        CLASSES.assign(method=f"row-{number}", contrastive=1.0, epoch=CLASSES["count"])[:7] for number in range(rows)
    ])))) for rows in (5, 20))
    assert abs(few.width - many.width) < 30 and many.height > 2 * few.height
