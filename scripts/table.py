"""Run methods and variants on several splits; print mean ± population deviation, and the gains over the first one.

    python -m scripts.table SPLITS METHODS [PROTOCOL [SETTING ...]] [--out FILE]
    python -m scripts.table 1,2,3 simclr,colt linear profile=small configs/profiles/small.yaml:pretrain.epochs=30

`dvc exp run --temp` runs every split as an experiment named split-N, followed by the values of the settings and the
name of a variant. The workspace and its metrics stay as they are. DVC's run cache provides what ran before, and
`dvc exp show` or `dvc metrics diff split-1 split-2` show more of the experiments.
"""

import argparse
import json
import re
import subprocess
import sys
from difflib import get_close_matches

import pandas as pd
from dvc.api import DVCFileSystem

from ballast.config.files import read_params
from ballast.config.rows import absent_row, overrides
from ballast.config.yaml import parse_yaml
from ballast.report.splits import gains, summary
from ballast.report.tables import COLUMNS, PROTOCOLS
from ballast.runtime.errors import BallastError
from ballast.runtime.files import write_atomic

METHODS = ("rows of params.yaml and variants of configs/variants.yaml, by commas; `show` stands for all rows of the "
           "report, `variants` for all variants and the rows that they vary")


def main(splits: list[str], methods: list[str], protocol: str, settings: list[str], out: str | None = None) -> None:
    """Run every method on every split and print the tables; ``out`` takes the results of the single splits as CSV."""
    params = read_params()
    methods = expanded(methods, params, settings)
    suffix = "".join(f"-{re.sub('[^A-Za-z0-9]+', '-', setting.split('=', 1)[1])}" for setting in settings)
    results = []
    for split in splits:
        name = f"split-{split}{suffix}"
        of_split = measured(name, methods, params["variants"], protocol, [f"split={split}", *settings])
        results += [{"protocol": protocol, "split": split, "method": method, **values}
                    for method, values in of_split.items()]
    runs = pd.DataFrame(results)
    runs = pd.concat([runs[runs["method"] == name] for name in methods])
    if out:
        write_atomic(out, runs.to_csv(index=False))
    print(summary(runs).to_markdown(index=False))
    if len(methods) > 1:
        print("", gains(runs, methods[0]).to_markdown(index=False), sep="\n")


def expanded(methods: list[str], params: dict, settings: list[str]) -> list[str]:
    """Return the methods without repetition, `show` and `variants` replaced by the names that they stand for.

    Raises:
        BallastError: a name is neither a row nor a variant, or its row is not in `show` and has no evaluation.
    """
    variants = params["variants"]
    show = next((parse_yaml(setting.removeprefix("show="), "show") for setting in reversed(settings)
                 if setting.startswith("show=")), params["show"])
    names = []
    for method in methods:
        if method == "variants":
            names += [name for key, variant in variants.items() for name in (variant["of"], key)]
        else:
            names += show if method == "show" else [method]
    choices = [*params["methods"], *params["students"], *variants]
    for name in names:
        if name not in choices:
            close = get_close_matches(name, choices, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"choose from {', '.join(choices)}"
            raise BallastError(f"METHODS: expected rows of params.yaml or variants of configs/variants.yaml, got "
                               f"{name!r}; {hint}")
        absent = absent_row(params, name) if name in variants else None
        if absent:
            raise BallastError(absent)
        if evaluated(name, variants) not in show:
            raise BallastError(f"params.yaml: show: expected the row {evaluated(name, variants)!r}, which {name!r} "
                               f"evaluates; add it there, or pass the setting show=[...]")
    return list(dict.fromkeys(names))


def measured(
    name: str, methods: list[str], variants: dict, protocol: str, changes: list[str]
) -> dict[str, dict[str, float]]:
    """Return the results of every method on one split, after it has run.

    All rows run in one experiment, every variant in an experiment of its own, whose name begins with ``name``.
    """
    rows = [method for method in methods if method not in variants]
    results = {}
    if rows:
        run(name, changes, evaluations(rows, protocol))
        files = DVCFileSystem(rev=name)
        results |= {row: accuracies(files, row, protocol) for row in rows}
    for variant in (method for method in methods if method in variants):
        row = evaluated(variant, variants)
        run(f"{name}-{variant}", [*changes, *overrides(variants[variant])], evaluations([row], protocol))
        results[variant] = accuracies(DVCFileSystem(rev=f"{name}-{variant}"), row, protocol)
    return results


def evaluated(name: str, variants: dict) -> str:
    """Return the row that is evaluated for a row or a variant."""
    return variants[name].get("row", variants[name]["of"]) if name in variants else name


def run(name: str, changes: list[str], stages: list[str]) -> None:
    """Run stages (all of them where none is given) in a DVC experiment, which replaces an older one of that name."""
    subprocess.run(["dvc", "exp", "remove", "-q", name], check=False, stderr=subprocess.DEVNULL)
    settings = [word for change in changes for word in ("-S", change)]
    try:
        subprocess.run(["dvc", "exp", "run", "--temp", "-n", name, *settings, *stages], check=True)
    except subprocess.CalledProcessError as error:
        raise BallastError(f"{name}: `dvc exp run` failed; see its message above") from error


def evaluations(rows: list[str], protocol: str) -> list[str]:
    """Return the stages that evaluate rows by a protocol."""
    return [f"{'finetune' if protocol == 'finetune' else 'evaluate'}@{row}" for row in rows]


def accuracies(files: DVCFileSystem, row: str, protocol: str) -> dict[str, float]:
    """Return Many, Median, Few, Std and All of a row by a protocol, from the files of an experiment."""
    path = f"metrics/{row}.json" if protocol == "linear" else f"metrics/{protocol}/{row}.json"
    values = json.loads(files.read_text(path))
    missing = [column for column in COLUMNS if column not in values]
    if missing:
        raise BallastError(f"{path}: expected {', '.join(COLUMNS)}, got no {missing[0]}; the data set needs labelled "
                           "test images in all groups")
    return {column: values[column] for column in COLUMNS}


def split_numbers(text: str) -> list[str]:
    """Return the numbers of splits, separated by commas."""
    splits = text.split(",")
    if not all(split.isdecimal() for split in splits):
        raise argparse.ArgumentTypeError(f"expected whole numbers like 1,2,3, got {text!r}")
    return splits


def setting(text: str) -> str:
    """Return a setting as `dvc exp run -S` takes it."""
    if "=" not in text.lstrip("="):
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE or FILE:NAME=VALUE, got {text!r}")
    return text


def arguments(words: list[str]) -> argparse.Namespace:
    """Return the parsed command line."""
    parser = argparse.ArgumentParser(prog="python -m scripts.table", description=__doc__.splitlines()[0])
    parser.add_argument("splits", type=split_numbers, help="numbers like 1,2,3")
    parser.add_argument("methods", type=lambda text: text.split(","), help=METHODS)
    parser.add_argument("protocol", nargs="?", choices=PROTOCOLS, default="linear")
    parser.add_argument("settings", nargs="*", type=setting, help="changes for `dvc exp run -S`, like profile=small")
    parser.add_argument("--out", metavar="FILE", help="a CSV file for the results of the single splits")
    return parser.parse_args(words)


if __name__ == "__main__":
    try:
        main(**vars(arguments(sys.argv[1:])))
    except BallastError as error:
        sys.exit(f"table: {error}")
