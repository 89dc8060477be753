"""Run methods and variants over several splits; print mean +- population deviation, and the gains over the first.

    python scripts/splits.py SPLITS METHODS [PROTOCOL [SETTING ...]]     e.g.  python scripts/splits.py 1,2 mak,colt knn

METHODS: rows of dvc.yaml and names under `variants` in params.yaml, or `variants` for all of these and their methods.
PROTOCOL: linear, fewshot, finetune, imbalanced or knn. SETTING: what `dvc exp run -S` takes, e.g. profile=small. Every
split is a `dvc exp run --temp` named split-N, followed by the values of the settings and the name of a variant: the
workspace and its metrics stay as they are, what was run before comes from the run cache, and `dvc exp show` or
`dvc metrics diff split-1 split-2` look closer.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import yaml
from dvc.api import DVCFileSystem

from ballast.report.splits import gains, summary
from ballast.report.tables import COLUMNS, PROTOCOLS


def main(splits: list[str], methods: list[str], protocol: str, settings: list[str]) -> None:
    params = yaml.safe_load(Path("params.yaml").read_text())
    if methods == ["variants"]:
        methods = list(dict.fromkeys(name for key, v in params["variants"].items() for name in (v["of"], key)))
    suffix = "".join(f"-{re.sub('[^A-Za-z0-9]+', '-', setting.split('=', 1)[1])}" for setting in settings)
    found = []
    for split in splits:
        name, changes = f"split-{split}{suffix}", [f"split={split}", *settings]
        rows = [row for row in methods if row not in params["variants"]]
        if rows:
            run(name, changes, evaluation(rows, protocol))
            files = DVCFileSystem(rev=name)
            found += [{"method": row, "split": split, **results(files, row, protocol)} for row in rows]
        for variant in (row for row in methods if row in params["variants"]):
            how = params["variants"][variant]
            row = how.get("row", how["of"])
            run(f"{name}-{variant}", [*changes, *overrides(how)], evaluation([row], protocol))
            files = DVCFileSystem(rev=f"{name}-{variant}")
            found.append({"method": variant, "split": split, **results(files, row, protocol)})
    runs = pd.DataFrame(found)
    runs = pd.concat([runs[runs["method"] == name] for name in methods])
    print(summary(runs).to_markdown(index=False))
    if len(methods) > 1:
        print("", gains(runs, methods[0]).to_markdown(index=False), sep="\n")


def run(name: str, changes: list[str], stages: list[str]) -> None:
    """Run stages, or all, in an experiment of that name, in place of an older one."""
    subprocess.run(["dvc", "exp", "remove", "-q", name], check=False, stderr=subprocess.DEVNULL)
    settings = [word for change in changes for word in ("-S", change)]
    subprocess.run(["dvc", "exp", "run", "--temp", "-n", name, *settings, *stages], check=True)


def evaluation(rows: list[str], protocol: str) -> list[str]:
    """The stages that evaluate rows by a protocol."""
    return [f"{'finetune' if protocol == 'finetune' else 'linear'}@{row}" for row in rows]


def overrides(variant: dict) -> Iterator[str]:
    """What `dvc exp run -S` takes for a variant: one word per value, added where the method does not have it."""
    def leaves(block: dict, path: str) -> Iterator[tuple[str, object]]:
        for key, value in block.items():
            yield from leaves(value, f"{path}.{key}") if isinstance(value, dict) else [(f"{path}.{key}", value)]

    return (f"++{path}={json.dumps(value)}" for path, value in leaves(variant["set"], f"methods.{variant['of']}"))


def results(files: DVCFileSystem, row: str, protocol: str) -> dict[str, float]:
    """Many, Median, Few, Std, All of a row by a protocol, in the files of an experiment."""
    path = f"metrics/{row}.json" if protocol == "linear" else f"metrics/{protocol}/{row}.json"
    values = json.loads(files.read_text(path))
    values = values if "All" in values else next(iter(values.values()))
    return {column: values[column] for column in COLUMNS}


if __name__ == "__main__":
    given = sys.argv[1:]
    if len(given) < 2 or (len(given) > 2 and given[2] not in PROTOCOLS):
        sys.exit(f"usage: python scripts/splits.py SPLITS METHODS [{'|'.join(PROTOCOLS)} [SETTING ...]]")
    main(given[0].split(","), given[1].split(","), (given[2:] or ["linear"])[0], given[3:])
