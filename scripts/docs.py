"""Fill the tables of README and docs, between their marks, from the results of the default (`make docs`).

    python -m scripts.docs

Marks: `table`, `verdicts`, `agreement` and `protocols` come from results/, `diagnostics` from metrics/diagnostics.json,
`launches` and `norms` from tests/device/launches.csv, those of docs/recommend.md from what `ballast recommend` knows,
and all others from docs/results. `rows` holds the rows that a page names near its top, in a line as "Rows: `colt`,
`sdclr-colt`.", and `gains` the pairs in which they are. Marks whose file is missing stay as they are.
"""

import json
import re
import sys
from pathlib import Path

import pandas as pd

from ballast.config.yaml import read_yaml
from ballast.report.contents import WHAT_IT_DOES
from ballast.report.marks import filled
from ballast.report.recommend import evidence
from ballast.report.tables import COLUMNS, agreement, as_text, gains_as_text, summary, with_errors
from ballast.report.verdicts import gains
from ballast.runtime.errors import BallastError
from ballast.runtime.files import write_atomic
from scripts import pairs
from scripts.faults import by_fault
from scripts.leaks import fractions
from scripts.pairs import pairs_of
from scripts.recipes import tables as recommend_tables
from scripts.shortlists import recalls
from scripts.suitability import tables as suitability_tables

DEFAULT = {"dataset": "glyphs", "profile": "laptop", "split": 1, "repeats": 7}
PAGES = ("README.md", "docs/beyond.md", "docs/gpu.md", "docs/guarantees.md", "docs/recommend.md",
         "docs/results-default.md", "docs/scale.md", "docs/select.md", "docs/suitability.md", "docs/methods/*.md")
SETTINGS = ["classes", "images", "glyphs", "width", "depths", "epochs", "batch", "lr", "crop", "contrast", "rounds"]
SHARES = [("the default", "10 %", "rules"), ("the default", "25 %", "shortlist-default-25"),
          ("CIFAR-10", "5 %", "shortlist-study-5"), ("CIFAR-10", "10 %", "rules-study"),
          ("CIFAR-10", "25 %", "shortlist-study-25")]  # data, part of the pool in the shortlist, file of docs/results
ROWS = re.compile(r"^Rows: (.*?)\.(?:\s|$)", re.MULTILINE | re.DOTALL)


def main() -> None:
    """Fill all pages.

    Raises:
        BallastError: the workspace has other parameters than those of the default, which the pages describe.
    """
    params = read_yaml("params.yaml")
    for name, value in DEFAULT.items():
        if params[name] != value:
            raise BallastError(f"params.yaml: {name}: expected {value!r}, the default that README and docs describe, "
                               f"got {params[name]!r}; run `git checkout params.yaml && dvc repro`")
    blocks = tables()
    for page in pages():
        text = page.read_text(encoding="utf-8")
        new = filled(text, {**blocks, **rows_of(text)})
        if new != text:
            write_atomic(page, new)
            print(page)


def pages(root: Path = Path(".")) -> list[Path]:
    """Return the pages with marks."""
    return [path for pattern in PAGES for path in sorted(root.glob(pattern))]


def tables(root: Path = Path(".")) -> dict[str, str]:
    """Return the tables in Markdown by the name of their mark, of the files that exist."""
    blocks = {}
    if (path := root / "results/table.csv").exists():
        table = with_errors(pd.read_csv(path))
        table.insert(1, "what it does", table["method"].map(WHAT_IT_DOES).fillna(""))
        blocks["table"] = as_text(table)
    if (path := root / "results/protocols.csv").exists():
        blocks["protocols"] = as_text(with_errors(pd.read_csv(path)))
    if (path := root / "results/gains.csv").exists():
        found = pd.read_csv(path)
        blocks["verdicts"] = as_text(gains_as_text(linear(found)))
        blocks["agreement"] = as_text(agreement(dict(list(found.groupby("protocol", sort=False)))))
    blocks |= of_files(root / "docs/results") | recommend_tables(evidence())
    for name, runs in evidence().groupby("data"):
        blocks |= compared(f"measured-{name}", runs, pairs.REAL)
    blocks["two-pools"] = pools_compared(evidence())
    if (path := root / "tests/device/launches.csv").exists():
        launches = pd.read_csv(path)
        alone, columns = launches["ranks"] == 1, ["operators", "waits"]
        blocks["launches"] = as_text(launches[alone][["step", *columns]].rename(columns={"step": "row"}))
        blocks["norms"] = as_text(launches[~alone][["norms", "collectives", *columns]])
    if (path := root / "metrics/diagnostics.json").exists():
        blocks["diagnostics"] = diagnostics(json.loads(path.read_text(encoding="utf-8")))
    return blocks


def of_files(folder: Path) -> dict[str, str]:
    """Return the tables of docs/results, of the files that exist."""
    blocks: dict[str, str] = {}
    for name, made in FILES.items():
        if (path := folder / f"{name}.csv").exists():
            blocks |= made(pd.read_csv(path))
    return blocks | of_shares(folder) | of_students(folder)


def of_shares(folder: Path) -> dict[str, str]:
    """Return what shortlists of several sizes change in MAK and COLT, of the files that exist."""
    found = [(data, share, pd.read_csv(path)) for data, share, name in SHARES
             if (path := folder / f"{name}.csv").exists()]
    parts = [gains_as_text(gains(runs, pairs_of(pairs.SHORTLISTS, set(runs["method"])), ("All", "Few"))).assign(
        data=data, shortlist=share) for data, share, runs in found]
    if not parts:
        return {}
    table = pd.concat(parts).sort_values("gain of", ascending=False, kind="stable")
    return {"shares": as_text(table[["data", "shortlist", "gain of", "All", "Few"]])}


def of_students(folder: Path) -> dict[str, str]:
    """Return what students gain over their guides, and what other guides gain, of the files that exist."""
    columns, blocks = ("All", "Few", "Std"), {}
    if (runs := joined(folder, "students", "longer", "pure", "pool")) is not None:
        blocks |= compared("students", runs, pairs.STUDENTS, columns) | compared("guides", runs, pairs.GUIDES, columns)
    if (runs := joined(folder, "student-on-pool", "48")) is not None:
        blocks |= compared("on-pool", runs, pairs.ON_POOL, columns)
    return blocks


def joined(folder: Path, name: str, *guides: str) -> pd.DataFrame | None:
    """Return the results of a file and of other guides, whose rows have a suffix; without one of the files, None."""
    files = {"": folder / f"{name}.csv", **{f"-{guide}": folder / f"guide-{guide}.csv" for guide in guides}}
    if not all(path.exists() for path in files.values()):
        return None
    parts = [(suffix, pd.read_csv(path)) for suffix, path in files.items()]
    return pd.concat([runs.assign(method=runs["method"] + suffix) for suffix, runs in parts])


def pools_compared(runs: pd.DataFrame) -> str:
    """Return how much more `colt-domain-1` gains over other rows with a pool of letters than with a natural one."""
    bases, parts = ("matched", "random", "colt", "guided"), []
    for data in ("cifar10", "cifar10-letters"):
        of_row = {row: part.set_index("repeat")[COLUMNS] for row, part in runs[runs["data"] == data].groupby("method")}
        parts += [(of_row["colt-domain-1"] - of_row[base]).reset_index().assign(method=f"{base}, {data}")
                  for base in bases]
    differences = [(f"{base}, cifar10-letters", f"{base}, cifar10") for base in bases]
    table = gains_as_text(gains(pd.concat(parts), differences, ("All", "Few")))
    return as_text(table.assign(**{"gain of": [f"colt-domain-1 over {base}" for base in bases]}))


def compared(name: str, runs: pd.DataFrame, over: dict[str, tuple[str, ...]], columns: tuple[str, ...] = ("All", "Few")
             ) -> dict[str, str]:
    """Return accuracies, gains over some rows of others, and those of the repeats that were not looked at before.

    Rows that are in no pair are left out.
    """
    found = pairs_of(over, set(runs["method"]))
    runs = runs[runs["method"].isin({row for pair in found for row in pair})]
    blocks = {name: as_text(with_errors(summary(runs))),
              f"{name}-gains": as_text(gains_as_text(gains(runs, found, columns)))}
    if name in pairs.LOOKED_AT:
        later = runs[runs["repeat"] > pairs.LOOKED_AT[name]]
        blocks[f"{name}-later-gains"] = as_text(gains_as_text(gains(later, found, columns)))
    return blocks


FILES = {  # files of docs/results, and the tables that they make
    "resolution": lambda trials: {"resolution": resolution(trials)},
    "starts": lambda runs: compared("starts", runs, pairs.STARTS),
    "rules": lambda runs: compared("rules", runs, pairs.RULES),
    "rules-study": lambda runs: compared("rules-study", runs, pairs.RULES),
    "beyond": lambda runs: compared("beyond", runs, pairs.BEYOND),
    "fresh": lambda runs: compared("fresh", runs, pairs.FRESH) | compared("parts", runs, pairs.PARTS),
    "polyview": lambda runs: compared("polyview", runs, pairs.POLYVIEW),
    "repairs": lambda runs: compared("repairs", runs, pairs.REPAIRS),
    "shortlists": lambda table: {"recall": as_text(recalls(table).reset_index())},
    "shortlists-study": lambda table: {"recall-study": as_text(recalls(table).reset_index())},
    "leaks": lambda table: {"leaks": as_text(fractions(table))},
    "leaks-study": lambda table: {"leaks-study": as_text(fractions(table))},
    "rates": lambda table: {"rates": as_text(table)},
    "faults": lambda table: {"faults": as_text(by_fault(table))},
    "suitability": suitability_tables,
}


def resolution(trials: pd.DataFrame) -> str:
    """Return a line for each default that was tried: gains ± standard errors, the repeats of the pair with fewest."""
    rows, wanted = [], pairs_of(pairs.RESOLVED, set(trials["method"]))
    for values, runs in trials.groupby(SETTINGS, sort=False):
        found = gains(runs.assign(Many=0.0, Median=0.0, Std=0.0), wanted, ("All",))
        rows.append({**dict(zip(SETTINGS, values)), "s": f"{runs['seconds'].mean():.0f}", "n": found["repeats"].min(),
                     **{f"{line.method} over {line.over}": f"{line.gain:+.1f} ± {line.se:.1f}"
                        for line in found.itertuples()}})
    return pd.DataFrame(rows).rename(columns={"rounds": "every"}).to_markdown(index=False, disable_numparse=True)


def linear(found: pd.DataFrame) -> pd.DataFrame:
    """Return the gains on All and Few by the linear protocol."""
    return found[(found["protocol"] == "linear") & found["column"].isin(["All", "Few"])]


def rows_of(page: str, root: Path = Path(".")) -> dict[str, str]:
    """Return the tables of the rows that a page names in its line "Rows:", by the names of their marks."""
    line = ROWS.search(page)
    if not line or not (root / "results/gains.csv").exists():
        return {}
    rows = re.findall(r"`([\w-]+)`", line[1])
    table, found = (pd.read_csv(root / f"results/{name}.csv") for name in ("table", "gains"))
    table = pd.concat([table[table["method"] == row] for row in rows])
    found = linear(found[found["method"].isin(rows) | found["over"].isin(rows)])
    return {"rows": as_text(with_errors(table)), "gains": as_text(gains_as_text(found))}


def diagnostics(metrics: dict[str, dict]) -> str:
    """Return for every row that remembers tailness or samples in rounds what metrics/diagnostics.json says."""
    measures = sorted({measure for values in metrics.values()
                       for measure in values.get("rank correlation of tailness and count", {}) if measure != "se"})
    rows = []
    for method, values in metrics.items():
        correlation = values.get("rank correlation of tailness and count", {})
        lean = values.get("lean of the budget", {})
        numbers = {**{f"rank correlation: {measure}": correlation.get(measure) for measure in measures},
                   **{f"lean: {group}": lean.get(group) for group in ("Many", "Median", "Few")},
                   "kept": values.get("pool images of all rounds", {}).get("kept")}
        rows.append({"method": method, **{name: "" if value is None else f"{value:.2f}"
                                          for name, value in numbers.items()}})
    return pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True)


if __name__ == "__main__":
    try:
        main()
    except BallastError as error:
        sys.exit(f"docs: {error}")
