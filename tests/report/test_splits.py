"""Mean and deviation over splits, of accuracies and of gains."""

import pandas as pd

from ballast.report.splits import gains, paired, summary

RUNS = pd.DataFrame([
    {"method": "simclr", "split": 1, "Many": 40.0, "Median": 40.0, "Few": 20.0, "Std": 9.4, "All": 34.0},
    {"method": "colt", "split": 1, "Many": 50.0, "Median": 40.0, "Few": 30.0, "Std": 8.0, "All": 40.0},
    {"method": "colt", "split": 2, "Many": 54.0, "Median": 40.0, "Few": 34.0, "Std": 9.0, "All": 43.0},
    {"method": "simclr", "split": 2, "Many": 45.0, "Median": 40.0, "Few": 23.0, "Std": 9.4, "All": 37.0}])


def test_summary_is_mean_and_population_deviation_and_both_stds():
    row = summary(RUNS).set_index("method").loc["colt"]
    assert row["Many"] == "52.00 ± 2.00" and row["All"] == "41.50 ± 1.50" and row["Std"] == "8.50 ± 0.50"
    assert row["Std of means"] == "8.22"  # population deviation of 52, 40, 32


def test_gains_are_taken_on_the_same_split():
    row = gains(RUNS, "simclr").set_index("gain over simclr").loc["colt"]
    assert row["All"] == "+6.00 ± 0.00", "both splits gain 6, however hard they are"
    assert row["Many"] == "+9.50 ± 0.50" and row["Few"] == "+10.50 ± 0.50" and row["Std"] == "-0.90 ± 0.50"


def test_a_split_that_only_one_of_them_has_does_not_count():
    row = gains(RUNS[:-1], "simclr").iloc[0]
    assert row["All"] == "+6.00 ± 0.00"


def test_a_paired_difference_has_the_interval_of_students_t():
    runs = pd.DataFrame([{"method": method, "split": split, "All": value, "Few": value, "Std": value}
                         for method, values in (("colt", (3.0, 4.0, 8.0)), ("simclr", (1.0, 1.0, 4.0)))
                         for split, value in enumerate(values)])
    row = paired(runs, [("colt", "simclr")]).iloc[0]  # differences 2, 3, 4: deviation 1, t = 4.303, half 2.484
    assert row["difference"] == "colt - simclr" and row["All"] == "+3.00 [+0.52, +5.48]"
