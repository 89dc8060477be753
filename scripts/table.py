"""Run methods and variants; print mean ± standard error over repeats, and the gains over the first one with verdicts.

    python -m scripts.table METHODS [PROTOCOL [SETTING ...]] [--out FILE]
    python -m scripts.table simclr,colt linear repeats=3 profile=small configs/profiles/small.yaml:pretrain.epochs=30

`dvc exp run --temp` runs the rows as one experiment named table, every variant as one more, followed by the values of
the settings. The workspace and its metrics stay as they are. DVC's run cache provides what ran before, and
`dvc exp show` or `dvc metrics diff table table-mak-both` show more of the experiments.
"""

import argparse
import io
import re
import subprocess
import sys
from difflib import get_close_matches
from pathlib import Path

import pandas as pd
from dvc.api import DVCFileSystem

from ballast.config.files import read_params
from ballast.config.rows import absent_row, overrides
from ballast.config.yaml import parse_yaml
from ballast.report.tables import PROTOCOLS, as_text, gains_as_text, summary, with_errors
from ballast.report.verdicts import gains
from ballast.runtime.errors import BallastError
from ballast.runtime.files import write_atomic

METHODS = ("rows of params.yaml and variants of configs/variants.yaml, by commas; `show` stands for all rows of the "
           "report, `variants` for all variants and the rows that they vary")


def main(methods: list[str], protocol: str, settings: list[str], out: str | None = None) -> None:
    """Run every method and print the tables; ``out`` takes the results of the single repeats as CSV."""
    if not str(Path.cwd()).isascii():
        raise BallastError(f"table: {Path.cwd()}: expected a path of ASCII characters, since DVC makes no experiments "
                           f"below another one; move the project")
    params = read_params()
    methods = expanded(methods, params, settings)
    suffix = "".join(f"-{re.sub('[^A-Za-z0-9]+', '-', setting.split('=', 1)[1])}" for setting in settings)
    found = measured(f"table{suffix}", methods, params["variants"], protocol, settings)
    runs = pd.concat([found[name].assign(method=name) for name in methods], ignore_index=True)
    if out:
        write_atomic(out, runs.to_csv(index=False))
    print(as_text(with_errors(summary(runs))))
    variants = params["variants"]
    pairs = [(name, variants[name]["of"] if variants.get(name, {}).get("of") in methods else methods[0])
             for name in methods]
    pairs = [pair for pair in pairs if pair[0] != pair[1]]
    if pairs:
        print("", as_text(gains_as_text(gains(runs, pairs))), sep="\n")


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


def measured(name: str, methods: list[str], variants: dict, protocol: str, changes: list[str]
             ) -> dict[str, pd.DataFrame]:
    """Return the single repeats of every method by one protocol, after it has run.

    All rows run in one experiment, every variant in an experiment of its own, whose name begins with ``name``.
    """
    rows = [method for method in methods if method not in variants]
    results = {}
    if rows:
        run(name, changes, [f"evaluate@{row}" for row in rows])
        files = DVCFileSystem(rev=name)
        results |= {row: repeats(files, row, protocol) for row in rows}
    for variant in (method for method in methods if method in variants):
        row = evaluated(variant, variants)
        run(f"{name}-{variant}", [*changes, *overrides(variants[variant])], [f"evaluate@{row}"])
        results[variant] = repeats(DVCFileSystem(rev=f"{name}-{variant}"), row, protocol)
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


def repeats(files: DVCFileSystem, row: str, protocol: str) -> pd.DataFrame:
    """Return the single repeats of a row by a protocol, from the files of an experiment."""
    path = f"runs/repeats/{row}.csv"
    table = pd.read_csv(io.BytesIO(files.read_bytes(path)))
    table = table[table["protocol"] == protocol]
    if table.empty:
        raise BallastError(f"{path}: expected results by {protocol}, got none; the data set needs labelled test images "
                           f"and the lists of that protocol")
    return table


def setting(text: str) -> str:
    """Return a setting as `dvc exp run -S` takes it."""
    if "=" not in text.lstrip("="):
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE or FILE:NAME=VALUE, got {text!r}")
    return text


def arguments(words: list[str]) -> argparse.Namespace:
    """Return the parsed command line."""
    parser = argparse.ArgumentParser(prog="python -m scripts.table", description=__doc__.splitlines()[0])
    parser.add_argument("methods", type=lambda text: text.split(","), help=METHODS)
    parser.add_argument("protocol", nargs="?", choices=PROTOCOLS, default="linear")
    parser.add_argument("settings", nargs="*", type=setting, 
                        help="changes for `dvc exp run -S`, like repeats=3 or profile=small")
    parser.add_argument("--out", metavar="FILE", help="a CSV file for the results of the single repeats")
    return parser.parse_args(words)


if __name__ == "__main__":
    try:
        main(**vars(arguments(sys.argv[1:])))
    except BallastError as error:
        sys.exit(f"table: {error}")
