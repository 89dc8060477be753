"""Run the pipeline as three kinds of processor would, and count the verdicts that contradict each other.

    python -m scripts.portable [SETTING ...]     e.g.  python -m scripts.portable profile=smoke repeats=2

Each kind has a clone of this repository in .scratch/portable with a cache of its own; what ran there before is kept.
A contradiction is a pair of rows of which one kind says better and another worse. The exit status is 1 if there is one.
"""

import os
import shutil
import subprocess
import sys
from itertools import combinations, permutations
from pathlib import Path

import pandas as pd

from ballast.report.tables import COLUMNS, as_text
from ballast.report.verdicts import BETTER, WORSE, gains

FOLDER = Path(".scratch/portable")
OLDEST = {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41", "MKL_CBWR": "COMPATIBLE",
          "OPENBLAS_CORETYPE": "Nehalem"}
KINDS = {"native": (["portable=false"], {}), "portable": ([], {}), "oldest": ([], OLDEST)}


def main(settings: list[str]) -> int:
    """Run all kinds and print what differs; return the exit status."""
    results = {kind: results_of(kind, [*settings, *more], variables) for kind, (more, variables) in KINDS.items()}
    committed = Path("results/repeats.csv")
    if committed.exists() and not settings:
        results["workspace"] = pd.read_csv(committed)
    contradictions, table = compared(results)
    print(as_text(table))
    print(f"{len(contradictions)} contradictions" + "".join(f"\n- {text}" for text in contradictions))
    return int(bool(contradictions))


def results_of(kind: str, settings: list[str], variables: dict[str, str]) -> pd.DataFrame:
    """Return the single repeats that a kind of processor gives."""
    clone = FOLDER / kind
    if not clone.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        subprocess.run(["git", "clone", "-q", ".", str(clone)], check=True)
        shutil.rmtree(clone / ".dvc/cache", ignore_errors=True)
    words = [word for setting in settings for word in ("-S", setting)]
    environment = {**os.environ, **variables, "BALLAST_AHEAD": "1",
                   "DVC_SITE_CACHE_DIR": str((clone / ".dvc/site").resolve())}
    subprocess.run(["dvc", "exp", "run", "-q", *words, "report"], cwd=clone, env=environment, check=True)
    return pd.read_csv(clone / "results/repeats.csv")


def compared(results: dict[str, pd.DataFrame]) -> tuple[list[str], pd.DataFrame]:
    """Return the contradictions between the verdicts of all pairs of rows, and how far the numbers of kinds differ."""
    linear = {kind: runs[runs["protocol"] == "linear"] for kind, runs in results.items()}
    verdicts = {kind: verdicts_of(runs) for kind, runs in linear.items()}
    contradictions, lines = [], []
    for one, other in combinations(results, 2):
        opposite = [pair for pair, said in verdicts[one].items()
                    if {said, verdicts[other].get(pair)} == {BETTER, WORSE}]
        contradictions += [f"{pair[0]} over {pair[1]} in {pair[2]}: {one} {verdicts[one][pair]}, {other} "
                           f"{verdicts[other][pair]}" for pair in opposite]
        both = linear[one].merge(linear[other], on=["method", "repeat"])
        apart = pd.concat([(both[f"{name}_x"] - both[f"{name}_y"]).abs() for name in COLUMNS])
        lines.append({"kinds": f"{one}, {other}", "numbers": len(apart), "that differ": int((apart > 0).sum()),
                      "largest difference": apart.max(), "verdicts": len(verdicts[one]),
                      "other verdicts": sum(said != verdicts[other].get(pair) for pair, said in verdicts[one].items()),
                      "contradictions": len(opposite)})
    return contradictions, pd.DataFrame(lines)


def verdicts_of(runs: pd.DataFrame) -> dict[tuple[str, str, str], str]:
    """Return the verdict on every pair of rows, in All and Few."""
    pairs = [(one, other) for one, other in permutations(runs["method"].unique(), 2) if one < other]
    return {(line.method, line.over, line.column): line.verdict
            for line in gains(runs, pairs, ("All", "Few")).itertuples()}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
