"""Run stages of dvc.yaml in their order where there is no DVC, as on a GPU machine without one.

    python -m scripts.by_hand evaluate@simclr evaluate@colt

A stage whose outputs are there is not run again, whatever has changed since: use a fresh copy of the project for other
parameters. Trainings that were stopped go on. DVC does all this better; this is for the machine that has none.
"""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ballast.config.yaml import read_yaml
from ballast.runtime.errors import BallastError

DONE = Path(".scratch/by_hand")
NAME = re.compile(r"\$\{([\w.]+)\}")


@dataclass(frozen=True)
class Stage:
    """A command, the paths it needs and those it makes."""

    command: str
    needs: tuple[str, ...]
    makes: tuple[str, ...]


def main(targets: list[str]) -> None:
    """Run what the targets need, and the targets."""
    for name, stage in ordered(stages(read_yaml("dvc.yaml"), read_yaml("params.yaml")), targets):
        mark = DONE / name
        if mark.exists() and all(Path(path).exists() for path in stage.makes):
            continue
        print(f"{name}: {stage.command}", flush=True)
        words = shlex.split(stage.command)
        subprocess.run([sys.executable, *words[1:]] if words[0] == "python" else words, check=True)
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()


def stages(graph: dict, params: dict) -> dict[str, Stage]:
    """Return the stages of dvc.yaml by name, those of a ``foreach`` as name@key."""
    values = {**params, **{key: value for block in graph.get("vars", []) for key, value in block.items()}}
    found = {}
    for name, stage in graph["stages"].items():
        for key, item in items(stage, values):
            filled = substituted(stage.get("do", stage), {**values, "key": key, "item": item})
            outputs = [filled.get(kind, []) for kind in ("outs", "metrics", "plots")]
            found[f"{name}@{key}" if key else name] = Stage(
                filled["cmd"], tuple(map(path_of, filled.get("deps", []))),
                tuple(path_of(path) for paths in outputs for path in paths))
    return found


def items(stage: dict, values: dict) -> Iterator[tuple[str, object]]:
    """Yield key and item of every member of a ``foreach``; one empty key without."""
    if "foreach" not in stage:
        yield "", None
        return
    group = stage["foreach"]
    group = lookup(values, NAME.fullmatch(group)[1]) if isinstance(group, str) else group
    yield from group.items() if isinstance(group, dict) else ((item, item) for item in group)


def substituted(value: object, values: dict) -> object:
    """Return a value with every ${name} filled in."""
    if isinstance(value, str):
        return NAME.sub(lambda match: str(lookup(values, match[1])), value)
    if isinstance(value, list):
        return [substituted(item, values) for item in value]
    if isinstance(value, dict):
        return {substituted(key, values): substituted(item, values) for key, item in value.items()}
    return value


def lookup(values: dict, path: str) -> object:
    """Return the value of a path with dots."""
    for part in path.split("."):
        values = values[part]
    return values


def path_of(entry: str | dict) -> str:
    """Return the path of an entry, which may carry options."""
    return entry if isinstance(entry, str) else next(iter(entry))


def ordered(all_stages: dict[str, Stage], targets: list[str]) -> list[tuple[str, Stage]]:
    """Return the targets and all that they need, each after what it needs."""
    done: dict[str, Stage] = {}

    def add(name: str) -> None:
        if name in done:
            return
        for path in all_stages[name].needs:
            for other, stage in all_stages.items():
                if any(within(path, made) or within(made, path) for made in stage.makes):
                    add(other)
        done[name] = all_stages[name]

    for target in targets:
        if target not in all_stages:
            raise BallastError(f"{target}: expected a stage of dvc.yaml, got none; `dvc stage list` names them, or see "
                               f"the file")
        add(target)
    return list(done.items())


def within(path: str, folder: str) -> bool:
    """Return whether a path is a folder or lies in it."""
    return path == folder or path.startswith(f"{folder}/")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (BallastError, subprocess.CalledProcessError) as error:
        sys.exit(f"by_hand: {error}")
