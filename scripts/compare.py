"""Compare the rows of the workspace with those of a commit, branch or experiment: paired gains and verdicts.

    python -m scripts.compare [REV [ROW,ROW ...]]      REV: HEAD, your own last commit, where it is left out

Differences are new (the workspace) minus old (REV). Where a row differs although its parameters, code and data do not,
another machine made one of the two; a line says so.
"""

import io
import json
import sys
from collections.abc import Callable

import pandas as pd

from ballast.report.tables import as_text, gain_as_text
from ballast.report.verdicts import gains
from ballast.runtime.errors import BallastError
from scripts.revision import Revision

FACTS = ("data", "split", "seed", "repeats", "processor", "device")
STAGES = ("pretrain", "student", "evaluate")


def main(name: str = "HEAD", rows: list[str] | None = None) -> None:
    """Print both sides, the verdicts and what differs in the parameters."""
    new, old = Revision(), Revision(name)
    print(compared(new, old, rows))


def compared(new: Revision, old: Revision, rows: list[str] | None = None) -> str:
    """Return the comparison in Markdown."""
    sides = {side: repeats_of(revision) for side, revision in (("new", new), ("old", old))}
    shared = [row for row in sides["new"]["method"].unique() if row in set(sides["old"]["method"])]
    unknown = [row for row in rows or [] if row not in shared]
    if unknown:
        raise BallastError(f"METHODS: expected rows that both sides have ({', '.join(shared)}), got {unknown[0]}")
    shared = rows or shared
    lines = ["new: the workspace" + (" (with changes)" if new.dirty else "") + facts_of(new, shared[0]),
             f"old: {old.name} ({old.commit[:7]})" + facts_of(old, shared[0]), ""]
    data = [sides[side]["data"].iloc[0] for side in sides]
    if data[0] != data[1]:
        lines += [f"The data sets differ ({data[0]}, {data[1]}), so accuracies are shown and not compared.", "",
                  as_text(beside(sides, shared))]
    else:
        lines += [as_text(beside(sides, shared).merge(verdicts(sides, shared), on="row"))]
    changed = parameters(new, old)
    lines += ["", *([as_text(pd.DataFrame(changed)), ""] if changed else ["No parameter differs.", ""])]
    odd = [row for row in shared if same_causes(new, old, row) and not same_values(sides, row)]
    if odd:
        lines.append(f"Warning: {', '.join(odd)} differ although parameters, code and data are the same: another "
                     f"machine made one side. Run `make repro`, commit, and compare with that commit.")
    return "\n".join(lines)


def repeats_of(revision: Revision) -> pd.DataFrame:
    """Return the single repeats of a revision by the linear protocol."""
    try:
        table = pd.read_csv(io.BytesIO(revision.read("results/repeats.csv")))
    except (FileNotFoundError, OSError) as error:
        raise BallastError(f"{revision.name}: expected results/repeats.csv, got none: it is older than repeats, or has "
                           f"no labelled images; compare with `dvc metrics diff`") from error
    return table[table["protocol"] == "linear"]


def facts_of(revision: Revision, row: str) -> str:
    """Return what a side says of its numbers."""
    values = json.loads(revision.read(f"metrics/{row}.json"))
    return ": " + ", ".join(f"{name} {values.get(name, '?')}" for name in FACTS)


def beside(sides: dict[str, pd.DataFrame], rows: list[str]) -> pd.DataFrame:
    """Return All and Few of both sides."""
    columns = {f"{column} {side}": table.groupby("method")[column].mean().loc[rows].round(2)
               for column in ("All", "Few") for side, table in sides.items()}
    return pd.DataFrame(columns).rename_axis("row").reset_index()


def verdicts(sides: dict[str, pd.DataFrame], rows: list[str]) -> pd.DataFrame:
    """Return the gain of the new side over the old one for every row, over the repeats of the same split and seed."""
    keys = ["split", "seed"]
    lines = []
    for row in rows:
        both = sides["new"].merge(sides["old"][["method", *keys]], on=["method", *keys])
        both = both[both["method"] == row]
        old = sides["old"].merge(both[["method", *keys, "repeat"]], on=["method", *keys], suffixes=("_", ""))
        lines += [both.assign(method=f"new {row}"), old.assign(method=f"old {row}")]
    if not any(map(len, lines)):
        return pd.DataFrame({"row": rows, "new - old": "no repeat of the same split and seed"})
    found = gains(pd.concat(lines), [(f"new {row}", f"old {row}") for row in rows], ("All", "Few"))
    cells = [{"row": line.method.removeprefix("new "), "column": line.column,
              "text": gain_as_text(line)} for line in found.itertuples()]
    wide = pd.DataFrame(cells, columns=["row", "column", "text"]).pivot(index="row", columns="column", values="text")
    return wide.reindex(columns=["All", "Few"]).add_suffix(": new - old").reset_index()


def parameters(new: Revision, old: Revision) -> list[dict[str, object]]:
    """Return the parameters that differ: path, old and new value."""
    sides = [dict(flat(revision.parameters())) for revision in (old, new)]
    return [{"parameter": name, "old": sides[0].get(name, "–"), "new": sides[1].get(name, "–")}
            for name in dict.fromkeys([*sides[0], *sides[1]]) if sides[0].get(name) != sides[1].get(name)]


def flat(block: dict, above: str = ""):
    """Yield the values of nested blocks under dotted names; lists count as one value."""
    for key, value in block.items():
        name = f"{above}.{key}" if above else str(key)
        if isinstance(value, dict):
            yield from flat(value, name)
        else:
            yield name, str(value)


def same_causes(new: Revision, old: Revision, row: str) -> bool:
    """Return whether all that the stages of a row depend on, but results of other stages of it, is the same."""
    def causes(revision: Revision) -> list:
        found = []
        for stage in STAGES:
            entry = revision.stages.get(f"{stage}@{row}", {})
            found.append([entry.get("cmd"), entry.get("params"),
                          [(dep["path"], dep["md5"]) for dep in entry.get("deps", []) if not is_result(dep["path"])]])
        return found

    return causes(new) == causes(old)


def is_result(path: str) -> bool:
    """Return whether a dependency is what another training made."""
    return path.startswith(("runs/", "data/pool/")) and path not in ("data/pool/all", "data/pool/none")


def same_values(sides: dict[str, pd.DataFrame], row: str) -> bool:
    """Return whether a row has the same numbers on both sides."""
    columns = ["split", "seed", "Many", "Median", "Few", "All"]
    tables = [table[table["method"] == row][columns].to_numpy().tolist() for table in sides.values()]
    return tables[0] == tables[1]


def asked(words: list[str]) -> tuple[str, list[str] | None]:
    """Return the revision and the rows of a command line; make gives an empty word for what its user left out."""
    name, rows = (*words, "", "")[:2]
    return name or "HEAD", rows.split(",") if rows else None


def run(main: Callable, name: str, *words: object) -> None:
    """Call a script's main; on a mistake exit with one line."""
    try:
        main(*words)
    except BallastError as error:
        sys.exit(f"{name}: {error}")


if __name__ == "__main__":
    run(main, "compare", *asked(sys.argv[1:]))
