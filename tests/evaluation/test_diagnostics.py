"""Diagnostics: over-representation in the tail, closeness, tailness by class, budgets by round."""

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import spearmanr
from torch.nn.functional import normalize

from ballast.evaluation.diagnostics import (
    budget_lean,
    closeness,
    closest,
    ecle_by_draws,
    phi,
    rank_correlation,
    shares_by_round,
    tailness_by_class,
    variety,
)
from ballast.tailness.ecle import ecle
from tests import ROOT


def test_phi_is_one_without_information_and_grows_with_the_groups_share():
    group = np.repeat(["Many", "Median", "Few"], [50, 30, 20])
    tailness = np.zeros(100)
    tailness[80:90] = 1  # the ten most tail-like images are Few
    assert phi(tailness, group) == {"Many": 0.0, "Median": 0.0, "Few": 5.0}
    tailness = np.zeros(100)
    tailness[[*range(5), *range(50, 53), 80, 81]] = 1  # in proportion
    assert phi(tailness, group) == {"Many": 1.0, "Median": 1.0, "Few": 1.0}


def test_closeness_is_one_for_the_whole_pool_and_counts_what_is_close():
    similarity = {"Many": np.linspace(0, 1, 50), "Few": np.linspace(1, 0, 50)}
    close = {name: closest(values) for name, values in similarity.items()}
    assert np.flatnonzero(close["Many"]).tolist() == [45, 46, 47, 48, 49] and close["Few"][:5].all()
    assert closeness(np.arange(50), close) == {"Many": 1.0, "Few": 1.0}
    chosen = closeness(np.array([0, 1, 2, 20, 49]), close)
    assert chosen == pytest.approx({"Many": 1 / 5 / 0.1, "Few": 3 / 5 / 0.1})


def test_an_outlier_that_all_pool_images_are_nearest_to_makes_no_choice_close():
    """What the group of the nearest image would say: everything resembles Few."""
    close = {"Few": closest(np.array([0.9, 0.8, *[0.3] * 18])), "Many": closest(np.array([0.1, 0.1, *[0.2] * 18]))}
    assert closeness(np.arange(10, 20), close)["Few"] == 0


def test_the_lean_of_a_budget_is_one_in_proportion_and_what_its_clusters_hold_otherwise():
    group = np.array(["Many"] * 6 + ["Few"] * 2)
    cluster = np.array([0, 0, 0, 1, 1, 1, 1, 2])  # Few is one of four in cluster 1, all of cluster 2
    assert budget_lean(np.array([30, 40, 10]), cluster, group) == pytest.approx({"Many": 1.0, "Few": 1.0})
    lean = budget_lean(np.array([0, 50, 50]), cluster, group)
    assert lean == pytest.approx({"Many": 0.375 / 0.75, "Few": (0.125 + 0.5) / 0.25})
    assert budget_lean(np.array([1, 1, 0, 0]), cluster, group)["Few"] == pytest.approx(0.125 / 0.25), "an empty cluster"


def test_ecle_by_draws_is_the_running_mean_over_pairs_of_views():
    torch.manual_seed(0)
    views = normalize(torch.randn(6, 40, 8), dim=2)
    found = ecle_by_draws(views, 0.2, 16, 5)
    pairs = [ecle(views[2 * m : 2 * m + 2], 0.2, 1, 16, 5 + m) for m in range(3)]
    torch.testing.assert_close(found[0], pairs[0])
    torch.testing.assert_close(found[2], (pairs[0] + pairs[1] + pairs[2]) / 3)


def test_tailness_by_class_and_its_rank_correlation():
    counts, labels = np.array([4, 1, 2]), np.array([0, 0, 0, 0, 1, 2, 2])
    table = tailness_by_class(np.array([1.0, 2, 3, 2, 9, 4, 6]), labels, counts)
    assert table["tailness"].tolist() == [2, 9, 5] and table["count"].tolist() == [4, 1, 2]
    assert rank_correlation(table) == pytest.approx(-1)


def test_rank_correlation_is_spearmans_with_ties_and_without_missing_classes():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"count": rng.integers(1, 9, 40), "tailness": rng.normal(size=40).round(1)})
    expected = spearmanr(table["count"], table["tailness"]).statistic
    assert rank_correlation(table) == pytest.approx(expected, abs=1e-12)
    missing = pd.DataFrame({"count": [0, 0], "tailness": [np.nan, np.nan]})
    assert rank_correlation(pd.concat([table, missing])) == pytest.approx(expected, abs=1e-12)


def test_stages_that_import_the_diagnostics_do_not_pay_for_scipy_and_sklearn():
    code = "import sys, ballast.evaluation.diagnostics, ballast.evaluation.knn; print(*sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert not {"scipy", "sklearn", "matplotlib"} & set(ran.stdout.split())


def test_shares_of_a_round_add_up():
    trace = pd.DataFrame({"epoch": [3] * 4 + [8] * 4, "cluster": [0, 0, 1, 2, 1, 1, 1, 1]})
    shares = shares_by_round(trace)
    assert shares.groupby("epoch")["share"].sum().tolist() == [1, 1]
    found = shares.set_index(["epoch", "cluster"])["share"].to_dict()
    assert found == {(3, 0): 0.5, (3, 1): 0.25, (3, 2): 0.25, (8, 1): 1}


def test_variety_counts_distinct_images_what_rounds_keep_and_folders_in_effect():
    trace = pd.DataFrame({"epoch": [5] * 4 + [9] * 4, "pool": [0, 1, 2, 3, 2, 3, 4, 5],
                          "path": ["p/a/0", "p/a/1", "p/b/2", "p/b/3", "p/b/2", "p/b/3", "p/b/4", "p/b/5"]})
    assert variety(trace) == {"drawn": 8, "distinct": 6, "kept": 0.5, "folders": 1.5}  # two, then one
    assert variety(trace[:4].assign(path=np.nan)) == {"drawn": 4, "distinct": 4}
