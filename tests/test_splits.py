"""Mean and deviation over splits."""

import pandas as pd

from scripts.splits import summary


def test_summary_is_mean_and_population_deviation_and_both_stds():
    runs = pd.DataFrame([
        {"method": "colt", "Many": 50.0, "Median": 40.0, "Few": 30.0, "Std": 8.0, "All": 40.0},
        {"method": "colt", "Many": 54.0, "Median": 40.0, "Few": 34.0, "Std": 9.0, "All": 43.0}])
    row = summary(runs).iloc[0]
    assert row["Many"] == "52.00 ± 2.00" and row["All"] == "41.50 ± 1.50" and row["Std"] == "8.50 ± 0.50"
    assert row["Std of means"] == "8.22"  # population deviation of 52, 40, 32
